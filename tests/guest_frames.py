"""A guest made of raw frames: enough Ethernet, ARP, IPv4, IPv6, UDP, TCP and ICMP to talk to a switch in tests."""

import ipaddress
import select
import struct
import time

from frames import checksum

BROADCAST = b"\xff" * 6
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def packed(address):
    return ipaddress.ip_address(address).packed


def ethernet(to, source, kind, body):
    return to + source + struct.pack(">H", kind) + body


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, operation) + sender_mac + packed(sender) + target_mac + packed(target)


def ip(source, to, protocol, body):
    """An IPv4 or IPv6 packet, by the kind of its addresses."""
    if ipaddress.ip_address(to).version == 6:
        return struct.pack(">IHBB", 6 << 28, len(body), protocol, 255) + packed(source) + packed(to) + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0) + packed(source) + packed(to)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def pseudo(source, to, protocol, body):
    a, b = packed(source), packed(to)
    if len(a) == 16:
        return a + b + struct.pack(">II", len(body), protocol)
    return a + b + struct.pack(">BBH", 0, protocol, len(body))


def with_checksum(source, to, protocol, body, at):
    value = checksum(pseudo(source, to, protocol, body) + body)
    return body[:at] + struct.pack(">H", value) + body[at + 2:]


def udp(source, to, from_port, to_port, data):
    body = struct.pack(">HHHH", from_port, to_port, 8 + len(data), 0) + data
    return ip(source, to, UDP, with_checksum(source, to, UDP, body, 6))


def tcp(source, to, from_port, to_port, sequence, acknowledged, flags, data=b"", options=b""):
    offset = (5 + len(options) // 4) << 4
    body = struct.pack(">HHIIBBHHH", from_port, to_port, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, offset,
                       flags, 65535, 0, 0) + options + data
    return ip(source, to, TCP, with_checksum(source, to, TCP, body, 16))


def icmp6(source, to, kind, body):
    return ip(source, to, ICMP6, with_checksum(source, to, ICMP6, struct.pack(">BBH", kind, 0, 0) + body, 2))


def echo(source, to, sequence=1, data=b"ping"):
    if ipaddress.ip_address(to).version == 6:
        return icmp6(source, to, 128, struct.pack(">HH", 7, sequence) + data)
    body = struct.pack(">BBHHH", 8, 0, 0, 7, sequence) + data
    return ip(source, to, ICMP, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


class Packet:
    """What a received frame says; absent fields are None."""

    def __init__(self, frame):
        self.frame, self.to_mac, self.from_mac = frame, frame[:6], frame[6:12]
        self.kind, = struct.unpack(">H", frame[12:14])
        self.protocol = self.source = self.to = self.from_port = self.to_port = self.flags = None
        body = frame[14:]
        if self.kind == IPV4:
            total, = struct.unpack(">H", body[2:4])
            self.protocol = body[9]
            self.source, self.to = (str(ipaddress.ip_address(body[i:i + 4])) for i in (12, 16))
            self.body = body[(body[0] & 15) * 4:total]
        elif self.kind == IPV6:
            size, self.protocol = struct.unpack(">HB", body[4:7])
            self.source, self.to = (str(ipaddress.ip_address(body[i:i + 16])) for i in (8, 24))
            self.body = body[40:40 + size]
        else:
            self.body = body
        if self.protocol in (TCP, UDP):
            self.from_port, self.to_port = struct.unpack(">HH", self.body[:4])
        if self.protocol == UDP:
            self.data = self.body[8:]
        if self.protocol == TCP:
            self.sequence, self.acknowledged, offset, self.flags = struct.unpack(">IIBB", self.body[4:14])
            self.data = self.body[(offset >> 4) * 4:]


class Guest:
    """One network interface at the other end of a switch's socket."""

    def __init__(self, socket, mac, ipv4="0.0.0.0", ipv6="::", gateway="10.0.2.1", gateway_mac=None):
        self.socket, self.mac, self.ipv4, self.ipv6 = socket, mac, ipv4, ipv6
        self.gateway = gateway
        self.gateway_mac = gateway_mac or b"\x52\x55" + packed(gateway)

    def send(self, kind, body, to=None):
        self.socket.send(ethernet(to or self.gateway_mac, self.mac, kind, body))

    def send_ip(self, packet, to=None):
        self.send(IPV6 if packet[0] >> 4 == 6 else IPV4, packet, to)

    def receive(self, wanted=lambda packet: True, timeout=5):
        """The next packet that WANTED accepts, or None; ARP requests for this guest are answered on the way."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left < 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            frame = self.socket.recv(65550)
            if not frame:
                return None
            packet = Packet(frame)
            if packet.kind == ARP and packet.body[6:8] == b"\0\1" and packet.body[24:28] == packed(self.ipv4):
                self.send(ARP, arp(2, self.mac, self.ipv4, packet.from_mac,
                                   str(ipaddress.ip_address(packet.body[14:18]))), packet.from_mac)
            if wanted(packet):
                return packet

    def announce(self):
        """Says that it is there, as a stack does when its interface comes up."""
        self.send(ARP, arp(1, self.mac, self.ipv4, bytes(6), self.ipv4), BROADCAST)

    def address_for(self, other):
        return self.ipv6 if ipaddress.ip_address(other).version == 6 else self.ipv4

    def ask_dns(self, message, resolver, timeout=5):
        self.send_ip(udp(self.address_for(resolver), resolver, 5353, 53, message))
        answer = self.receive(lambda p: p.protocol == UDP and p.from_port == 53, timeout)
        return answer and answer.data


class Connection:
    """One TCP connection of a guest: in order, without retransmission, which a local switch does not need."""

    def __init__(self, guest, here, other, port, other_port):
        self.guest, self.here, self.other, self.port, self.other_port = guest, here, other, port, other_port
        self.sequence, self.expected, self.ended = 1000, 0, False

    def _send(self, flags, data=b"", options=b""):
        self.guest.send_ip(tcp(self.here, self.other, self.port, self.other_port, self.sequence, self.expected, flags,
                               data, options))
        self.sequence += len(data) + bool(flags & SYN) + bool(flags & FIN)

    def _receive(self, timeout=5):
        return self.guest.receive(lambda p: p.protocol == TCP and p.source == self.other and p.to_port == self.port and
                                  p.from_port == self.other_port, timeout)

    @classmethod
    def accept(cls, guest, port, timeout=5):
        """Waits for a SYN to PORT and answers it."""
        syn = guest.receive(lambda p: p.protocol == TCP and p.to_port == port and p.flags == SYN, timeout)
        assert syn is not None, "no connection came"
        self = cls(guest, syn.to, syn.source, port, syn.from_port)
        self.expected = syn.sequence + 1
        self._send(SYN | ACK, options=b"\2\4\5\xb4")
        return self

    @classmethod
    def connect(cls, guest, other, other_port, port=40000, timeout=5):
        """The connection, or None if it is refused or nothing answers."""
        self = cls(guest, guest.address_for(other), other, port, other_port)
        self._send(SYN, options=b"\2\4\5\xb4")
        answer = self._receive(timeout)
        if answer is None or answer.flags & RST:
            return None
        self.expected = answer.sequence + 1
        self._send(ACK)
        return self

    def send(self, data):
        self._send(ACK | PSH, data)

    def end(self):
        self._send(ACK | FIN)

    def reset(self):
        self._send(RST | ACK)

    def receive(self, size, timeout=5):
        """SIZE bytes, or fewer at the end; raises ConnectionResetError after a reset."""
        data = b""
        while len(data) < size and not self.ended:
            packet = self._receive(timeout)
            assert packet is not None, f"{len(data)} of {size} bytes came"
            if packet.flags & RST:
                raise ConnectionResetError
            if packet.sequence != self.expected & 0xFFFFFFFF:
                if packet.data or packet.flags & FIN:
                    self._send(ACK)
                continue
            data += packet.data
            self.expected += len(packet.data) + bool(packet.flags & FIN)
            self.ended = bool(packet.flags & FIN)
            if packet.data or self.ended:
                self._send(ACK)
        return data


def dhcp(kind, mac, transaction=7, options=b"", client="0.0.0.0", flags=0):
    """A client's message as a whole IPv4 packet."""
    body = struct.pack(">BBBBIHH", 1, 1, 6, 0, transaction, 0, flags) + packed(client) + bytes(12)
    body += mac + bytes(10) + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"
    return udp(client, "255.255.255.255", 68, 67, body)


def dhcp_options(message):
    """The address and the options of a server's message."""
    found, at = {}, 240
    while message[at] != 255:
        found[message[at]] = message[at + 2:at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return str(ipaddress.ip_address(message[16:20])), found


def dns(name, kind=1, identifier=0x1234):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", identifier, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def dns_answer(query, address, kind=1):
    """The answer of a server to QUERY, a message with one question."""
    record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(packed(address))) + packed(address)
    return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + record
