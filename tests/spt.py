"""bivy-spt from outside: what a guest gets, what it cannot do, and what is left of the tender around it."""

import contextlib
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

import pytest

import spt_image
from conftest import BIN

SPT = BIN / "bivy-spt"
NET, BLOCK = spt_image.NET, spt_image.BLOCK


def run(image, *words, options=(), **more):
    return subprocess.run([SPT, *options, image, *map(str, words)], capture_output=True, text=True, timeout=60, **more)


@contextlib.contextmanager
def waiting(image, *words, options=(), **more):
    """A guest that has said "ready"; killed afterwards."""
    process = subprocess.Popen([SPT, *options, image, *words, "wait"], stdout=subprocess.PIPE, text=True, **more)
    try:
        for line in process.stdout:
            if line == "ready\n":
                break
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def folder():
    """A directory that any user may read: some tests leave root behind."""
    with tempfile.TemporaryDirectory(prefix="guests-") as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)


def built(folder, name, *devices, **more):
    place = folder / name
    place.mkdir()
    return spt_image.build(place, devices, **more)


@pytest.fixture(scope="module")
def plain(folder):
    return built(folder, "plain")


@pytest.fixture(scope="module")
def net(folder):
    return built(folder, "net", ("service", NET))


@pytest.fixture(scope="module")
def disk_image(folder):
    return built(folder, "disk", ("storage", BLOCK))


@pytest.fixture()
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(8192))
    return path


def numbers(text):
    return {key: int(value) for key, value in re.findall(r"^(\w+) (-?\d+)$", text, re.M)}


# The guest's life


def test_guest_writes_to_standard_output(plain):
    done = run(plain, "say", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_exit_status_is_the_guest_s(plain):
    assert run(plain, "exit", 3).returncode == 3
    assert run(plain, "exit", 255).returncode == 255
    assert run(plain, "exit", 256 + 7).returncode == 7


def test_boot_information(plain):
    done = run(plain, "info", options=["--mem=3"])
    info = numbers(done.stdout)
    assert info["mem_size"] == 3 << 20
    assert info["kernel_end"] == 0x103000
    assert info["mft"] == 0x11028
    assert info["cmdline"] == 0x11028 + 8 + 104
    assert "arguments info\n" in done.stdout


def test_default_memory_is_512_mib(plain):
    assert numbers(run(plain, "info").stdout)["mem_size"] == 512 << 20


def test_arguments_are_joined_by_single_spaces(plain):
    done = run(plain, "info", "--a=b", "c", options=["--"])
    assert "arguments info --a=b c\n" in done.stdout


def test_timer_wakes_the_guest(plain):
    assert run(plain, "sleep", 5).stdout == "event 4294967294\n"


# Memory


def test_heap_is_zero_and_writable(plain):
    assert run(plain, "read", "heap", "write", "heap", "read", "heap").stdout == "byte 0\nbyte 1\n"


def test_memory_ends_where_it_was_told(plain):
    assert run(plain, "write", (2 << 20) - 1, "say", "in", options=["--mem=2"]).returncode == 0
    assert run(plain, "write", 2 << 20, options=["--mem=2"]).returncode == -signal.SIGSEGV
    assert run(plain, "read", 0xFFFF).returncode == -signal.SIGSEGV
    assert run(plain, "read", 0).returncode == -signal.SIGSEGV


@pytest.mark.parametrize("word", ["text", "rodata", "0x10000"])
def test_guest_cannot_write(plain, word):
    assert run(plain, "write", word).returncode == -signal.SIGSEGV


@pytest.mark.parametrize("word", ["rodata", "data", "bss", "heap", "0x11000"])
def test_guest_cannot_execute(plain, word):
    assert run(plain, "jump", word).returncode == -signal.SIGSEGV


def test_heap_is_executable_only_on_request(plain):
    words = ["ret", "heap", "jump", "heap", "say", "back"]
    assert run(plain, *words).returncode == -signal.SIGSEGV
    assert run(plain, *words, options=["--x-exec-heap"]).stdout == "back\n"
    assert run(plain, "ret", "data", "jump", "data", options=["--x-exec-heap"]).returncode == -signal.SIGSEGV


# What is left of the tender


def test_only_guest_image_and_trampoline_are_mapped(plain):
    with waiting(plain, options=["--mem=4"]) as process:
        lines = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
    assert lines[-1].endswith("[vsyscall]") or "[vsyscall]" not in "".join(lines)
    lines = [line for line in lines if not line.endswith("[vsyscall]")]
    for line in lines:
        start, end = (int(address, 16) for address in line.split()[0].split("-"))
        assert 0x10000 <= start < end <= 4 << 20
        assert "[" not in line and "bivy-spt" not in line
    permissions = [(line.split()[0], line.split()[1], line.split()[5] if len(line.split()) > 5 else "") for line in lines]
    assert permissions == [
        ("00010000-00011000", "r-xp", ""),
        ("00011000-00100000", "rw-p", ""),
        ("00100000-00101000", "r-xp", str(plain)),
        ("00101000-00102000", "r--p", str(plain)),
        ("00102000-00400000", "rw-p", ""),
    ]


def test_guest_touches_little_host_memory(plain):
    with waiting(plain, options=["--mem=16"]) as process:
        rollup = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    # Trampoline, boot information, data, bss and stack: at most two pages each, whatever the memory's size.
    assert int(re.search(r"^Anonymous: +(\d+) kB", rollup, re.M).group(1)) <= 40


def descriptors(pid):
    folder = pathlib.Path(f"/proc/{pid}/fd")
    return {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}


def test_guest_has_no_descriptor_but_its_own(plain, tmp_path):
    with open(tmp_path / "secret", "w") as secret:
        with waiting(plain, pass_fds=[secret.fileno()]) as process:
            found = descriptors(process.pid)
    assert found.pop(1).startswith("pipe:")
    assert sorted(found.values()) == ["anon_inode:[eventpoll]", "anon_inode:[timerfd]"]


def test_descriptors_of_devices_stay(folder, disk):
    image = built(folder, "both", ("service", NET), ("storage", BLOCK))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        options = [f"--net:service=@{fd}", f"--block:storage={disk}"]
        with waiting(image, options=options, pass_fds=[fd]) as process:
            found = descriptors(process.pid)
    assert found[fd].startswith("socket:")
    assert str(disk) in found.values()
    assert len(found) == 5


def test_guest_has_no_privileges(plain):
    with waiting(plain) as process:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    for key in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(fields[key], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert fields["Seccomp_filters"] == "1"
    assert re.search(r"Max core file size +0 +0 ", limits)


PARENT = """
import ctypes, subprocess, sys
guest = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, preexec_fn=lambda: ctypes.CDLL(None).prctl(1, 9))
guest.stdout.readline()
print(guest.pid, flush=True)
sys.stdin.read()
"""


def test_guest_dies_with_its_parent_if_that_was_asked_for(plain):
    """Dropping capabilities must not make the kernel forget the signal that the parent's end shall send."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, SPT, plain, "wait"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    pidfd = os.pidfd_open(int(parent.stdout.readline()))
    parent.communicate()
    assert select.select([pidfd], [], [], 30)[0]
    os.close(pidfd)


@pytest.mark.parametrize("call", [
    "39 0 0 0 0",  # getpid
    "0 0 0x11000 0 0",  # read of a descriptor that is none of its devices
    "1 2 0x11000 1 0",  # write to standard error
    "1 0x100000001 0x11000 1 0",  # descriptor 1, with a high word
    "9 0 4096 3 0x22",  # mmap
    "10 0x100000 4096 7 0",  # mprotect
    "158 0x1001 0 0 0",  # arch_prctl(ARCH_SET_GS)
    "228 2 0x12000 0 0",  # clock_gettime of another clock
    "0x40000001 1 0x11000 1 0",  # x32
    "59 0 0 0 0",  # execve
    "60 0 0 0 0",  # exit
])
def test_forbidden_call_ends_the_guest(plain, call):
    done = run(plain, "say", "before", "call", *call.split(), "say", "after")
    assert (done.returncode, done.stdout) == (-signal.SIGSYS, "before\n")


def test_clocks_and_thread_pointer_are_allowed(plain):
    done = run(plain, "call", 228, 0, 0x12000, 0, 0, "call", 228, 1, 0x12000, 0, 0, "call", 158, 0x1002, 0x12000, 0, 0)
    assert done.stdout == "result 0\n" * 3


def test_32_bit_entry_is_forbidden(folder):
    code = "__asm__(\".globl _start\\n_start: mov $1, %eax; mov $0, %ebx; int $0x80; hlt\");"
    place = folder / "int80"
    place.mkdir()
    (place / "guest.c").write_text(code)
    image = spt_image.build(place, source=place / "guest.c")
    assert run(image).returncode == -signal.SIGSYS


# Devices


def test_packets_come_and_go_through_a_descriptor(net):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        options = [f"--net:service=@{theirs.fileno()}"]
        process = subprocess.Popen([SPT, *options, net, "echo"], stdout=subprocess.PIPE, text=True,
                                   pass_fds=[theirs.fileno()])
        ours.settimeout(30)
        try:
            for frame in (b"x" * 60, b"y" * 1514, b"quit"):
                ours.send(frame)
                assert ours.recv(4096) == frame
            text = process.communicate(timeout=30)[0]
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0
    again = "then -11\n"  # EAGAIN: the descriptor does not block
    assert text == f"event 1\nsize 60\n{again}event 1\nsize 1514\n{again}event 1\nsize 4\n{again}"


def test_guest_survives_the_loss_of_its_switch(net):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fd = theirs.fileno()
    ours.close()
    with theirs:
        done = run(net, "call", 1, fd, 0x11000, 60, 0, "say", "alive", options=[f"--net:service=@{fd}"], pass_fds=[fd])
    assert done.stdout == "result -32\nalive\n"


def test_manifest_says_what_is_attached(folder, disk):
    image = built(folder, "manifest", ("service", NET), ("storage", BLOCK))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        done = run(image, "devices", pass_fds=[fd], options=[
            f"--net:service=@{fd}", "--net-mac:service=02:00:00:00:00:2a", "--net-mtu:service=9000",
            f"--block:storage={disk}", "--block-sector-size:storage=4096"])
    network, block = done.stdout.split("storage\n")
    assert network == (f"service\nattached 1\nhostfd {fd}\nmtu 9000\n"
                       "mac 2\nmac 0\nmac 0\nmac 0\nmac 0\nmac 42\n")
    assert numbers(block)["capacity"] == 8192
    assert numbers(block)["block_size"] == 4096


def test_random_mac_is_local_and_unicast(net):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        runs = [run(net, "devices", options=[f"--net:service=@{fd}"], pass_fds=[fd]).stdout for _ in range(2)]
    assert runs[0] != runs[1]
    assert int(re.search(r"mac (\d+)", runs[0]).group(1)) & 3 == 2


@pytest.mark.parametrize("sector", [512, 4096])
def test_block_device_is_read_and_written(disk_image, disk, sector):
    done = run(disk_image, "block", 1, options=[f"--block:storage={disk}", f"--block-sector-size:storage={sector}"])
    assert done.stdout == f"wrote {sector}\nread {sector}\nbyte {ord('B')}\n"
    assert disk.read_bytes() == bytes(8192 - sector) + b"B" * sector


def test_block_device_as_descriptor(disk_image, disk):
    with open(disk, "r+b") as file:
        fd = file.fileno()
        done = run(disk_image, "block", 1, options=[f"--block:storage=@{fd}"], pass_fds=[fd])
    assert done.returncode == 0
    assert disk.read_bytes().endswith(b"B" * 512)


@pytest.mark.parametrize("size, offset", [(512, 8192 - 511), (512, 8192), (1024, 0), (511, 0), (512, 1 << 63)])
@pytest.mark.parametrize("call", [17, 18])
def test_guest_cannot_leave_its_block_device(disk_image, disk, call, size, offset):
    with open(disk, "r+b") as file:
        fd = file.fileno()
        done = run(disk_image, "call", call, fd, 0x12000, size, offset, options=[f"--block:storage=@{fd}"], pass_fds=[fd])
    assert done.returncode == -signal.SIGSYS
    assert disk.stat().st_size == 8192


def test_every_device_of_a_full_manifest(folder, tmp_path):
    names = [f"disk{i}" for i in range(63)]
    image = built(folder, "full", *[(name, BLOCK) for name in names])
    options = []
    for name in names:
        (tmp_path / name).write_bytes(bytes(512))
        options.append(f"--block:{name}={tmp_path / name}")
    assert run(image, "block", 1, "block", 63, options=options).returncode == 0
    assert (tmp_path / "disk62").read_bytes() == b"B" * 512
    assert (tmp_path / "disk61").read_bytes() == bytes(512)


# Images and how they are opened


def test_image_as_descriptor(plain):
    with open(plain, "rb") as file:
        done = run(f"@{file.fileno()}", "say", "hello", pass_fds=[file.fileno()])
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0
    assert done.stdout == "hello\n"


def test_image_of_another_target_is_refused(folder):
    done = run(built(folder, "hvt", target=1))
    assert done.returncode == 1
    assert "the image is not for this tender" in done.stderr


def test_image_of_another_version_is_refused(folder):
    done = run(built(folder, "old", version=1))
    assert done.returncode == 1
    assert "ABI version 1, this one has 2" in done.stderr


def test_fat_image_runs_whatever_note_comes_first(folder):
    image = built(folder, "fat", target=1, other=spt_image.abi(2))
    assert run(image, "say", "hello").stdout == "hello\n"


def test_image_is_named_in_its_refusal(tmp_path):
    path = tmp_path / "text.uk"
    path.write_text("no image at all, but longer than the header of one, which has sixty-four bytes")
    done = run(path)
    assert (done.returncode, done.stderr) == (1, f"bivy-spt: {path}: this is not an ELF file\n")


@pytest.mark.parametrize("path, why", [("/nonexistent.uk", "No such file or directory"),
                                       ("/", "the image is not a regular file"),
                                       ("@77", "Bad file descriptor")])
def test_image_that_cannot_be_opened(path, why):
    done = run(path)
    assert done.returncode == 1
    assert why in done.stderr


def test_memory_too_small_for_the_image(plain):
    done = run(plain, options=["--mem=1"])
    assert done.returncode == 1
    assert f"{plain}: the entry point lies beyond the guest's memory" in done.stderr


def test_memory_that_the_host_cannot_give(plain):
    done = run(plain, options=["--mem=33554433"])
    assert done.returncode == 1
    assert "Could not allocate 33554433 MiB of guest memory" in done.stderr


def test_memory_beyond_the_limit_of_the_process(plain):
    limit = (64 << 20, 64 << 20)
    done = run(plain, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    assert done.returncode == 1
    assert done.stderr == "bivy-spt: Could not allocate 512 MiB of guest memory: Cannot allocate memory\n"
    done = run(plain, "say", "in", options=["--mem=32"],
               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    assert done.stdout == "in\n"


# Command line


@pytest.mark.parametrize("options, message", [
    (["--mem=0"], "Malformed argument to --mem"),
    (["--mem=abc"], "Malformed argument to --mem"),
    (["--nonsense"], "Invalid option: `--nonsense'"),
    (["--net:service=tap0"], "Resource not declared in manifest: 'service'"),
])
def test_wrong_option(plain, options, message):
    done = run(plain, options=options)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr


def test_devices_must_be_attached(net, disk_image):
    assert "Device 'service' of type NET_BASIC declared but not attached." in run(net).stderr
    done = run(disk_image)
    assert done.returncode == 1
    assert "Device 'storage' of type BLOCK_BASIC declared but not attached." in done.stderr


def test_arguments_that_are_too_long(plain):
    assert run(plain, "exit", "0", "x" * (8191 - 7)).returncode == 0
    done = run(plain, "exit", "0", "x" * (8191 - 6))
    assert done.returncode == 1
    assert "arguments are longer than 8191 bytes" in done.stderr


def test_help_and_version():
    done = subprocess.run([SPT, "--help"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--mem=MIB" in done.stderr
    done = subprocess.run([SPT, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"bivy-spt tender, version \S+\nABI version 2\n", done.stderr)


def test_no_operand():
    done = subprocess.run([SPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Missing KERNEL operand" in done.stderr


def test_closed_standard_descriptors_are_harmless(plain, tmp_path):
    """No device may become the console because descriptor 1 was free."""
    script = f'exec "{SPT}" "{plain}" say lost 0<&- 1>&- 2>&-'
    assert subprocess.run(["sh", "-c", script], timeout=60).returncode == 0


# Taps


def in_namespace(script):
    """Runs a shell script in a network namespace that ends with it."""
    return subprocess.run(["unshare", "--net", "sh", "-ec", script], capture_output=True, text=True, timeout=60)


@pytest.fixture()
def taps():
    if os.geteuid() != 0:
        pytest.skip("taps need root")
    if not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("needs ip and unshare")
    if not (os.path.exists("/dev/net/tun") and stat.S_ISCHR(os.stat("/dev/net/tun").st_mode)):
        pytest.skip("no /dev/net/tun")
    if in_namespace("ip tuntap add probe0 mode tap").returncode != 0:
        pytest.skip("cannot make a tap here")


def test_tap_is_attached_with_its_mtu(taps, net):
    done = in_namespace("ip tuntap add tap0 mode tap; ip link set tap0 mtu 1400 up; "
                        f'"{SPT}" --net:service=tap0 "{net}" devices say done')
    assert done.returncode == 0, done.stderr
    assert "mtu 1400\n" in done.stdout


def test_tap_must_be_up(taps, net):
    done = in_namespace(f'ip tuntap add tap0 mode tap; "{SPT}" --net:service=tap0 "{net}" say no')
    assert done.returncode == 1
    assert "Could not attach interface: tap0: Network is down" in done.stderr


def test_tap_must_exist(taps, net):
    done = in_namespace(f'"{SPT}" --net:service=tap0 "{net}" say no')
    assert done.returncode == 1
    assert "Could not attach interface: tap0: No such file or directory" in done.stderr


def test_interface_must_be_a_tap(taps, net):
    done = in_namespace(f'ip link set lo up; "{SPT}" --net:service=lo "{net}" say no')
    assert done.returncode == 1
    assert "Could not attach interface: lo: Invalid argument" in done.stderr


def test_packets_come_through_a_tap(taps, net):
    """A static neighbour lets the host send at once; the frame waits in the tap if the guest is late."""
    send = "import socket; socket.socket(2, 2).sendto(bytes(1000), ('10.99.0.2', 9))"
    done = in_namespace("ip tuntap add tap0 mode tap; ip addr add 10.99.0.1/24 dev tap0; ip link set tap0 up; "
                        "ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:01 dev tap0; "
                        f'"{SPT}" --net:service=tap0 "{net}" receive receive receive receive receive receive & '
                        f'while kill -0 $! 2>/dev/null; do {sys.executable} -c "{send}" || true; done; wait $!')
    assert done.returncode == 0, done.stderr
    assert "size 1042\n" in done.stdout
