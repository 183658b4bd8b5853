"""bivy-net as its parent and its guests see it: a control socket, ports of raw frames, and the host around it."""

import ipaddress
import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

import pytest

import guest_frames as frames
from conftest import BIN
from guest_frames import Connection, Guest

CONFIGURE, PORT_ADD, PORT_REMOVE, LISTEN_ADD, LISTEN_REMOVE, QUERY = range(1, 7)
LOOPBACK, NO_EGRESS = 1, 2
NETWORK = struct.Struct("=4sB3x16s4s16sIHH256s")
PORT = struct.Struct("=Q256s6s4s16s6x5Q")
LISTEN = struct.Struct("=QQHB5x")
PREFIX6 = ipaddress.ip_address("fdb1:700a::").packed
GATEWAY, RESOLVER = "10.0.2.1", "10.0.2.3"
GATEWAY6, RESOLVER6 = "fdb1:700a::1", "fdb1:700a::3"


class Switch:
    def __init__(self, **config):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(20)
        self.control, self.sequence, self.numbers = ours, 0, 0
        self.process = subprocess.Popen([BIN / "bivy-net", f"--control=@{theirs.fileno()}"], pass_fds=[theirs.fileno()])
        theirs.close()
        self.configure(**config)

    def request(self, op, body, fd=None):
        """The reply's error, text, port and network."""
        self.sequence += 1
        message = struct.pack("=IIQ", 1, op, self.sequence) + body.ljust(PORT.size, b"\0")
        socket.send_fds(self.control, [message], [fd] if fd is not None else [])
        reply = self.control.recv(4096)
        version, error, sequence = struct.unpack_from("=IiQ", reply)
        assert version == 1 and sequence == self.sequence
        port = PORT.unpack_from(reply, 16)
        return error, reply[16 + PORT.size + NETWORK.size:].split(b"\0")[0].decode(), port

    def ask(self, op, body, fd=None):
        error, text, port = self.request(op, body, fd)
        assert error == 0, text
        return port

    def configure(self, resolver="0.0.0.0", resolver_port=0, grants=0, mtu=0):
        self.ask(CONFIGURE, NETWORK.pack(bytes(4), 0, bytes(16), frames.packed(resolver), bytes(16), grants, mtu,
                                         resolver_port, b""))

    def add_port(self, name, ipv4="0.0.0.0", number=None, mac=None):
        """A guest on a new port, which knows its addresses."""
        if number is None:
            self.numbers += 1
            number = self.numbers
        mac = mac or bytes([2, 0, 0, 0, 0, number])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        port = self.ask(PORT_ADD, PORT.pack(number, name.encode(), mac, frames.packed(ipv4), bytes(16), *[0] * 5),
                        theirs.fileno())
        theirs.close()
        guest = Guest(ours, mac, str(ipaddress.ip_address(port[3])), str(ipaddress.ip_address(port[4])))
        guest.number = number
        return guest

    def listen(self, guest, port, protocol="tcp", number=1):
        """The host's address at which PORT of GUEST can be reached from now on."""
        host = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        host.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            host.listen(64)
        self.ask(LISTEN_ADD, LISTEN.pack(number, guest.number, port, 1 if protocol == "tcp" else 2), host.fileno())
        address = host.getsockname()
        host.close()
        return address

    def counters(self, guest):
        """Packets and bytes to the guest, packets and bytes from it, dropped."""
        return self.ask(QUERY, PORT.pack(guest.number, b"", bytes(6), bytes(4), bytes(16), *[0] * 5))[5:]

    def remove(self, guest):
        self.ask(PORT_REMOVE, PORT.pack(guest.number, b"", bytes(6), bytes(4), bytes(16), *[0] * 5))

    def close(self):
        self.control.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture
def start():
    """Starts switches; each ends by itself, without an error, when its control socket is closed."""
    switches = []

    def begin(**config):
        switches.append(Switch(**config))
        return switches[-1]

    yield begin
    for switch in switches:
        switch.close()


@pytest.fixture
def echo_server():
    """A TCP and a UDP server on the host's loopback that send back what they get, on both IP versions."""
    stop = threading.Event()
    opened = []

    def serve(address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        tcp = socket.create_server((address, 0), family=family)
        port = tcp.getsockname()[1]
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, port))
        opened.extend([tcp, udp])

        def tcp_loop():
            while not stop.is_set():
                try:
                    client, _ = tcp.accept()
                except OSError:
                    return
                with client:
                    while data := client.recv(65536):
                        client.sendall(data)

        def udp_loop():
            while not stop.is_set():
                try:
                    data, source = udp.recvfrom(65536)
                    udp.sendto(data, source)
                except (OSError, TypeError):  # closed: there is no source any more
                    return

        for loop in (tcp_loop, udp_loop):
            threading.Thread(target=loop, daemon=True).start()
        return port

    yield serve
    stop.set()
    for each in opened:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        each.close()


def read_all(client):
    data = b""
    while part := client.recv(65536):
        data += part
    return data


def test_dhcp_gives_the_ports_address(start):
    guest = start().add_port("web", "10.0.2.20")
    guest.send_ip(frames.dhcp(1, guest.mac), frames.BROADCAST)
    offer = guest.receive(lambda p: p.to_port == 68)
    address, options = frames.dhcp_options(offer.data)
    assert (address, options[53]) == ("10.0.2.20", b"\2")
    guest.send_ip(frames.dhcp(3, guest.mac, options=b"\x32\4" + frames.packed(address)), frames.BROADCAST)
    address, options = frames.dhcp_options(guest.receive(lambda p: p.to_port == 68).data)
    assert options[53] == b"\5" and address == "10.0.2.20"
    assert options[3] == frames.packed(GATEWAY) and options[6] == frames.packed(RESOLVER)
    assert options[12] == b"web" and options[15] == b"internal" and options[26] == b"\x05\xdc"


def test_a_name_keeps_its_address(start):
    switch = start()
    first = switch.add_port("web")
    switch.add_port("other")
    switch.remove(first)
    switch.add_port("third")
    assert switch.add_port("web").ipv4 == first.ipv4


def test_arp_and_echo_at_the_gateway(start):
    guest = start().add_port("web")
    guest.send(frames.ARP, frames.arp(1, guest.mac, guest.ipv4, bytes(6), GATEWAY), frames.BROADCAST)
    assert guest.receive(lambda p: p.kind == frames.ARP).body[8:14] == guest.gateway_mac
    guest.send_ip(frames.echo(guest.ipv4, GATEWAY))
    assert guest.receive(lambda p: p.protocol == frames.ICMP).body[0] == 0


def test_ipv6_configuration_and_echo_at_the_gateway(start):
    guest = start().add_port("web")
    guest.send_ip(frames.icmp6("fe80::ff:fe00:1", "ff02::2", 133, bytes(4)), b"\x33\x33\0\0\0\2")
    advertisement = guest.receive(lambda p: p.protocol == frames.ICMP6 and p.body[0] == 134)
    assert PREFIX6[:8] in advertisement.body and guest.ipv6 == "fdb1:700a::ff:fe00:1"
    guest.send_ip(frames.echo(guest.ipv6, GATEWAY6))
    assert guest.receive(lambda p: p.protocol == frames.ICMP6 and p.body[0] == 129) is not None


def test_a_fragmented_echo_is_put_together(start):
    guest = start().add_port("web")
    whole = frames.echo(guest.ipv6, GATEWAY6, data=bytes(100))
    head, body = whole[:40], whole[40:]
    for offset, more, part in ((0, 1, body[:64]), (64, 0, body[64:])):
        fragment = struct.pack(">BBHI", frames.ICMP6, 0, offset | more, 7) + part
        guest.send_ip(head[:4] + struct.pack(">HBB", len(fragment), 44, 64) + head[8:] + fragment)
    assert len(guest.receive(lambda p: p.protocol == frames.ICMP6 and p.body[0] == 129).body) == 108


def test_guests_reach_each_other(start):
    switch = start()
    a, b = switch.add_port("a"), switch.add_port("b")
    a.send_ip(frames.udp(a.ipv4, b.ipv4, 1, 2, b"hello"), b.mac)
    assert b.receive(lambda p: p.protocol == frames.UDP).data == b"hello"


def test_names_of_the_network_resolve(start):
    switch = start()
    web, db = switch.add_port("web"), switch.add_port("db.shop")
    assert web.ask_dns(frames.dns("db.shop"), RESOLVER)[-4:] == frames.packed(db.ipv4)
    assert web.ask_dns(frames.dns("DB.shop.internal", 28), RESOLVER)[-16:] == frames.packed(db.ipv6)
    assert web.ask_dns(frames.dns("db.shop"), RESOLVER6)[-4:] == frames.packed(db.ipv4)
    assert web.ask_dns(frames.dns("none.internal"), RESOLVER)[3] & 15 == 3


def test_other_names_are_asked_of_the_hosts_resolver(start):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    guest = start(resolver="127.0.0.1", resolver_port=server.getsockname()[1]).add_port("web")
    guest.send_ip(frames.udp(guest.ipv4, RESOLVER, 5353, 53, frames.dns("example.org", identifier=0xBEEF)))
    query, source = server.recvfrom(512)
    server.sendto(frames.dns_answer(query, "192.0.2.7"), source)
    answer = guest.receive(lambda p: p.from_port == 53).data
    assert answer[:2] == b"\xbe\xef" and answer[-4:] == frames.packed("192.0.2.7")


def test_other_names_fail_without_a_resolver(start):
    guest = start().add_port("web")
    assert guest.ask_dns(frames.dns("example.org"), RESOLVER)[3] & 15 == 2


def test_an_inbound_connection_carries_both_ways(start):
    switch = start()
    guest = switch.add_port("web")
    guest.announce()
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    connection = Connection.accept(guest, 80)
    client.sendall(b"question")
    assert connection.receive(8) == b"question"
    connection.send(b"answer")
    assert client.recv(100) == b"answer"


def test_a_connection_outlives_the_stacks_timers(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    connection = Connection.accept(guest, 80)
    time.sleep(1.3)  # once round for all of them
    connection.send(b"still here")
    assert client.recv(100) == b"still here"


def test_half_closing_passes_through(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    connection = Connection.accept(guest, 80)
    client.sendall(b"all")
    client.shutdown(socket.SHUT_WR)
    assert connection.receive(100) == b"all" and connection.ended
    connection.send(b"the answer")
    connection.end()
    assert read_all(client) == b"the answer"


def test_a_client_is_kept_until_the_guest_has_started(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    client.sendall(b"early")
    time.sleep(0.3)
    while guest.receive(timeout=0):  # what came while the guest did not run is lost
        pass
    guest.announce()
    assert Connection.accept(guest, 80).receive(5) == b"early"


def test_a_guest_that_refuses_while_it_starts_is_asked_again(start):
    switch = start()
    guest = switch.add_port("web")
    guest.announce()
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    syn = guest.receive(lambda p: p.flags == frames.SYN)
    guest.send_ip(frames.tcp(guest.ipv4, GATEWAY, 80, syn.from_port, 0, syn.sequence + 1, frames.RST | frames.ACK))
    connection = Connection.accept(guest, 80)
    connection.send(b"now")
    assert client.recv(10) == b"now"


def test_a_guest_that_resets_resets_its_client(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    connection = Connection.accept(guest, 80)
    client.sendall(b"x")
    connection.receive(1)
    connection.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_guest_that_speaks_only_ipv6_is_reached(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=5)
    guest.send_ip(frames.icmp6("fe80::ff:fe00:1", "ff02::2", 133, bytes(4)), b"\x33\x33\0\0\0\2")
    syn = guest.receive(lambda p: p.kind == frames.IPV6 and p.flags == frames.SYN)
    assert syn.to == guest.ipv6 and syn.source == GATEWAY6
    client.close()


def test_a_large_answer_arrives_whole(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=20)
    connection = Connection.accept(guest, 80)
    data = os.urandom(40000)
    for at in range(0, len(data), 1000):
        connection.send(data[at:at + 1000])
    connection.end()
    assert read_all(client) == data


def test_a_large_request_arrives_whole(start):
    switch = start()
    guest = switch.add_port("web")
    client = socket.create_connection(switch.listen(guest, 80), timeout=20)
    connection = Connection.accept(guest, 80)
    data = os.urandom(300000)
    sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    sender.start()
    assert connection.receive(len(data) + 1) == data
    sender.join()


def test_inbound_datagrams_find_their_way_back(start):
    switch = start()
    guest = switch.add_port("dns")
    guest.announce()
    address = switch.listen(guest, 53, "udp")
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for number, client in enumerate(clients):
        client.settimeout(5)
        client.sendto(bytes([number]), address)
    for _ in clients:
        packet = guest.receive(lambda p: p.protocol == frames.UDP)
        guest.send_ip(frames.udp(guest.ipv4, packet.source, 53, packet.from_port, packet.data * 3))
    assert [client.recv(10) for client in clients] == [b"\0\0\0", b"\1\1\1"]


@pytest.mark.parametrize("gateway,loopback", [(GATEWAY, "127.0.0.1"), (GATEWAY6, "::1")])
def test_the_hosts_loopback_is_reached_when_granted(start, echo_server, gateway, loopback):
    port = echo_server(loopback)
    guest = start(grants=LOOPBACK).add_port("web")
    connection = Connection.connect(guest, gateway, port)
    connection.send(b"out")
    assert connection.receive(3) == b"out"
    guest.send_ip(frames.udp(guest.address_for(gateway), gateway, 9, port, b"datagram"))
    assert guest.receive(lambda p: p.protocol == frames.UDP).data == b"datagram"


@pytest.mark.parametrize("gateway,loopback", [(GATEWAY, "127.0.0.1"), (GATEWAY6, "::1")])
def test_the_hosts_loopback_is_refused_otherwise(start, echo_server, gateway, loopback):
    port = echo_server(loopback)
    guest = start().add_port("web")
    assert Connection.connect(guest, gateway, port) is None
    guest.send_ip(frames.udp(guest.address_for(gateway), gateway, 9, port, b"datagram"))
    assert guest.receive(lambda p: p.protocol == frames.UDP, timeout=0.5) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::5"])
def test_addresses_of_nobody_outside_are_dropped(start, echo_server, address):
    port = echo_server("127.0.0.1")
    switch = start(grants=LOOPBACK)
    guest = switch.add_port("web")
    assert Connection.connect(guest, address, port, timeout=0.3) is None
    assert switch.counters(guest)[4] == 1


def own_address():
    """An address of this machine that is not its loopback, found without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no route to anywhere")
        return probe.getsockname()[0]


def test_the_way_out_is_open_and_can_be_closed(start, echo_server):
    address = own_address()
    port = echo_server(address)
    connection = Connection.connect(start().add_port("web"), address, port)
    connection.send(b"out")
    assert connection.receive(3) == b"out"
    assert Connection.connect(start(grants=NO_EGRESS).add_port("web"), address, port, timeout=0.3) is None


def test_another_source_is_dropped_and_counted(start):
    switch = start()
    a, b = switch.add_port("a"), switch.add_port("b")
    a.send_ip(frames.udp(b.ipv4, GATEWAY, 1, 2, b"not mine"))
    a.socket.send(frames.ethernet(b.mac, b.mac, frames.IPV4, frames.udp(a.ipv4, b.ipv4, 1, 2, b"not mine")))
    a.send(frames.ARP, frames.arp(2, a.mac, b.ipv4, b.mac, GATEWAY))
    a.send_ip(frames.echo(a.ipv4, GATEWAY))
    assert a.receive(lambda p: p.protocol == frames.ICMP) is not None
    assert switch.counters(a)[4] == 3


def test_a_removed_port_is_closed_and_the_others_live(start):
    switch = start()
    a, b = switch.add_port("a"), switch.add_port("b")
    address = switch.listen(a, 80)
    client = socket.create_connection(address, timeout=5)
    Connection.accept(a, 80)
    switch.remove(a)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    b.send_ip(frames.echo(b.ipv4, GATEWAY))
    assert b.receive(lambda p: p.protocol == frames.ICMP) is not None


def test_a_guest_started_again_keeps_its_listeners(start):
    switch = start()
    guest = switch.add_port("web")
    address = switch.listen(guest, 80)
    guest.socket.close()
    again = switch.add_port("web", number=guest.number)
    client = socket.create_connection(address, timeout=5)
    Connection.accept(again, 80).send(b"again")
    assert client.recv(10) == b"again" and again.ipv4 == guest.ipv4


def test_a_guest_that_reads_nothing_loses_frames_and_stops_nobody(start):
    switch = start()
    deaf, guest = switch.add_port("deaf"), switch.add_port("guest")
    for _ in range(3000):
        guest.send_ip(frames.udp(guest.ipv4, deaf.ipv4, 1, 2, bytes(1000)), deaf.mac)
    guest.send_ip(frames.echo(guest.ipv4, GATEWAY))
    assert guest.receive(lambda p: p.protocol == frames.ICMP) is not None
    assert switch.counters(deaf)[4] > 0


def test_the_switch_is_locked_in(start):
    if b"__asan_init" in (BIN / "bivy-net").read_bytes():
        pytest.skip("sanitizers need what the jail takes away")
    switch = start()
    switch.add_port("web")  # it answers: it is in its jail
    process = pathlib.Path("/proc") / str(switch.process.pid)
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert all(int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"))
    # An ordinary user may empty the bounding set only in a user namespace, which a machine may refuse.
    jailed = os.readlink(process / "ns/user") != os.readlink("/proc/self/ns/user")
    assert not (jailed or os.geteuid() == 0) or int(status["CapBnd"], 16) == 0
    try:
        assert not jailed or list((process / "root").iterdir()) == []
    except PermissionError:
        pass  # this user may not look
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("name,mac,ipv4,reason", [
    ("web", b"\2\0\0\0\0\x63", "0.0.0.0", "another port has its name"),
    ("new", b"\2\0\0\0\0\1", "0.0.0.0", "another port has its hardware address"),
    ("new", b"\3\0\0\0\0\1", "0.0.0.0", "hardware address is a group's"),
    ("new", b"\2\0\0\0\0\x63", "10.0.3.9", "not one for guests"),
    ("new", b"\2\0\0\0\0\x63", "10.0.2.9", "another port has it"),
    ("a..b", b"\2\0\0\0\0\x63", "0.0.0.0", "single dots"),
])
def test_a_port_that_cannot_be_is_refused_with_a_reason(start, name, mac, ipv4, reason):
    switch = start()
    switch.add_port("web", "10.0.2.9", number=1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    error, text, _ = switch.request(PORT_ADD, PORT.pack(99, name.encode(), mac, frames.packed(ipv4), bytes(16), *[0] * 5),
                                    theirs.fileno())
    assert error < 0 and reason in text
    ours.close()
    theirs.close()


def test_its_log_may_be_a_file():
    """A limit of 0 bytes would make the first line of the log its last act."""
    switch = Switch()
    limits = pathlib.Path(f"/proc/{switch.process.pid}/limits").read_text()
    sizes = next(line for line in limits.splitlines() if line.startswith("Max file size"))
    switch.control.close()
    assert switch.process.wait(20) == 0
    assert sizes.split()[3] == "unlimited"
