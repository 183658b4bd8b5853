"""`bivy run`: exit statuses, signals, devices, ports, and what it says when something is wrong."""

import os
import re
import signal
import socket
import subprocess
import textwrap

import pytest
from conftest import BIN, bivy, http_get
from guest_images import needs_kvm

PROGRAM = """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>

    int main(int argc, char **argv)
    {
        const char *what = argc > 1 ? argv[1] : "0";
        volatile int *wild = (int *)8;
        if (strcmp(what, "args") == 0)
            for (int i = 2; i < argc; i++)
                printf("[%s]\\n", argv[i]);
        else if (strcmp(what, "wild") == 0)
            *wild = 1;
        else if (strcmp(what, "trap") == 0)
            __builtin_trap();
        else if (strcmp(what, "getpid") == 0)
            __asm__ volatile("syscall" : : "a"(39L) : "rcx", "r11", "memory");
        else if (strcmp(what, "loop") == 0)
            for (printf("looping\\n");;)
                ;
        else
            return atoi(what);
        return 0;
    }
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """An image without devices that does what its first argument says."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "main.c").write_text(textwrap.dedent(PROGRAM))
    bivy("build", "-q", "-o", folder / "program.uk", folder / "main.c", "--", "-w")
    return folder / "program.uk"


class Running:
    """`bivy run` in the background, from its first lines to its end."""

    def __init__(self, *args):
        self.process = subprocess.Popen([BIN / "bivy", "run", *map(str, args)], text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ports(self, count):
        """The host's ends of COUNT published ports, as bivy prints them."""
        lines = [self.process.stderr.readline() for _ in range(count)]
        return [re.fullmatch(r"listening on \[?([\d.:a-f]+?)\]?:(\d+) -> \d+/(?:tcp|udp)\n", line).groups() for line in lines]

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def test_hello(tmp_path):
    bivy("new", "greeting", cwd=tmp_path)
    bivy("build", "-q", "-o", "hello.uk", "greeting", cwd=tmp_path)
    result = bivy("run", "hello.uk", cwd=tmp_path)
    assert result.stdout == "Hello from a unikernel.\n"
    assert result.stderr == ""


def test_the_template_of_a_worker(tmp_path):
    bivy("new", "--template", "worker", "jobs", cwd=tmp_path)
    bivy("build", "-q", "-o", "jobs.uk", "jobs", cwd=tmp_path)
    lines = bivy("run", "jobs.uk", "--", "20", cwd=tmp_path).stdout.splitlines()
    assert sorted(int(line.split()[-1]) for line in lines[:-1]) == list(range(20))
    assert lines[-1] == "20 jobs done" and {line.split(":")[0] for line in lines[:-1]} == {f"worker {i}" for i in range(4)}


def test_the_template_of_a_tcp_server(tmp_path):
    bivy("new", "--template", "tcp", "echo", cwd=tmp_path)
    bivy("build", "-q", "-o", "echo.uk", "echo", cwd=tmp_path)
    with Running("-p", "0:7", tmp_path / "echo.uk") as running:
        address, port = running.ports(1)[0]
        for _ in range(3):
            with socket.create_connection((address, int(port)), timeout=20) as connection:
                connection.sendall(b"hello")
                assert connection.recv(100) == b"hello"


def test_a_folder_is_built_and_run(tmp_path):
    bivy("new", "greeting", cwd=tmp_path)
    result = bivy("run", "greeting", "--", "one", cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)})
    assert "argument 1: one\n" in result.stdout
    assert sorted(p.name for p in (tmp_path / "greeting").iterdir()) == ["main.c"]


def test_arguments_reach_the_guest_as_they_are(program):
    result = bivy("run", program, "--", "args", "--memory", "-x", "a=b")
    assert result.stdout == "[--memory]\n[-x]\n[a=b]\n"


def test_every_exit_status_comes_back(program):
    got = [bivy("run", program, "--", str(status), check=False).returncode for status in range(256)]
    assert got == list(range(256))


@pytest.mark.parametrize("what, name", [("wild", "SIGSEGV"), ("trap", "SIGILL"), ("getpid", "SIGSYS")])
def test_a_fault_is_told_and_explained(program, what, name):
    result = bivy("run", program, "--", what, check=False)
    assert result.returncode == 255
    assert f"ended by {name}: it " in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_passed_on(program, number):
    with Running(program, "--", "loop") as running:
        assert running.process.stdout.readline() == "looping\n"
        status, _, err = running.end(number)
    assert status == 128 + number
    assert err == ""


def test_a_web_server_answers_on_both_loopbacks(server_image):
    with Running("-p", "0:80", "-p", "[::1]:0:80", server_image) as running:
        ports = running.ports(2)
        assert [address for address, _ in ports] == ["127.0.0.1", "::1"]
        for address, port in ports:
            assert http_get(address, port).endswith(b"<h1>Hello from a unikernel</h1>")


def test_two_at_once_do_not_disturb_each_other(server_image):
    with Running("-p", "0:80", server_image) as one, Running("-p", "0:80", server_image) as two:
        ports = one.ports(1) + two.ports(1)
        assert ports[0] != ports[1]
        for address, port in ports:
            assert http_get(address, port).startswith(b"HTTP/1.1 200")


def test_nothing_is_left_behind(server_image):
    with Running("-p", "0:80", server_image) as running:
        (_, port), = running.ports(1)
        http_get("127.0.0.1", port)
        running.end()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for _ in range(100):
            try:
                probe.bind(("127.0.0.1", int(port)))
                return
            except OSError:
                subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the port is still in use")


def fails(*args):
    """The lines of standard error of a run that bivy itself fails."""
    result = bivy("run", *args, check=False)
    assert result.returncode == 125
    assert result.stdout == ""
    return result.stderr.splitlines()


def test_a_port_in_use(server_image):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert fails("-p", f"{port}:80", server_image) == [
            f"bivy: listen: 127.0.0.1:{port}: the port is in use by another program",
            "hint: another host port, or 0 for a free one: -p 0:80"]


def test_an_unknown_device(server_image):
    assert fails("--net", "lan", server_image) == [
        "bivy: attach device: lan: the image declares no such network device", "hint: its network devices: service"]


def test_a_port_without_a_network_device(program):
    assert fails("-p", "0:80", program) == ["bivy: publish port: 0:80: the image has no network device"]


def test_too_little_memory(program):
    lines = fails("-m", "1", program)
    assert re.fullmatch(r"bivy: run: .*: 1 MiB of memory are too few; the image needs \d+", lines[0])
    assert lines[1].startswith("hint: -m ")


def test_a_missing_file():
    assert fails("/nowhere/x.uk") == ["bivy: open image: /nowhere/x.uk: No such file or directory"]


def test_not_an_image(tmp_path):
    (tmp_path / "text.uk").write_text("hello")
    assert "text.uk" in fails(tmp_path / "text.uk")[0]


def test_a_process_image_as_a_virtual_machine(tmp_path):
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    bivy("build", "-q", "--target", "spt", "-o", "main.uk", "main.c", cwd=tmp_path)
    lines = fails("--as", "vm", tmp_path / "main.uk")
    assert lines == [f"bivy: run as a virtual machine: {tmp_path}/main.uk: the image is not built for it", "hint: --as process"]


@needs_kvm
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_passed_on_to_a_virtual_machine(program, number):
    with Running("--as", "vm", program, "--", "loop") as running:
        assert running.process.stdout.readline() == "looping\n"
        status, _, err = running.end(number)
    assert status == 128 + number
    assert err == ""


@needs_kvm
def test_a_virtual_machine_dies_with_its_bivy(program):
    with Running("--as", "vm", program, "--", "loop") as running:
        assert running.process.stdout.readline() == "looping\n"
        running.process.kill()
        assert running.process.stdout.read() == ""  # the tender held the other end, too


@needs_kvm
def test_a_web_server_in_a_virtual_machine_answers(server_image):
    with Running("--as", "vm", "-p", "0:80", server_image) as running:
        assert http_get(*running.ports(1)[0]).endswith(b"<h1>Hello from a unikernel</h1>")


@needs_kvm
def test_memory_of_a_virtual_machine_is_rounded_up_to_its_steps(program):
    result = bivy("run", "--as", "vm", "-m", "3", program, "--", "5", check=False)
    assert (result.returncode, result.stderr) == (5, "")


def test_an_option_that_does_not_exist(program):
    assert fails("--colour", program)[0] == "bivy: read command line: --colour: no such option"


def test_a_volume_is_needed(tmp_path):
    (tmp_path / "main.c").write_text("int main(void) { return 7; }\n")
    (tmp_path / "manifest.json").write_text(
        '{"type": "solo5.manifest", "version": 1, "devices": [{"name": "data", "type": "BLOCK_BASIC"}]}')
    bivy("build", "-q", "-o", "disk.uk", ".", cwd=tmp_path)
    lines = fails(tmp_path / "disk.uk")
    assert lines[0].endswith("the block device 'data' has no file")
    assert lines[1] == "hint: --block data=FILE"
    (tmp_path / "disk.img").write_bytes(bytes(65536))
    assert bivy("run", "--block", "data=disk.img", "disk.uk", cwd=tmp_path, check=False).returncode == 7


def test_a_volume_that_does_not_fit_is_the_tenders_word(tmp_path):
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "manifest.json").write_text(
        '{"type": "solo5.manifest", "version": 1, "devices": [{"name": "data", "type": "BLOCK_BASIC"}]}')
    bivy("build", "-q", "-o", "disk.uk", ".", cwd=tmp_path)
    (tmp_path / "disk.img").write_bytes(bytes(100))
    assert fails("--block", f"data={tmp_path / 'disk.img'}", tmp_path / "disk.uk")[0].startswith("bivy: start: ")


TAP = """
    set -e
    ip link set lo up
    {interface}
    {bivy} run --net service={spec},mac=02:00:00:00:00:05 {image} -- --ipv4=192.0.2.2/24 >/dev/null &
    for _ in $(seq 100); do
        curl -s --max-time 1 http://192.0.2.2/ && break
        sleep 0.1
    done
    kill %1
    wait %1 || exit $(($? == 143 ? 0 : 1))
"""


@pytest.mark.parametrize("spec, interface", [
    ("tap:tap0", "ip tuntap add tap0 mode tap; ip link set tap0 up; ip addr add 192.0.2.1/24 dev tap0"),
    ("bridge:br0", "ip link add br0 type bridge; ip link set br0 up; ip addr add 192.0.2.1/24 dev br0"),
])
def test_taps_and_bridges(server_image, spec, interface):
    inside = ["unshare", "--map-root-user", "--net", "bash", "-c"]
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("/dev/net/tun is not for this user")
    if subprocess.run([*inside, interface], capture_output=True).returncode != 0:
        pytest.skip("no namespace in which interfaces can be made")
    script = TAP.format(interface=interface, bivy=BIN / "bivy", spec=spec, image=server_image)
    result = subprocess.run([*inside, script], capture_output=True, text=True, timeout=60)
    assert result.stdout == "<h1>Hello from a unikernel</h1>"
    assert result.returncode == 0


def test_an_interface_that_is_not_there(server_image):
    assert fails("--net", "service=tap:nowhere0", server_image) == [
        "bivy: attach network: nowhere0: No such device", "hint: 'ip link' lists the interfaces of this host"]
