"""Health checks: one unikernel asked through its network, what is said of it, and what a hostile answer costs."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import BIN, PREFIX, SOURCE, bivy

QUICK = ("--check-interval", "100", "--check-timeout", "2000", "--check-retries", "2")


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


class Host:
    """A bivyd of its own, driven by bivy."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder / "log"
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BIN / "bivyd", "--run-dir", self.folder / "run", "--state-dir", self.folder / "state"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert until(lambda: self.bivy("ps", check=False).returncode == 0), self.log.read_text()

    def bivy(self, command, *args, check=True):
        return bivy(command, "--run-dir", self.folder / "run", *args, check=check)

    def deploy(self, name, image, *args, check=True):
        return self.bivy("deploy", name, image, *args, check=check)

    def show(self, name):
        return json.loads(self.bivy("show", "-o", "json", name).stdout)

    def health(self, name, wanted):
        until(lambda: self.show(name)["health"] == wanted)
        return self.show(name)["health"]

    def events(self):
        return [json.loads(line) for line in self.bivy("events", "-o", "json").stdout.splitlines()]


@pytest.fixture
def host():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyh-"))
    host = Host(folder)
    yield host
    if host.process.poll() is not None:
        host.start()
    bivy("down", "--run-dir", folder / "run", "--state-dir", folder / "state")
    host.process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def web():
    image = PREFIX / "lib" / "bivy" / "demo" / "web.uk"
    if not image.exists():
        pytest.skip("the demo image is not built")
    return image


@pytest.fixture(scope="module")
def guests():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyg-"))
    bivy("build", "-o", folder / "guest.uk", SOURCE / "tests" / "health_guest", timeout=300)
    yield folder / "guest.uk"
    shutil.rmtree(folder)


def test_one_without_a_check_has_no_health(host, web):
    host.deploy("web", web)
    assert host.show("web")["health"] == "none"


@pytest.mark.parametrize("check", ["tcp:80", "http:80/", "http:80"])
def test_one_that_answers_is_passing(host, web, check):
    host.deploy("web", web, "--check", check, *QUICK)
    assert host.health("web", "passing") == "passing"
    assert "running (passing)" in host.bivy("ps").stdout


@pytest.mark.parametrize("check", ["tcp:81", "http:81/"])
def test_one_that_does_not_listen_is_failing(host, web, check):
    host.deploy("web", web, "--check", check, *QUICK)
    assert host.health("web", "failing") == "failing"
    assert host.show("web")["state"] == "running"
    assert any(e["event"] == "health" and e["detail"] == "health: failing: no connection" for e in host.events())


@pytest.mark.parametrize("answer,why", [("HTTP/1.0 500 no\r\n\r\n", "HTTP status 500"),
                                        ("hello\r\n", "the answer is no HTTP"),
                                        ("HTTP/1.0 200", "no answer to the request"),
                                        ("HTTP/1.1 999 no\r\n", "the answer is no HTTP"),
                                        ("\0\xff" * 700, "the answer is no HTTP")],
                         ids=["500", "no-http", "cut", "999", "binary"])
def test_a_hostile_answer_is_worded_by_the_daemon(host, guests, answer, why):
    host.deploy("bad", guests, "--check", "http:80/", *QUICK, "--", "--answer=" + answer.encode("latin-1").hex())
    assert host.health("bad", "failing") == "failing"
    told = [e["detail"] for e in host.events() if e["event"] == "health"]
    assert told == [f"health: failing: {why}"]


def test_one_that_redirects_is_passing(host, guests):
    host.deploy("moved", guests, "--check", "http:80/x", *QUICK, "--", "--answer=" + b"HTTP/1.0 302 elsewhere\r\n\r\n".hex())
    assert host.health("moved", "passing") == "passing"


def test_a_stopped_one_is_not_asked(host, web):
    host.deploy("web", web, "--check", "tcp:80", *QUICK)
    host.health("web", "passing")
    host.bivy("stop", "web")
    assert host.show("web")["health"] == "none"
    host.bivy("start", "web")
    assert host.health("web", "passing") == "passing"


def test_checks_go_on_after_the_daemon_was_replaced(host, web):
    host.deploy("web", web, "--check", "http:80/", *QUICK)
    host.health("web", "passing")
    host.process.send_signal(signal.SIGKILL)
    host.process.wait()
    host.start()
    assert host.health("web", "passing") == "passing"


@pytest.mark.parametrize("check", ["udp:80", "tcp:", "tcp:0", "tcp:65536", "http:", "http:/x", "http:80/a b", "80"])
def test_a_check_that_is_none_is_refused(host, web, check):
    refused = host.deploy("web", web, "--check", check, check=False)
    assert refused.returncode != 0 and "check" in refused.stderr
    assert host.bivy("ps", "-o", "json").stdout.strip() == "[]"


def test_a_check_needs_a_network(host):
    refused = host.deploy("hello", PREFIX / "lib" / "bivy" / "demo" / "hello.uk", "--check", "tcp:80", check=False)
    assert refused.returncode != 0 and "network" in refused.stderr
