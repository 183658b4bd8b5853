"""bivy-hvt from outside, with a kernel guest: the Solo5 ABI to the bit, and what no guest gets away with."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

import spt_image
from conftest import BIN
from guest_images import build_probe, images, kvm_refusal, needs_kvm

HVT = BIN / "bivy-hvt"
MIB = 1 << 20
BOOT, MANIFEST = 0x10000, 0x10038


def can_unshare(*options):
    return subprocess.run(["unshare", *options, "true"], stderr=subprocess.DEVNULL).returncode == 0 if shutil.which("unshare") else False


has_namespaces = can_unshare("-m", "-n")
has_user_namespaces = can_unshare("-U")
needs_compiler = pytest.mark.skipif(not shutil.which("gcc"), reason="no compiler here")


def run(image, *words, options=("--mem=4",), **more):
    return subprocess.run([HVT, *options, image / "probe.uk", *map(str, words)], capture_output=True, text=True, timeout=60,
                          **more)


def numbers(text):
    return {key: int(value) for key, value in re.findall(r"^(\w+) (-?\d+)$", text, re.M)}


def listed(text, key):
    return [int(value) for value in re.findall(rf"^{key} (-?\d+)$", text, re.M)]


@pytest.fixture()
def plain(images):
    return images / "plain"


@pytest.fixture()
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(8192))
    return path


@contextlib.contextmanager
def sockets():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(30)
    with ours, theirs:
        yield ours, theirs.fileno()


def run_net(images, fd, *words):
    return run(images / "net", *words, options=["--mem=4", f"--net:service=@{fd}"], pass_fds=[fd])


@contextlib.contextmanager
def running(image, *words, options=("--mem=4",), **more):
    """A guest that has said "ready"."""
    process = subprocess.Popen([HVT, *options, image / "probe.uk", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, **more)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


# The guest's start


@needs_kvm
def test_registers(plain):
    found = numbers(run(plain, "registers").stdout)
    wanted = {"rdi": BOOT, "rsp": 4 * MIB - 8, "rflags": 2, "cs": 8} | {name: 0x10 for name in ("ss", "ds", "es", "fs", "gs")}
    assert found == {name: wanted.get(name, 0) for name in found}
    assert len(found) == 24


@needs_kvm
def test_control_registers(plain):
    found = numbers(run(plain, "control").stdout)
    found["cr0"] &= ~0x10  # ET: some processors read it as one whatever is set
    assert found == {
        "cr0": 0x80010021, "cr3": 0x2000, "cr4": 0x620, "efer": 0x500, "gdt_base": 0x1000, "gdt_limit": 23}


@needs_kvm
def test_boot_information(plain):
    done = run(plain, "info", "--a=b", "c")
    info = numbers(done.stdout)
    assert 10**8 < info.pop("cpu_cycle_freq") < 10**11
    assert info == {"mem_size": 4 * MIB, "kernel_end": 0x104000, "mft": MANIFEST, "cmdline": MANIFEST + 8 + 104,
                    "host_features": 0, "net_ring": 0}
    assert "arguments info --a=b c\n" in done.stdout
    assert done.stderr == ""


@needs_kvm
def test_manifest_says_what_is_attached(images, disk):
    with sockets() as (_, fd):
        done = run(images / "net", "devices", pass_fds=[fd], options=[
            "--mem=2", f"--net:service=@{fd}", "--net-mac:service=02:00:00:00:00:2a", "--net-mtu:service=9000"])
    assert done.stdout == "service\nattached 1\nmtu 9000\nmac 2\nmac 0\nmac 0\nmac 0\nmac 0\nmac 42\n"
    done = run(images / "disk", "devices", options=["--mem=2", f"--block:storage={disk}", "--block-sector-size:storage=4096"])
    assert done.stdout == "storage\nattached 1\ncapacity 8192\nblock_size 4096\n"


@needs_kvm
@pytest.mark.parametrize("address", ["0x10000", "0xfffff", "0x100000", "0x3fffff"])
def test_guest_reads(plain, address):
    assert run(plain, "read", address).stdout.startswith("byte ")


@needs_kvm
@pytest.mark.parametrize("address", ["0", "0xfff", "0x1000", "0xffff", "0x400000", "0x10000000"])
def test_guest_cannot_read(plain, address):
    done = run(plain, "read", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "bivy-hvt: the guest crashed and could not handle it (triple fault)\n"


@needs_kvm
@pytest.mark.parametrize("address", ["data", "bss", "heap", "0x3fffff"])
def test_guest_writes(plain, address):
    assert run(plain, "write", address, "read", address).stdout == "byte 1\n"


@needs_kvm
@pytest.mark.parametrize("address", ["0x10000", "0xfffff"])
def test_low_memory_is_read_only(plain, address):
    assert run(plain, "write", address).returncode == 1


@needs_kvm
@pytest.mark.parametrize("address", ["text", "rodata"])
def test_constants_are_read_only_on_the_host_s_side(plain, address):
    done = run(plain, "write", address)
    assert done.returncode == 1
    assert re.fullmatch(r"bivy-hvt: host/guest translation fault: rip=0x10[0-9a-f]{4}\n", done.stderr)


@needs_kvm
def test_free_memory_is_zero(plain):
    assert run(plain, "read", "bss", "read", "heap", "read", "0x3ff000").stdout == "byte 0\n" * 3


# How much memory


def memory_of(plain, *options):
    done = run(plain, "info", options=options)
    return numbers(done.stdout).get("mem_size", 0), done.stderr


@needs_kvm
def test_default_memory_is_512_mib(plain):
    assert memory_of(plain) == (512 * MIB, "")


@needs_kvm
@pytest.mark.parametrize("asked, given", [(1, 2), (3, 2), (5, 4), (4095, 4094)])
def test_memory_is_rounded_to_two_mib_with_a_word(plain, asked, given):
    assert memory_of(plain, f"--mem={asked}") == (given * MIB, f"bivy-hvt: Guest memory adjusted to {given} MiB\n")


@needs_kvm
def test_most_memory_is_4_gib(plain):
    assert memory_of(plain, "--mem=4096") == (4096 * MIB, "")
    assert run(plain, "write", 4096 * MIB - 1, "read", 4096 * MIB - 1, options=["--mem=4096"]).stdout == "byte 1\n"
    done = run(plain, options=["--mem=4098"])
    assert (done.returncode, done.stderr) == (1, "bivy-hvt: Guest memory is limited to 4096 MiB\n")


# Hypercalls


@needs_kvm
def test_console(plain):
    done = run(plain, "say", "hello", "puts", "rodata", 1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\nr", "")


@needs_kvm
def test_wall_clock(plain):
    before = int(time.time())
    assert before <= numbers(run(plain, "wall").stdout)["seconds"] <= time.time()


@needs_kvm
def test_exit_status_is_the_guest_s(plain):
    assert run(plain, "exit", 3).returncode == 3
    assert run(plain, "exit", 255).returncode == 255
    assert run(plain, "exit", 256 + 7).returncode == 7


@needs_kvm
def test_trap_frame_is_described(plain):
    done = run(plain, "trap", 255)
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == "bivy-hvt: the guest trapped: rip=0x3333 rsp=0x4444 cr2=0x1111 error=0x2222\n"


@needs_kvm
def test_poll_waits_as_long_as_it_is_told(plain):
    found = numbers(run(plain, "poll", 30).stdout)
    assert (found["ready"], found["ret"]) == (0, 0)
    assert found["ms"] >= 30


@needs_kvm
def test_poll_names_the_devices_that_are_ready(images):
    with sockets() as (first, fd), sockets() as (second, other):
        options = ["--mem=4", f"--net:first=@{fd}", f"--net:second=@{other}"]
        def poll():
            done = run(images / "two", "poll", 0, options=options, pass_fds=[fd, other])
            return numbers(done.stdout)["ready"], numbers(done.stdout)["ret"]
        assert poll() == (0, 0)
        second.send(b"x" * 60)
        assert poll() == (1 << 2, 1)
        first.send(b"x" * 60)
        assert poll() == (1 << 1 | 1 << 2, 2)


@needs_kvm
def test_packets_come_and_go(images):
    with sockets() as (ours, fd):
        ours.send(b"x" * 60)
        ours.send(b"y" * 1514)
        done = run_net(images, fd, *["receive", 1, "heap", 2000] * 3, "send", 1, "heap", 1514)
        assert listed(done.stdout, "ret") == [0, 0, 1, 0]
        assert listed(done.stdout, "len") == [60, 1514, 2000, 1514]
        assert ours.recv(4096) == b"y" * 1514


@needs_kvm
def test_a_frame_longer_than_the_buffer_is_cut(images):
    with sockets() as (ours, fd):
        ours.send(b"x" * 1000)
        done = run_net(images, fd, "receive", 1, "heap", 100, "receive", 1, "heap", 100)
    assert listed(done.stdout, "len") == [100, 100]
    assert listed(done.stdout, "ret") == [0, 1]


@needs_kvm
def test_guest_survives_the_loss_of_its_switch(images):
    with sockets() as (ours, fd):
        ours.close()
        done = run_net(images, fd, "send", 1, "heap", 60, "receive", 1, "heap", 60, "say", "alive")
    assert listed(done.stdout, "ret") == [3, 3]
    assert done.stdout.endswith("alive\n")
    assert done.returncode == 0


@needs_kvm
@pytest.mark.parametrize("handle", [0, 2, 63, 64, 1 << 31])
def test_another_handle_is_refused(images, handle):
    with sockets() as (_, fd):
        done = run_net(images, fd, "send", handle, "heap", 60, "load", handle, 0, "heap", 512)
    assert listed(done.stdout, "ret") == [2, 2]


@needs_kvm
def test_a_device_of_another_kind_is_refused(images):
    with sockets() as (_, fd):
        assert listed(run_net(images, fd, "load", 1, 0, "heap", 512).stdout, "ret") == [2]


@needs_kvm
def test_block_device_is_written_and_read(images, disk):
    done = run(images / "disk", "write", "heap", "store", 1, 8192 - 512, "heap", 512, "load", 1, 0, "heap", 512,
               "read", "heap", "load", 1, 8192 - 512, "heap", 512, "read", "heap", options=["--mem=4", f"--block:storage={disk}"])
    assert listed(done.stdout, "ret") == [0, 0, 0]
    assert listed(done.stdout, "byte") == [0, 1]
    assert disk.read_bytes()[8192 - 512:] == b"\x01" + bytes(511)


@needs_kvm
@pytest.mark.parametrize("offset, size, ret", [
    (0, 8192, 0), (100, 1, 0), (0, 8193, 2), (8192, 0, 2), (8192, 512, 2), (1 << 63, 512, 2), (512, (1 << 64) - 512, 2)])
@pytest.mark.parametrize("verb", ["load", "store"])
def test_block_bounds(images, disk, verb, offset, size, ret):
    done = run(images / "disk", verb, 1, offset, "heap", size, options=["--mem=4", f"--block:storage={disk}"])
    assert listed(done.stdout, "ret") == [ret]
    assert disk.stat().st_size == 8192


# What no guest gets away with


@needs_kvm
def test_the_last_byte_of_memory_counts(plain):
    assert run(plain, "puts", 4 * MIB - 1, 1).returncode == 0
    assert run(plain, "call", 1, 4 * MIB - 8, "say", "on").stdout == "on\n"


@needs_kvm
@pytest.mark.parametrize("address, size", [(4 * MIB - 1, 2), (4 * MIB + 1, 0), (0x100000, 1 << 63), (1 << 63, 1), ((1 << 64) - 1, 2)])
def test_console_text_outside_of_memory_ends_the_guest(plain, address, size):
    done = run(plain, "puts", address, size)
    assert (done.returncode, done.stderr) == (1, "bivy-hvt: console write outside of guest memory\n")


@needs_kvm
@pytest.mark.parametrize("number", range(1, 9))
def test_arguments_outside_of_memory_end_the_guest(plain, number):
    done = run(plain, "call", number, 4 * MIB - 4)
    assert (done.returncode, done.stderr) == (1, "bivy-hvt: a hypercall's arguments lie outside of guest memory: 0x3ffffc\n")


@needs_kvm
@pytest.mark.parametrize("number", [1, 3, 4, 5, 6, 7])
def test_results_in_constants_end_the_guest(plain, number):
    done = run(plain, "call", number, "text")
    assert done.returncode == 1
    assert "a hypercall's arguments lie in read-only memory: 0x10" in done.stderr


@needs_kvm
@pytest.mark.parametrize("words", [["receive", 1, "text", 16], ["receive", 1, 0xFF000, 0x2000]])
def test_a_packet_is_not_written_over_constants(images, words):
    with sockets() as (ours, fd):
        ours.send(b"x" * 60)
        assert listed(run_net(images, fd, *words).stdout, "ret") == [2]


@needs_kvm
@pytest.mark.parametrize("port", ["0x500", "0x509", "0x3f8", "0xf5"])
def test_unknown_ports_end_the_guest(plain, port):
    done = run(plain, "out", port, 4)
    assert (done.returncode, done.stderr) == (1, f"bivy-hvt: the guest wrote to an unknown port: {port}\n")


@needs_kvm
@pytest.mark.parametrize("words", [["out", 0x502, 1], ["out", 0x502, 2], ["in", 0x502]])
def test_hypercalls_are_32_bit_writes(plain, words):
    done = run(plain, *words)
    assert (done.returncode, done.stderr) == (1, "bivy-hvt: the guest used a port in a way that no hypercall does: 0x502\n")


@needs_kvm
def test_a_kick_without_a_ring_does_nothing(plain):
    assert run(plain, "out", 0x600, 4, "say", "on").stdout == "on\n"


# Signals and what is left of the tender


@needs_kvm
@pytest.mark.parametrize("verb", ["hang", "wait"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_tender_in_order(plain, verb, number):
    with running(plain, verb) as process:
        process.send_signal(number)
        assert process.communicate(timeout=30)[1] == f"bivy-hvt: Exiting on signal {number}\n"
    assert process.returncode == 1


@needs_kvm
def test_a_signal_ends_a_guest_whose_console_is_stuck(plain):
    process = subprocess.Popen([HVT, "--mem=4", plain / "probe.uk", *["puts", "0x200000", "0x100000"] * 2, "exit", "9"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(1)  # the pipe holds less than the guest writes
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    assert process.stderr.read() == b"bivy-hvt: Exiting on signal 15\n"
    assert process.returncode == 1
    process.stdout.close()
    process.stderr.close()


@needs_kvm
def test_tender_is_jailed(images):
    with sockets() as (_, fd), running(images / "net", "wait", options=["--mem=4", f"--net:service=@{fd}"], pass_fds=[fd]) as process:
        place = pathlib.Path(f"/proc/{process.pid}")
        status = dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":\t" in line)
        found = {int(entry.name): os.readlink(entry) for entry in (place / "fd").iterdir()}
        root = os.stat(place / "root")
        namespaces = [os.readlink(place / "ns" / kind) for kind in ("net", "mnt", "ipc", "uts")]
        limits = (place / "limits").read_text()
    for key in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[key], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"], status["Seccomp_filters"]) == ("1", "2", "1")
    assert found.pop(1).startswith("pipe:") and found.pop(2).startswith("pipe:") and found.pop(fd).startswith("socket:")
    assert sorted(found.values()) == ["anon_inode:[eventpoll]", "anon_inode:kvm-vcpu:0"]
    own = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt", "ipc", "uts")]
    assert re.search(r"^Max open files +0 +0 ", limits, re.M) and re.search(r"^Max core file size +0 +0 ", limits, re.M)
    if has_namespaces:
        assert not set(namespaces) & set(own)
        assert (root.st_dev, root.st_ino) != (os.stat("/").st_dev, os.stat("/").st_ino)


@needs_kvm
@pytest.mark.skipif(os.geteuid() != 0 or not has_namespaces or not shutil.which("setpriv"),
                    reason="needs root, namespaces and setpriv to become another user")
def test_an_ordinary_user_s_tender_is_jailed_too(plain, tmp_path):
    script = (f"mount -t tmpfs none {tmp_path} && mknod {tmp_path}/kvm c 10 232 && chmod 666 {tmp_path}/kvm && "
              f"mount --bind {tmp_path}/kvm /dev/kvm && exec setpriv --reuid=1000 --regid=1000 --clear-groups "
              f"{HVT} --mem=4 {plain}/probe.uk wait")
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        place = pathlib.Path(f"/proc/{process.pid}")
        status = dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":\t" in line)
        own_network = os.readlink(place / "ns/net") != os.readlink("/proc/self/ns/net")
    finally:
        process.kill()
        process.communicate()
    assert status["Uid"].split() == ["1000"] * 4
    assert int(status["CapEff"], 16) == 0 and (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert own_network or not has_user_namespaces


# What is refused before the guest runs


def test_usage_and_version():
    done = subprocess.run([HVT, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"bivy-hvt tender, version \S+\nABI version 2\n", done.stderr)
    done = subprocess.run([HVT, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("usage: bivy-hvt ")


@pytest.mark.parametrize("name", ["solo5-hvt", "solo5-spt"])
def test_under_solo5_s_names_the_texts_are_solo5_s(plain, tmp_path, name):
    link = tmp_path / name
    link.symlink_to(BIN / name.replace("solo5", "bivy"))
    def call(*words):
        done = subprocess.run([link, *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr
    assert re.fullmatch(rf"{name} tender, version \S+\nABI version 2\n", call("--version")[2])
    assert call("--version")[:2] == (0, "")
    assert call("--help")[0] == 1 and call("--help")[2].startswith(f"usage: {name} ")
    assert call("--nothing")[2].startswith(f"{name}: Invalid option: `--nothing'\nusage: {name} ")
    assert call("--mem=abc", "x")[2].startswith(f"{name}: Malformed argument to --mem\n")
    status, _, text = call("/nonexistent/image")
    assert (status, text) == (1, f"{name}: Could not open image: /nonexistent/image: No such file or directory\n")
    if name == "solo5-hvt" and kvm_refusal() is None:
        assert call("--mem=4", plain / "probe.uk", "exit", "7") == (7, "", "")


@needs_kvm
def test_no_ring_is_given_that_the_image_does_not_ask_for(images):
    with sockets() as (_, fd):
        info = numbers(run_net(images, fd, "info").stdout)
    assert (info["host_features"], info["net_ring"], info["mem_size"]) == (0, 0, 4 * MIB)


@pytest.mark.parametrize("option", ["--x-exec-heap", "--gdb", "--net", "--mem:4"])
def test_other_options_are_refused_with_the_usage(plain, option):
    done = run(plain, options=[option])
    assert done.returncode == 1
    assert done.stderr.startswith(f"bivy-hvt: Invalid option: `{option}'\nusage: ")


def test_a_declared_device_must_be_attached(images):
    done = run(images / "net")
    assert (done.returncode, done.stderr) == (
        1, "bivy-hvt: Device 'service' of type NET_BASIC declared but not attached.\n")


@needs_compiler
@pytest.mark.parametrize("target, version, text", [
    (2, 2, "the image is not for this tender: it has no ABI note for target hvt"),
    (1, 3, "the image needs another tender: ABI version 3, this one has 2")])
def test_images_of_others_are_refused(tmp_path, target, version, text):
    image = build_probe(tmp_path, "other", target=target, version=version)
    done = run(image.parent)
    assert (done.returncode, done.stderr) == (1, f"bivy-hvt: {image}: {text}\n")


def test_arguments_have_a_limit(plain):
    if kvm_refusal():
        pytest.skip(kvm_refusal())
    assert run(plain, "x" * 8191).returncode == 0
    done = run(plain, "x" * 8192)
    assert (done.returncode, done.stderr) == (1, "bivy-hvt: The guest's arguments are longer than 8191 bytes\n")


@pytest.mark.skipif(os.geteuid() != 0 or not has_namespaces or not shutil.which("mount"),
                    reason="needs root, namespaces and mount to make /dev/kvm absent")
def test_a_machine_without_kvm_is_told_what_else_there_is(plain):
    command = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs none /dev && exec {HVT} --mem=4 {plain}/probe.uk"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ("bivy-hvt: Could not open the virtual machine device: /dev/kvm: No such file or directory"
                           "; the same image runs with --as process\n")


@needs_kvm
@pytest.mark.skipif(os.geteuid() != 0 or not has_namespaces or not shutil.which("ip"),
                    reason="needs root, namespaces and ip to make a tap")
def test_a_tap_that_goes_down_is_an_error_and_not_the_end(images):
    script = ("ip tuntap add tap0 mode tap && ip link set tap0 up || exit; "
              f"{HVT} --mem=4 --net:service=tap0 {images}/net/probe.uk flood 1 say alive | "
              "while read line; do echo $line; [ \"$line\" = ready ] && ip link set tap0 down; done")
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("ready\nret 3\nalive\n", "")
