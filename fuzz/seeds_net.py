#!/usr/bin/python3
"""Writes one row of frames for each thing a guest says to its switch: where the network fuzzer starts."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import guest_frames as frames  # noqa: E402

SECOND, REPAIR, FOLLOW = 1, 2, 4
MAC, IPV4 = bytes([2, 0, 0, 0, 0, 1]), "10.0.2.4"
IPV6, LINK = "fdb1:700a::ff:fe00:1", "fe80::ff:fe00:1"
OTHER_MAC, OTHER = bytes([2, 0, 0, 0, 0, 2]), "10.0.2.5"
GATEWAY_MAC, GATEWAY, RESOLVER, GATEWAY6 = b"\x52\x55\x0a\0\2\1", "10.0.2.1", "10.0.2.3", "fdb1:700a::1"


def record(flags, frame):
    return bytes([flags]) + len(frame).to_bytes(2, "big") + frame


def ip(packet, to=GATEWAY_MAC, flags=0):
    kind = frames.IPV6 if packet[0] >> 4 == 6 else frames.IPV4
    return record(flags, frames.ethernet(to, MAC, kind, packet))


def arp(operation, sender, target):
    body = frames.arp(operation, MAC, sender, bytes(6), target)
    return record(0, frames.ethernet(frames.BROADCAST, MAC, frames.ARP, body))


def segment(flags, sequence, data=b"", options=b""):
    return ip(frames.tcp(IPV4, GATEWAY, 80, 1, sequence, 1, flags, data, options), flags=REPAIR | FOLLOW)


def solicitation(target):
    body = bytes(4) + frames.packed(target) + b"\1\1" + MAC
    return ip(frames.icmp6(IPV6, "ff02::1:ff00:1", 135, body), b"\x33\x33\xff\0\0\1", REPAIR)


HANDSHAKE = segment(frames.SYN | frames.ACK, 1000, options=b"\2\4\5\xb4\3\3\7\0")
SEEDS = {
    "arp": arp(1, IPV4, GATEWAY) + arp(1, IPV4, OTHER) + arp(2, IPV4, OTHER) + arp(1, "0.0.0.0", IPV4),
    "dhcp": ip(frames.dhcp(1, MAC), frames.BROADCAST) +
            ip(frames.dhcp(3, MAC, options=b"\x32\4\x0a\0\2\4\x39\2\5\xdc"), frames.BROADCAST) +
            ip(frames.dhcp(8, MAC, client=IPV4), frames.BROADCAST),
    "dns": ip(frames.udp(IPV4, RESOLVER, 5353, 53, frames.dns("b.internal"))) +
           ip(frames.udp(IPV6, "fdb1:700a::3", 5353, 53, frames.dns("example.org", 28))),
    "echo": ip(frames.echo(IPV4, GATEWAY)) + ip(frames.echo(IPV6, GATEWAY6)) + ip(frames.echo(IPV4, OTHER), OTHER_MAC),
    "discovery": ip(frames.icmp6(LINK, "ff02::2", 133, bytes(4) + b"\1\1" + MAC), b"\x33\x33\0\0\0\2", REPAIR) +
                 solicitation(GATEWAY6) + solicitation("fdb1:700a::ff:fe00:2") +
                 ip(frames.icmp6(IPV6, "ff02::1", 136, b"\x20\0\0\0" + frames.packed(IPV6)), b"\x33\x33\0\0\0\1"),
    "tcp": HANDSHAKE + segment(frames.ACK | frames.PSH, 1001, b"HTTP/1.0 200 OK\r\n\r\n") +
           segment(frames.ACK | frames.FIN, 1020) + segment(frames.ACK, 1021),
    "tcp-gap": HANDSHAKE + segment(frames.ACK, 1011, b"later") + segment(frames.ACK, 1001, b"0123456789") +
               segment(frames.RST | frames.ACK, 1016),
    "tcp-refused": segment(frames.RST | frames.ACK, 0),
    "fragments": ip(frames.udp(IPV4, GATEWAY, 1, 53, bytes(32))[:6] + b"\x20\0" + bytes(40), flags=REPAIR) +
                 ip(frames.udp(IPV4, GATEWAY, 1, 53, bytes(32))[:6] + b"\0\4" + bytes(40), flags=REPAIR),
    "outside": ip(frames.udp(IPV4, "192.0.2.1", 1, 2, b"out")) + ip(frames.udp(IPV4, "127.0.0.1", 1, 2, b"in")),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
