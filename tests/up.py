"""The daemon through the command line: up, deploy, look, follow, stop and start, destroy, down."""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import textwrap
import time

import pytest
from conftest import BIN, bivy, http_get
from guest_images import needs_kvm

PROGRAM = """
    #include <stdio.h>
    #include <stdlib.h>

    int main(int argc, char **argv)
    {
        printf("the first line\\n");
        printf("control \\033[31m bytes\\n");
        return argc > 1 ? atoi(argv[1]) : 0;
    }
"""

PS_KEYS = {"name", "state", "tender", "memory_mib", "cpus", "ports", "started", "restarts"}


@pytest.fixture(scope="session")
def images(server_image):
    """A folder with server.uk, which answers HTTP, and program.uk, which prints and ends."""
    folder = server_image.parent
    (folder / "program.c").write_text(textwrap.dedent(PROGRAM))
    bivy("build", "-q", "-o", "program.uk", "program.c", cwd=folder)
    return folder


class House:
    """A daemon and a console of their own, in directories of their own."""

    def __init__(self, folder):
        self.run, self.state = folder / "run", folder / "state"

    def __call__(self, *words, check=True, **more):
        """bivy WORDS with this house's run directory."""
        words = list(words)
        tail = words.index("--") if "--" in words else len(words)
        return bivy(*words[:tail], "--run-dir", self.run, *words[tail:], check=check, **more)

    def up(self):
        return json.loads(self("up", "--state-dir", self.state, "-o", "json").stdout)

    def down(self):
        return self("down", "--state-dir", self.state)

    def ps(self):
        return json.loads(self("ps", "-o", "json").stdout)

    def wait(self, name, state):
        """The unikernel once it is in STATE."""
        for _ in range(200):
            unikernel = json.loads(self("show", "-o", "json", name).stdout)
            if unikernel["state"] == state:
                return unikernel
            time.sleep(0.05)
        pytest.fail(f"{name} is {unikernel['state']}, not {state}: {unikernel['reason']}")


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    house.up()
    yield house
    house.down()


def test_up_says_where_and_may_be_repeated(tmp_path):
    house = House(tmp_path)
    try:
        first = house.up()
        assert set(first) == {"url", "setup_code", "run_dir", "state_dir"}
        assert first["url"].startswith("http://127.0.0.1:")
        assert first["setup_code"]
        assert (first["run_dir"], first["state_dir"]) == (str(house.run), str(house.state))
        assert house.up() == first
    finally:
        house.down()


def test_down_may_be_repeated_and_leaves_nothing(tmp_path):
    house = House(tmp_path)
    house.up()
    house.down()
    house.down()
    assert house("ps", check=False).returncode == 1
    left = subprocess.run(["pgrep", "-f", str(house.run)], capture_output=True, text=True).stdout
    assert left == ""


def test_two_houses_do_not_meet(tmp_path, house):
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    try:
        assert other.up()["url"] != house.up()["url"]
    finally:
        other.down()


def test_many_at_once_find_ports_of_their_own(tmp_path):
    houses = [House(tmp_path / str(number)) for number in range(6)]
    for house in houses:
        house.run.parent.mkdir()
    try:
        with concurrent.futures.ThreadPoolExecutor(len(houses)) as pool:
            urls = {place["url"] for place in pool.map(House.up, houses)}
        assert len(urls) == len(houses)
    finally:
        for house in houses:
            house.down()


def test_deploy_answers_where_it_says(house, images):
    result = house("deploy", "web", images / "server.uk", "-p", "0:80")
    port = int(re.search(r"^listening on 127\.0\.0\.1:(\d+) -> 80/tcp$", result.stdout, re.M)[1])
    assert http_get("127.0.0.1", port).endswith(b"<h1>Hello from a unikernel</h1>")


@needs_kvm
def test_a_virtual_machine_answers_where_it_says(house, images):
    house("deploy", "web", images / "server.uk", "--as", "vm", "-p", "0:80")
    unikernel = house.wait("web", "running")
    assert unikernel["tender"] == "vm"
    assert http_get("127.0.0.1", unikernel["ports"][0]["host"]).endswith(b"<h1>Hello from a unikernel</h1>")
    house("stop", "web")
    assert house.wait("web", "stopped")["exit_status"] == 1


@needs_kvm
def test_how_a_virtual_machine_crashed_is_in_its_log(house, images, tmp_path):
    (tmp_path / "crash.c").write_text("int main(void) { __builtin_trap(); }\n")
    bivy("build", "-q", "-o", "crash.uk", "crash.c", cwd=tmp_path)
    house("deploy", "crash", tmp_path / "crash.uk", "--as", "vm", "--restart", "never")
    assert house.wait("crash", "exited")["exit_status"] == 255
    assert "the guest crashed: invalid instruction: rip=0x10" in house("logs", "crash").stdout


@needs_kvm
def test_a_virtual_machine_needs_memory_in_its_steps(house, tmp_path):
    (tmp_path / "big.c").write_text("#include <stdio.h>\nstatic char big[2 << 20];\n"
                                    "int main(int c, char **v) { big[c] = 1; return printf(\"%p\", big) < 0; }\n")
    bivy("build", "-q", "-o", "big.uk", "big.c", cwd=tmp_path)
    refused = house("deploy", "big", tmp_path / "big.uk", "--as", "vm", "--memory", "3", "--restart", "never", check=False)
    assert refused.returncode != 0 and "hint: give it --memory 4" in refused.stderr
    house("deploy", "big", tmp_path / "big.uk", "--as", "vm", "--memory", "4", "--restart", "never")


def test_deploy_prints_json(house, images):
    unikernel = json.loads(house("deploy", "-o", "json", "web", images / "server.uk", "-p", "0:80").stdout)
    assert PS_KEYS <= set(unikernel)
    assert unikernel["ports"][0]["guest"] == 80 and unikernel["ports"][0]["host"] > 0


def test_ps_json(house, images):
    house("deploy", "web", images / "server.uk", "-p", "0:80", "-m", "48M")
    (unikernel,) = house.ps()
    assert PS_KEYS <= set(unikernel)
    assert unikernel["state"] in ("starting", "running")
    assert (unikernel["tender"], unikernel["memory_mib"], unikernel["restarts"]) == ("process", 48, 0)
    assert {"host", "guest", "proto"} <= set(unikernel["ports"][0])
    assert unikernel["name"].endswith("web")


def test_deploy_from_the_store(house, images):
    house("deploy", "one", images / "server.uk")
    (image,) = json.loads(house("image", "ls", "-o", "json").stdout)
    house("deploy", "two", image["digest"][7:19])
    assert len(house.ps()) == 2


def test_a_second_of_the_same_name_needs_force(house, images):
    house("deploy", "web", images / "server.uk")
    assert house("deploy", "web", images / "server.uk", check=False).returncode == 1
    house("deploy", "--force", "web", images / "server.uk")


def test_the_exit_status_is_kept(house, images):
    house("deploy", "--restart", "never", "job", images / "program.uk", "--", "7")
    assert house.wait("job", "exited")["exit_status"] == 7


def test_logs_print_bytes_as_they_are_into_a_pipe(house, images):
    house("deploy", "--restart", "never", "job", images / "program.uk")
    house.wait("job", "exited")
    assert house("logs", "job").stdout.splitlines()[-2:] == ["the first line", "control \x1b[31m bytes"]
    assert house("logs", "--tail", "1", "job").stdout == "control \x1b[31m bytes\n"


def test_logs_json(house, images):
    house("deploy", "--restart", "never", "job", images / "program.uk")
    house.wait("job", "exited")
    lines = [json.loads(line) for line in house("logs", "-o", "json", "job").stdout.splitlines()]
    assert all(set(line) == {"id", "time", "line"} for line in lines)
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)


def test_logs_follow(house, images, tmp_path):
    house("deploy", "web", images / "server.uk")
    house.wait("web", "running")
    seen = tmp_path / "seen"
    with seen.open("w") as file, subprocess.Popen([BIN / "bivy", "logs", "-f", "--run-dir", house.run, "web"],
                                                  stdout=file) as follower:
        for count in (1, 2):
            for _ in range(200):
                if seen.read_text().count("listening on") == count:
                    break
                time.sleep(0.05)
            else:
                follower.kill()
                pytest.fail(f"line {count} did not come; there is: {seen.read_text()!r}")
            house("restart", "web")
        follower.send_signal(signal.SIGINT)


def test_logs_follow_ends_with_the_unikernel(house, images):
    house("deploy", "web", images / "server.uk")
    with subprocess.Popen([BIN / "bivy", "logs", "-f", "--run-dir", house.run, "web"], stdout=subprocess.PIPE,
                          text=True) as follower:
        assert "listening on" in follower.stdout.readline()
        house("destroy", "--yes", "web")
        try:
            assert follower.wait(timeout=30) == 0
        finally:
            follower.kill()


def test_stop_start_restart(house, images):
    house("deploy", "web", images / "server.uk")
    first = house.wait("web", "running")
    house("stop", "web")
    assert house.wait("web", "stopped")["pid"] is None
    house("start", "web")
    second = house.wait("web", "running")
    house("restart", "web")
    third = house.wait("web", "running")
    assert len({first["pid"], second["pid"], third["pid"]}) == 3


def test_destroy_asks_unless_told(house, images):
    house("deploy", "web", images / "server.uk")
    result = house("destroy", "web", check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 1 and "hint: --yes" in result.stderr
    assert len(house.ps()) == 1
    house("destroy", "--yes", "web")
    assert house.ps() == []


def test_one_failure_does_not_keep_the_others(house, images):
    house("deploy", "one", images / "server.uk")
    result = house("destroy", "--yes", "nobody", "one", check=False)
    assert result.returncode == 1
    assert "nobody" in result.stderr and "one: destroyed" in result.stdout
    assert house.ps() == []


def test_an_unknown_name(house):
    result = house("show", "nobody", check=False)
    assert result.returncode == 1
    assert "nobody" in result.stderr


def test_events(house, images):
    house("deploy", "web", images / "server.uk")
    house("destroy", "--yes", "web")
    events = [json.loads(line) for line in house("events", "-o", "json").stdout.splitlines()]
    assert all(set(event) == {"id", "time", "name", "event", "detail"} for event in events)
    kinds = [event["event"] for event in events]
    assert {"created", "started"} <= set(kinds) and kinds[-1] == "destroyed"


def test_images_in_use_stay(house, images):
    house("deploy", "web", images / "server.uk")
    (image,) = json.loads(house("image", "ls", "-o", "json").stdout)
    assert house("image", "rm", image["digest"], check=False).returncode == 1
    house("destroy", "--yes", "web")
    house("image", "rm", image["digest"])
    assert json.loads(house("image", "ls", "-o", "json").stdout) == []


def test_policies(house, images):
    house("policy", "set", "tenant:", "--unikernels", "1", "--memory", "64", "--cpu", "0", "--network", "user")
    (policy,) = [p for p in json.loads(house("policy", "ls", "-o", "json").stdout) if p["path"].startswith("tenant")]
    assert (policy["unikernels"], policy["memory_mib"], policy["cpus"]) == (1, 64, [0])
    house("deploy", "tenant:one", images / "server.uk", "-m", "32", "--cpu", "0")
    refused = house("deploy", "tenant:two", images / "server.uk", "-m", "32", "--cpu", "0", check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("bivy: ")
    house("destroy", "--yes", "tenant:one")
    house("policy", "rm", "tenant:")


def test_what_was_deployed_is_back_after_down_and_up(house, images):
    house("deploy", "web", images / "server.uk", "-p", "0:80", "--restart", "always")
    before = house.wait("web", "running")
    house.down()
    house.up()
    after = house.wait("web", "running")
    assert after["ports"] == before["ports"]
    assert http_get("127.0.0.1", after["ports"][0]["host"]).startswith(b"HTTP/1.1 200")


def of_house(house):
    """The processes whose command line or open files name the house."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            names = (process / "cmdline").read_text() + " ".join(os.readlink(fd) for fd in (process / "fd").iterdir())
        except OSError:
            continue
        if process.name.isdigit() and int(process.name) != os.getpid() and f"{house.run}/" in names:
            found.append((process.name, (process / "comm").read_text().strip()))
    return found


def test_thirty_times_up_and_down_leave_no_process(tmp_path, images):
    house = House(tmp_path)
    for number in range(30):
        house.up()
        house("deploy", "--force", "web", images / "server.uk")
        house.down()
        assert of_house(house) == [], number


def test_down_ends_what_a_killed_daemon_left(tmp_path, images):
    house = House(tmp_path)
    house.up()
    house("deploy", "web", images / "server.uk")
    pid = json.loads(house("show", "-o", "json", "web").stdout)["pid"]
    os.kill(int((house.run / "bivyd.pid").read_text()), signal.SIGKILL)
    house.down()
    assert of_house(house) == [] and not pathlib.Path(f"/proc/{pid}").exists()
