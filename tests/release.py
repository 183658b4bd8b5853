"""Releases: an update that does not prove itself costs nothing but a pause, and everything can be gone back to."""

import json
import os
import signal
import subprocess

import pytest

from conftest import bivy
from daemon import Daemon, alive, daemon, folder, images, switch, until  # noqa: F401


def releases(daemon, name=":web"):
    return [(int(row["number"]), row["result"], row["current"]) for row in daemon.ask("history", name).rows]


def variant(image, folder, name="other"):
    """The same image with another digest: bytes behind the last section mean nothing."""
    path = folder / name
    path.write_bytes(image.read_bytes() + b"\0" * 64)
    return path


def digest(daemon, name=":web"):
    return daemon.show(name)["digest"]


def test_a_deployment_is_the_first_release(daemon, images):
    daemon.deploy(":web", images["plain"])
    row = daemon.ask("history", ":web").rows[0]
    assert releases(daemon) == [(1, "good", "1")] and row["digest"] == digest(daemon)
    assert row["author"] == "uid"  # "uid N", cut at the blank


def test_an_update_that_runs_on_is_kept(daemon, images, folder):
    before = daemon.deploy(":web", images["plain"]).rows[0]
    after = daemon.ask("update", ":web", f"image={variant(images['plain'], folder)}", "stay=100").rows[0]
    assert after["state"] == "running" and after["digest"] != before["digest"]
    assert not alive(before["pid"]) and alive(after["pid"])
    assert releases(daemon) == [(2, "good", "1"), (1, "good", "0")]


def test_an_update_keeps_the_configuration(daemon, images, folder, switch):
    before = daemon.deploy(":web", images["net"], "net=service", "port=0:80", "memory=12").rows[0]
    after = daemon.ask("update", ":web", f"image={variant(images['net'], folder)}", "stay=100").rows[0]
    assert all(after[key] == before[key] for key in ("port", "ipv4", "memory"))


@pytest.fixture
def crashing(folder):
    """An image that ends at once, whatever its arguments are."""
    source = folder / "crash.c"
    source.write_text("int main(void) { return 3; }\n")
    image = folder / "crash.uk"
    bivy("build", "-q", "-o", image, source)
    return image


def test_an_update_that_crashes_brings_the_old_one_back(daemon, images, crashing):
    before = daemon.deploy(":web", images["plain"], "restart=always", "memory=16").rows[0]
    result = daemon.ask("update", ":web", f"image={crashing}", "stay=3000", check=False)
    assert "release 2 failed: exited with status 3; the one before is back" in result.error
    row = daemon.show(":web")
    assert row["digest"] == before["digest"] and row["state"] == "running" and alive(row["pid"])
    assert releases(daemon) == [(2, "failed", "0"), (1, "good", "1")]
    assert until(lambda: len(list((daemon.state / "images").iterdir())) == 2), "a release that failed is kept too"


def test_a_check_that_does_not_pass_brings_the_old_one_back(daemon, images, folder, switch):
    before = daemon.deploy(":web", images["net"], "net=service").rows[0]
    result = daemon.ask("update", ":web", f"image={variant(images['net'], folder)}", "check=81", "within=600", check=False)
    assert "release 2 failed" in result.error and "the one before is back" in result.error
    assert daemon.show(":web")["digest"] == before["digest"] and daemon.show(":web")["state"] == "running"


def test_an_image_that_cannot_run_is_refused_before_the_old_one_is_touched(daemon, images, folder):
    pid = daemon.deploy(":web", images["plain"]).rows[0]["pid"]
    bad = folder / "bad"
    bad.write_bytes(b"\x7fELF" + bytes(4000))
    for image in (bad, images["block"]):
        assert daemon.ask("update", ":web", f"image={image}", check=False).status == 1
    assert daemon.show(":web")["pid"] == pid and releases(daemon) == [(1, "good", "1")]


def test_rollback_goes_to_the_release_before_or_to_the_one_named(daemon, images, folder):
    first = daemon.deploy(":web", images["plain"], "memory=10").rows[0]
    daemon.ask("update", ":web", f"image={variant(images['plain'], folder)}", "stay=50")
    daemon.ask("restart-with", ":web", "memory=20", args=("say", "twenty", "wait"))
    assert daemon.show(":web")["memory"] == "20"
    daemon.ask("rollback", ":web", "stay=50", "release=1")
    row = daemon.show(":web")
    assert row["digest"] == first["digest"] and row["memory"] == "10"
    daemon.ask("rollback", ":web", "stay=50")
    assert daemon.show(":web")["memory"] == "20"
    assert [number for number, _, _ in releases(daemon)] == [5, 4, 3, 2, 1]
    assert "there is no release 77" in daemon.ask("rollback", ":web", "release=77", check=False).error


def test_a_rollback_without_anything_before_is_refused(daemon, images):
    daemon.deploy(":web", images["plain"])
    assert "no earlier good release" in daemon.ask("rollback", ":web", check=False).error


def test_what_is_not_there_or_stopped_is_not_updated(daemon, images):
    assert "not found" in daemon.ask("update", ":web", f"image={images['plain']}", check=False).error
    daemon.deploy(":web", images["plain"])
    daemon.ask("stop", ":web")
    assert "it is stopped" in daemon.ask("update", ":web", f"image={images['plain']}", check=False).error


def begin_update(daemon, image, *options):
    from daemon import CLIENT
    return subprocess.Popen([CLIENT, daemon.run / "util" / "vmmd.sock", "update", ":web", f"image={image}", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_others_wait_for_a_trial_but_destroy_ends_it(daemon, images, folder):
    daemon.deploy(":web", images["plain"])
    client = begin_update(daemon, variant(images["plain"], folder), "stay=60000")
    until(lambda: len(releases(daemon)) == 2)
    assert "another operation" in daemon.ask("stop", ":web", check=False).error
    daemon.ask("destroy", ":web")
    assert client.wait(20) == 1 and "destroyed meanwhile" in client.stderr.read()
    assert daemon.show(":web") is None
    assert until(lambda: list((daemon.state / "images").iterdir()) == []), "nothing needs the images any more"


@pytest.mark.parametrize("alive_then", [True, False])
def test_a_trial_outlives_the_daemon(daemon, images, crashing, folder, alive_then):
    first = daemon.deploy(":web", images["plain"]).rows[0]
    client = begin_update(daemon, variant(images["plain"], folder), "stay=60000")
    until(lambda: len(releases(daemon)) == 2)
    pid = daemon.show(":web")["pid"]
    daemon.kill()
    client.wait(20)
    if not alive_then:
        os.kill(int(pid), signal.SIGKILL)
        until(lambda: not alive(pid))
    daemon.start()
    if alive_then:
        assert daemon.show(":web")["pid"] == pid
        assert until(lambda: releases(daemon)[0] == (2, "good", "1"))
    else:
        assert until(lambda: releases(daemon) == [(2, "failed", "0"), (1, "good", "1")])
        row = until(lambda: (r := daemon.show(":web"))["state"] == "running" and r)
        assert row["digest"] == first["digest"]


def test_only_the_last_releases_are_kept_and_images_go_with_them(daemon, images, folder):
    daemon.deploy(":web", images["plain"])
    other = variant(images["plain"], folder)
    daemon.ask("update", ":web", f"image={other}", "stay=10")
    daemon.ask("rollback", ":web", "stay=10")
    for number in range(22):
        daemon.ask("restart-with", ":web", f"memory={10 + number}")
    assert len(releases(daemon)) == 20
    assert until(lambda: len(list((daemon.state / "images").iterdir())) == 1)


def test_an_image_of_a_release_is_not_removed(daemon, images, folder):
    digest_of_first = daemon.deploy(":web", images["plain"]).rows[0]["digest"]
    daemon.ask("update", ":web", f"image={variant(images['plain'], folder)}", "stay=10")
    error = daemon.ask("image-remove", ":", f"digest={digest_of_first}", check=False).error
    assert "a release of unikernel :web uses it" in error


def test_an_image_put_there_for_itself_stays(daemon, images):
    added = daemon.ask("image-add", ":", f"image={images['plain']}").rows[0]["digest"]
    daemon.ask("deploy", ":web", f"digest={added}", args=("wait",))
    daemon.ask("destroy", ":web")
    daemon.deploy(":two", images["net"])
    daemon.ask("destroy", ":two")
    assert until(lambda: [path.name for path in (daemon.state / "images").iterdir()] == [added])


def test_the_reserved_memory_of_the_one_before_is_not_given_away(daemon, images, folder):
    """While a smaller release is on trial the larger one must be able to come back."""
    daemon.ask("policy-add", "a:", "memory=64", "unikernels=4", "cpu=0")
    daemon.deploy("a:web", images["plain"], "memory=40")
    daemon.ask("restart-with", "a:web", "memory=10")
    assert daemon.deploy("a:two", images["plain"], "memory=40").rows
    error = daemon.ask("rollback", "a:web", "release=1", check=False).error
    assert "41 in use, 41 asked" in error


def run(daemon, *args, check=True):
    return bivy(args[0], "--run-dir", daemon.run, *args[1:], check=check)


def test_the_command_line(daemon, images, folder, crashing):
    run(daemon, "deploy", "web", images["plain"], "--", "wait")
    assert run(daemon, "update", "web", variant(images["plain"], folder), "--stay", "50").stdout == "web: updated\n"
    failed = run(daemon, "update", "web", crashing, "--stay", "2000", check=False)
    assert failed.returncode == 1 and "the one before is back" in failed.stderr
    assert run(daemon, "rollback", "web", "1", "--stay", "50").stdout == "web: rolled back\n"
    history = json.loads(run(daemon, "history", "-o", "json", "web").stdout)
    assert [(r["release"], r["result"], r["current"]) for r in history] == [
        (4, "good", True), (3, "failed", False), (2, "good", False), (1, "good", False)]
    assert history[0]["detail"] == "rollback to 1: ran on"
    assert history[1]["detail"] == "updated: exited with status 3"
    text = run(daemon, "history", "web").stdout
    assert text.splitlines()[0].split() == ["RELEASE", "RESULT", "IMAGE", "MEMORY", "CREATED", "BY", "WHAT"]
    assert run(daemon, "restart", "web", "--memory", "48M", "--", "say", "more", "wait").returncode == 0
    assert daemon.show(":web")["memory"] == "48"
    assert run(daemon, "rollback", "web", "x", check=False).returncode == 2
    unpublished = run(daemon, "update", "web", images["plain"], "--check", "http://localhost:1/", check=False)
    assert unpublished.returncode == 1 and "no port of it is published there" in unpublished.stderr


def test_a_loop_of_crashes_is_said(daemon, images):
    daemon.deploy(":web", images["plain"], "restart=always", args=("exit", "9"))
    assert until(lambda: daemon.show(":web")["state"] == "crash-loop", 30)
    assert "crash-loop" in run(daemon, "ps").stdout
    daemon.ask("stop", ":web")
    assert daemon.show(":web")["state"] == "stopped"
