#!/usr/bin/python3
"""Writes rows of requests to bivy-net, whole and cut: where the control socket's fuzzer starts."""

import pathlib
import struct
import sys

NETWORK = struct.Struct("=4sB3s16s4s16sIHH256s")
PORT = struct.Struct("=Q256s6s4s16s6sQQQQQ")
LISTEN = struct.Struct("=QQHB5s")
CONFIGURE, PORT_ADD, PORT_REMOVE, LISTEN_ADD, LISTEN_REMOVE, QUERY, CONNECT = range(1, 8)
LISTENING, CONFIGURED = 4, 8
SIZE = 16 + PORT.size + (-PORT.size) % 8


def record(flags, request, size=None):
    return struct.pack(">BH", flags, len(request) if size is None else size) + request


def request(op, body=b"", sequence=1, version=1):
    return (struct.pack("=IIQ", version, op, sequence) + body).ljust(SIZE, b"\0")


def network(subnet=bytes([10, 0, 2, 0]), prefix=24, mtu=1500, domain=b"internal", grants=2):
    return NETWORK.pack(subnet, prefix, b"", b"\xfd" + bytes(15), b"", b"", grants, mtu, 53, domain)


def port(number, name=b"web", ipv4=b""):
    return PORT.pack(number, name, bytes([2, 0, 0, 0, 0, number]), ipv4, b"", b"", 0, 0, 0, 0, 0)


def listen(number, to, guest=80, protocol=1):
    return LISTEN.pack(number, to, guest, protocol, b"")


ADD = record(CONFIGURED | 1, request(PORT_ADD, port(1)))
SEEDS = {
    "configure": record(0, request(CONFIGURE, network())) + record(0, request(CONFIGURE, network())),
    "prefixes": b"".join(record(0, request(CONFIGURE, network(prefix=n, mtu=n * 400))) for n in (7, 8, 29, 30)),
    "domain": record(0, request(CONFIGURE, network(domain=b"a" * 256))),
    "ports": ADD + record(1, request(PORT_ADD, port(2, b"web.tenant", bytes([10, 0, 2, 9])))) +
             record(1, request(PORT_ADD, port(1))) + record(0, request(QUERY, port(1))) +
             record(0, request(PORT_REMOVE, port(2))) + record(0, request(QUERY, port(0))),
    "listeners": ADD + record(LISTENING | 1, request(LISTEN_ADD, listen(1, 1))) +
                 record(LISTENING | 1, request(LISTEN_ADD, listen(2, 1, 53, 2))) +
                 record(0, request(LISTEN_REMOVE, listen(1, 0))) + record(0, request(LISTEN_REMOVE, listen(9, 0))),
    "connect": ADD + record(LISTENING | 1, request(CONNECT, listen(0, 1))) + record(0, request(PORT_REMOVE, port(1))),
    "connected": ADD + record(0, request(QUERY, port(0))) + record(LISTENING | 1, request(CONNECT, listen(0, 1))),
    "limits": ADD + record(0, request(64, struct.pack("=QQQ", 1, 100000, 20))) +
              record(0, request(64, struct.pack("=QQQ", 1, 2**64 - 1, 2**64 - 1))) +
              record(0, request(64, struct.pack("=QQQ", 9, 0, 0))) + record(0, request(QUERY, port(1))),
    "descriptors": record(CONFIGURED, request(PORT_ADD, port(1))) + record(2, request(PORT_ADD, port(1))) +
                   record(LISTENING | 1, request(PORT_ADD, port(1))) + record(3, request(QUERY)),
    "names": b"".join(record(CONFIGURED | 1, request(PORT_ADD, port(n + 1, name)))
                      for n, name in enumerate((b"", b"x" * 256, b"a..b", b".a", b"-", b"a" * 64))),
    "cut": record(0, b"\1") + record(1, request(PORT_ADD)[:20]) + record(0, request(QUERY) + b"\0"),
    "version": record(0, request(QUERY, version=2)[:-1]),
    "unknown": record(CONFIGURED, request(8)),
}

for name, data in SEEDS.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(data)
