"""What the measurements share: the programs under test, a private daemon, peers that may be absent, statistics."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PREFIX = pathlib.Path(os.environ.get("BIVY_PREFIX", SOURCE / "build"))
BIN = PREFIX / "bin"


def peer(name, variable):
    """The path of a peer's program: from VARIABLE, else from PATH, else None."""
    return os.environ.get(variable) or shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **more).stdout


def build(target, *sources):
    run(BIN / "bivy", "build", "-o", target, *sources)
    return target


def times(commands, rounds=9, runs=60):
    """
    The wall times in seconds of the commands, one list a round. A round is one hyperfine run, which takes the
    commands one after the other; many short rounds, since what else the machine does changes meanwhile.
    """
    taken = []
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        for _ in range(rounds):
            run("hyperfine", "-N", "--warmup", "5", "--runs", runs, "--export-json", report.name,
                *[" ".join(map(str, command)) for command in commands])
            taken.append([one["median"] for one in json.load(open(report.name))["results"]])
    return taken


def first_line(commands, runs=100):
    """The median wall time in seconds from each command's spawn to its first line, taken in turns."""
    taken = [[] for _ in commands]
    for number in range(runs + 5):
        for command, values in zip(commands, taken):
            begin = time.monotonic()
            with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
                process.stdout.readline()
                end = time.monotonic()
                process.stdout.read()
            if number >= 5:
                values.append(end - begin)
    return [statistics.median(values) for values in taken]


@contextlib.contextmanager
def web_machines(image, count):
    """COUNT unikernels of IMAGE as virtual machines, run by `bivy run`; yields (tender's pid, port) of each."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            command = [BIN / "bivy", "run", "--as", "vm", "-m", "8", "-p", "0:80", image]
            process = stack.enter_context(subprocess.Popen(list(map(str, command)), text=True, stderr=subprocess.PIPE,
                                                           stdout=subprocess.DEVNULL))
            stack.callback(process.terminate)
            port = int(process.stderr.readline().split(" -> ")[0].rsplit(":", 1)[1])
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            tenders = [int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text() == "bivy-hvt\n"]
            found.append((tenders[0], port))
        yield found


def has_kvm():
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError:
        return False
    return True


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def daemon():
    """A bivyd with directories of its own; yields a function that runs `bivy COMMAND...` against it."""
    with tempfile.TemporaryDirectory() as directory:
        where = ["--run-dir", f"{directory}/run"]

        def bivy(command, *arguments):
            return run(BIN / "bivy", command, *where, *arguments)

        bivy.run_directory = f"{directory}/run"
        run(BIN / "bivy", "up", *where, "--state-dir", f"{directory}/state")
        try:
            yield bivy
        finally:
            run(BIN / "bivy", "down", *where)


def http_get(port, timeout_s=10.0):
    """The first byte of an answer from 127.0.0.1:PORT, and when it came (CLOCK_MONOTONIC, ns)."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                first = s.recv(1)
                if first:
                    return time.monotonic_ns()
        except OSError:
            pass
    raise TimeoutError(f"no answer on port {port}")


def pss_kib(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no Pss")


def rss_kib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no VmRSS")


def cpu_seconds(pid):
    """What the process has run so far; schedstat counts in nanoseconds where stat has clock ticks."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def sync_seconds(directory, count=30):
    """The median time of writing one page and making it durable, where the daemon's state lay."""
    taken = []
    with open(f"{directory}/sync", "wb", buffering=0) as file:
        for _ in range(count):
            began = time.monotonic()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.monotonic() - began)
    return median(taken)


def result(what, value, unit, limit=None, note="", **more):
    return {"what": what, "value": value, "unit": unit, "limit": limit, "note": note, **more}


median = statistics.median
