"""Prints one TAP line a test, which is how the test runner counts them, and the helpers all end-to-end tests share."""

import os
import pathlib
import socket
import subprocess

import pytest

PREFIX = pathlib.Path(os.environ.get("BIVY_PREFIX", pathlib.Path(__file__).resolve().parent.parent / "build"))
BIN = PREFIX / "bin"
SOURCE = pathlib.Path(__file__).resolve().parent.parent


class Tap:
    """Replaces pytest's own report: TAP on standard output, the story of a failure as comments."""

    def __init__(self):
        self.number = 0

    def line(self, ok, name, suffix=""):
        self.number += 1
        print(f"{'ok' if ok else 'not ok'} {self.number} - {name}{suffix}", flush=True)

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::", 1)[-1].replace("#", "")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.line(True, name, f" # SKIP {reason.removeprefix('Skipped: ')}")
        elif report.failed:
            for text in str(report.longrepr).splitlines():
                print(f"# {text}")
            self.line(False, name if report.when == "call" else f"{name} ({report.when})")
        elif report.when == "call":
            self.line(True, name)

    def pytest_collectreport(self, report):
        if report.failed:
            print(f"# {report.longrepr}")
            self.line(False, f"collect {report.nodeid}")

    def pytest_sessionfinish(self):
        print(f"1..{self.number}", flush=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if os.environ.get("BIVY_PREFIX"):
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter:
            config.pluginmanager.unregister(reporter)
        config.pluginmanager.register(Tap(), "tap")


def bivy(*args, check=True, timeout=60, **more):
    """Runs build/bin/bivy; returns the completed process with text output."""
    return subprocess.run([BIN / "bivy", *map(str, args)], check=check, timeout=timeout, text=True,
                          capture_output=True, **more)


@pytest.fixture(scope="session")
def server_image(tmp_path_factory):
    """The web server that `bivy new --template http` makes, built."""
    folder = tmp_path_factory.mktemp("server")
    bivy("new", "--template", "http", "server", cwd=folder)
    bivy("build", "-q", "-o", "server.uk", "server", cwd=folder)
    return folder / "server.uk"


def http_get(address, port):
    """The whole answer of a server that closes after one."""
    with socket.create_connection((address, int(port)), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer
