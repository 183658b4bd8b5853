"""What the test machine must offer to the tests that run inside it."""

import os

import pytest

pytestmark = pytest.mark.skipif("BIVY_MACHINE" not in os.environ, reason="runs inside the test machine")


def test_kvm_opens():
    os.close(os.open("/dev/kvm", os.O_RDWR))


def test_cgroup_v2_has_the_controllers_limits_need():
    controllers = open("/sys/fs/cgroup/cgroup.controllers").read().split()
    assert {"memory", "cpu", "pids", "io"} <= set(controllers)


def test_taps_can_be_made():
    os.close(os.open("/dev/net/tun", os.O_RDWR))
