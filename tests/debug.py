"""What `bivy run` shows of a guest that misbehaves: crash reports, traces, cores."""

import os
import pathlib
import re
import shutil
import socket
import stat
import struct
import subprocess
import textwrap

import pytest
from conftest import BIN, bivy
from guest_images import needs_kvm

WAYS = ["process", pytest.param("vm", marks=needs_kvm)]

PROGRAM = """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>

    __attribute__((noinline)) void inner(volatile int *at)
    {
        *at = 3;
    }

    __attribute__((noinline)) void middle(const char *what)
    {
        char text[64];
        memset(text, what[0], sizeof text);
        inner((volatile int *)(long)(what[0] == 'w' ? 0x88 : 0));
        printf("%.64s", text);
    }

    int main(int argc, char **argv)
    {
        const char *what = argc > 1 ? argv[1] : "0";
        void (*volatile jump)(void) = (void (*)(void))0x7f12345678ul;
        volatile int zero = 0;
        if (strcmp(what, "wild") == 0)
            middle(what);
        else if (strcmp(what, "jump") == 0)
            jump();
        else if (strcmp(what, "divide") == 0)
            printf("%d", 7 / zero);
        else if (strcmp(what, "abort") == 0)
            abort();
        else if (strcmp(what, "call") == 0)
            __asm__ volatile("syscall" : : "a"(39L) : "rcx", "r11", "memory");
        else if (strcmp(what, "stack") == 0)
            __asm__ volatile("mov $0x7fffffff0000, %rsp; ud2");
        else if (strcmp(what, "spin") == 0)
            for (puts("spinning"), fflush(stdout);;)
                ;
        else if (strcmp(what, "say") == 0)
            printf("hello\\n");
        else
            return atoi(what);
        return 0;
    }
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """An image that ends as its first argument says."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "main.c").write_text(textwrap.dedent(PROGRAM))
    bivy("build", "-q", "-o", folder / "program.uk", folder / "main.c", "--", "-w")
    return folder / "program.uk"


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def run(*args, way="process"):
    return bivy("run", "--as", way, *args, check=False)


def frames(text):
    """The functions of a backtrace, the innermost first, of those frames that have a name."""
    return re.findall(r"^#\d+ +0x[0-9a-f]{16} (\w+)", text, re.M)


def test_a_wild_pointer_is_told_with_its_callers(program, way):
    result = run(program, "--", "wild", way=way)
    assert result.returncode == 255
    assert "crash: SIGSEGV: nothing is mapped there: address 0x88\n" in result.stderr
    assert frames(result.stderr)[:3] == ["inner", "middle", "main"]


def test_the_registers_are_told(program, way):
    assert re.search(r"^  rip [0-9a-f]{16} rsp [0-9a-f]{16}", run(program, "--", "wild").stderr, re.M)


def test_a_jump_to_nowhere_still_tells_who_jumped(program, way):
    err = run(program, "--", "jump", way=way).stderr
    assert "address 0x7f12345678" in err
    assert re.search(r"^#0  0x0000007f12345678 \?\?$", err, re.M)
    assert frames(err)[0] == "main"


def test_a_division_by_zero(program, way):
    result = run(program, "--", "divide", way=way)
    assert result.returncode == 255
    assert "crash: SIGFPE: integer division by zero" in result.stderr


def test_an_abort_is_told_and_ends_with_255(program, way):
    result = run(program, "--", "abort", way=way)
    assert result.returncode == 255
    assert "crash: the guest aborted\n" in result.stderr
    assert "abort" in frames(result.stderr)


def test_a_return_of_255_is_no_crash(program, way):
    result = run(program, "--", "255", way=way)
    assert result.returncode == 255
    assert result.stderr == ""


def test_a_forbidden_call_is_named(program):
    result = run(program, "--", "call")
    assert result.returncode == 255
    assert "crash: SIGSYS: system call getpid (39)" in result.stderr
    assert "a guest may not make this call" in result.stderr


def test_a_stack_that_is_no_memory_does_no_harm(program, way):
    result = run(program, "--", "stack", way=way)
    assert result.returncode == 255
    assert len(frames(result.stderr)) == 1


def test_a_stripped_image_still_has_addresses(program, tmp_path, way):
    if shutil.which("strip") is None:
        pytest.skip("no strip")
    subprocess.run(["strip", "-o", tmp_path / "bare.uk", program], check=True)
    err = run(tmp_path / "bare.uk", "--", "wild", way=way).stderr
    assert re.search(r"^#0  0x[0-9a-f]{16} \?\?$", err, re.M)


def test_a_trace_names_the_guests_own_words(program, way):
    result = run("--trace", program, "--", "say", way=way)
    assert result.stdout == "hello\n"
    assert re.search(r"^ +0\.\d{6} console_write\(6 bytes\) = OK <0\.\d{6}>$", result.stderr, re.M)
    assert re.search(r"^ +0\.\d{6} exit\(0\)$", result.stderr, re.M)


def test_a_trace_ends_with_what_killed(program):
    assert re.search(r" getpid\(.*\) = killed", run("--trace", program, "--", "call").stderr)


def test_a_core_is_for_its_owner_and_sparse(program, tmp_path, way):
    run("--core", tmp_path, program, "--", "wild", way=way)
    core, = tmp_path.glob("program.*.core")
    status = core.stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_size > 16 << 20
    assert status.st_blocks * 512 < 2 << 20


def test_no_core_without_a_crash(program, tmp_path, way):
    assert run("--core", tmp_path, program, "--", "7", way=way).returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_a_core_that_cannot_be_written_leaves_nothing(program, tmp_path, way):
    result = run("--core", tmp_path / "nowhere", program, "--", "wild", way=way)
    assert result.returncode == 255
    assert "write core" in result.stderr


def test_gdb_opens_a_core(program, tmp_path, way):
    if shutil.which("gdb") is None:
        pytest.skip("no gdb")
    run("--core", tmp_path, program, "--", "wild", way=way)
    core, = tmp_path.glob("program.*.core")
    out = subprocess.run(["gdb", "-batch", "-nx", "-ex", "info symbol $rip", "-ex", "x/i $rip", program, core], text=True,
                         capture_output=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)}).stdout
    assert "SIGSEGV" in out
    assert re.search(r"^inner ", out, re.M)
    assert "=> 0x" in out


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The web server that `bivy new --template http` makes, built."""
    folder = tmp_path_factory.mktemp("server")
    bivy("new", "--template", "http", "server", cwd=folder)
    bivy("build", "-q", "-o", "server.uk", "server", cwd=folder)
    return folder / "server.uk"


def serve_one(image, *args):
    """Runs the server IMAGE, asks it once, ends it; the answer and standard error."""
    with subprocess.Popen([BIN / "bivy", "run", "-p", "0:80", *map(str, args), image], text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        port = re.search(r":(\d+) ->", process.stderr.readline()).group(1)
        with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := connection.recv(65536):
                answer += data
        process.terminate()
        return answer, process.communicate(timeout=30)[1]


def pcap_frames(path):
    """The frames of a capture with nanoseconds, each with its time."""
    data = path.read_bytes()
    assert struct.unpack_from("<IHHIIII", data) == (0xA1B23C4D, 2, 4, 0, 0, 65550, 1)
    at, found = 24, []
    while at < len(data):
        seconds, nanoseconds, captured, size = struct.unpack_from("<IIII", data, at)
        assert captured == size and nanoseconds < 10**9
        found.append((seconds, data[at + 16:at + 16 + size]))
        at += 16 + size
    assert at == len(data)
    return found


@pytest.mark.parametrize("suffix", ["", ":service"])
def test_a_capture_holds_both_directions(server, tmp_path, suffix):
    answer, _ = serve_one(server, "--pcap", f"{tmp_path}/frames.pcap{suffix}")
    assert b"Hello from a unikernel" in answer
    frames_kept = [frame for _, frame in pcap_frames(tmp_path / "frames.pcap")]
    assert any(b"GET / HTTP/1.1" in frame for frame in frames_kept)
    assert any(b"Hello from a unikernel" in frame for frame in frames_kept)


def test_a_capture_without_a_network(program, tmp_path):
    result = run("--pcap", tmp_path / "x", program)
    assert result.returncode == 125
    assert "the image has no network device" in result.stderr


def test_a_trace_names_the_device(server):
    _, err = serve_one(server, "--trace")
    assert re.search(r" net_write\(service, \d+ bytes\) = OK ", err)
    assert re.search(r" net_read\(service, \d+ bytes\) = OK, \d+ bytes ", err)


def gdb(program, folder, *commands, way, argument="wild"):
    """What gdb prints that drives PROGRAM by COMMANDS, and how bivy ended."""
    if shutil.which("gdb") is None:
        pytest.skip("no gdb")
    with subprocess.Popen([BIN / "bivy", "run", "--as", way, "--gdb", program, "--", argument], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        target = re.fullmatch(r"gdb: (target remote 127\.0\.0\.1:\d+)\n", process.stderr.readline()).group(1)
        words = [word for command in (target, *commands) for word in ("-ex", command)]
        out = subprocess.run(["gdb", "-batch", "-nx", *words, program], text=True, capture_output=True, timeout=60,
                             env={**os.environ, "HOME": str(folder)})
        process.communicate(timeout=30)
        return out.stdout + out.stderr, process.returncode


def test_gdb_stops_at_a_breakpoint_and_goes_on(program, tmp_path, way):
    out, status = gdb(program, tmp_path, "break inner", "continue", "info symbol $rip", "p/x $rdi", "stepi", "continue", way=way)
    assert re.search(r"^inner ", out, re.M)
    assert "$1 = 0x88" in out
    assert "SIGSEGV" in out
    assert status in (255, 137)


def test_gdb_sees_a_guest_end(program, tmp_path, way):
    out, status = gdb(program, tmp_path, "continue", argument="7", way=way)
    assert "exited with code 07" in out
    assert status == 7


def test_gdb_changes_memory_and_registers(program, tmp_path, way):
    out, status = gdb(program, tmp_path, "break *&main", "continue", "set $rdi = 1", "p $rdi", "set {int}($rsp - 64) = 77",
                      "p {int}($rsp - 64)", "continue", argument="7", way=way)
    assert "$1 = 1\n" in out and "$2 = 77\n" in out
    assert status == 0


def test_gdb_listens_where_it_is_told(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with subprocess.Popen([BIN / "bivy", "run", f"--gdb={port}", program, "--", "say"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        line = process.stderr.readline()
        process.kill()
    assert line == f"gdb: target remote 127.0.0.1:{port}\n"


def stop_reply(peer):
    """The next packet whole; it may come in pieces."""
    answer = b""
    while b"#" not in answer:
        answer += peer.recv(100)
    return answer


def test_gdb_interrupts_a_guest_that_runs(program, tmp_path, way):
    if shutil.which("gdb") is None:
        pytest.skip("no gdb")
    with subprocess.Popen([BIN / "bivy", "run", "--as", way, "--gdb", program, "--", "spin"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        port = int(re.search(r":(\d+)\n", process.stderr.readline()).group(1))
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            peer.sendall(b"$?#3f")
            assert b"$T05" in stop_reply(peer)
            peer.sendall(b"+$c#63")
            assert process.stdout.readline() == "spinning\n"
            peer.sendall(b"\x03")
            assert b"$T02" in stop_reply(peer)
            peer.sendall(b"+$k#6b")
        assert process.wait(timeout=30) == 137


def test_gdb_interrupts_a_guest_at_any_moment(program, way):
    with subprocess.Popen([BIN / "bivy", "run", "--as", way, "--gdb", program, "--", "spin"], text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        try:
            port = int(re.search(r":(\d+)\n", process.stderr.readline()).group(1))
            with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
                peer.sendall(b"$?#3f")
                assert b"$T05" in stop_reply(peer)
                for _ in range(100):
                    peer.sendall(b"+$c#63\x03")
                    assert b"$T02" in stop_reply(peer)
        finally:
            process.kill()


@needs_kvm
def test_gdb_sets_breakpoints_in_ring_0(tmp_path):
    (tmp_path / "main.c").write_text(textwrap.dedent(PROGRAM))
    bivy("build", "-q", "--target", "hvt", "-o", tmp_path / "ring0.uk", tmp_path / "main.c", "--", "-w")
    out, _ = gdb(tmp_path / "ring0.uk", tmp_path, "info symbol $rip", "x/i $rip", way="vm")
    assert re.search(r"^_start", out, re.M) and "=> 0x10" in out


@needs_kvm
def test_a_virtual_machine_s_exits_can_be_counted(server):
    _, err = serve_one(server, "--trace", "--as", "vm")
    calls = re.findall(r"^ *\d+\.\d{6} (\w+)\((?:.*?)\)(?: = [^<\n]*?)?( in the ring)?(?: <.*>)?$", err, re.M)
    assert {name for name, ring in calls if ring} >= {"net_read", "net_write"}
    exits = [name for name, ring in calls if not ring]
    frames_moved = len(re.findall(r" net_(?:read|write)\(.*\) = OK", err))
    assert exits.count("net_read") == 0 and frames_moved >= 4
    assert exits.count("yield") + exits.count("net_write") < 2 * frames_moved


@pytest.mark.parametrize("number", [1, 9, 11])
def test_a_signal_from_outside_is_not_a_crash(program, way, number):
    if number == 11 and way == "vm":
        pytest.skip("the first process of a PID namespace takes no such signal")
    with subprocess.Popen([BIN / "bivy", "run", "--as", way, program, "--", "spin"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == "spinning\n"
            child, = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(child), number)
            assert process.wait(timeout=30) == 128 + number
            assert "crash:" not in process.stderr.read()
        finally:
            process.kill()
