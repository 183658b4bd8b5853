"""What the test machine must offer to the tests that run inside it."""

import os
import pathlib
import subprocess
import time

import pytest

from conftest import BIN
from guest_images import images

pytestmark = pytest.mark.skipif("BIVY_MACHINE" not in os.environ, reason="runs inside the test machine")


def test_kvm_opens():
    os.close(os.open("/dev/kvm", os.O_RDWR))


def test_cgroup_v2_has_the_controllers_limits_need():
    controllers = open("/sys/fs/cgroup/cgroup.controllers").read().split()
    assert {"memory", "cpu", "pids", "io"} <= set(controllers)


def test_taps_can_be_made():
    os.close(os.open("/dev/net/tun", os.O_RDWR))


@pytest.mark.parametrize("way", ["process", "vm"])
def test_a_unikernel_starts_in_its_cgroup_and_on_its_processor(images, way):
    group = pathlib.Path("/sys/fs/cgroup/bivy-test")
    group.mkdir()
    process = subprocess.Popen([BIN / "bivy", "run", "--as", way, "--cpu", "0", "--cgroup", group, images / "two.uk"],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        # Some kernels have a thread of their own for each machine, which is in the group, too.
        names = {pid: pathlib.Path(f"/proc/{pid}/comm").read_text() for pid in (group / "cgroup.procs").read_text().split()}
        pids = [pid for pid, name in names.items() if name.startswith("bivy-")]
        assert len(pids) == 1
        assert os.sched_getaffinity(int(pids[0])) == {0}
        assert pathlib.Path(f"/proc/{pids[0]}/cgroup").read_text() == "0::/bivy-test\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)
    for _ in range(100):
        if not (group / "cgroup.procs").read_text():
            break
        time.sleep(0.05)
    group.rmdir()
