"""The HTTP example as a user meets it: `bivy run -p`, and a client of the host's own TCP."""

import concurrent.futures
import http.client
import os
import re
import select
import socket
import subprocess
import time

import pytest

from conftest import BIN, PREFIX, SOURCE, bivy

ROOT = SOURCE / "examples/http/root"


def start(image, *arguments):
    """Runs IMAGE with port 80 forwarded; the process and the host's port."""
    process = subprocess.Popen([BIN / "bivy", "run", "-p", "0:80", image, *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    seen, port = "", None
    end = time.monotonic() + 20
    while not (port and "http: listening" in seen):
        assert select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0], seen
        piece = os.read(process.stdout.fileno(), 4096)
        assert piece, seen
        seen += piece.decode()
        port = re.search(r"listening on 127\.0\.0\.1:(\d+) -> 80/tcp\n", seen)
    return process, int(port[1])


@pytest.fixture(scope="module")
def web():
    process, port = start(PREFIX / "lib/bivy/demo/web.uk")
    yield port
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """The same server with a file of 8 MiB; its port and the file's bytes."""
    site = tmp_path_factory.mktemp("site")
    for path in (SOURCE / "examples/http").glob("*.[ch]"):
        (site / path.name).write_bytes(path.read_bytes())
    (site / "manifest.json").write_bytes((SOURCE / "examples/http/manifest.json").read_bytes())
    (site / "root").mkdir()
    data = bytes(range(251)) * (8 * 1024 * 1024 // 251)
    (site / "root/big").write_bytes(data)
    bivy("build", "-q", "-o", site / "big.uk", site)
    process, port = start(site / "big.uk")
    yield port, data
    process.terminate()
    process.wait(10)
    process.stdout.close()


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


def test_every_file_is_served(web):
    for path in (p for p in ROOT.rglob("*") if p.is_file()):
        assert get(web, f"/{path.relative_to(ROOT)}") == (200, path.read_bytes())


def test_one_connection_serves_many_requests(web):
    connection = http.client.HTTPConnection("127.0.0.1", web, timeout=20)
    first = None
    for _ in range(200):
        connection.request("GET", "/style.css")
        assert len(connection.getresponse().read()) == (ROOT / "style.css").stat().st_size
        first = first or connection.sock.getsockname()
    assert connection.sock.getsockname() == first


def test_clients_side_by_side_are_served(web):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: get(web, "/robots.txt"), range(200)))
    assert answers == [(200, (ROOT / "robots.txt").read_bytes())] * 200


def test_a_large_file_arrives_whole(big):
    port, data = big
    assert get(port, "/big") == (200, data)


def test_a_download_that_broke_off_can_be_resumed(big):
    port, data = big
    assert get(port, "/big", Range="bytes=5000000-") == (206, data[5000000:])


def test_a_client_that_goes_away_in_the_middle_harms_nobody(big):
    port, data = big
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n")
            client.recv(1000)
    assert get(port, "/big", Range="bytes=0-9") == (206, data[:10])


def test_requests_sent_far_ahead_are_all_answered(web):
    """More of them than a window holds, while their answers are not read: they must wait, and none be lost."""
    request = b"GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n"
    with socket.create_connection(("127.0.0.1", web), timeout=20) as client, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(client.sendall, request * 8000)
        time.sleep(0.3)
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        # All answers are alike, so that their number is their bytes.
        size = data.index(b"\r\n\r\n") + 4 + (ROOT / "style.css").stat().st_size
        count = len(data)
        while count < 8000 * size:
            piece = client.recv(65536)
            assert piece
            count += len(piece)
        assert count == 8000 * size
        sent.result(20)


def test_a_client_that_does_not_read_delays_nobody(big):
    port, data = big
    with socket.create_connection(("127.0.0.1", port), timeout=20) as lazy:
        lazy.sendall(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n")
        assert get(port, "/big") == (200, data)
