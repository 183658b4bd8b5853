#!/usr/bin/python3
"""Writes one row of frames for each thing a network says to a unikernel: where the guest's fuzzer starts."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import guest_frames as frames  # noqa: E402

ADDRESSED, FOLLOW, LATER = 1, 2, 4
DHCP, STATIC, STATIC6 = 0, 1, 3
MAC, IPV4, IPV6, LINK = bytes([2, 0, 0, 0, 0, 1]), "10.0.2.4", "fdb1:700a::4", "fe80::ff:fe00:1"
PEER_MAC, PEER, PEER6, PEER_LINK = b"\x52\x55\x0a\0\2\1", "10.0.2.1", "fdb1:700a::1", "fe80::1"
RESOLVER = "10.0.2.3"


def record(frame, flags=0):
    return bytes([flags]) + len(frame).to_bytes(2, "big") + frame


def wait(steps):
    """Time passes: 10 ms shifted by STEPS."""
    return record(b"", LATER | steps << 4)


def ip(packet, flags=ADDRESSED, to=MAC):
    kind = frames.IPV6 if packet[0] >> 4 == 6 else frames.IPV4
    return record(frames.ethernet(to, PEER_MAC, kind, packet), flags)


def arp(operation, sender=PEER, target=IPV4):
    return record(frames.ethernet(MAC, PEER_MAC, frames.ARP, frames.arp(operation, PEER_MAC, sender, MAC, target)))


def dhcp(kind, options=b""):
    body = struct.pack(">BBBBIHH", 2, 1, 6, 0, 0, 0, 0) + bytes(4) + frames.packed(IPV4) + frames.packed(PEER) + bytes(4)
    body += MAC + bytes(10) + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, kind, 54, 4, 10, 0, 2, 1]) + options
    return ip(frames.udp(PEER, "255.255.255.255", 67, 68, body + b"\xff"), ADDRESSED | FOLLOW, frames.BROADCAST)


LEASE = b"\1\4\xff\xff\xff\0\3\4\x0a\0\2\1\6\4\x0a\0\2\3\x33\4\0\0\0\x3c\x3a\4\0\0\0\x1e\x3b\4\0\0\0\x28"


def answer(address="10.0.2.1", kind=1, name="example.org"):
    return ip(frames.udp(RESOLVER, IPV4, 53, 1, frames.dns_answer(frames.dns(name, kind), address, kind)),
              ADDRESSED | FOLLOW)


def segment(flags, sequence, data=b"", options=b"", follow=FOLLOW, v6=False):
    source, to = (PEER6, IPV6) if v6 else (PEER, IPV4)
    return ip(frames.tcp(source, to, 40000, 80, sequence, 1, flags, data, options), ADDRESSED | follow)


def connection(v6=False):
    return (segment(frames.SYN, 999, options=b"\2\4\5\xb4\1\3\3\7\1\1\x08\x0a" + bytes(8), follow=0, v6=v6) +
            segment(frames.ACK, 1000, v6=v6))


def discovery(kind, body, source=PEER_LINK, to=LINK):
    return ip(frames.icmp6(source, to, kind, body))


def fragment(offset, more, data):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 7, (0x2000 if more else 0) | offset // 8, 64, 17, 0)
    return ip(head + frames.packed(PEER) + frames.packed(IPV4) + data)


def fragment6(offset, more, data):
    return ip(frames.ip(PEER6, IPV6, 44, struct.pack(">BBHI", 17, 0, offset | more, 7) + data))


PREFIX = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 3600, 1800, 0) + frames.packed("fdb1:700a::")
ADVERTISEMENT = (struct.pack(">BBHII", 64, 0, 1800, 0, 0) + b"\1\1" + PEER_MAC + PREFIX +
                 struct.pack(">BBHI", 5, 1, 0, 1500) +
                 struct.pack(">BBHI", 25, 3, 0, 600) + frames.packed("fdb1:700a::3"))
NEIGHBOUR = arp(1) + discovery(136, b"\x60\0\0\0" + frames.packed(PEER6) + b"\2\1" + PEER_MAC, PEER6, IPV6)
SEEDS = {
    "arp": (STATIC, arp(1) + arp(2) + arp(1, IPV4) + arp(1, "0.0.0.0")),
    "lease": (DHCP, wait(3) + dhcp(2, LEASE) + dhcp(5, LEASE) + wait(12) + dhcp(5, LEASE) + wait(13) + dhcp(6)),
    "lease-refused": (DHCP, wait(3) + dhcp(2, LEASE) + dhcp(6) + wait(10)),
    "lease-overload": (DHCP, wait(3) + dhcp(2, LEASE + b"\x34\1\3\x0c\5guest") + dhcp(5, LEASE + b"\x39\2\5\xdc")),
    "name": (STATIC, arp(2, RESOLVER) + answer() + arp(2) + segment(frames.SYN | frames.ACK, 999) +
             segment(frames.ACK | frames.PSH, 1000, b"HTTP/1.0 200 OK\r\n\r\n") + wait(6)),
    "name-6": (STATIC6, arp(2, RESOLVER) + answer(kind=28, address=PEER6) + answer(name="example.com")),
    "name-none": (STATIC, wait(7) + wait(8) + arp(2, RESOLVER) + wait(9) + wait(10)),
    "tcp": (STATIC, NEIGHBOUR + connection() + segment(frames.ACK | frames.PSH, 1000, b"GET / HTTP/1.1\r\n\r\n") +
            segment(frames.ACK | frames.FIN, 1018) + segment(frames.ACK, 1019) + wait(12)),
    "tcp-gap": (STATIC, NEIGHBOUR + connection() + segment(frames.ACK, 1010, b"later") +
                segment(frames.ACK, 1020, b"last") + segment(frames.ACK, 1000, b"0123456789ABCDEFGHIJ") +
                segment(frames.RST | frames.ACK, 1024)),
    "tcp-silent": (STATIC, NEIGHBOUR + connection() + segment(frames.ACK, 1000, b"x") + wait(9) + wait(10) + wait(11)),
    "tcp-6": (STATIC6, NEIGHBOUR + connection(True) + segment(frames.ACK, 1000, b"abc", v6=True) +
              segment(frames.ACK | frames.FIN, 1003, v6=True)),
    "tcp-urgent": (STATIC, NEIGHBOUR + connection() + segment(frames.ACK | 32, 1000, b"abc") +
                   segment(frames.SYN, 5000, follow=0)),
    "echo": (STATIC6, NEIGHBOUR + ip(frames.echo(PEER, IPV4)) + ip(frames.echo(PEER6, IPV6))),
    "unreachable": (STATIC, NEIGHBOUR + ip(frames.udp(PEER, IPV4, 1, 9, b"closed")) +
                    ip(frames.ip(PEER, IPV4, 1, b"\3\3\0\0\0\0\0\0" + frames.udp(IPV4, PEER, 9, 1, b"")))),
    "fragments": (STATIC, NEIGHBOUR + fragment(0, True, bytes(32)) + fragment(32, True, bytes(32)) +
                  fragment(64, False, bytes(9)) + fragment(8, True, bytes(16)) + wait(11)),
    "fragments-6": (STATIC6, NEIGHBOUR + fragment6(0, 1, bytes(32)) + fragment6(64, 0, bytes(9)) +
                    fragment6(32, 1, bytes(32)) + wait(13)),
    "router": (DHCP, discovery(134, ADVERTISEMENT, to="ff02::1") + wait(8) +
               discovery(135, bytes(4) + frames.packed(LINK) + b"\1\1" + PEER_MAC) + wait(13)),
    "redirect": (STATIC6, NEIGHBOUR + discovery(137, bytes(4) + frames.packed(PEER_LINK) + frames.packed(PEER6) +
                                                b"\2\1" + PEER_MAC, to=IPV6)),
    "listener": (STATIC6, discovery(130, struct.pack(">HH", 1000, 0) + bytes(16), to="ff02::1") + wait(7) +
                 discovery(131, bytes(4) + frames.packed("ff02::1:ff00:4"), to="ff02::1:ff00:4")),
    "too-big": (STATIC6, NEIGHBOUR + connection(True) +
                discovery(2, struct.pack(">I", 1280) + frames.tcp(IPV6, PEER6, 80, 40000, 1, 1, 16), PEER6, IPV6)),
    "options-6": (STATIC6, NEIGHBOUR + ip(frames.ip(PEER6, IPV6, 0, b"\x3c\0\5\2\0\0\1\0" + b"\x3b\0\1\4\0\0\0\0"))),
}

for name, (start, rows) in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(bytes([start]) + rows)
