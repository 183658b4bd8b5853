"""One image, two ways to run: each program of tests/guests does the same as a process and as a virtual machine."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess

import pytest

from conftest import BIN, bivy
from guest_images import images, kvm_refusal, needs_kvm

WAYS = ["process", pytest.param("vm", marks=needs_kvm)]


def run(images, name, *words, way, options=(), **more):
    return subprocess.run([BIN / "bivy", "run", "--as", way, "-m", "4", *options, images / f"{name}.uk", "--", *map(str, words)],
                          capture_output=True, text=True, timeout=60, **more)


def tender(way):
    return BIN / ("bivy-spt" if way == "process" else "bivy-hvt")


def run_tender(image, way, *words):
    return subprocess.run([tender(way), "--mem=4", image, *words], capture_output=True, text=True, timeout=60)


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@contextlib.contextmanager
def sockets(count=1):
    with contextlib.ExitStack() as stack:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        for ours, theirs in pairs:
            stack.enter_context(ours).settimeout(30)
            stack.enter_context(theirs)
        yield [ours for ours, _ in pairs], [theirs.fileno() for _, theirs in pairs]


@pytest.mark.parametrize("name, text", [
    ("data", "1 3 two 0 1 7\n"),
    ("tls", "7 0 9 thread 0\n1 2 3 Thread\n"),
    ("vector", "73.0 0.66666666666666663\n73.0\n"),
    ("clock", "back 0 ready 0 slept 1 apart 0\nsince 2024 1\n"),
    ("memory", f"end {4 << 20}\nnonzero 0\nwrong 0\n"),
])
def test_output(images, way, name, text):
    done = run(images, name, way=way)
    assert (done.returncode, done.stdout, done.stderr) == (0, text, "")


@needs_kvm
def test_the_heap_is_as_large_either_way(images):
    runs = [run(images, "heap", "--log=quiet", way=way) for way in ("process", "vm")]
    for done in runs:
        assert done.returncode == 0 and re.fullmatch(r"1\nblocks \d{4} wrong 0\n", done.stdout)
    assert runs[0].stdout == runs[1].stdout


def test_a_stack_overrun_is_caught(images, way):
    done = run(images, "ssp", way=way)
    assert (done.returncode, done.stdout) == (255, "x\nx\nbivy: a function wrote past a buffer on its stack: aborted\n")


@pytest.mark.parametrize("how", ["return", "exit", "solo5"])
@pytest.mark.parametrize("given, status", [(0, 0), (1, 1), (3, 3), (125, 125), (255, 255), (256, 0), (-1, 255)])
def test_exit_status(images, way, how, given, status):
    done = run(images, "status", how, given, way=way)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize("how, text", [("abort", "before\nabort() was called\n"), ("solo5_abort", "before\n")])
def test_abort(images, way, how, text):
    done = run(images, "fault", how, way=way)
    assert (done.returncode, done.stdout) == (255, text)
    assert done.stderr.startswith("crash: the guest aborted\n#0  0x")


FAULTS = [("null", "SIGSEGV: nothing is mapped there: address 0x8"), ("text", "SIGSEGV: the memory's protection forbids it: address 0x10"),
          ("constant", "SIGSEGV: the memory's protection forbids it: address 0x10"),
          ("data", "SIGSEGV: the memory's protection forbids it: address 0x10"), ("wild", "SIGSEGV: not an address, or an instruction"),
          ("beyond", "SIGSEGV: nothing is mapped there: address 0x10000000000"), ("division", "SIGFPE: integer division by zero"),
          ("invalid", "SIGILL: an instruction that does not exist"), ("breakpoint", "SIGTRAP\n"),
          ("privileged", "SIGSEGV: not an address, or an instruction")]


@pytest.mark.parametrize("fault, text", FAULTS)
def test_a_fault_is_told_in_the_same_words_either_way(images, way, fault, text):
    done = run(images, "fault", fault, way=way)
    assert (done.returncode, done.stdout) == (255, "before\n")
    assert done.stderr.startswith(f"crash: {text}")
    assert len(re.findall(r"\b(?:r\w\w?|fs) +[0-9a-f]{16}\b", done.stderr)) == 19
    certain = re.findall(r"^#\d+ +0x[0-9a-f]{16} (\w+)\S*\+0x[0-9a-f]+$", done.stderr, re.M)
    assert "main" in certain[:3]


@needs_kvm
def test_a_stack_overflow_of_a_virtual_machine_is_a_fault(images):
    done = run(images, "fault", "stack", way="vm")
    assert (done.returncode, done.stdout) == (255, "before\n")
    assert done.stderr.startswith("crash: SIGSEGV: nothing is mapped there: address 0x3f0")


@needs_kvm
def test_the_tender_alone_describes_a_fault_in_one_line(images):
    done = run_tender(images / "fault.uk", "vm", "null")
    assert (done.returncode, done.stdout) == (255, "before\n")
    assert done.stderr.startswith("bivy-hvt: the guest crashed: page fault at 0x8: rip=0x10")
    assert len(done.stderr.splitlines()) == 1


def test_log_levels(images, way):
    banner = "bivy: process target\n" if way == "process" else "bivy: virtual machine target\n"
    for level, text in [("quiet", ""), ("error", ""), ("warn", ""), ("info", banner), ("debug", banner)]:
        done = run_tender(images / "status.uk", way, f"--solo5:{level}", "return", "7")
        assert (done.returncode, done.stdout) == (7, text)
    done = run_tender(images / "ssp.uk", way, "--solo5:quiet")
    assert (done.returncode, done.stdout) == (255, "x\nx\n")


# Devices


def test_two_network_devices(images, way):
    with sockets(2) as (ours, fds):
        options = ["-m", "4", "--net", f"first=@{fds[0]}", "--net", f"second=@{fds[1]}"]
        process = subprocess.Popen([BIN / "bivy", "run", "--as", way, *options, images / "two.uk"], stdout=subprocess.PIPE, text=True,
                                   pass_fds=fds)
        assert process.stdout.readline() == "ready\n"
        for source, to in ((0, 1), (1, 0), (1, 0)):
            ours[source].send(bytes([source]) * 100)
            assert ours[to].recv(2000) == bytes([source]) * 100
            assert process.stdout.readline() == f"set {2 << source}\n"
            assert process.stdout.readline() == f"{['first', 'second'][source]} 100\n"
        ours[0].send(b"quit" * 20)
        assert process.communicate(timeout=30)[0] == "set 2\nfirst 80\n"
    assert process.returncode == 0


@pytest.mark.parametrize("mtu", [1500, 9000])
def test_frames(images, way, mtu):
    mac = "02:00:00:00:00:2a"
    with sockets() as ((ours,), (fd,)):
        sent = [bytes([1]) * size for size in [14, 60, 1514, mtu + 14] * 16]
        process = subprocess.Popen([tender(way), "--mem=4", f"--net:service=@{fd}", f"--net-mac:service={mac}", f"--net-mtu:service={mtu}",
                                    images / "frames.uk"], stdout=subprocess.PIPE, text=True, pass_fds=[fd])
        first = [len(ours.recv(20000)) for _ in range(3)]
        for frame in sent + [b"quit" * 20]:
            ours.send(frame)
        burst = [len(ours.recv(20000)) for _ in range(20)]
        text = process.communicate(timeout=30)[0]
    assert first == [14, 60, mtu + 14]
    assert burst == [60 + i for i in range(20)]
    assert text == (f"mtu {mtu} mac {mac}\n2 2 0 0 0 2 2 2 2 2 2 2\n"
                    f"frames {len(sent)} bytes {sum(map(len, sent))}\n")
    assert process.returncode == 0


def test_a_switch_that_is_gone_ends_no_guest(images, way):
    with sockets() as ((ours,), (fd,)):
        ours.close()
        done = run(images, "frames", way=way, options=["--net", f"service=@{fd}"], pass_fds=[fd])
    assert done.returncode == 0
    assert done.stdout.endswith("\n2 2 3 3 3 2 2 2 2 2 2 2\nframes 0 bytes 0\n")


def test_block_bounds(images, way, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8192))
    done = run(images, "blocks", way=way, options=["--block", f"storage={disk}"])
    assert done.stdout == ("16 blocks of 512\n00:1 22:0 00:3 00:4 22:0 22:0 22:0 22:0 22:0 22 22 22 22 22 22 22\n")
    assert disk.read_bytes() == b"\1" * 512 + b"\3" * 512 + bytes(8192 - 1536) + b"\4" * 512


# A guest that means harm


def hostile(images, *words):
    disk = os.memfd_create("disk")
    os.truncate(disk, 1 << 20)
    with sockets() as ((ours,), (fd,)):
        ours.send(b"x" * 60)
        try:
            return subprocess.run([BIN / "bivy-hvt", "--mem=4", f"--net:service=@{fd}", f"--block:storage=@{disk}", images / "hostile.uk",
                                   *map(str, words)], capture_output=True, text=True, errors="replace", timeout=120, pass_fds=[fd, disk])
        finally:
            os.close(disk)


@needs_kvm
def test_wrong_arguments_are_answered(images):
    done = hostile(images, "survive")
    assert (done.returncode, done.stdout, done.stderr) == (0, "5400 calls answered\n", "")


@needs_kvm
@pytest.mark.parametrize("number", range(13))
def test_calls_that_no_guest_may_make_end_it(images, number):
    done = hostile(images, "end", number)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"bivy-hvt: (console write|a hypercall's arguments lie|the guest wrote to an unknown port)", done.stderr) or (
        "general protection fault" in done.stderr)


@needs_kvm
@pytest.mark.parametrize("port", [0, 0x20, 0x60, 0x80, 0xCF8, 0x3F8, 0x500, 0x509, 0x50C, 0x5FF, 0x604, 0xFFFC])
def test_other_ports_end_the_guest(images, port):
    done = hostile(images, "port", port)
    assert done.returncode in (1, 255)
    assert "unknown port" in done.stderr or "general protection fault" in done.stderr


@needs_kvm
def test_a_guest_may_only_claim_to_have_crashed(images):
    done = hostile(images, "port", 0xF4)
    assert done.returncode == 255
    assert done.stderr.startswith("bivy-hvt: the guest crashed")


@needs_kvm
@pytest.mark.parametrize("seed", range(10))
def test_random_calls_never_kill_the_tender(images, seed):
    done = hostile(images, "random", seed)
    assert done.returncode in (0, 1, 255)


@needs_kvm
@pytest.mark.parametrize("seed", range(10))
def test_random_requests_in_the_ring_never_kill_the_tender(images, seed):
    done = hostile(images, "ring", seed)
    assert done.returncode in (0, 1, 255)  # what it reads may land in its own stack
    assert done.returncode != 1 or done.stderr == "bivy-hvt: the guest's ring holds more requests than it has room for\n"


@needs_kvm
def test_a_guest_may_end_with_a_full_ring(images):
    done = hostile(images, "halt")
    assert (done.returncode, done.stderr) == (0, "")


@needs_kvm
@pytest.mark.parametrize("what", ["flood", "console", "spin"])
def test_a_guest_that_floods_is_still_ended(images, what):
    disk = os.memfd_create("disk")
    os.truncate(disk, 1 << 20)
    with sockets() as (_, (fd,)):
        process = subprocess.Popen([BIN / "bivy-hvt", "--mem=4", f"--net:service=@{fd}", f"--block:storage=@{disk}", images / "hostile.uk",
                                    what], stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd, disk])
        assert process.stdout.read(6) == b"ready\n"
        process.terminate()
        process.wait(timeout=30)
        assert process.stderr.read() == b"bivy-hvt: Exiting on signal 15\n"
        assert process.returncode == 1
        process.stdout.close()
        process.stderr.close()
    os.close(disk)


# Images that break a rule


def patched(image, to, offset, value, size=4):
    """A copy of IMAGE with one number of its program headers changed."""
    data = bytearray(image.read_bytes())
    start, = struct.unpack_from("<Q", data, 32)
    data[start + offset:start + offset + size] = value.to_bytes(size, "little")
    to.write_bytes(data)
    return to


# The second header is the text's: flags at 4, virtual address at 16, file size at 32, memory size at 40.
@pytest.mark.parametrize("offset, value, size, text", [
    (56 + 4, 7, 4, "writable and executable"), (56 + 16, 0x1000, 8, ""), (56 + 32, 1 << 40, 8, ""), (56 + 40, 1, 8, ""),
    (56 + 40, 1 << 40, 8, ""), (56 + 48, 3, 8, "")])
def test_broken_images_are_refused_alike(images, tmp_path, offset, value, size, text):
    image = patched(images / "status.uk", tmp_path / "broken.uk", offset, value, size)
    said = []
    for tender_way in ("process", "vm"):
        done = run_tender(image, tender_way, "return", "3")
        assert (done.returncode, done.stdout) == (1, "")
        said.append(done.stderr.split(": ", 1)[1])
    assert said[0] == said[1] and text in said[0]


def test_too_little_memory_is_refused_alike(images):
    for tender_way in ("process", "vm"):
        done = run_tender(images / "batch.uk", tender_way)
        assert done.returncode == 1


# Images for other tenders


@needs_kvm
@pytest.mark.parametrize("given", [0, 3, 255])
def test_a_plain_image_runs_in_ring_0(images, given):
    done = run(images, "status-hvt", "return", given, way="vm")
    assert (done.returncode, done.stdout, done.stderr) == (given, "", "")


@needs_kvm
def test_a_plain_image_tells_its_faults_itself(images):
    done = run(images, "fault-hvt", "privileged_is_allowed_here", way="vm")
    assert (done.returncode, done.stdout) == (0, "before\nafter\n")
    done = run(images, "fault-hvt", "null", way="vm")
    assert done.returncode == 255
    assert re.match(r"before\nbivy: exception 0xe error=0x2 rip=0x10\w+ rsp=0x3\w+ cr2=0x8\n", done.stdout)
    assert done.stderr.startswith("crash: the guest trapped: error code 0x2, address 0x8\n")


@needs_kvm
@pytest.mark.skipif("BIVY_GUESTS" in os.environ, reason="no compiler in the test machine")
def test_the_hello_example_says_the_same_either_way(tmp_path):
    source = pathlib.Path(__file__).resolve().parent.parent / "examples" / "hello" / "hello.c"
    bivy("build", "-q", "-o", tmp_path / "hello.uk", source)
    runs = [bivy("run", "--as", one, tmp_path / "hello.uk", check=False) for one in ("process", "vm")]
    assert runs[0].stdout == runs[1].stdout != ""
    assert [(done.returncode, done.stderr) for done in runs] == [(0, "")] * 2


def test_a_plain_image_for_processes_runs_only_there(images):
    assert run(images, "status-spt", "return", 3, way="process").returncode == 3
    done = run(images, "status-spt", way="vm")
    assert (done.returncode, done.stderr.splitlines()[1]) == (125, "hint: --as process")
    done = run(images, "status-hvt", way="process")
    assert (done.returncode, done.stderr.splitlines()[1]) == (125, "hint: --as vm")


def in_ring_0(image, to):
    """A copy of a fat image whose Bivy note asks for ring 0: what a tender does that does not know that note."""
    data = bytearray(image.read_bytes())
    note = data.index(b"Bivy\0\0\0\0") + 8
    assert struct.unpack_from("<IIIII", data, note) == (1, 7, 1, 4, 1)
    struct.pack_into("<I", data, note + 16, 0)
    to.write_bytes(data)
    return to


@needs_kvm
def test_a_fat_image_on_a_solo5_tender_of_virtual_machines_says_what_to_do(images, tmp_path):
    image = in_ring_0(images / "status.uk", tmp_path / "status.uk")
    done = run_tender(image, "vm", "return", "3")
    assert (done.returncode, done.stdout) == (
        1, "bivy: this image is for bivy-hvt, which runs it in ring 3; for other tenders build it with --target hvt\n")


@pytest.mark.skipif(not shutil.which("solo5-hvt"), reason="no solo5-hvt on PATH")
@needs_kvm
def test_images_on_solo5_hvt(images):
    plain = subprocess.run(["solo5-hvt", "--mem=4", images / "status-hvt.uk", "return", "3"], capture_output=True, timeout=60)
    fat = subprocess.run(["solo5-hvt", "--mem=4", images / "status.uk", "return", "3"], capture_output=True, text=True, timeout=60)
    assert plain.returncode == 3
    assert (fat.returncode, "--target hvt" in fat.stdout) == (1, True)


def test_inspect_tells_both_targets(images):
    assert re.search(r"^targets +hvt \(version 2\), spt \(version 2\)$", bivy("inspect", images / "status.uk").stdout, re.M)
    assert re.search(r"^targets +hvt \(version 2\)$", bivy("inspect", images / "status-hvt.uk").stdout, re.M)


def test_a_fat_image_holds_no_privileged_instruction(images):
    if not shutil.which("objdump"):
        pytest.skip("no objdump here")
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", images / "status.uk"], check=True, capture_output=True, text=True).stdout
    found = set(re.findall(r"^ +[0-9a-f]+:\s+(\w+)", text, re.M))
    assert not found & {"hlt", "cli", "sti", "lgdt", "lidt", "ltr", "wrmsr", "rdmsr", "in", "iretq", "swapgs", "invlpg", "lretq"}
    assert not re.search(r"%cr\d", text)


# Requests that share exits


@pytest.mark.parametrize("count", [5, 16, 600])
def test_a_batch_of_blocks_is_what_its_requests_are(images, way, tmp_path, count):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 20))
    done = run(images, "batch", count, way=way, options=["-m", "8", "--block", f"storage={disk}"])
    written = [(i + 1) % 256 for i in range(count)]
    assert (done.returncode, done.stdout, done.stderr) == (0, f"written: ok {count} wrong 0 sum {sum(written)}\n"
                                                              f"read: ok {count - 4} wrong 4 sum {sum(written) - 2 - 3 - 4 - 5}\n", "")
    assert disk.read_bytes()[:count * 512] == b"".join(bytes([byte]) * 512 for byte in written)


@pytest.mark.parametrize("mtu", [1500, 9000])
def test_frames_are_echoed_in_their_order(images, way, mtu):
    with sockets() as ((ours,), (fd,)):
        process = subprocess.Popen([tender(way), "--mem=4", f"--net:service=@{fd}", f"--net-mtu:service={mtu}", images / "echo.uk"],
                                   stdout=subprocess.PIPE, text=True, pass_fds=[fd])
        assert process.stdout.readline() == "ready\n"
        sent = [bytes([i % 100]) * (60 + i) for i in range(500)]
        back = []
        for start in range(0, 500, 50):
            for frame in sent[start:start + 50]:
                ours.send(frame)
            back += [ours.recv(20000) for _ in range(50)]
        ours.send(b"q" * 60)
        assert ours.recv(20000) == b"the end of the echo"
        assert process.communicate(timeout=30)[0] == "frames 500\n"
    assert back == sent
