"""The daemon from outside: its dialogues, its promises when things die, what it refuses."""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import zlib

import pytest

import messages
import spt_image
from conftest import BIN, PREFIX

CLIENT = pathlib.Path(os.environ.get("BIVY_TOOLS", PREFIX / "meson" / "tests")) / "daemon" / "daemon_client"


class Result:
    def __init__(self, done):
        self.status, self.text, self.error = done.returncode, done.stdout, done.stderr
        self.lines = done.stdout.splitlines()

    @property
    def rows(self):
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in self.lines]


class Daemon:
    """A bivyd with directories of its own; ended with all that it started."""

    def __init__(self, folder, program=BIN / "bivyd", state=None, **more):
        self.folder, self.program, self.more = folder, program, more
        self.run, self.state = folder / "run", state or folder / "state"
        self.log = folder / "log"
        self.start()

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "--run-dir", self.run, "--state-dir", self.state],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.more)
        if wait:
            until(lambda: self.answers() or self.process.poll() is not None)
            assert self.process.poll() is None, self.log.read_text()

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(self.run / "util" / "vmmd.sock"))
                return True
        except OSError:
            return False

    def ask(self, command, name, *options, args=(), check=True, where="vmmd", timeout=60):
        more = ["--", *map(str, args)] if args else []
        result = Result(subprocess.run([CLIENT, self.run / "util" / f"{where}.sock", command, name, *options, *more],
                                       capture_output=True, text=True, errors="replace", timeout=timeout))
        assert not check or result.status == 0, (result.error, self.log.read_text())
        return result

    def deploy(self, name, image, *options, args=("wait",), check=True):
        return self.ask("deploy", name, f"image={image}", *options, args=args, check=check)

    def show(self, name):
        rows = self.ask("list", name).rows
        return rows[0] if rows else None

    def console(self, name):
        return [line.split(" ", 1)[1] for line in self.ask("console", name).lines]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def keep(self):
        """The process of bivy-keep."""
        def look():
            own = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and self.owns(p)]
            # A child that has not executed its program yet looks like the keep.
            return [pid for pid in own if parent(pathlib.Path(f"/proc/{pid}")) not in [*own, 0]]
        found = until(look)  # the daemon answers before it has one
        assert len(found) == 1, found
        return found[0]

    def owns(self, process):
        try:
            if (process / "comm").read_text().strip() != "bivy-keep":
                return False
            return any(os.readlink(fd) == str(self.run / "keep.exits") for fd in (process / "fd").iterdir())
        except OSError:
            return False

    def close(self):
        if self.process.poll() is not None and self.run.exists():
            self.start()
        self.ask("shutdown", ":", check=False)
        assert self.process.wait(20) == 0, self.log.read_text()


def until(condition, seconds=20):
    """Waits for the condition; its value. The limit only ends a test that has failed."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivy-images-"))
    made = {}
    for name, devices in (("plain", []), ("net", [("service", spt_image.NET)]), ("block", [("disk", spt_image.BLOCK)])):
        (folder / name).mkdir()
        made[name] = spt_image.build(folder / name, devices)
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def folder():
    """Short, because a socket's path has a limit."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="bivyd-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def switch():
    if not (BIN / "bivy-net").exists():
        pytest.skip("bivy-net is not built")


@pytest.fixture
def daemon(folder):
    daemon = Daemon(folder)
    yield daemon
    daemon.close()


def test_deploy_runs_the_image_and_destroy_ends_it(daemon, images):
    row = daemon.deploy(":web", images["plain"]).rows[0]
    assert row["state"] == "running" and alive(row["pid"])
    assert daemon.ask("destroy", ":web").text == "destroyed unikernel\n"
    assert not alive(row["pid"]) and daemon.show(":web") is None


def test_the_console_keeps_what_was_written(daemon, images):
    daemon.deploy(":web", images["plain"], args=("say", "one", "say", "two", "exit", "0"))
    until(lambda: daemon.show(":web")["state"] == "exited")
    assert daemon.console(":web") == ["one", "two"]


def test_the_exit_status_is_told(daemon, images):
    daemon.deploy(":web", images["plain"], args=("exit", "7"))
    row = until(lambda: (r := daemon.show(":web"))["state"] == "exited" and r)
    assert row["status"] == "7"


def test_create_answers_an_albatross_client(daemon, images):
    assert daemon.ask("create", ":old", f"image={images['plain']}", args=("wait",)).text == "created unikernel\n"
    row = daemon.ask("info", ":").rows[0]
    assert row["name"] == ":old" and row["started"] == "1" and row["cpus"] == "1"


def test_create_takes_a_compressed_image(daemon, images, folder):
    packed = folder / "packed"
    packed.write_bytes(zlib.compress(images["plain"].read_bytes()))
    daemon.ask("create", ":old", f"image={packed}", "compressed", args=("wait",))
    assert daemon.ask("get", ":old").rows[0] == {"image": str(images["plain"].stat().st_size), "compressed": "0"}


def test_a_compressed_image_that_is_damaged_is_refused(daemon, images, folder):
    packed = folder / "packed"
    packed.write_bytes(zlib.compress(images["plain"].read_bytes())[:-200])
    result = daemon.ask("create", ":old", f"image={packed}", "compressed", check=False)
    assert "inflate: image" in result.error and daemon.show(":old") is None


def test_names_in_lists_are_relative_to_the_path(daemon, images):
    daemon.deploy("a:b:web", images["plain"])
    assert daemon.ask("info", "a:").rows[0]["name"] == "b:web"
    assert daemon.ask("info", "a:b:").rows[0]["name"] == ":web"
    assert daemon.ask("info", "a:b:web").rows[0]["name"] == "a:b:web"
    assert daemon.ask("info", "c:").rows == []


def test_a_second_deploy_of_the_name_is_refused(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    assert "exists already" in daemon.deploy(":web", images["plain"], check=False).error
    assert daemon.show(":web")["pid"] == pid


def test_force_replaces(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    row = daemon.deploy(":web", images["plain"], "force").rows[0]
    assert row["pid"] != pid and not alive(pid) and alive(row["pid"])


def test_force_with_a_bad_image_leaves_the_old_one_alone(daemon, images, folder):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    bad = folder / "bad"
    bad.write_bytes(b"not an image" * 1000)
    assert daemon.deploy(":web", bad, "force", check=False).status == 1
    assert daemon.ask("force-create", ":web", f"image={bad}", check=False).status == 1
    assert daemon.show(":web")["pid"] == pid and alive(pid)


def test_restart_gives_a_new_process(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    daemon.ask("restart", ":web")
    assert daemon.show(":web")["pid"] != pid and not alive(pid)


def test_restart_with_too_much_memory_leaves_it_running(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    assert daemon.ask("restart-args", ":web", "memory=99999999", check=False).status == 1
    assert daemon.show(":web")["pid"] == pid and alive(pid)


def test_restart_with_arguments_uses_them(daemon, images):
    daemon.deploy(":web", images["plain"])
    daemon.ask("restart-args", ":web", "memory=9", args=("say", "anew", "wait"))
    until(lambda: "anew" in daemon.console(":web"))
    assert daemon.show(":web")["memory"] == "9" and "anew" in daemon.console(":web")


def test_stop_keeps_it_and_start_runs_it_again(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    assert daemon.ask("stop", ":web").rows[0]["state"] == "stopped" and not alive(pid)
    assert daemon.ask("start", ":web").rows[0]["state"] == "running"


def test_a_bad_image_is_refused_with_the_reason(daemon, folder):
    bad = folder / "bad"
    bad.write_bytes(b"\x7fELF" + bytes(4000))
    result = daemon.deploy(":web", bad, check=False)
    assert result.status == 1 and "image" in result.error and daemon.show(":web") is None


def test_hostile_images_cost_nobody_anything(daemon, images, folder):
    """Random damage in every place that a reader looks at; whatever the checker says, the daemon says it and lives."""
    good, chance = images["net"].read_bytes(), random.Random(7)
    bad = folder / "bad"
    for _ in range(60):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data)) if chance.random() < 0.3 else chance.randrange(1200)] = chance.randrange(256)
        bad.write_bytes(data[:chance.randrange(len(data))] if chance.random() < 0.2 else data)
        result = daemon.ask("image-add", ":", f"image={bad}", check=False)
        assert result.status == 0 or (result.status == 1 and result.error.strip())
        assert "without an answer" not in result.error
    assert daemon.ask("list", ":").rows == []


def test_a_bomb_is_not_inflated(daemon, images, folder):
    bomb = folder / "bomb"
    pack = zlib.compressobj(9)
    bomb.write_bytes(b"".join(pack.compress(bytes(1 << 20)) for _ in range(300)) + pack.flush())
    result = daemon.ask("create", ":web", f"image={bomb}", "compressed", check=False)
    assert "it is too large" in result.error


def test_devices_that_do_not_match_are_named(daemon, images):
    assert "disk (block)" in daemon.deploy(":web", images["block"], check=False).error
    error = daemon.deploy(":web", images["plain"], "net=service", check=False).error
    assert "service is given, but the image does not declare it" in error


def test_a_path_is_no_unikernel(daemon, images):
    for name in (":", "a:"):
        assert daemon.deploy(name, images["plain"], check=False).status == 1
        for command in ("destroy", "restart", "get", "stop"):
            assert daemon.ask(command, name, check=False).status == 1


@pytest.mark.parametrize("name", ["a_b", "::", "..", "a:..:b", "x" * 64, "-a"])
def test_a_bad_name_is_answered(daemon, images, name):
    assert daemon.deploy(name, images["plain"], check=False).status == 1


def test_an_image_that_no_tender_runs_is_refused_with_a_hint(daemon, folder):
    (folder / "virtio").mkdir()
    result = daemon.deploy(":web", spt_image.build(folder / "virtio", [], target=3), check=False)
    assert "neither for a process nor for a VM" in result.error and "hint: an image for virtio boots in QEMU" in result.error


def test_memory_over_the_policy_is_refused_before_the_image_travels(daemon, images):
    daemon.ask("policy-add", "a:", "memory=16", "unikernels=4", "cpu=0")
    daemon.deploy("a:b:one", images["plain"], "memory=10")
    result = daemon.deploy("a:c:two", images["plain"], "memory=10", check=False)
    assert "allows 16 MiB of memory; 11 in use, 11 asked" in result.error, "a tender needs memory too"
    assert len(daemon.ask("list", ":").rows) == 1


def test_a_policy_counts_all_paths_below_it(daemon, images):
    daemon.ask("policy-add", "a:", "memory=1000", "unikernels=1", "cpu=0")
    daemon.ask("policy-add", "a:b:", "memory=500", "unikernels=1", "cpu=0")
    daemon.deploy("a:b:one", images["plain"])
    assert "1 unikernels; 1 in use, 1 asked" in daemon.deploy("a:c:two", images["plain"], check=False).error


def test_a_processor_outside_the_policy_is_refused(daemon, images):
    daemon.ask("policy-add", "a:", "memory=100", "unikernels=4", "cpu=0")
    assert "does not allow processor 1" in daemon.deploy("a:web", images["plain"], "cpu=1", check=False).error
    pid = daemon.deploy("a:web", images["plain"]).rows[0]["pid"]
    assert os.sched_getaffinity(int(pid)) == {0}


def test_a_policy_above_its_parent_is_refused(daemon):
    daemon.ask("policy-add", "a:", "memory=100", "unikernels=4", "cpu=0")
    assert "of the 100 of a: 100 are left" in daemon.ask("policy-add", "a:b:", "memory=101", "unikernels=1", "cpu=0",
                                                        check=False).error
    assert daemon.ask("policy-add", "big:", "memory=99999999", "unikernels=1", "cpu=0", check=False).status == 1


def test_policies_are_listed_relative_and_removed(daemon):
    daemon.ask("policy-add", "a:", "memory=100", "unikernels=4", "cpu=0")
    daemon.ask("policy-add", "a:b:", "memory=50", "unikernels=4", "cpu=0")
    assert [row["path"] for row in daemon.ask("policy-info", "a:").rows] == [":", "b:"]
    assert daemon.ask("policy-add", "a:b:", "memory=50", "unikernels=4", "cpu=0").text == "no modification of policy\n"
    daemon.ask("policy-remove", "a:b:")
    assert [row["path"] for row in daemon.ask("policy-info", "a:").rows] == [":"]


def test_an_upload_cut_short_leaves_nothing(daemon, images):
    daemon.deploy(":web", images["plain"], "send=5000", check=False)
    assert daemon.ask("list", ":").rows == [] and daemon.ask("image-list", ":").rows == []
    assert daemon.deploy(":web", images["plain"]).rows[0]["state"] == "running"


def test_an_image_is_kept_once_and_protected_while_used(daemon, images):
    added = daemon.ask("image-add", ":", f"image={images['plain']}").rows[0]
    daemon.ask("deploy", ":web", f"digest={added['digest']}", args=("wait",))
    assert daemon.ask("image-list", ":").rows[0]["used"] == "1"
    assert "unikernel :web uses it" in daemon.ask("image-remove", ":", f"digest={added['digest']}", check=False).error
    daemon.ask("destroy", ":web")
    daemon.ask("image-remove", ":", f"digest={added['digest']}")
    assert list((daemon.state / "images").iterdir()) == []


def test_a_second_daemon_is_refused(daemon, folder):
    done = subprocess.run([BIN / "bivyd", "--run-dir", daemon.run, "--state-dir", folder / "other"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "another bivyd uses the directory" in done.stderr
    done = subprocess.run([BIN / "bivyd", "--run-dir", folder / "r2", "--state-dir", daemon.state],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "another bivyd uses the directory" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_unikernels_survive_the_daemon_and_are_taken_over_once(daemon, images, how):
    pids = {name: daemon.deploy(name, images["plain"]).rows[0]["pid"] for name in (":a", ":b")}
    daemon.process.send_signal(how)
    daemon.process.wait()
    daemon.start()
    for name, pid in pids.items():
        row = daemon.show(name)
        assert row["pid"] == pid and row["state"] == "running" and row["restarts"] == "0"
    tenders = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and parent(p) == daemon.keep()]
    assert sorted(p.name for p in tenders) == sorted(pids.values())


def children(of, name):
    """The children of a process that have the name."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            if process.name.isdigit() and parent(process) == of and (process / "comm").read_text().strip() == name:
                found.append(int(process.name))
        except OSError:
            pass
    return found


def parent(process):
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def test_no_console_line_is_lost_while_the_daemon_is_dead(daemon, images):
    words = []
    for number in range(25):
        words += ["say", f"line{number}", "sleep", "40"]
    daemon.deploy(":web", images["plain"], args=(*words, "exit", "0"))
    until(lambda: "line2" in daemon.console(":web"))
    daemon.kill()
    time.sleep(0.3)
    daemon.start()
    until(lambda: daemon.show(":web")["state"] == "exited")
    assert [line for line in daemon.console(":web") if line.startswith("line")] == [f"line{n}" for n in range(25)]


def test_an_exit_while_the_daemon_is_dead_is_not_lost(daemon, images):
    daemon.deploy(":web", images["plain"], args=("sleep", "300", "exit", "9"))
    pid = daemon.show(":web")["pid"]
    daemon.kill()
    until(lambda: not alive(pid))
    daemon.start()
    assert daemon.show(":web")["state"] == "exited" and daemon.show(":web")["status"] == "9"


def test_what_ended_and_restarts_is_started_when_the_daemon_is_back(daemon, images):
    pid = daemon.deploy(":web", images["plain"], "restart=always").rows[0]["pid"]
    daemon.kill()
    os.kill(int(pid), signal.SIGKILL)
    until(lambda: not alive(pid))
    daemon.start()
    assert until(lambda: daemon.show(":web")["state"] == "running")
    assert daemon.show(":web")["pid"] != pid


def test_everything_is_started_again_after_the_keep_died(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    daemon.deploy(":done", images["plain"], args=("exit", "5"))
    until(lambda: daemon.show(":done")["state"] == "exited")
    os.kill(daemon.keep(), signal.SIGKILL)
    row = until(lambda: (r := daemon.show(":web"))["pid"] not in (pid, "0") and r)
    assert row["state"] == "running" and not alive(pid)
    assert daemon.show(":done")["state"] == "exited"


def test_everything_is_started_again_after_all_died(daemon, images):
    daemon.deploy(":web", images["plain"])
    daemon.deploy(":off", images["plain"])
    daemon.ask("stop", ":off")
    keep = daemon.keep()
    daemon.kill()
    os.kill(keep, signal.SIGKILL)
    until(lambda: not alive(keep))
    daemon.start()
    assert daemon.show(":web")["state"] == "running" and daemon.show(":off")["state"] == "stopped"


def test_one_that_fails_is_restarted_with_growing_pauses(daemon, images):
    daemon.deploy(":web", images["plain"], "restart=on-failure", args=("exit", "9"))
    row = until(lambda: int((r := daemon.show(":web"))["restarts"]) >= 3 and r)
    assert row["state"] in ("waiting", "running", "exited")
    pauses = [int(p) for p in re.findall(r"starts again in (\d+) ms", daemon.log.read_text())]
    assert pauses[0] <= 100 and pauses[0] < pauses[1] < pauses[2]


def test_one_that_did_what_it_should_is_not_restarted_on_failure(daemon, images):
    daemon.deploy(":web", images["plain"], "restart=on-failure", args=("exit", "0"))
    assert until(lambda: daemon.show(":web")["state"] == "exited")


def test_a_loop_of_restarts_can_be_destroyed(daemon, images):
    daemon.deploy(":web", images["plain"], "restart=always", args=("exit", "9"))
    until(lambda: int(daemon.show(":web")["restarts"]) >= 1)
    daemon.ask("destroy", ":web")
    assert daemon.show(":web") is None


def test_a_port_in_use_is_named(daemon, images):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = daemon.deploy(":web", images["net"], "net=service", f"port={port}:80", check=False)
    assert f"listen: 127.0.0.1:{port}/tcp: port in use\nhint: " in result.error


def test_a_network_device_gets_an_address_that_it_keeps(daemon, images, switch):
    first = daemon.deploy(":web", images["net"]).rows[0]["ipv4"]
    daemon.deploy(":other", images["net"])
    daemon.ask("restart", ":web")
    assert daemon.show(":web")["ipv4"] == first != daemon.show(":other")["ipv4"]


def test_a_port_stays_over_a_restart_of_the_unikernel_and_of_the_daemon(daemon, images, switch):
    port = daemon.deploy(":web", images["net"], "net=service", "port=0:80").rows[0]["port"]
    daemon.ask("restart", ":web")
    daemon.kill()
    socket.create_connection(("127.0.0.1", int(port)), 5).close()
    daemon.start()
    assert daemon.show(":web")["port"] == port
    daemon.ask("destroy", ":web")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), 5)


def test_a_switch_that_dies_takes_its_unikernels_along_and_back(daemon, images, switch):
    row = daemon.deploy(":web", images["net"], "net=service", "port=0:80").rows[0]
    switches = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and parent(p) == daemon.keep()
                and (p / "comm").read_text().strip() == "bivy-net"]
    os.kill(int(switches[0].name), signal.SIGKILL)
    again = until(lambda: (r := daemon.show(":web"))["pid"] not in (row["pid"], "0") and r)
    assert again["port"] == row["port"]
    socket.create_connection(("127.0.0.1", int(row["port"])), 5).close()


def test_events_are_told_and_numbered(daemon, images):
    follower = subprocess.Popen([CLIENT, daemon.run / "util" / "vmmd.sock", "events", ":"], stdout=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(follower.stdout), daemon=True)
    reader.start()
    daemon.deploy(":web", images["plain"])
    daemon.ask("destroy", ":web")
    until(lambda: any(" 5 :web" in line for line in lines))
    follower.kill()
    follower.wait()
    assert [line.split()[1] for line in lines] == ["0", "1", "5"]
    numbers = [int(line.split()[0]) for line in lines]
    assert numbers == sorted(set(numbers))


def test_a_console_is_followed_live_and_ends_with_the_unikernel(daemon, images):
    daemon.deploy(":web", images["plain"], args=("say", "now", "wait"))
    follower = subprocess.Popen([CLIENT, daemon.run / "util" / "console.sock", "console", ":web", "follow"],
                                stdout=subprocess.PIPE, text=True)
    assert follower.stdout.readline().endswith("now\n")
    daemon.ask("destroy", ":web")
    assert follower.wait(20) == 0


def test_an_albatross_subscriber_gets_history_and_more(daemon, images):
    daemon.deploy(":web", images["plain"], args=("say", "old", "sleep", "500", "say", "new", "wait"))
    follower = subprocess.Popen([CLIENT, daemon.run / "util" / "console.sock", "subscribe", ":web"],
                                stdout=subprocess.PIPE, text=True)
    seen = [follower.stdout.readline().strip() for _ in range(4)]
    follower.kill()
    follower.wait()
    assert seen[:2] == ["subscribed", "old"] and "new" in seen


def test_a_command_on_the_wrong_socket_is_unknown(daemon):
    assert "unknown command" in daemon.ask("list", ":", where="console", check=False).error
    assert "unknown command" in daemon.ask("subscribe", ":a", check=False).error
    assert "unknown command" in daemon.ask("block-info", ":", check=False).error


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x05hello",
                                  b"\0\0\0\x02\x30\x80" * 3])
def test_nonsense_costs_its_connection_only(daemon, data):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(20)
        peer.connect(str(daemon.run / "util" / "vmmd.sock"))
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        try:
            assert peer.recv(100) == b""
        except ConnectionResetError:
            pass  # it was closed before all of it was read
    assert daemon.ask("list", ":").status == 0


def test_more_connections_than_allowed_are_turned_away(daemon):
    peers = []
    for _ in range(300):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(daemon.run / "util" / "vmmd.sock"))
        peers.append(peer)
    for peer in peers:
        peer.close()
    assert until(lambda: daemon.ask("list", ":", check=False).status == 0)


def daemon_on_small_disk(folder):
    """A daemon whose state directory is a file system of 4 MiB, in a mount namespace of the test's own."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespace may be made here")
    small = folder / "small"
    small.mkdir()
    script = f'mount -t tmpfs -o size=4m,mode=700 none {small} && exec {BIN / "bivyd"} "$@"'
    wrapper = folder / "wrapper"
    wrapper.write_text(f"#!/bin/sh\nexec unshare -Urm sh -c '{script}' bivyd \"$@\"\n")
    wrapper.chmod(0o755)
    return Daemon(folder, program=wrapper, state=small)


def test_a_full_disk_is_said_and_changes_nothing(folder, images):
    daemon = daemon_on_small_disk(folder)
    large = folder / "large"
    large.write_bytes(images["plain"].read_bytes() + os.urandom(8 << 20))
    result = daemon.deploy(":web", large, check=False)
    assert "No space left" in result.error and "hint: make room" in result.error
    assert daemon.deploy(":web", images["plain"]).rows[0]["state"] == "running"
    daemon.close()


def test_what_cannot_be_recorded_does_not_run(folder, images):
    """Nothing but the database needs room here: the image, the console and the guest are there already."""
    daemon = daemon_on_small_disk(folder)
    before = daemon.deploy(":web", images["plain"], "memory=16").rows[0]
    filler = pathlib.Path(f"/proc/{daemon.process.pid}/root{daemon.state}/filler")
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    result = daemon.ask("deploy", ":web", f"digest={before['digest']}", "memory=32", "force", args=("wait",), check=False)
    assert "the one before is back" in result.error
    filler.unlink()
    after = daemon.show(":web")
    assert (after["state"], after["memory"]) == ("running", before["memory"])
    assert after["pid"] != before["pid"]
    children = pathlib.Path(f"/proc/{daemon.keep()}/task/{daemon.keep()}/children")
    assert until(lambda: children.read_text().split() == [after["pid"]])
    daemon.close()


def test_shutdown_ends_everything_and_leaves_the_desired_state(folder, images):
    daemon = Daemon(folder)
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    keep = daemon.keep()
    daemon.ask("shutdown", ":")
    assert daemon.process.wait(20) == 0
    assert not alive(pid) and until(lambda: not alive(keep))
    daemon.start()
    assert daemon.show(":web")["state"] == "running"
    daemon.close()


def test_events_from_now_on_bring_nothing_of_before(daemon, images):
    daemon.deploy(":old", images["plain"])
    with messages.Peer(daemon.run / "util" / "vmmd.sock") as peer:
        peer.send(messages.request(":", messages.explicit(10, messages.integer(-1))))
        assert peer.frame()
        daemon.deploy(":new", images["plain"])
        first = peer.frame()
        assert b":new" in first and b"created" in first and b":old" not in first


def test_created_is_told_before_started(daemon, images):
    for number in range(15):
        daemon.deploy(f":u{number}", images["plain"], args=("exit", "0"))
        daemon.deploy(f":u{number}", images["plain"], "force", args=("exit", "0"))
    follower = subprocess.Popen([CLIENT, daemon.run / "util" / "vmmd.sock", "events", ":"], stdout=subprocess.PIPE, text=True)
    told = {}
    while not (":u14" in told and told[":u14"].count("1") == 2):
        _, kind, name, *_ = follower.stdout.readline().split()
        told.setdefault(name, []).append(kind)
    follower.kill()
    follower.wait()
    for kinds in told.values():
        assert [kind for kind in kinds if kind in "01"] == ["0", "1", "0", "1"]


def test_a_request_that_is_not_known_is_answered_with_a_sentence(daemon):
    for alternative in (messages.explicit(29, b"\x05\0"), messages.explicit(11, messages.integer(3)), messages.text("x")):
        with messages.Peer(daemon.run / "util" / "vmmd.sock") as peer:
            peer.send(messages.request(":", alternative))
            assert b"does not know the request" in peer.frame() and peer.frame() == b""


def test_the_beginning_of_a_line_is_shown_and_its_rest_follows(daemon, images):
    daemon.deploy(":web", images["plain"], args=("mumble", "login:", "sleep", "1500", "say", "root", "wait"))
    follower = subprocess.Popen([CLIENT, daemon.run / "util" / "console.sock", "console", ":web", "follow"],
                                stdout=subprocess.PIPE, text=True)
    lines = [follower.stdout.readline().split(" ", 1) for _ in range(3)]
    follower.kill()
    follower.wait()
    assert [line[1] for line in lines] == ["login:\n", "event 4294967294\n", "root\n"]
    assert [int(line[0]) for line in lines] == sorted(int(line[0]) for line in lines)


def test_a_switch_that_dies_again_and_again_is_met_with_growing_pauses(daemon, images, switch):
    daemon.deploy(":web", images["net"], "net=service")
    for _ in range(3):
        until(lambda: daemon.show(":web")["state"] == "running")
        for process in children(daemon.keep(), "bivy-net"):
            os.kill(process, signal.SIGKILL)
        until(lambda: daemon.show(":web")["state"] != "running")
    assert until(lambda: daemon.show(":web")["state"] == "running")
    pauses = [int(p) for p in re.findall(r"starts again in (\d+) ms", daemon.log.read_text())]
    assert len(pauses) >= 3 and pauses[0] < pauses[1] < pauses[2]


def test_a_keep_that_nobody_needs_ends(folder, images):
    daemon = Daemon(folder)
    keep = daemon.keep()
    daemon.kill()
    assert until(lambda: not alive(keep), 30)
    daemon.start()
    assert daemon.deploy(":web", images["plain"]).rows[0]["state"] == "running"
    daemon.close()


def test_a_keep_that_hangs_is_ended_and_replaced(daemon, images):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    keep = daemon.keep()
    os.kill(keep, signal.SIGSTOP)
    daemon.ask("stop", ":web", check=False)
    assert until(lambda: not alive(keep) and not alive(pid))
    assert daemon.keep() != keep
