"""The HTTP example and the TCP/IP stack below it, from frames that the test itself makes."""

import random
import struct

import pytest

from conftest import PREFIX, SOURCE, bivy
from frames import ACK, FIN, GUEST_IP, OUR_IP, Connection, Guest, checksum, ethernet, ipv4, tcp

IMAGE = PREFIX / "lib/bivy/demo/web.uk"
ROOT = SOURCE / "examples/http/root"


@pytest.fixture
def web():
    with Guest(IMAGE) as guest:
        assert guest.line() == "http: listening on 10.7.0.2 port 80, 5 files\n"
        yield guest


def ask(connection, path="/", method="GET", **fields):
    text = f"{method} {path} HTTP/1.1\r\nHost: h\r\n"
    text += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    connection.send((text + "\r\n").encode())
    return connection.response(head_only=method == "HEAD")


def test_it_answers_pings(web):
    assert web.ping()


def test_a_file_is_served_whole(web):
    status, headers, body = ask(Connection(web), "/style.css")
    assert status == 200 and body == (ROOT / "style.css").read_bytes()
    assert headers["content-type"] == "text/css; charset=utf-8"


def test_a_folder_is_its_index(web):
    assert ask(Connection(web), "/about/")[2] == (ROOT / "about/index.html").read_bytes()


def test_a_folder_without_its_slash_is_redirected(web):
    status, headers, _ = ask(Connection(web), "/about?x=1")
    assert (status, headers["location"]) == (301, "/about/")


def test_a_connection_answers_many_requests(web):
    connection = Connection(web)
    assert [ask(connection, path)[0] for path in ("/", "/nothing", "/style.css", "/")] == [200, 404, 200, 200]
    assert not connection.ended


def test_pipelined_requests_are_answered_in_order(web):
    connection = Connection(web)
    paths = ["/robots.txt", "/none", "/style.css"] * 5
    connection.send("".join(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n" for path in paths).encode())
    want = b"".join((ROOT / p[1:]).read_bytes() if p != "/none" else b"Not Found" for p in paths)
    data = connection.read(lambda d: d.count(b"HTTP/1.1 ") == len(paths) and d.endswith((ROOT / "style.css").read_bytes()))
    bodies = b"".join(part.split(b"\r\n\r\n", 1)[1] for part in data.split(b"HTTP/1.1 ")[1:])
    assert bodies == want


def test_a_request_in_single_bytes_is_answered(web):
    connection = Connection(web)
    for byte in b"GET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n":
        connection.send(bytes([byte]))
    assert connection.response()[2] == (ROOT / "robots.txt").read_bytes()


def test_head_has_the_length_and_no_body(web):
    connection = Connection(web)
    status, headers, body = ask(connection, "/style.css", "HEAD")
    assert (status, body) == (200, b"") and int(headers["content-length"]) == (ROOT / "style.css").stat().st_size
    assert ask(connection, "/robots.txt")[0] == 200


def test_a_known_tag_is_not_modified(web):
    connection = Connection(web)
    tag = ask(connection)[1]["etag"]
    assert ask(connection, If_None_Match=f'"x", W/{tag}')[0] == 304
    assert ask(connection, If_None_Match='"x"')[0] == 200


def test_a_range_is_its_bytes(web):
    whole = (ROOT / "style.css").read_bytes()
    status, headers, body = ask(Connection(web), "/style.css", Range="bytes=10-19")
    assert (status, body) == (206, whole[10:20])
    assert headers["content-range"] == f"bytes 10-19/{len(whole)}"


def test_a_range_beyond_the_end_is_refused(web):
    status, headers, _ = ask(Connection(web), "/style.css", Range="bytes=99999-")
    assert status == 416 and headers["content-range"] == f"bytes */{(ROOT / 'style.css').stat().st_size}"


def test_a_range_of_an_older_file_is_the_whole(web):
    assert ask(Connection(web), "/style.css", Range="bytes=0-1", If_Range='"old"')[0] == 200


@pytest.mark.parametrize("text, status", [
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 405),
    ("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET /%2e%2e/x HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
    ("GET /" + "a" * 1300 + " HTTP/1.1\r\nHost: h\r\n\r\n", 414),
])
def test_what_it_will_not_do_has_its_status_and_ends_the_connection(web, text, status):
    connection = Connection(web)
    connection.send(text.encode())
    got, headers, _ = connection.response()
    assert got == status and headers["connection"] == "close"
    connection.read(lambda _: False)
    assert connection.ended


def test_a_head_that_is_too_large_is_refused(web):
    connection = Connection(web)
    connection.send(b"GET / HTTP/1.1\r\n")
    for _ in range(5):
        connection.send(b"X: " + b"a" * 1000 + b"\r\n")
    assert connection.response()[0] == 431


def test_a_peer_that_closes_its_side_still_gets_its_answer(web):
    connection = Connection(web)
    connection.send(b"GET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n", flags=FIN | ACK)
    assert connection.response()[2] == (ROOT / "robots.txt").read_bytes()
    connection.read(lambda _: False)
    assert connection.ended


def test_a_window_that_closes_and_opens_again_loses_nothing(tmp_path):
    """A file many times larger than the send buffer and the memory arrives whole."""
    (tmp_path / "site/root").mkdir(parents=True)
    for name in ("http.c", "request.c", "response.c", "connection.c", "request.h", "response.h", "connection.h",
                 "manifest.json"):
        (tmp_path / "site" / name).write_bytes((SOURCE / "examples/http" / name).read_bytes())
    big = random.Random(1).randbytes(600_000)
    (tmp_path / "site/root/big").write_bytes(big)
    bivy("build", "-q", "-o", tmp_path / "big.uk", tmp_path / "site")
    with Guest(tmp_path / "big.uk", memory=4) as guest:
        guest.line()
        assert ask(Connection(guest), "/big")[2] == big


def test_many_connections_at_once(web):
    connections = [Connection(web) for _ in range(100)]
    for connection in connections:
        connection.send(b"GET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n")
    assert all(connection.response()[0] == 200 for connection in connections)


def test_more_connections_than_memory_do_not_end_it(web):
    """2 MiB hold some hundreds; the rest are turned away, and those that stay are served."""
    for port in range(3000):
        web.send(tcp(20000 + port, 80, 1, 0, 2))
        while len(web.other) > 1:
            web.other.clear()
        if port % 16 == 0:
            assert web.ping()
            web.other.clear()
    assert web.ping()


def test_malformed_frames_do_not_end_it(web):
    source = random.Random(7)
    good = [tcp(30000, 80, 1, 0, 2), tcp(30001, 80, 1, 1, ACK, b"GET / HTTP/1.1\r\n\r\n"),
            ipv4(17, struct.pack(">HHHH", 68, 68, 300, 0) + bytes(300)), ipv4(1, bytes(64)), ipv4(2, bytes(16)),
            ethernet(b"\0\1\x08\0\6\4\0\1" + bytes(20), 0x0806), ethernet(b"\x60" + bytes(60), 0x86DD),
            ethernet(b"\x60\0\0\0\0\x10\x3a\xff" + bytes(31) + b"\1" + bytes(31) + b"\1" + b"\x87" + bytes(23), 0x86DD)]
    for count in range(4000):
        frame = bytearray(source.choice(good))
        for _ in range(source.randrange(6)):
            frame[source.randrange(12, len(frame))] = source.randrange(256)
        frame = frame[:source.randrange(14, len(frame) + 1)] if source.randrange(3) == 0 else frame
        web.send(bytes(frame))
        if count % 64 == 0:
            assert web.ping()
            web.other.clear()
    assert ask(Connection(web), "/robots.txt")[0] == 200


def test_fragments_that_never_complete_do_not_end_it(web):
    for number in range(300):
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 1420, number, 0x2000, 64, 1, 0, OUR_IP, GUEST_IP)
        web.send(ethernet(head[:10] + struct.pack(">H", checksum(head)) + head[12:] + bytes(1400)))
    assert web.ping()


def is_dhcp_request(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[36:38] == b"\0\x43"


def dhcp_answer(request, kind):
    """A DHCP server's answer of KIND (2 offer, 5 acknowledgement) that grants 10.7.0.2/24."""
    options = (b"\x63\x82\x53\x63\x35\1" + bytes([kind]) + b"\x36\4" + OUR_IP + b"\x33\4\0\0\x0e\x10" +
               b"\1\4\xff\xff\xff\0\3\4" + OUR_IP + b"\xff")
    message = (b"\2\1\6\0" + request[46:50] + bytes(8) + GUEST_IP + OUR_IP + bytes(4) + request[70:86] + bytes(192) +
               options)
    return ipv4(17, struct.pack(">HHHH", 67, 68, 8 + len(message), 0) + message)


def test_it_takes_the_address_that_a_dhcp_server_grants():
    with Guest(IMAGE, "--name=shelter", address=False) as guest:
        guest.send(dhcp_answer(guest.expect(is_dhcp_request), 2))
        request = guest.expect(lambda f: is_dhcp_request(f) and b"\x35\1\3" in f)
        assert b"shelter" in request
        guest.send(dhcp_answer(request, 5))
        assert guest.line() == "http: listening on 10.7.0.2 port 80, 5 files\n"
        assert ask(Connection(guest), "/robots.txt")[0] == 200


def test_a_wrong_address_is_refused_by_name():
    with Guest(IMAGE, "--ipv4=10.7.0.300/24", address=False) as guest:
        assert guest.line() == "net: --ipv4=10.7.0.300/24: not an address\n"
        assert guest.process.wait(10) == 1


def test_sequence_numbers_cannot_be_guessed(web):
    firsts = []
    for port in range(50000, 50008):
        web.send(tcp(port, 80, 1, 0, 2))
        frame = web.expect(lambda f: f[12:14] == b"\x08\x00" and f[23] == 6 and f[36:38] == struct.pack(">H", port))
        firsts.append(struct.unpack(">I", frame[38:42])[0])
    assert len({(b - a) % 2 ** 32 >> 16 for a, b in zip(firsts, firsts[1:])}) > 3


def test_it_ends_when_its_network_is_gone(web):
    web.socket.close()
    assert web.process.wait(10) == 1


def test_the_log_has_a_line_for_each_answer():
    with Guest(IMAGE, "--log=info") as guest:
        guest.line()
        ask(Connection(guest), "/none")
        assert guest.line() == "10.7.0.1 GET /none 404 9\n"
