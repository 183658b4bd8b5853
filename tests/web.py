"""The web server as a browser, an impatient client and an attacker see it; with the real daemon where one is needed."""

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest

import spt_image
from conftest import BIN, PREFIX

PASSWORD = "correct horse battery"
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")


def wait_until(check, seconds=20):
    """Polls until CHECK gives something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def what(self):
        return self.json["error"]["what"]


class Web:
    """One bivy-web in a folder, and a browser that talks to it."""

    def __init__(self, folder, *options, listen="127.0.0.1:0"):
        self.run, self.state = folder / "run", folder / "state"
        self.log = folder / "log"
        for directory in (self.run, self.state):
            directory.mkdir(mode=0o700, exist_ok=True)
        command = [BIN / "bivy-web", "--run-dir", self.run, "--state-dir", self.state, *options]
        if listen:
            command += ["--listen", listen]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
        self.cookie = self.csrf = None

    def wait(self):
        def announced():
            assert self.process.poll() is None, self.log.read_text()
            return (self.run / "web.json").exists()
        wait_until(announced)
        parts = urllib.parse.urlsplit(self.announcement["url"])
        self.host, self.port, self.scheme = parts.hostname, parts.port, parts.scheme
        return self

    @property
    def announcement(self):
        return json.loads((self.run / "web.json").read_text())

    def connect(self, timeout=30):
        if self.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, signed=True):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if signed and self.cookie:
            headers.setdefault("Cookie", f"bivy_session={self.cookie}")
            if method != "GET":
                headers.setdefault("X-Bivy-CSRF", self.csrf)
        connection = self.connect()
        try:
            connection.request(method, path if path.startswith("//") else f"/api/v1{path}", body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def page(self, path, **headers):
        connection = self.connect()
        try:
            connection.request("GET", path, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def keep(self, answer):
        """Remembers who is signed in, as a browser does."""
        self.cookie = re.match(r"bivy_session=(\w+)", answer.headers["Set-Cookie"])[1]
        self.csrf = answer.json["csrf"]
        return answer

    def set_up(self, name="admin"):
        code = self.announcement["setup_code"]
        return self.keep(self.ask("POST", "/setup", {"setup_code": code, "name": name, "password": PASSWORD}))

    def raw(self, data, timeout=20):
        """Sends bytes and returns all that comes back until the server hangs up or falls silent."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(OSError):
                while part := connection.recv(65536):
                    answer += part
            return answer

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
def folder(tmp_path):
    # Not tmp_path itself: a socket's path has 107 bytes.
    import tempfile
    with tempfile.TemporaryDirectory(prefix="bivy-web-") as name:
        yield pathlib.Path(name)


@pytest.fixture
def web(folder):
    server = Web(folder).wait()
    yield server
    assert server.stop() == 0


@pytest.fixture
def signed(web):
    web.set_up()
    return web


# Starting and ending

def test_announces_itself(web):
    announcement = web.announcement
    assert announcement["pid"] == web.process.pid
    assert (web.run / "web.json").stat().st_mode & 0o777 == 0o600
    assert announcement["setup_code"] in web.log.read_text()
    assert len(announcement["setup_code"].replace("-", "")) == 32


def test_ends_cleanly(folder):
    server = Web(folder).wait()
    assert server.stop() == 0
    assert not (server.run / "web.json").exists()


def test_refuses_a_second_server_on_the_same_state(web, folder):
    other = Web(folder)
    assert other.process.wait(timeout=20) == 1
    assert "another bivy-web uses this state directory" in web.log.read_text()
    assert web.announcement["pid"] == web.process.pid


def test_says_which_address_is_in_use(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Web(folder, listen=f"127.0.0.1:{port}")
        assert server.process.wait(timeout=20) == 1
        assert f"listen: 127.0.0.1:{port}: address in use" in server.log.read_text().lower()


def test_takes_the_next_free_port_when_none_was_asked_for(folder):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", 8080)))
        server = Web(folder, listen=None).wait()
        try:
            assert server.port > 8080
            assert server.ask("GET", "/setup").status == 200
        finally:
            server.stop()


def test_gives_up_privileges(web):
    status = pathlib.Path(f"/proc/{web.process.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert re.search(rf"{kind}:\s*0+\n", status), status


def test_refuses_bad_options(folder):
    for options in (["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"], ["--certificate", "x"], ["extra"]):
        done = subprocess.run([BIN / "bivy-web", "--run-dir", folder / "run", "--state-dir", folder / "state", *options],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode in (1, 2)
        assert done.stderr


# Set-up, sign-in, sessions

def test_set_up_needs_the_code(web):
    assert web.ask("GET", "/setup").json == {"needed": True}
    wrong = web.ask("POST", "/setup", {"setup_code": "0" * 32, "name": "eve", "password": PASSWORD})
    assert wrong.status == 403 and "setup_code" in wrong.what
    answer = web.set_up()
    assert answer.status == 201 and answer.json["name"] == "admin"
    assert web.ask("GET", "/setup").json == {"needed": False}
    assert web.announcement["setup_code"] is None
    again = web.ask("POST", "/setup", {"setup_code": "0" * 32, "name": "eve", "password": PASSWORD}, signed=False)
    assert again.status == 409


def test_set_up_checks_name_and_password(web):
    code = web.announcement["setup_code"]
    for name, password in (("", PASSWORD), ("a b", PASSWORD), ("x" * 65, PASSWORD), ("admin", "short"), ("admin", "x" * 1025)):
        assert web.ask("POST", "/setup", {"setup_code": code, "name": name, "password": password}).status == 422
    assert web.ask("GET", "/setup").json == {"needed": True}


def test_wrong_codes_are_limited(web):
    statuses = [web.ask("POST", "/setup", {"setup_code": "0" * 32, "name": "eve", "password": PASSWORD}).status
                for _ in range(12)]
    assert statuses[0] == 403 and statuses[-1] == 429


def test_only_one_of_two_becomes_administrator(web):
    import threading
    code, answers = web.announcement["setup_code"], []
    def set_up(name):
        answers.append(web.ask("POST", "/setup", {"setup_code": code, "name": name, "password": PASSWORD}, signed=False).status)
    threads = [threading.Thread(target=set_up, args=(f"user{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers)[0] == 201 and answers.count(201) == 1


def test_cookie_is_guarded(web):
    cookie = web.set_up().headers["Set-Cookie"]
    for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in cookie
    assert "Secure" not in cookie  # plain HTTP on loopback


def test_signs_in_and_out(signed):
    assert signed.ask("GET", "/session").json["name"] == "admin"
    assert signed.ask("DELETE", "/session").status == 204
    assert signed.ask("GET", "/session").status == 401
    answer = signed.keep(signed.ask("POST", "/session", {"name": "admin", "password": PASSWORD}, signed=False))
    assert answer.status == 200
    assert signed.ask("GET", "/session").json == {"name": "admin", "csrf": signed.csrf}


def test_session_outlives_the_server(folder):
    server = Web(folder).wait()
    server.set_up()
    server.stop()
    again = Web(folder).wait()
    again.cookie, again.csrf = server.cookie, server.csrf
    assert again.ask("GET", "/session").json["csrf"] == server.csrf
    assert again.announcement["setup_code"] is None
    again.stop()


def test_unknown_user_and_wrong_password_look_the_same(signed):
    unknown = signed.ask("POST", "/session", {"name": "nobody", "password": PASSWORD}, signed=False)
    wrong = signed.ask("POST", "/session", {"name": "admin", "password": "wrong"}, signed=False)
    assert unknown.status == wrong.status == 401
    assert unknown.body == wrong.body


def test_sign_in_is_limited_and_says_when(signed):
    for _ in range(10):
        last = signed.ask("POST", "/session", {"name": "admin", "password": "wrong"}, signed=False)
        assert last.status == 401
    last = signed.ask("POST", "/session", {"name": "admin", "password": PASSWORD}, signed=False)
    assert last.status == 429
    assert 0 < int(last.headers["Retry-After"]) <= 60


def test_good_sign_ins_are_not_limited(signed):
    for _ in range(15):
        assert signed.ask("POST", "/session", {"name": "admin", "password": PASSWORD}, signed=False).status == 200


def test_no_answer_and_no_file_holds_a_secret(signed):
    for path in ("/session", "/setup", "/openapi.json"):
        body = signed.ask("GET", path).body.decode()
        assert PASSWORD not in body and signed.cookie not in body and "argon2" not in body
    signed.stop()
    stored = b"".join(path.read_bytes() for path in signed.state.iterdir() if path.is_file())
    for secret in (PASSWORD.encode(), signed.cookie.encode(), bytes.fromhex(signed.cookie), signed.csrf.encode()):
        assert secret not in stored
    assert PASSWORD not in signed.log.read_text() and signed.cookie not in signed.log.read_text()
    signed.process.returncode = 0


# The table

def operations(web):
    document = web.ask("GET", "/openapi.json").json
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            yield re.sub(r"{\w+}", "x", path), method.upper(), entry


def test_openapi_lists_what_is_answered(signed):
    listed = list(operations(signed))
    assert len(listed) == len({entry["operationId"] for _, _, entry in listed}) > 20
    for path, method, entry in listed:
        assert signed.ask("OPTIONS", path).status == 405
        assert method in signed.ask("OPTIONS", path).headers["Allow"]


def test_every_operation_but_the_entrance_asks_for_a_session(signed):
    public = {(path, method) for path, method, entry in operations(signed) if not entry["security"]}
    assert public == {("/setup", "GET"), ("/setup", "POST"), ("/session", "POST"), ("/openapi.json", "GET")}
    for path, method, entry in operations(signed):
        if entry["security"]:
            content = entry.get("requestBody", {}).get("content", {"": {}})
            answer = signed.ask(method, path, headers={"Content-Type": next(iter(content))}, signed=False)
            assert answer.status == 401, (method, path, answer.body)


def test_every_change_asks_for_the_csrf_token(signed):
    for path, method, entry in operations(signed):
        if method == "GET" or not entry["security"]:
            continue
        content = entry.get("requestBody", {}).get("content", {"": {}})
        for token in ("", "0" * 64, signed.csrf[:-1]):
            answer = signed.ask(method, path, headers={"Content-Type": next(iter(content)), "X-Bivy-CSRF": token})
            assert answer.status == 403, (method, path, answer.body)
    assert signed.ask("GET", "/session").status == 200


def test_other_sites_cannot_ask(signed):
    for header in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = signed.ask("POST", "/session", {"name": "admin", "password": PASSWORD}, headers=header, signed=False)
        assert answer.status == 403
    form = signed.ask("POST", "/session", "name=admin", {"Content-Type": "application/x-www-form-urlencoded"}, signed=False)
    assert form.status == 415


def test_a_rebound_name_is_refused(signed):
    answer = signed.ask("GET", "/session", headers={"Host": f"evil.example:{signed.port}"})
    assert answer.status == 421
    assert signed.page("/", Host="evil.example").status == 421
    assert signed.ask("GET", "/session", headers={"Host": f"localhost:{signed.port}"}).status == 200


def test_headers_guard_every_answer(signed):
    answers = [signed.page("/"), signed.page("/missing"), signed.ask("GET", "/session"), signed.ask("GET", "/nothing"),
               signed.ask("PUT", "/session"), signed.ask("GET", "/session", signed=False),
               signed.ask("POST", "/session", "{", {"Content-Type": "application/json"})]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers
        assert answer.headers["Access-Control-Allow-Origin"] is None
    for answer in answers[2:]:
        assert answer.headers["Cache-Control"] == "no-store"


def test_head_is_get_without_a_body(signed):
    answer = signed.ask("HEAD", "/session")
    assert answer.status == 200 and int(answer.headers["Content-Length"]) > 0 and answer.body == b""


def test_unknown_paths_and_methods(signed):
    assert signed.ask("GET", "/nothing").status == 404
    assert signed.ask("GET", "").status == 404
    answer = signed.ask("PUT", "/unikernels/web")
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD, DELETE"
    assert signed.page("/").status in (200, 404)
    connection = signed.connect()
    connection.request("POST", "/", "x")
    answer = Answer(connection.getresponse())
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD"
    connection.close()


def test_says_503_without_a_daemon(signed):
    for method, path in (("GET", "/host"), ("GET", "/unikernels"), ("GET", "/images"), ("GET", "/events"),
                         ("POST", "/unikernels/web/stop"), ("GET", "/unikernels/web/console")):
        answer = signed.ask(method, path)
        assert answer.status == 503, (path, answer.body)
        assert "no daemon is running" in answer.what and answer.json["error"]["hint"]


# Hostile requests

def test_answers_a_huge_body_before_it_comes(signed):
    head = f"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {10**15}\r\n\r\n"
    assert b" 413 " in signed.raw(head.encode()).split(b"\r\n")[0]
    head = head.replace(str(10**15), "9" * 40)
    assert signed.raw(head.encode()).split(b" ")[1] in (b"400", b"413")
    assert signed.ask("GET", "/session").status == 200


def test_ends_an_endless_chunked_body(signed):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    signed.raw(head + b"10000\r\n" + b" " * 65536 + b"\r\n" + b"10000\r\n" + b" " * 65536 + b"\r\n0\r\n\r\n")
    assert signed.ask("GET", "/session").status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b'{"name":"a","name":"b","password":"c"}', b'{"name":"\xff"}',
                                  b'{"name":"\\u0000","password":"x"}', b"[" * 60000, b'{"a":' * 9000 + b"1" + b"}" * 9000,
                                  b'{"name":1e999,"password":"x"}', b'{"name":"a","password":"b","more":1}', b'{"name":[],"password":{}}'])
def test_refuses_broken_json(web, body):
    answer = web.ask("POST", "/session", body, {"Content-Type": "application/json"})
    assert answer.status in (400, 422)
    assert answer.json["error"]["what"]


@pytest.mark.parametrize("path", ["/unikernels/..%2f..%2fetc%2fpasswd", "/unikernels/%2e%2e", "/unikernels/%00", "/unikernels/%ff",
                                  "/unikernels/a%0d%0ab", "/images/..%2f..%2fweb.db", "/uploads/..%2fweb.db", "/unikernels/tenant:"])
def test_refuses_paths_that_walk_about(signed, path):
    assert signed.ask("GET", path).status in (400, 404, 422)


@pytest.mark.parametrize("path", ["/../web.db", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/.%2e/x", "/%00"])
def test_serves_nothing_outside_its_folder(web, path):
    answer = web.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in answer


@pytest.mark.parametrize("head", [
    b"GET /api/v1/setup HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
    b"GET /api/v1/setup HTTP/1.1\r\n\r\n",
    b"GET /api/v1/setup HTTP/1.1\r\nHost:\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
    b"GET /api/v1/setup HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: bivy_session=" + b"a" * 9000 + b"\r\n\r\n",
    b"GET /api/v1/setup?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET http://127.0.0.1/api/v1/setup HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n"])
def test_refuses_malformed_heads(web, head):
    answer = web.raw(head)
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"5"), answer[:200]
    assert web.ask("GET", "/setup").status == 200


def test_silent_connections_do_not_stop_others(signed):
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(socket.create_connection((signed.host, signed.port)))
            connection.sendall(b"GET /api/v1/session HTTP/1.1\r\nHost: 127")
        assert signed.ask("GET", "/session").status == 200


def test_deployments_are_checked_before_the_daemon_is_asked(signed):
    digest = "0" * 64
    for body, field in (({}, "name"), ({"name": "web", "image": digest, "memory_mib": "32"}, "memory_mib"),
                        ({"name": "web", "image": digest, "memory_mib": 32, "force": "yes"}, "force"),
                        ({"name": "web", "image": "x" * 64, "memory_mib": 32}, "image"),
                        ({"name": "web", "image": digest, "memory_mib": 32, "vcpus": 1}, "vcpus"),
                        ({"name": "..", "image": digest, "memory_mib": 32}, "name")):
        answer = signed.ask("POST", "/unikernels", body)
        assert answer.status == 422 and field in answer.what, answer.body


# Pages

def test_pages_have_tags_and_are_packed(web):
    if not (PREFIX / "lib/bivy/web/index.html").exists():
        pytest.skip("the console's pages are not built")
    plain = web.page("/")
    assert plain.status == 200 and plain.headers["Content-Type"] == "text/html; charset=utf-8"
    assert web.page("/", **{"If-None-Match": plain.headers["ETag"]}).status == 304
    packed = web.page("/", **{"Accept-Encoding": "gzip"})
    if packed.headers["Content-Encoding"] == "gzip":
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["ETag"] != plain.headers["ETag"]
    assert web.page("/unikernels/web", Accept="text/html").body == plain.body
    assert web.page("/missing.js", Accept="*/*").status == 404


# TLS

@pytest.fixture(scope="module")
def outside_address():
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has only loopback addresses")
    return address


def test_speaks_tls_to_everyone_else(folder, outside_address):
    server = Web(folder, listen=f"{outside_address}:0").wait()
    assert server.scheme == "https"
    certificate = ssl.get_server_certificate((server.host, server.port))
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
    assert ":".join(re.findall("..", fingerprint)) in server.log.read_text()
    answer = server.set_up()
    assert answer.status == 201 and "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]
    assert (server.state / "web-key.pem").stat().st_mode & 0o777 == 0o600
    server.stop()
    again = Web(folder, listen=f"{outside_address}:0").wait()
    assert ssl.get_server_certificate((again.host, again.port)) == certificate
    again.stop()


# With the daemon

@pytest.fixture
def daemon(folder):
    if not (BIN / "bivyd").exists():
        pytest.skip("bivyd is not built")
    for directory in ("run", "state"):
        (folder / directory).mkdir(mode=0o700, exist_ok=True)
    with open(folder / "daemon.log", "wb") as log:
        process = subprocess.Popen([BIN / "bivyd", "--foreground", "--run-dir", folder / "run", "--state-dir", folder / "state"],
                                   stderr=log, stdin=subprocess.DEVNULL)
    def answers():
        assert process.poll() is None, (folder / "daemon.log").read_text()
        return (folder / "run/util/vmmd.sock").exists()
    wait_until(answers)
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def console(daemon, folder):
    """A signed-in browser whose server has a daemon."""
    server = Web(folder).wait()
    server.set_up()
    yield server
    for unikernel in server.ask("GET", "/unikernels").json:
        server.ask("DELETE", f"/unikernels/{unikernel['name']}")
    assert server.stop() == 0


def send_upload(web, data, pieces=1, name="image.uk"):
    upload = web.ask("POST", "/uploads", {"size_bytes": len(data), "name": name}).json
    size = -(-len(data) // pieces)
    for offset in range(0, len(data), size):
        answer = web.ask("PATCH", f"/uploads/{upload['id']}", data[offset:offset + size],
                         {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)})
    return answer


def test_host_is_described(console):
    host = console.ask("GET", "/host").json
    assert host["cpus"] >= 1 and host["memory_mib"] > 0 and "user" in host["networks"]


def test_unknown_things_are_404(console):
    assert console.ask("GET", "/unikernels/nobody").status == 404
    assert console.ask("DELETE", "/unikernels/nobody").status == 404
    assert console.ask("POST", "/unikernels/nobody/stop").status == 404
    assert console.ask("GET", "/images/" + "0" * 64).status == 404
    assert console.ask("GET", "/unikernels/nobody/console").status == 404
    answer = console.ask("POST", "/unikernels", {"name": "web", "image": "0" * 64, "memory_mib": 16})
    assert answer.status == 404, answer.body


def test_what_is_no_image_is_refused_and_forgotten(console):
    answer = send_upload(console, b"this is no image" * 100)
    assert answer.status == 422, answer.body
    assert console.ask("GET", "/images").json == []
    assert list((console.state / "uploads").iterdir()) == []


# Images and unikernels

@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """The bytes of a guest that does what its arguments say (tests/spt_guest/probe.c)."""
    return spt_image.build(tmp_path_factory.mktemp("guest")).read_bytes()


@pytest.fixture
def image(console, guest):
    """The guest's image, as the store describes it."""
    answer = send_upload(console, guest, 3)
    assert answer.status == 200, answer.body
    return answer.json["image"]


def deploy(web, image, name, *arguments, **more):
    body = {"name": name, "image": image["digest"], "memory_mib": 16, "arguments": list(arguments), **more}
    answer = web.ask("POST", "/unikernels", body)
    assert answer.status == 201, answer.body
    return answer.json


def state_of(web, name):
    return web.ask("GET", f"/unikernels/{name}").json["state"]


def test_an_upload_resumes_where_it_was_cut(console, guest):
    upload = console.ask("POST", "/uploads", {"size_bytes": len(guest), "name": "guest.uk"})
    assert upload.status == 201 and upload.json["offset_bytes"] == 0
    path = f"/uploads/{upload.json['id']}"
    half = len(guest) // 2
    with socket.create_connection((console.host, console.port)) as cut:
        head = (f"PATCH /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: bivy_session={console.cookie}\r\n"
                f"X-Bivy-CSRF: {console.csrf}\r\nContent-Type: application/octet-stream\r\nUpload-Offset: 0\r\n"
                f"Content-Length: {len(guest)}\r\n\r\n")
        cut.sendall(head.encode() + guest[:half])
        wait_until(lambda: console.ask("GET", path).json["offset_bytes"] == half)
    octets = {"Content-Type": "application/octet-stream"}
    def wrong():
        answer = console.ask("PATCH", path, guest, {**octets, "Upload-Offset": "0"})
        assert answer.status == 409
        return answer if "offset_bytes" in answer.json else None  # until the cut request has ended
    answer = wait_until(wrong)
    assert answer.json["offset_bytes"] == half and answer.headers["Upload-Offset"] == str(half)
    done = console.ask("PATCH", path, guest[half:], {**octets, "Upload-Offset": str(half)})
    assert done.status == 200, done.body
    assert done.json["image"]["digest"] == hashlib.sha256(guest).hexdigest()
    assert console.ask("GET", path).status == 404
    assert list((console.state / "uploads").iterdir()) == []


def test_images_are_described_and_removed(console, image, guest):
    assert image["size_bytes"] == len(guest) and image["target"] == "spt" and image["used_by"] == []
    assert console.ask("GET", f"/images/{image['digest']}").json == image
    assert [one["digest"] for one in console.ask("GET", "/images").json] == [image["digest"]]
    deploy(console, image, "web", "wait")
    assert console.ask("GET", f"/images/{image['digest']}").json["used_by"] == ["web"]
    assert console.ask("DELETE", f"/images/{image['digest']}").status == 409
    assert console.ask("DELETE", "/unikernels/web").status == 204
    assert console.ask("DELETE", f"/images/{image['digest']}").status == 204
    assert console.ask("GET", f"/images/{image['digest']}").status == 404


def test_a_unikernel_lives_its_life(console, image):
    made = deploy(console, image, "web", "say", "hello", "wait", restart="never")
    assert made["name"] == "web" and made["digest"] == image["digest"] and made["memory_mib"] == 16
    assert made["tender"] == "process" and made["restart"] == "never" and made["arguments"] == ["say", "hello", "wait"]
    wait_until(lambda: state_of(console, "web") == "running")
    assert [one["name"] for one in console.ask("GET", "/unikernels").json] == ["web"]
    assert console.ask("POST", "/unikernels", {"name": "web", "image": image["digest"], "memory_mib": 16}).status == 409
    first = console.ask("GET", "/unikernels/web").json["pid"]
    assert console.ask("POST", "/unikernels/web/restart").status == 200
    wait_until(lambda: console.ask("GET", "/unikernels/web").json["pid"] not in (0, first))
    assert console.ask("POST", "/unikernels/web/stop").status == 200
    wait_until(lambda: state_of(console, "web") == "stopped")
    assert console.ask("GET", "/unikernels/web").json["pid"] == 0
    assert console.ask("POST", "/unikernels/web/start").status == 200
    wait_until(lambda: state_of(console, "web") == "running")
    assert console.ask("DELETE", "/unikernels/web").status == 204
    assert console.ask("GET", "/unikernels/web").status == 404


def test_answers_have_the_shape_that_openapi_says(console, image):
    deploy(console, image, "web", "exit", "3")
    schemas = console.ask("GET", "/openapi.json").json["components"]["schemas"]
    wait_until(lambda: state_of(console, "web") in ("exited", "failed"))
    for name, value in (("Unikernel", console.ask("GET", "/unikernels/web").json), ("Image", image),
                        ("Host", console.ask("GET", "/host").json)):
        assert set(schemas[name]["required"]) <= set(value) <= set(schemas[name]["properties"]), name
    assert console.ask("GET", "/unikernels/web").json["exit_status"] == 3


def test_names_of_tenants_stand_in_urls(console, image):
    deploy(console, image, "tenant:web", "wait")
    assert console.ask("GET", "/unikernels/tenant%3Aweb").json["name"] == "tenant:web"
    assert console.ask("GET", "/unikernels/tenant:web").status == 200
    assert console.ask("GET", "/unikernels/web").status == 404
    assert console.ask("DELETE", "/unikernels/tenant%3Aweb").status == 204


# Streams

class Events:
    """A browser's EventSource: an iterator of (id, name, data)."""

    def __init__(self, web, path, last=None):
        headers = {"Cookie": f"bivy_session={web.cookie}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection = web.connect()
        self.connection.request("GET", f"/api/v1{path}", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def __iter__(self):
        fields = {}
        for line in self.response:
            line = line.decode().rstrip("\n")
            if line:
                key, _, value = line.partition(": ")
                fields[key] = value
                continue
            if "data" in fields:
                yield fields.get("id"), fields.get("event", "message"), json.loads(fields["data"])
            fields = {}

    def close(self):
        self.response.close()
        self.connection.close()


def read_lines(web, count, path="/unikernels/talker/console?tail=1000", last=None, until=None):
    """COUNT events of a console, or those until a line: their ids and lines."""
    stream = Events(web, path, last)
    assert stream.status == 200
    lines = []
    for id, _, data in stream:
        lines.append((int(id), data["line"]))
        if len(lines) == count or data["line"] == until:
            break
    stream.close()
    return lines


def test_a_console_resumes_without_losing_or_doubling_a_line(console, image):
    words = " ".join(f"say line{i} sleep 5" for i in range(120))
    deploy(console, image, "talker", words, "wait")
    seen, last = [], None
    while not seen or seen[-1][1] != "ready":  # after the last line
        part = read_lines(console, 17, last=last, until="ready")
        seen += part
        last = part[-1][0]
    assert [line for _, line in seen if line.startswith("line")] == [f"line{i}" for i in range(120)]
    assert len({id for id, _ in seen}) == len(seen)


def test_a_console_begins_with_its_tail(console, image):
    deploy(console, image, "talker", *[word for i in range(20) for word in ("say", f"line{i}")], "wait")
    wait_until(lambda: read_lines(console, 1, "/unikernels/talker/console?tail=1")[0][1] == "ready")
    tail = read_lines(console, 3, "/unikernels/talker/console?tail=3")
    assert [line for _, line in tail] == ["line18", "line19", "ready"]
    after = read_lines(console, 2, f"/unikernels/talker/console?after={tail[0][0]}")
    assert after == tail[1:]
    assert console.ask("GET", "/unikernels/talker/console?tail=x").status == 400
    assert console.ask("GET", "/unikernels/talker/console", headers={"Last-Event-ID": "x"}).status == 400


def test_a_console_ends_with_its_unikernel(console, image):
    deploy(console, image, "talker", "wait")
    stream = Events(console, "/unikernels/talker/console")
    events = iter(stream)
    assert next(events)[2]["line"] == "ready"
    assert console.ask("DELETE", "/unikernels/talker").status == 204
    assert [name for _, name, _ in events][-1] == "end"
    stream.close()


def test_bytes_of_guests_are_made_text(console, image):
    deploy(console, image, "talker", "call 1 1 text 4096 0 say", "done", "wait")
    stream = Events(console, "/unikernels/talker/console?tail=1000")
    for _, _, data in stream:
        if data["line"] == "ready":
            break
    stream.close()


def test_a_slow_reader_holds_nobody_back(console, image):
    deploy(console, image, "talker", " ".join(["call 1 1 text 4096 0"] * 150), "say", "done", "wait")
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            slow = stack.enter_context(socket.create_connection((console.host, console.port)))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(f"GET /api/v1/unikernels/talker/console?tail=100000 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                         f"Cookie: bivy_session={console.cookie}\r\n\r\n".encode())
        lines = [line for _, line in read_lines(console, 2, "/unikernels/talker/console?tail=2")]
        wait_until(lambda: [line for _, line in read_lines(console, 2, "/unikernels/talker/console?tail=2")] == ["done", "ready"])
        assert lines
        assert console.ask("GET", "/unikernels/talker").status == 200
        memory = pathlib.Path(f"/proc/{console.process.pid}/status").read_text()
        assert int(re.search(r"VmRSS:\s+(\d+)", memory)[1]) < 512 * 1024


def test_events_tell_what_happens(console, image):
    stream = Events(console, "/events")
    assert stream.status == 200
    events = iter(stream)
    deploy(console, image, "web", "wait")
    seen = []
    for id, name, data in events:
        seen.append((int(id), name, data))
        if name == "unikernel" and data["state"] == "running":
            break
    assert all(data["name"] == "web" for _, _, data in seen)
    assert console.ask("DELETE", "/unikernels/web").status == 204
    for id, name, data in events:
        seen.append((int(id), name, data))
        if name == "destroyed":
            break
    assert seen[-1][2] == {"name": "web"}
    stream.close()
    again = Events(console, "/events", last=seen[0][0])
    assert [(int(id), name, data) for id, name, data in [next(iter(again))]] == [seen[-1]]
    again.close()


def test_missed_events_bring_the_state_that_holds_now(console, image):
    stream = Events(console, "/events")
    deploy(console, image, "web", "exit", "3")
    first = int(next(iter(stream))[0])
    stream.close()
    wait_until(lambda: state_of(console, "web") in ("exited", "failed"))
    again = Events(console, "/events", last=first)
    id, name, data = next(iter(again))
    assert int(id) > first and name == "unikernel" and data["exit_status"] == 3
    again.close()


def test_signing_out_does_not_wait_for_streams(console, image):
    deploy(console, image, "web", "wait")
    streams = [Events(console, "/events") for _ in range(20)]
    assert all(stream.status == 200 for stream in streams)
    assert console.ask("GET", "/unikernels").status == 200
    for stream in streams:
        stream.close()


def test_ends_while_streams_are_open(daemon, folder, guest):
    server = Web(folder).wait()
    server.set_up()
    stream = Events(server, "/events")
    assert stream.status == 200
    assert server.stop() == 0
    stream.close()


def test_a_daemon_that_dies_is_said_so(daemon, folder, guest):
    server = Web(folder).wait()
    server.set_up()
    assert server.ask("GET", "/host").status == 200
    daemon.kill()
    daemon.wait()
    assert server.ask("GET", "/host").status == 503
    assert server.ask("GET", "/session").status == 200
    assert server.stop() == 0
