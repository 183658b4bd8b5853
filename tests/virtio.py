"""Images for virtio in machines of QEMU: the programs of tests/guests do there what they do under our tenders.

Two machines that share nothing but the protocol by which they enter an image: q35 has firmware, PCI and old ACPI;
microvm has neither, devices in memory, and new ACPI or none. TCG emulates the processor, so that any host will do.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

from conftest import PREFIX, SOURCE, bivy
from guest_images import build_guest, needs_kvm

QEMU = shutil.which("qemu-system-x86_64")
pytestmark = pytest.mark.skipif(not QEMU, reason="no qemu-system-x86_64 on PATH")

GUESTS = ["blocks", "clock", "data", "fault", "frames", "heap", "memory", "ssp", "status", "tls", "two", "vector"]
MACHINES = ["q35", "microvm"]
DEVICES = {"q35": "pci", "microvm": "device"}


@pytest.fixture(scope="session")
def guests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("virtio")
    for name in GUESTS:
        build_guest(folder, SOURCE / f"tests/guests/{name}.c", "virtio")
    bivy("build", "-q", "--target", "virtio", "-o", folder / "hello-virtio.uk", SOURCE / "examples/hello/hello.c")
    bivy("build", "-q", "--target", "virtio", "-o", folder / "http-virtio.uk", SOURCE / "examples/http")
    return folder


@pytest.fixture(params=MACHINES)
def machine(request):
    return request.param


def command(guests, name, machine, arguments="", memory=16, options=()):
    kind, *more = machine.split(",")
    return [QEMU, "-accel", "tcg", "-M", ",".join([kind, *more]), "-cpu", "max", "-m", str(memory), "-nodefaults", "-display", "none",
            "-no-reboot", "-serial", "stdio", "-global", "virtio-mmio.force-legacy=false", "-device", "isa-debug-exit",
            "-kernel", guests / f"{name}-virtio.uk", "-append", arguments, *map(str, options)]


def boot(*args, exits=True, **more):
    """The console and the guest's status, which QEMU's isa-debug-exit makes 2 * status + 1 of QEMU's."""
    words = command(*args, **more)
    if not exits:
        at = words.index("isa-debug-exit")
        del words[at - 1:at + 1]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", timeout=60)
    text, status = re.fullmatch(r"(.*)^bivy: exit status (\d+)\n", done.stdout.replace("\r", ""), re.S | re.M).groups()
    assert done.returncode == ((2 * int(status) + 1) % 256 if exits else 0)
    return text, int(status)


def test_hello(guests, machine):
    assert boot(guests, "hello", machine) == ("Hello, world!\n", 0)


@pytest.mark.parametrize("machine, name, text", [
    ("microvm", "data", "1 3 two 0 1 7\n"),
    ("microvm", "tls", "7 0 9 thread 0\n1 2 3 Thread\n"),
    ("microvm", "vector", "73.0 0.66666666666666663\n73.0\n"),
    ("microvm", "clock", "back 0 ready 0 slept 1 apart 0\nsince 2024 1\n"),
    ("q35", "clock", "back 0 ready 0 slept 1 apart 0\nsince 2024 1\n"),
])
def test_output(guests, machine, name, text):
    assert boot(guests, name, machine) == (text, 0)


def test_memory_that_was_used_before_is_zero(guests, machine):
    """As after a reset, or where firmware left something: numbers stand where the heap is."""
    dirt = [word for address in (0x180000, 0x3ffff8, 0x400000, 0x9ffff0) for word in
            ("-device", f"loader,addr={address:#x},data=0x1122334455667788,data-len=8")]
    text, status = boot(guests, "memory", machine, options=dirt)
    assert re.fullmatch(r"end \d+\nnonzero 0\nwrong 0\n", text) and status == 0


def test_all_of_the_memory_is_the_program_s(guests):
    assert boot(guests, "memory", "microvm", memory=3) == (f"end {3 << 20}\nnonzero 0\nwrong 0\n", 0)
    text, status = boot(guests, "heap", "microvm", "--log=quiet", memory=64)
    blocks = int(re.fullmatch(r"1\nblocks (\d+) wrong 0\n", text)[1])
    assert status == 0 and 63 << 20 < blocks * 1024 < 64 << 20


def test_a_stack_overrun_is_caught(guests):
    assert boot(guests, "ssp", "microvm") == ("x\nx\nbivy: a function wrote past a buffer on its stack: aborted\n", 255)


@pytest.mark.parametrize("arguments, status", [("exit 1", 1), ("return 3", 3), ("solo5 125", 125), ("return -1", 255)])
def test_exit_status(guests, arguments, status):
    assert boot(guests, "status", "microvm", arguments) == ("", status)


@pytest.mark.parametrize("machine", ["q35", "microvm", "microvm,acpi=off"])
def test_a_machine_is_switched_off(guests, machine):
    """Without the device that QEMU has for tests: by ACPI, by the ACPI of reduced hardware, or by a reset."""
    assert boot(guests, "status", machine, "exit 7", exits=False) == ("", 7)


FAULTS = [("null", "0xe error=0x2", "0x8"), ("text", "0xe error=0x3", "0x10"), ("constant", "0xe error=0x3", "0x10"),
          ("data", "0xe error=0x11", "0x10"), ("wild", "0xd error=0x0", ""), ("beyond", "0xe error=0x2", "0x10000000000"),
          ("stack", "0xe error=0x2", "0xff"), ("invalid", "0x6", ""), ("division", "0x0", ""), ("breakpoint", "0x3", "")]


@pytest.mark.parametrize("fault, error, address", FAULTS)
def test_a_fault_is_described(guests, fault, error, address):
    text, status = boot(guests, "fault", "microvm", fault)
    assert status == 255
    assert re.match(rf"before\nbivy: exception {error}.* rip=0x10\w+ rsp=0xff\w+ cr2={address}", text)


def test_the_guard_page_lies_under_the_stack(guests):
    text, _ = boot(guests, "fault", "q35", "stack")
    rsp, cr2 = (int(number, 16) for number in re.search(r"rsp=(\w+) cr2=(\w+)\n", text).groups())
    assert cr2 // 4096 == rsp // 4096


def test_arguments(guests):
    def name(line):
        return boot(guests, "status", "microvm,acpi=off", line)
    assert name("--solo5:info return 2") == ("bivy: virtio target\n", 2)
    assert name("root=/dev/vda pci=off -- return 4") == ("", 4)
    assert name("--solo5:quiet -- exit 3") == ("", 3)


# Devices


@contextlib.contextmanager
def running(*args, **more):
    words = command(*args, **more)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def nets(folder, machine, count, **properties):
    """Options for COUNT network devices, and the sockets whose datagrams are their frames."""
    more = "".join(f",{key}={value}" for key, value in properties.items())
    options, sockets = [], []
    for i in range(count):
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.settimeout(30)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        ours.bind(str(folder / f"ours{i}"))
        sockets.append(ours)
        options += ["-netdev", f"dgram,id=n{i},local.type=unix,local.path={folder}/theirs{i},"
                               f"remote.type=unix,remote.path={folder}/ours{i}",
                    "-device", f"virtio-net-{DEVICES[machine]},netdev=n{i},mac=02:00:00:00:00:{i:02x}{more}"]
        # QEMU gives a device without a bus of its own the last free one.
        if machine == "microvm":
            options[-1] += f",bus=virtio-mmio-bus.{i}"
    return options, sockets


def line(process):
    return process.stdout.readline().replace("\r", "")


def test_two_network_devices(guests, machine, tmp_path):
    options, ours = nets(tmp_path, machine, 2)
    with running(guests, "two", machine, options=options) as process:
        assert line(process) == "ready\n"
        for source, to in ((0, 1), (1, 0), (1, 0)):
            ours[source].sendto(bytes([source]) * 100, str(tmp_path / f"theirs{source}"))
            assert ours[to].recv(2000) == bytes([source]) * 100
            assert line(process) == f"set {2 << source}\n"
            assert line(process) == f"{['first', 'second'][source]} 100\n"
        ours[0].sendto(b"quit" * 20, str(tmp_path / "theirs0"))
        assert process.communicate(timeout=30)[0].replace("\r", "") == "set 2\nfirst 80\nbivy: exit status 0\n"


@pytest.mark.parametrize("machine, mtu", [("q35", 1500), ("microvm", 1500), ("microvm", 9000)])
def test_frames(guests, machine, mtu, tmp_path):
    options, (ours,) = nets(tmp_path, machine, 1, **({} if mtu == 1500 else {"host_mtu": mtu}))
    sent = [bytes([1]) * size for size in [14, 60, 1514, mtu + 14] * 40]
    with running(guests, "frames", machine, options=options) as process:
        first = [len(ours.recv(20000)) for _ in range(3)]
        for frame in sent + [b"quit" * 20]:
            ours.sendto(frame, str(tmp_path / "theirs0"))
            time.sleep(0.001)
        burst = [len(ours.recv(20000)) for _ in range(20)]
        text = process.communicate(timeout=30)[0].replace("\r", "")
    assert first == [14, 60, mtu + 14]
    assert burst == [60 + i for i in range(20)]
    frames, size = map(int, re.search(r"^frames (\d+) bytes (\d+)$", text, re.M).groups())
    assert text == (f"mtu {mtu} mac 02:00:00:00:00:00\n2 2 0 0 0 2 2 2 2 2 2 2\nframes {frames} bytes {size}\n"
                    "bivy: exit status 0\n")
    assert (frames, size) == (len(sent), sum(map(len, sent)))


def disk(path, machine, size=8192, **properties):
    path.write_bytes(bytes(size))
    more = "".join(f",{key}={value}" for key, value in properties.items())
    return ["-drive", f"file={path},format=raw,if=none,id=d", "-device", f"virtio-blk-{DEVICES[machine]},drive=d{more}"]


def test_blocks(guests, machine, tmp_path):
    text, _ = boot(guests, "blocks", machine, options=disk(tmp_path / "disk", machine))
    assert text == "16 blocks of 512\n00:1 22:0 00:3 00:4 22:0 22:0 22:0 22:0 22:0 22 22 22 22 22 22 22\n"
    assert (tmp_path / "disk").read_bytes() == b"\1" * 512 + b"\3" * 512 + bytes(8192 - 1536) + b"\4" * 512


def test_blocks_of_another_size(guests, tmp_path):
    options = disk(tmp_path / "disk", "q35", 65536, logical_block_size=4096, physical_block_size=4096)
    text, _ = boot(guests, "blocks", "q35", options=options)
    assert text.startswith("16 blocks of 4096\n00:1 22:0 00:3 00:4 22:0 ")
    assert (tmp_path / "disk").read_bytes() == b"\1" * 4096 + b"\3" * 4096 + bytes(65536 - 12288) + b"\4" * 4096


def test_a_disk_that_fails_is_an_answer(guests, tmp_path):
    options = disk(tmp_path / "disk", "microvm")
    options[1] += ",read-only=on"
    text, status = boot(guests, "blocks", "microvm", options=options)
    assert text.startswith("16 blocks of 512\n30:0 22:0 30:0 30:0 22:0 ") and status == 0


def test_a_device_behind_a_bridge_is_found(guests, tmp_path):
    options = ["-device", "pcie-root-port,id=below"] + disk(tmp_path / "disk", "q35", bus="below")
    assert boot(guests, "blocks", "q35", options=options)[0].startswith("16 blocks of 512\n00:1 ")


def test_devices_without_interrupts_are_looked_at(guests, tmp_path):
    options = disk(tmp_path / "disk", "q35", vectors=0)
    assert boot(guests, "blocks", "q35", options=options)[0].startswith("16 blocks of 512\n00:1 ")


def test_a_device_that_is_missing_is_named(guests, machine, tmp_path):
    assert boot(guests, "blocks", machine) == ("bivy: this machine has fewer virtio block devices than the image's manifest\n", 1)
    options, _ = nets(tmp_path, machine, 1)
    assert boot(guests, "two", machine, options=options) == (
        "bivy: this machine has fewer virtio network devices than the image's manifest\n", 1)


def test_a_device_of_the_old_protocol_is_explained(guests, tmp_path):
    options = ["-global", "virtio-mmio.force-legacy=true"] + disk(tmp_path / "disk", "microvm")
    text, status = boot(guests, "blocks", "microvm", options=options)
    assert "-global virtio-mmio.force-legacy=false" in text and status == 1


def test_too_little_memory_is_a_sentence(guests):
    text, status = boot(guests, "status", "microvm", memory="1664K")
    assert (text, status) == ("bivy: not enough memory for this image and its devices: give the machine more\n", 1)


# A server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_http(guests, machine):
    port = free_port()
    options = ["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80", "-device", f"virtio-net-{DEVICES[machine]},netdev=n"]
    with running(guests, "http", machine, options=options) as process:
        assert line(process) == "http: listening on 10.0.2.15 port 80, 5 files\n"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for path in [p for p in (SOURCE / "examples/http/root").rglob("*") if p.is_file()] * 10:
            connection.request("GET", f"/{path.relative_to(SOURCE / 'examples/http/root')}")
            assert connection.getresponse().read() == path.read_bytes()
        # An idle guest halts: the processor time that it does not use says so, whatever else the host does.
        before = cpu_ticks(process.pid)
        time.sleep(1)
        assert cpu_ticks(process.pid) - before < os.sysconf("SC_CLK_TCK") / 2


# The same file elsewhere


def test_the_image_says_what_it_is(guests):
    assert re.search(r"^targets +virtio \(version 1\)$", bivy("inspect", guests / "blocks-virtio.uk").stdout, re.M)
    assert json.loads(bivy("inspect", "-o", "json", guests / "blocks-virtio.uk").stdout)["targets"] == ["virtio"]


def test_the_last_note_says_where_to_enter(guests):
    """The loader that Firecracker and Cloud Hypervisor share looks at no other; some read four bytes, some eight."""
    data = (guests / "blocks-virtio.uk").read_bytes()
    entry, table = struct.unpack_from("<QQ", data, 24)
    size, count = struct.unpack_from("<HH", data, 54)
    notes = [header for header in (struct.unpack_from("<IIQQQQQQ", data, table + i * size) for i in range(count)) if header[0] == 4]
    offset, align = notes[-1][2], notes[-1][7]
    assert struct.unpack_from("<III4sQ", data, offset) == (4, 8, 18, b"Xen\0", entry) and align == 4


def test_no_name_of_the_target_is_in_a_program_s_way():
    archive = PREFIX / "lib/bivy/x86_64/libbindings_virtio.a"
    text = subprocess.run(["nm", "-g", "--defined-only", archive], capture_output=True, text=True, check=True).stdout
    names = {line.split()[2] for line in text.splitlines() if len(line.split()) == 3}
    assert {name for name in names if not re.match(r"(virtio_|virtqueue_|bindings_|bivy_|cpu_|trap_|solo5_|__stack_chk_)", name)} == {"_start"}


def test_bivy_run_says_how_to_boot_it(guests, tmp_path):
    done = bivy("run", guests / "blocks-virtio.uk", check=False)
    assert done.returncode == 125
    first, hint = done.stderr.splitlines()
    assert "virtio" in first
    (tmp_path / "storage.img").write_bytes(bytes(8192))
    words = hint.removeprefix("hint: ").split()
    assert words[0] == "qemu-system-x86_64"
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert "16 blocks of 512\n00:1 " in done.stdout and "bivy: exit status 0" in done.stdout


@pytest.mark.skipif(not shutil.which("firecracker"), reason="no firecracker on PATH")
@needs_kvm
def test_firecracker(guests, tmp_path):
    disk(tmp_path / "disk", "microvm")
    (tmp_path / "vm.json").write_text(json.dumps({
        "boot-source": {"kernel_image_path": str(guests / "blocks-virtio.uk"), "boot_args": "--"},
        "drives": [{"drive_id": "storage", "path_on_host": str(tmp_path / "disk"), "is_root_device": False, "is_read_only": False}],
        "machine-config": {"vcpu_count": 1, "mem_size_mib": 32}}))
    done = subprocess.run(["firecracker", "--no-api", "--config-file", tmp_path / "vm.json"], capture_output=True, text=True, timeout=60)
    assert "16 blocks of 512" in done.stdout and "bivy: exit status 0" in done.stdout


@pytest.mark.skipif(not shutil.which("cloud-hypervisor"), reason="no cloud-hypervisor on PATH")
@needs_kvm
def test_cloud_hypervisor(guests, tmp_path):
    disk(tmp_path / "disk", "microvm")
    done = subprocess.run(["cloud-hypervisor", "--kernel", guests / "blocks-virtio.uk", "--disk", f"path={tmp_path / 'disk'}",
                           "--memory", "size=32M", "--cpus", "boot=1", "--serial", "tty", "--console", "off"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert "16 blocks of 512" in done.stdout and "bivy: exit status 0" in done.stdout
