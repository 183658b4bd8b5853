"""Networks of unikernels on the host's bridges, in a network namespace of this test: reached, kept apart, limited, told."""

import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import guest_frames as frames
from conftest import BIN, PREFIX
from daemon import Daemon, until
from guest_images import HERE, build_guest

WEB = PREFIX / "lib/bivy/demo/web.uk"
MAC, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000099")


def enter_namespace():
    """None, or why there is none. What the host has is not touched then."""
    if os.geteuid() != 0:
        return "bridges and namespaces need root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000) != 0:
        return f"no network namespace: {os.strerror(ctypes.get_errno())}"
    if subprocess.run(["ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        return "ip does not work"
    made = subprocess.run(["ip", "link", "add", "br0", "type", "bridge"], capture_output=True, text=True)
    return None if made.returncode == 0 else "no bridges: " + made.stderr.strip()


refusal = enter_namespace()
pytestmark = pytest.mark.skipif(refusal is not None, reason=refusal or "")


def ip(*arguments):
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def links():
    return {link["ifname"]: link for link in json.loads(ip("-j", "-d", "link"))}


class Host(Daemon):
    """A daemon that is spoken to as a user would."""

    def bivy(self, *arguments, check=True):
        done = subprocess.run([BIN / "bivy", *map(str, arguments[:1]), *map(str, arguments[1:])], capture_output=True,
                              text=True, env={**os.environ, "BIVY_RUN_DIR": str(self.run)}, timeout=60)
        assert not check or done.returncode == 0, (done.stderr, self.log.read_text())
        return done

    def json(self, *arguments):
        return json.loads(self.bivy(*arguments, "-o", "json").stdout)

    def run_image(self, name, image, net, *options, args=()):
        more = ["--", *args] if args else []
        self.bivy("deploy", name, image, "--net", f"service={net}", *options, *more)
        return self.net(name)

    def net(self, name):
        return self.json("show", name)["networks"][0]

    def trouble(self, name):
        return self.net(name)["trouble"]


@pytest.fixture(scope="module")
def forge():
    with tempfile.TemporaryDirectory(prefix="forge-") as folder:
        yield build_guest(folder, HERE / "guests" / "forge.c")


@pytest.fixture
def host():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyd-"))
    if "br0" in links():
        ip("link", "del", "br0")
    ip("link", "add", "br0", "address", "02:00:00:00:01:00", "type", "bridge")
    ip("addr", "add", "10.1.0.1/24", "dev", "br0")
    ip("link", "set", "br0", "up")
    host = Host(folder)
    yield host
    host.close()
    left = [name for name in links() if name.startswith("bv")]
    shutil.rmtree(folder, ignore_errors=True)
    assert not left


@pytest.fixture
def lan(host):
    host.bivy("network", "create", "lan", "--bridge", "br0", "--subnet", "10.1.0.0/24")
    return host


class Neighbour:
    """Another machine on br0: what reaches it is kept."""

    def __init__(self, mac=OTHER):
        ip("link", "add", "far0", "type", "veth", "peer", "name", "near0")
        ip("link", "set", "far0", "master", "br0", "up")
        ip("link", "set", "near0", "up")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("near0", 0))
        self.socket.settimeout(0.3)

    def take(self, source=None, quiet=0.5):
        """Frames with their times until none has come for a while; those from SOURCE alone."""
        found, self.socket_end = [], time.monotonic() + 15
        self.socket.settimeout(quiet)
        while time.monotonic() < self.socket_end:
            try:
                frame, address = self.socket.recvfrom(65536)
            except TimeoutError:
                break
            if address[2] != socket.PACKET_OUTGOING and (source is None or frame[6:12] == source):
                found.append((time.monotonic(), frame))
        return found

    def send(self, frame):
        self.socket.send(frame)

    def close(self):
        self.socket.close()
        ip("link", "del", "far0")


@pytest.fixture
def neighbour(host):
    neighbour = Neighbour()
    yield neighbour
    neighbour.close()


def get(address, port, path="/", seconds=20):
    """The answer's status, tried until the guest listens."""
    end = time.monotonic() + seconds
    while True:
        try:
            connection = http.client.HTTPConnection(address, port, timeout=5)
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sent(host, name):
    """The guest has sent all that it was told to."""
    return until(lambda: "sent" in host.bivy("logs", name, check=False).stdout)


def got(host, name):
    return [bytes.fromhex(line.split("got ")[1]) for line in host.bivy("logs", name).stdout.splitlines() if "got " in line]


def ethernet(body, kind=frames.IPV4, source=MAC, to=frames.BROADCAST):
    return frames.ethernet(to, source, kind, body).hex()


def test_a_guest_on_a_bridge_answers_its_host_and_is_what_show_says(lan):
    net = lan.run_image("web", WEB, "lan")
    assert net["ipv4"] == "10.1.0.10" and net["trouble"] is None
    tap = links()[net["interface"]]
    assert tap["master"] == "br0" and tap["ifalias"] == ":web" and "UP" in tap["flags"]
    assert get("10.1.0.10", 80) == 200
    lan.bivy("restart", "web")
    assert get("10.1.0.10", 80) == 200
    lan.bivy("destroy", "web", "--yes")
    assert net["interface"] not in links()


def test_ports_of_the_host_lead_to_a_guest_on_a_bridge(lan):
    every, one = free_port(), free_port()
    lan.run_image("web", WEB, "lan", "-p", f"{one}:80", "-p", f"0.0.0.0:{every}:80")
    assert get("127.0.0.1", one) == 200
    assert get("127.0.0.1", every) == 200 and get("10.1.0.1", every) == 200
    with socket.socket() as taken, pytest.raises(OSError):
        taken.bind(("127.0.0.1", one))
    lan.bivy("destroy", "web", "--yes")
    with pytest.raises(OSError):
        get("127.0.0.1", one, seconds=0)


def test_ports_need_an_address_that_is_known(host):
    done = host.bivy("deploy", "web", WEB, "--net", "service=bridge:br0", "-p", "0:80", check=False)
    assert done.returncode == 1 and "address on bridge br0 is not known" in done.stderr and "--subnet" in done.stderr


def test_a_bridge_of_its_own_comes_and_goes_with_the_network(host):
    host.bivy("network", "create", "dmz", "--bridge", "dmz0", "--own", "--subnet", "10.9.0.0/24", "--gateway", "10.9.0.254")
    assert "10.9.0.254/24" in ip("addr", "show", "dmz0")
    host.run_image("web", WEB, "dmz")
    assert get("10.9.0.10", 80) == 200
    listed = host.json("network", "ls")
    assert [(n["name"], n["kind"], n["used_by"], n["own"]) for n in listed] == [("dmz", "bridge", ["web"], True)]
    refused = host.bivy("network", "rm", "dmz", check=False)
    assert refused.returncode == 1 and "1 unikernels are attached" in refused.stderr
    host.kill()
    host.start()
    assert host.json("network", "ls")[0]["trouble"] is None
    host.bivy("destroy", "web", "--yes")
    host.bivy("network", "rm", "dmz")
    assert "dmz0" not in links() and host.json("network", "ls") == []


@pytest.mark.parametrize("options,reason", [
    (["--bridge", "nothing0"], "there is no interface nothing0"),
    (["--bridge", "lo"], "lo is not a bridge"),
    (["--bridge", "br0", "--own"], "there is an interface of this name"),
    (["--bridge", "br0", "--subnet", "10.1.0.5/24"], "a subnet is A.B.C.0/N"),
    (["--bridge", "br0", "--subnet", "10.1.0.0/30"], "a subnet is A.B.C.0/N"),
    (["--bridge", "br0", "--subnet", "10.1.0.0/24", "--gateway", "10.2.0.1"], "not an address of the subnet"),
    (["--gateway", "10.2.0.1"], "for bridges"),
    (["--bridge", "a-name-that-is-too-long"], "an interface's name"),
])
def test_networks_that_cannot_be_are_refused(host, options, reason):
    done = host.bivy("network", "create", "bad", *options, check=False)
    assert done.returncode == 1 and reason in done.stderr, done.stderr
    assert host.json("network", "ls") == []


def test_policies_bound_networks_by_their_labels(lan):
    lan.bivy("policy", "set", "tenant:", "--network", "user")
    done = lan.bivy("deploy", "tenant:web", WEB, "--net", "service=lan", check=False)
    assert done.returncode == 1 and "does not allow network lan" in done.stderr
    done = lan.bivy("deploy", "tenant:web", WEB, "--net", "service=bridge:br0", check=False)
    assert done.returncode == 1 and "does not allow network br0" in done.stderr
    lan.bivy("policy", "set", "tenant:", "--network", "user", "--network", "lan")
    assert lan.run_image("tenant:web", WEB, "lan")["ipv4"] == "10.1.0.10"


FORGED = {
    "another's hardware address": ethernet(frames.arp(1, OTHER, "10.1.0.10", bytes(6), "10.1.0.1"), frames.ARP, OTHER),
    "another's hardware address in ARP": ethernet(frames.arp(2, OTHER, "10.1.0.10", OTHER, "10.1.0.1"), frames.ARP),
    "another's address in ARP": ethernet(frames.arp(2, MAC, "10.1.0.1", OTHER, "10.1.0.50"), frames.ARP),
    "another's IPv4 address": ethernet(frames.udp("10.1.0.77", "255.255.255.255", 9, 9, b"x")),
    "a DHCP server's answer": ethernet(frames.udp("10.1.0.10", "255.255.255.255", 67, 68, b"x" * 240)),
    "the loopback": ethernet(frames.udp("10.1.0.10", "127.0.0.1", 9, 9, b"x")),
    "a router's advertisement": ethernet(frames.icmp6("fe80::ff:fe00:1", "ff02::1", 134, bytes(12)), frames.IPV6),
    "another's IPv6 address": ethernet(frames.udp("fe80::bad", "ff02::1", 9, 9, b"x"), frames.IPV6),
    "another's neighbour advertisement": ethernet(
        frames.icmp6("fe80::ff:fe00:1", "ff02::1", 136, struct.pack(">I", 0x20000000) + frames.packed("fe80::bad") +
                     b"\x02\x01" + MAC), frames.IPV6),
    "an advertisement of another's hardware": ethernet(
        frames.icmp6("fe80::ff:fe00:1", "ff02::1", 136, struct.pack(">I", 0x20000000) + frames.packed("fe80::ff:fe00:1") +
                     b"\x02\x01" + OTHER), frames.IPV6),
    "a tag": ethernet(struct.pack(">HH", 5, frames.IPV4) + frames.udp("10.1.0.10", "255.255.255.255", 9, 9, b"x"), 0x8100),
    "another protocol": ethernet(b"x" * 50, 0x88CC),
    "a bridge's own protocol": ethernet(b"x" * 50, 39, to=bytes.fromhex("0180c2000000")),
}
TRUE = {
    "ARP": ethernet(frames.arp(1, MAC, "10.1.0.10", bytes(6), "10.1.0.50"), frames.ARP),
    "IPv4": ethernet(frames.udp("10.1.0.10", "255.255.255.255", 9, 9, b"x" * 30)),
    "DHCP": ethernet(frames.udp("0.0.0.0", "255.255.255.255", 68, 67, b"x" * 240)),
    "IPv6": ethernet(frames.udp("fe80::ff:fe00:1", "ff02::1", 9, 9, b"x"), frames.IPV6),
    "advertisement": ethernet(
        frames.icmp6("fe80::ff:fe00:1", "ff02::1", 136, struct.pack(">I", 0x20000000) + frames.packed("fe80::ff:fe00:1") +
                     b"\x02\x01" + MAC), frames.IPV6),
}


def test_forged_frames_go_nowhere_and_true_ones_pass(lan, forge, neighbour):
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    listener.bind(("br0", 0))
    net = lan.run_image("liar", forge, "lan,mac=02:00:00:00:00:01", args=[*FORGED.values(), *TRUE.values()])
    assert net["ipv4"] == "10.1.0.10" and sent(lan, "liar")
    seen = {frame.hex() for _, frame in neighbour.take()}
    listener.settimeout(0.2)
    try:
        while True:
            seen.add(listener.recv(65536).hex())
    except TimeoutError:
        listener.close()
    assert [name for name, frame in FORGED.items() if frame in seen] == []
    assert [name for name, frame in TRUE.items() if frame not in seen] == []


def test_an_address_that_nobody_gave_is_not_checked_but_hardware_is(host, forge, neighbour):
    told = [FORGED["another's IPv4 address"], FORGED["another's hardware address in ARP"], FORGED["a DHCP server's answer"]]
    host.run_image("guest", forge, "bridge:br0,mac=02:00:00:00:00:01", args=told)
    assert sent(host, "guest")
    assert [told.index(frame.hex()) for _, frame in neighbour.take(MAC)] == [0]


def test_tenants_on_one_bridge_do_not_meet_and_neighbours_do(lan, forge):
    host = lan
    hello = ethernet(frames.udp("10.1.0.12", "255.255.255.255", 9, 9, b"hello"), source=bytes.fromhex("020000000003"))
    for name, mac in (("a:one", 1), ("b:two", 2)):
        host.run_image(name, forge, f"lan,mac=02:00:00:00:00:0{mac}")
        assert sent(host, name)
    net = host.run_image("b:three", forge, "lan,mac=02:00:00:00:00:03", args=[hello])
    assert net["ipv4"] == "10.1.0.12" and sent(host, "b:three")
    assert until(lambda: bytes.fromhex(hello) in got(host, "b:two"))
    assert bytes.fromhex(hello) not in got(host, "a:one")
    # And not by way of the host, if it routes.
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    bridge = bytes.fromhex(links()["br0"]["address"].replace(":", ""))
    around = [frames.ethernet(bridge, bytes.fromhex("020000000003"), frames.IPV4,
                              frames.udp("10.1.0.12", to, 9, 9, b"around")).hex() for to in ("10.1.0.10", "10.1.0.11")]
    for address, mac in (("10.1.0.10", 1), ("10.1.0.11", 2)):
        ip("neigh", "replace", address, "lladdr", f"02:00:00:00:00:0{mac}", "dev", "br0")
    host.bivy("deploy", "b:three", forge, "--force", "--net", "service=lan,mac=02:00:00:00:00:03", "--", *around)
    assert sent(host, "b:three")
    assert until(lambda: any(b"around" in frame for frame in got(host, "b:two")))
    assert not any(b"around" in frame for frame in got(host, "a:one"))
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("0")


def test_isolated_guests_reach_nobody_but_the_outside(host, forge, neighbour):
    hello = ethernet(frames.udp("10.1.0.11", "255.255.255.255", 9, 9, b"hello"), source=bytes.fromhex("020000000002"))
    host.bivy("network", "create", "alone", "--bridge", "br0", "--subnet", "10.1.0.0/24", "--isolate")
    host.run_image("one", forge, "alone,mac=02:00:00:00:00:01")
    assert sent(host, "one")
    host.run_image("two", forge, "alone,mac=02:00:00:00:00:02", args=[hello])
    assert sent(host, "two") and links()[host.net("two")["interface"]]["linkinfo"]["info_slave_data"]["isolated"]
    assert hello in [frame.hex() for _, frame in neighbour.take()]
    assert bytes.fromhex(hello) not in got(host, "one")


def bounded(times, rate, bucket):
    """Whether that many could pass: the bucket, and what came into it from the first to the last."""
    return len(times) <= bucket + (times[-1] - times[0]) * rate + 2


@pytest.mark.parametrize("limit,rate,bucket", [(["--packets", "20"], 20, 20), (["--bytes", "20000"], 108, 108)])
def test_a_burst_passes_a_bridge_only_as_far_as_the_bucket_goes(host, forge, neighbour, limit, rate, bucket):
    host.bivy("network", "create", "slow", "--bridge", "br0", "--subnet", "10.1.0.0/24", *limit)
    burst = ethernet(frames.udp("10.1.0.10", "255.255.255.255", 9, 9, b"x" * 158))
    assert len(burst) == 2 * 200
    host.run_image("guest", forge, "slow,mac=02:00:00:00:00:01", args=[burst + "*1500"])
    assert sent(host, "guest")
    times = [when for when, frame in neighbour.take(MAC, quiet=1)]
    assert bucket // 2 <= len(times) and bounded(times, rate, bucket), len(times)
    # And the other way.
    back = frames.ethernet(MAC, OTHER, frames.IPV4, frames.udp("10.1.0.9", "10.1.0.10", 9, 9, b"y" * 158))
    began = time.monotonic()
    for _ in range(1500):
        neighbour.send(back)
    took = time.monotonic() - began
    assert until(lambda: back[:96] in got(host, "guest"))
    time.sleep(0.3)
    arrived = sum(frame == back[:96] for frame in got(host, "guest"))
    assert arrived <= bucket + took * rate + 2


def test_taps_are_adopted_after_a_crash_and_what_is_left_over_goes(lan):
    one, two = free_port(), free_port()
    kept = lan.run_image("kept", WEB, "lan", "-p", f"{one}:80")
    lost = lan.run_image("lost", WEB, "lan", "-p", f"{two}:80", "--restart", "never")
    assert get("127.0.0.1", one) == 200
    pid = lan.json("show", "kept")["pid"]
    lan.kill()
    # While there is no daemon: a guest ends, and something is left lying about under a name of ours.
    os.kill(lan_pid(lost["interface"]), signal.SIGKILL)
    stray = kept["interface"][:7] + "abcdef.0"
    ip("tuntap", "add", stray, "mode", "tap")
    assert get("127.0.0.1", one) == 200 and stray in links()
    lan.start()
    assert until(lambda: stray not in links())
    again = lan.json("show", "kept")
    assert again["pid"] == pid and again["networks"][0] == kept
    assert get("127.0.0.1", one) == 200 and get(kept["ipv4"], 80) == 200
    assert until(lambda: [name for name in links() if name.startswith("bv")] == [kept["interface"]])
    lan.bivy("destroy", "kept", "--yes")
    with pytest.raises(OSError):
        get("127.0.0.1", one, seconds=0)


def lan_pid(tap):
    """The process that holds the tap."""
    for info in pathlib.Path("/proc").glob("[0-9]*/fdinfo/*"):
        try:
            if f"iff:\t{tap}\n" in info.read_text():
                return int(info.parts[2])
        except OSError:
            continue
    raise AssertionError(f"nobody holds {tap}")


@pytest.mark.parametrize("change,undo,said", [
    (["link", "set", "br0", "down"], ["link", "set", "br0", "up"], "bridge br0 is down"),
    (["link", "set", "br0", "name", "br7"], ["link", "set", "br7", "name", "br0"], "bridge br0 is called br7 now"),
    (["link", "set", "br0", "mtu", "1400"], ["link", "set", "br0", "mtu", "1500"], "an MTU of 1400, the guest one of 1500"),
    (["link", "set", "TAP", "down"], ["link", "set", "TAP", "up"], "is down"),
    (["link", "set", "TAP", "nomaster"], ["link", "set", "TAP", "master", "br0"], "no longer on bridge br0"),
    (["link", "del", "br0"], None, "bridge br0 is gone"),
])
def test_what_happens_to_a_bridge_is_told_and_breaks_nothing_else(lan, change, undo, said):
    net = lan.run_image("web", WEB, "lan")
    assert get("10.1.0.10", 80) == 200
    pid = lan.json("show", "web")["pid"]
    ip(*[word.replace("TAP", net["interface"]) for word in change])
    assert until(lambda: said in (lan.trouble("web") or "")), lan.trouble("web")
    assert said in lan.bivy("show", "web").stdout
    events = lan.bivy("events", "web").stdout
    assert any(" network " in line and said in line for line in events.splitlines()), events
    if undo:
        ip(*[word.replace("TAP", net["interface"]) for word in undo])
        assert until(lambda: lan.trouble("web") is None)
        assert get("10.1.0.10", 80) == 200
        assert "all right again" in lan.bivy("events", "web").stdout
    else:
        assert lan.json("network", "ls")[0]["trouble"] == "there is no interface br0"
        refused = lan.bivy("deploy", "second", WEB, "--net", "service=lan", check=False)
        assert refused.returncode == 1 and "br0" in refused.stderr
    assert lan.json("show", "web")["pid"] == pid and lan.json("show", "web")["state"] == "running"


def nft_flush():
    """`nft flush ruleset` as the kernel sees it: tables of every family are deleted."""
    begin = struct.pack("=IHHII4s", 20, 16, 1, 1, 0, b"\0\0\0\12")
    delete = struct.pack("=IHHII4s", 20, 10 << 8 | 2, 5, 2, 0, b"\0\0\0\0")
    end = struct.pack("=IHHII4s", 20, 17, 1, 3, 0, b"\0\0\0\12")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as peer:
        peer.send(begin + delete + end)
        assert struct.unpack_from("=i", peer.recv(4096), 16)[0] == 0


def test_a_filter_that_somebody_flushes_is_put_back(lan, forge, neighbour):
    port = free_port()
    lan.run_image("web", WEB, "lan", "-p", f"{port}:80")
    assert get("127.0.0.1", port) == 200
    nft_flush()
    assert until(lambda: "put back" in lan.bivy("events", "web").stdout)
    assert get("127.0.0.1", port) == 200
    assert lan.trouble("web") is None
    # A second look finds nothing to do.
    time.sleep(0.3)
    assert lan.bivy("events", "web").stdout.count("put back") == 1


def test_a_guest_is_told_its_bridges_mtu(lan, forge):
    ip("link", "set", "br0", "mtu", "1400")
    lan.run_image("guest", forge, "lan")
    assert sent(lan, "guest") and "mtu 1400" in lan.bivy("logs", "guest").stdout


def test_a_user_network_may_have_long_packets(host, forge):
    host.bivy("network", "create", "fast", "--subnet", "10.5.0.0/24", "--mtu", "9000")
    port = free_port()
    host.run_image("guest", forge, "fast")
    assert sent(host, "guest") and "mtu 9000" in host.bivy("logs", "guest").stdout
    host.run_image("web", WEB, "fast", "-p", f"{port}:80")
    assert get("127.0.0.1", port) == 200
    # Another of the same name, at once.
    host.bivy("destroy", "web", "guest", "--yes")
    host.bivy("network", "rm", "fast")
    host.bivy("network", "create", "fast", "--subnet", "10.6.0.0/24")
    assert host.run_image("web", WEB, "fast", "-p", f"{port}:80")["ipv4"] == "10.6.0.10"
    assert get("127.0.0.1", port) == 200


def test_one_hardware_address_is_on_a_bridge_once(lan, forge):
    lan.run_image("one", forge, "lan,mac=02:00:00:00:00:01")
    done = lan.bivy("deploy", "two", forge, "--net", "service=lan,mac=02:00:00:00:00:01", check=False)
    assert done.returncode == 1 and "has the same hardware address" in done.stderr
    done = lan.bivy("deploy", "two", forge, "--net", "service=lan,mac=03:00:00:00:00:01", check=False)
    assert done.returncode != 0


def test_user_networks_have_addresses_names_and_limits_of_their_own(host, forge):
    host.bivy("network", "create", "back", "--subnet", "10.77.0.0/24", "--packets", "20")
    net = host.run_image("t:web", WEB, "back")
    assert net["ipv4"] == "10.77.0.10" and net["interface"] is None
    asker = bytes.fromhex("020000000005")
    switch = bytes.fromhex("5254000a4d00")
    questions = ["web", "web.t", "web.t.internal", "nobody.internal"]
    gateway = "10.77.0.1"
    told = [ethernet(frames.arp(1, asker, "10.77.0.11", bytes(6), "10.77.0.3"), frames.ARP, asker)]
    host.run_image("t:asker", forge, "back,mac=02:00:00:00:00:05", args=told)
    answer = until(lambda: [f for f in got(host, "t:asker") if f[12:14] == b"\x08\x06"])
    resolver = answer[0][22:28]
    told = [frames.ethernet(resolver, asker, frames.IPV4, frames.udp("10.77.0.11", "10.77.0.3", 1000 + i, 53, ask(name)))
            .hex() for i, name in enumerate(questions)]
    host.bivy("deploy", "t:asker", forge, "--force", "--net", "service=back,mac=02:00:00:00:00:05", "--", *told)
    answers = until(lambda: (lambda f: f if len(f) == 4 else None)(
        {struct.unpack(">H", frame[36:38])[0] - 1000: frame for frame in got(host, "t:asker") if frame[12:14] == b"\x08\x00"}))
    web = bytes([10, 77, 0, 10])
    assert [answers[i].endswith(web) or web in answers[i][54:] for i in range(4)] == [True, True, True, False]
    assert answers[3][45] & 15 == 3
    # A burst to the resolver: answered only as far as the bucket goes.
    burst = told[0] + "*500"
    host.bivy("deploy", "t:asker", forge, "--force", "--net", "service=back,mac=02:00:00:00:00:05", "--", burst)
    assert sent(host, "t:asker")
    time.sleep(0.5)
    assert 10 <= len([f for f in got(host, "t:asker") if f[12:14] == b"\x08\x00"]) <= 40


def ask(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def test_an_ordinary_users_daemon_says_why_it_has_no_bridges():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bivyd-"))
    os.chown(folder, 65534, 65534)
    host = Host(folder, user=65534, group=65534, extra_groups=[])
    try:
        as_nobody = lambda *words: subprocess.run(
            [BIN / "bivy", *words, "--run-dir", host.run], capture_output=True, text=True, user=65534, group=65534,
            extra_groups=[])
        done = as_nobody("network", "create", "lan", "--bridge", "br0")
        assert done.returncode == 1 and "only a daemon of root's" in done.stderr and "--bridge" in done.stderr
        done = as_nobody("deploy", "web", WEB, "--net", "service=bridge:br0")
        assert done.returncode == 1 and ("not root's" in done.stderr or "does not allow" in done.stderr)
        assert as_nobody("network", "create", "own", "--subnet", "10.66.0.0/24").returncode == 0
        assert as_nobody("deploy", "web", WEB, "--net", "service=own").returncode == 0
        assert as_nobody("destroy", "web", "--yes").returncode == 0
    finally:
        host.process.terminate()
        host.process.wait(20)
        subprocess.run([BIN / "bivy", "down", "--run-dir", host.run, "--state-dir", host.state], user=65534, group=65534,
                       extra_groups=[], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_albatross_bridges_are_taps_on_what_the_policy_lists(host, forge):
    done = host.ask("create", ":web", f"image={forge}", "net=service:br0", check=True)
    assert "created unikernel" in done.text
    net = host.net("web")
    assert net["network"] == "bridge:br0" and links()[net["interface"]]["master"] == "br0"
    assert net["mac"] == host.json("show", "web")["networks"][0]["mac"] and sent(host, "web")
    refused = host.ask("create", ":other", f"image={forge}", "net=service:nothing0", check=False)
    assert refused.status != 0 and "nothing0" in refused.error + refused.text
    host.bivy("policy", "set", "t:", "--network", "user")
    refused = host.ask("create", "t:web", f"image={forge}", "net=service:br0", check=False)
    assert refused.status != 0 and "does not allow network br0" in refused.error + refused.text


@pytest.mark.parametrize("check,health", [("http:80/", "passing"), ("http:80/nothing", "failing"), ("tcp:80", "passing"),
                                          ("tcp:81", "failing")])
def test_a_guest_on_a_bridge_is_asked_whether_it_works(lan, check, health):
    lan.run_image("web", WEB, "lan", "--check", check, "--check-interval", "100", "--check-retries", "2")
    assert until(lambda: lan.json("show", "web")["health"] == health), lan.json("show", "web")
    refused = lan.bivy("deploy", "other", WEB, "--net", "service=bridge:br0", "--check", check, check=False)
    assert refused.returncode == 1 and "address on bridge br0 is not known" in refused.stderr


def test_the_roots_policy_follows_the_hosts_bridges(host):
    ip("link", "add", "late0", "type", "bridge")
    listed = lambda: host.json("policy", "ls")[0]["networks"]
    assert until(lambda: "late0" in listed())
    ip("link", "del", "late0")
    assert until(lambda: "late0" not in listed())


def test_a_neighbour_cannot_get_at_the_loopback_through_a_forward(lan, neighbour):
    port = free_port()
    lan.run_image("web", WEB, "lan", "-p", f"{port}:80")
    assert get("127.0.0.1", port) == 200
    bridge = bytes.fromhex(links()["br0"]["address"].replace(":", ""))
    ip("neigh", "replace", "10.1.0.50", "lladdr", OTHER.hex(":"), "dev", "br0")
    ask = [frames.ethernet(bridge, OTHER, frames.IPV4, frames.tcp("10.1.0.50", to, 4000, number, 1, 0, frames.SYN))
           for to, number in (("127.0.0.1", port), ("127.0.0.1", 9), ("10.1.0.1", 9))]
    for frame in ask:
        neighbour.send(frame)
    answered = [frame[26:30] for _, frame in neighbour.take() if frame[12:14] == b"\x08\x00" and frame[23] == frames.TCP]
    assert answered == [frames.packed("10.1.0.1")], "refused by the host, and nothing from elsewhere"


def test_doctor_says_which_networks_there_are():
    checks = {one["name"]: one for one in json.loads(subprocess.run(
        [BIN / "bivy", "doctor", "-o", "json"], capture_output=True, text=True).stdout)}
    assert checks["networks"]["found"] == "user, bridge" and checks["networks"]["verdict"] == "ok"
    checks = {one["name"]: one for one in json.loads(subprocess.run(
        [BIN / "bivy", "doctor", "-o", "json"], capture_output=True, text=True, user=65534, group=65534, extra_groups=[],
        env={**os.environ, "HOME": "/nonexistent"}).stdout)}
    assert checks["networks"]["found"].startswith("user; not bridge:") and "sudo" in checks["networks"]["fix"]
    assert "bivybr" not in links() and "bivytap" not in links()
