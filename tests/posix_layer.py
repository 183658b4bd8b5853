"""Programs for the C library and the system below it: each of tests/posix, as a process and as a virtual machine."""

import concurrent.futures
import os
import pathlib
import re
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import BIN, PREFIX, SOURCE, bivy
from guest_images import needs_kvm
from run import Running

HERE = SOURCE / "tests/posix"
WAYS = ["process", pytest.param("vm", marks=needs_kvm)]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Builds NAME once, with the files of a small tree in it."""
    folder = tmp_path_factory.mktemp("posix")
    (folder / "project/root/etc/deep/er").mkdir(parents=True)
    (folder / "project/root/etc/motd").write_text("welcome\n")
    (folder / "project/root/etc/hosts").write_text("198.51.100.4 local.test\n")
    (folder / "project/nothing.c").write_text("")
    (folder / "project/root/etc/deep/er/file").write_text("12345")
    built = {}

    def build(name):
        if name not in built:
            built[name] = folder / f"{name}.uk"
            bivy("build", "-q", "-o", built[name], folder / "project", HERE / f"{name}.c", "--", "-w")
        return built[name]
    return build


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def run(image, *words, way="process", memory=16):
    return subprocess.run([BIN / "bivy", "run", "--as", way, "-m", str(memory), image, "--", *words], capture_output=True,
                          text=True, timeout=60)


FILES = """line one
line two
size 5001 blocks 16
8 [one
end
] map one 0
/tmp/d: ./ ../ e/ f
rmdir: -1 Directory not empty
rename: 0
rename below itself: -1 Invalid argument
/tmp/d/e: ./ ../ g
/tmp/d/e
access: 0
access: 0
unlink: 0
write unlinked: 3
access: -1 No such file or directory
rmdir: 0
rmdir: 0
/tmp: ./ ../ a
new file in the image: -1 Read-only file system
write to the image: -1 Read-only file system
no file: -1 No such file or directory
a directory: -1 Is a directory
below a file: -1 No such file or directory
read: -1 Bad file descriptor
symlink: -1 Operation not permitted
rename: -1 Cross-device link
rename: -1 Cross-device link
motd welcome
/: ./ ../ dev/ etc/ tmp/
/etc: ./ ../ deep/ hosts motd
/etc/deep: ./ ../ er/
openat: 0
seek: 5
/dev: ./ ../ console null random stderr stdin stdout tty urandom zero
"""


def test_files(images, way):
    done = run(images("files"), way=way)
    assert (done.returncode, done.stdout, done.stderr) == (0, FILES, "")


def test_threads(images, way):
    done = run(images("threads"), way=way)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("counter 20000 total 20100 own 5 once 1 keys 20\n1000 detached threads\n"
                           "timed wait Operation timed out, waited 1\n")


def test_a_deadlock_ends_with_the_backtrace_of_each_thread(images):
    done = run(images("threads"), "deadlock")
    assert done.returncode == 255
    assert "deadlock: every thread waits, and nothing that could wake one is left\n" in done.stdout
    assert re.search(r"^  thread 1 waits for a lock, called from( 0x[0-9a-f]+)+$", done.stdout, re.MULTILINE)
    assert " main+0x" in done.stderr


EVENTS = """wrote 100000
read 100000, then 0
empty Resource temporarily unavailable
no reader Broken pipe
pair ping poll 1 4 0 end 0 4
epoll 0 1 event again 1 value 1 then 0
timer 1 timer passed 1
closed 0
select 0
signals 1 2
"""


def test_events(images, way):
    done = run(images("events"), way=way)
    assert (done.returncode, done.stdout, done.stderr) == (0, EVENTS, "")


SOCKETS = """bind: 0
listen: 0
connect: 0
accepted from ::ffff:127.0.0.1
sent: 300000
shutdown: 0
received: 300000
same 1
end: 0
connect: 0
accepted from ::1
sent: 300000
shutdown: 0
received: 300000
same 1
end: 0
connect: -1 Connection refused
net: SO_REUSEPORT is refused: a unikernel has one processor; let one socket listen
reuseport: -1 Protocol not available
nonblocking: -1 Operation in progress
then Connection refused
raw: -1 Socket type not supported
unix: -1 Address family not supported by protocol
timeout: -1 Resource temporarily unavailable
listen: -1 Not supported
nodelay: 0
keepalive: 0
idle: 0
idle 30 type 1
bind: 0
sendto: 5
sendto: 6
peek: 5
recvfrom: 2
first from 127.0.0.1
recv: 6
recv: 6
getaddrinfo: 0
192.0.2.7
"""


def test_sockets(images, way):
    done = run(images("sockets"), way=way)
    assert (done.returncode, done.stdout, done.stderr) == (0, SOCKETS, "")


def test_files_without_sockets_link_no_tcp(images):
    names = subprocess.run(["nm", images("files")], check=True, capture_output=True, text=True).stdout
    assert "tcp_" not in names and " posix_call_open" in names


def test_names_are_asked_of_the_name_server_and_looked_up_in_the_image(images):
    done = run(images("resolver"), "--dns=127.0.0.1")
    assert done.stdout == "found 192.0.2.33\nfound 198.51.100.4\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    image = tmp_path_factory.mktemp("sockets") / "server.uk"
    bivy("build", "-q", "-o", image, SOURCE / "examples/sockets")
    return image


def test_a_web_server_of_sockets_and_files_is_small(server):
    assert server.stat().st_size <= 256 * 1024


def test_a_web_server_of_sockets_and_files(server, way):
    page = (SOURCE / "examples/sockets/root/www/index.html").read_bytes()
    with Running("--as", way, "-m", "16", "-p", "0:80", server) as running:
        address, port = running.ports(1)[0]

        def get(path):
            try:
                with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=30) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()
        assert get("/") == (200, page) and get("/none") == (404, b"")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert list(pool.map(get, ["/index.html"] * 200)) == [(200, page)] * 200
        with socket.create_connection((address, int(port)), timeout=30) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 5)
            data = b""
            while data.count(page) < 5:
                data += connection.recv(65536)


def test_the_system_calls_of_an_image_are_listed(images):
    lines = bivy("inspect", "--syscalls", images("files")).stdout.splitlines()
    assert {"openat", "write", "symlink (fails)"} <= set(lines) and "socket" not in lines
    assert lines == sorted(lines) and len(lines) < 80


def test_the_page_about_the_system_calls_is_what_the_code_says():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    subprocess.run(["/usr/bin/python3", SOURCE / "libos/posix/document.py", SOURCE,
                    cache / "bivy/sources/musl/arch/x86_64/bits/syscall.h.in", PREFIX / "lib/bivy/x86_64/libc.absent", "--check"],
                   check=True, capture_output=True, timeout=60)


def test_the_log_level_shows_what_was_used(images):
    done = run(images("threads"), "--log=info")
    assert re.search(r"^bivy: heap at most \d+ of \d+ KiB, stack at most [1-9] of 64 KiB, 1020 threads ended with stacks of at most [1-9] KiB\n\Z",
                     done.stdout, re.MULTILINE)


def test_who_asked_for_too_much_memory_is_named(tmp_path):
    (tmp_path / "main.c").write_text("#include <stdlib.h>\nint main(void) { for (int i = 0; i < 9; i++) if (malloc(1 << 28)) return 1; return 0; }\n")
    bivy("build", "-q", "-o", "big.uk", "main.c", "--", "-w", "-fno-builtin", cwd=tmp_path)
    done = run(tmp_path / "big.uk")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 3
    address = int(re.match(r"out of memory: 268435456 bytes were asked for at 0x([0-9a-f]+); the heap has \d+ KiB", lines[0])[1], 16)
    names = subprocess.run(["nm", "-n", tmp_path / "big.uk"], check=True, capture_output=True, text=True).stdout.splitlines()
    below = [line.split()[-1] for line in names if line[0] == "0" and int(line.split()[0], 16) <= address]
    assert below[-1] == "main"
    assert run(tmp_path / "big.uk", "--log=quiet").stdout == ""
