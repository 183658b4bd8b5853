"""A peer on a guest's network that is nothing but a socket: frames out, frames in, and as little TCP as a test needs.

With it a test needs no privilege, no network name space and no other program, and it can send what no kernel would.
"""

import os
import select
import socket
import struct
import subprocess
import time

from conftest import BIN

GUEST_MAC, OUR_MAC = bytes.fromhex("020000000001"), bytes.fromhex("0200000000fe")
GUEST_IP, OUR_IP = bytes([10, 7, 0, 2]), bytes([10, 7, 0, 1])
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(payload, kind=0x0800):
    return GUEST_MAC + OUR_MAC + struct.pack(">H", kind) + payload


def ipv4(protocol, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, OUR_IP, GUEST_IP)
    return ethernet(head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload)


def tcp(port, to, seq, ack, flags, data=b"", window=65535):
    head = struct.pack(">HHIIBBHHH", port, to, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, window, 0, 0)
    pseudo = OUR_IP + GUEST_IP + struct.pack(">BBH", 0, 6, len(head) + len(data))
    sum16 = checksum(pseudo + head + data)
    return ipv4(6, head[:16] + struct.pack(">H", sum16) + head[18:] + data)


class Guest:
    """A unikernel under bivy-spt whose one network device is our socket."""

    def __init__(self, image, *arguments, memory=2, address=True):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if address:
            arguments = ("--ipv4=10.7.0.2/24", "--ipv4-gateway=10.7.0.1", *arguments)
        self.process = subprocess.Popen(
            [BIN / "bivy-spt", f"--mem={memory}", f"--net:service=@{theirs.fileno()}",
             "--net-mac:service=02:00:00:00:00:01", image, *arguments],
            pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        theirs.close()
        self.other = []  # frames that nobody has asked for yet

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.socket.close()

    def line(self, timeout=10):
        """The next line of the console."""
        text, end = b"", time.monotonic() + timeout
        while not text.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 1) if ready else b""
            assert piece, f"the console ended or was silent after {text!r}"
            text += piece
        return text.decode()

    def send(self, frame):
        self.socket.send(frame)

    def _read(self, end):
        ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
        frame = self.socket.recv(65536) if ready else b""
        assert frame, "no frame came"
        # Whoever asks for our address gets it at once: that is what a network does.
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == OUR_IP:
            self.send(GUEST_MAC + OUR_MAC + frame[12:20] + b"\0\2" + OUR_MAC + OUR_IP + frame[22:32])
        return frame

    def expect(self, matches, timeout=10):
        """The next frame for which MATCHES is true; others are kept."""
        for index, frame in enumerate(self.other):
            if matches(frame):
                return self.other.pop(index)
        end = time.monotonic() + timeout
        while True:
            frame = self._read(end)
            if matches(frame):
                return frame
            self.other.append(frame)

    def ping(self, text=b"are you there"):
        """Whether an echo comes back with TEXT."""
        echo = struct.pack(">BBHHH", 8, 0, 0, 7, 1) + text
        self.send(ipv4(1, echo[:2] + struct.pack(">H", checksum(echo)) + echo[4:]))
        answer = self.expect(lambda f: f[12:14] == b"\x08\x00" and f[23] == 1 and f[34] == 0)
        return answer[42:42 + len(text)] == text


class Connection:
    """One TCP connection to the guest, in order and without losses, as a socket pair has none."""

    next_port = 40000

    def __init__(self, guest, to=80):
        Connection.next_port += 1
        self.guest, self.to, self.port = guest, to, Connection.next_port
        self.seq, self.ack, self.ended = 1000, 0, False
        guest.send(tcp(self.port, to, self.seq, 0, SYN))
        frame = guest.expect(self._mine)
        assert frame[47] & (SYN | ACK) == SYN | ACK
        self.seq, self.ack = self.seq + 1, struct.unpack(">I", frame[38:42])[0] + 1
        guest.send(tcp(self.port, to, self.seq, self.ack, ACK))

    def _mine(self, frame):
        return frame[12:14] == b"\x08\x00" and frame[23] == 6 and frame[36:38] == struct.pack(">H", self.port)

    def send(self, data, flags=PSH | ACK):
        self.guest.send(tcp(self.port, self.to, self.seq, self.ack, flags, data))
        self.seq += len(data) + (flags & FIN)

    def read(self, enough, timeout=10):
        """Reads until ENOUGH(bytes so far) is true or the guest closes; the bytes."""
        data = b""
        while not enough(data) and not self.ended:
            frame = self.guest.expect(self._mine, timeout)
            size = struct.unpack(">H", frame[16:18])[0] - 20 - (frame[46] >> 4) * 4
            seq, flags = struct.unpack(">I", frame[38:42])[0], frame[47]
            assert not flags & RST, "the guest reset the connection"
            if seq != self.ack & 0xFFFFFFFF:
                continue
            data += frame[14 + 20 + (frame[46] >> 4) * 4:][:size]
            self.ack += size + (flags & FIN)
            self.ended = bool(flags & FIN)
            if size or self.ended:
                self.guest.send(tcp(self.port, self.to, self.seq, self.ack, ACK))
        return data

    def response(self, head_only=False):
        """One whole response: (status, headers, body)."""
        data = self.read(lambda d: b"\r\n\r\n" in d)
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if head_only or status == 304 else int(headers.get("content-length", 0))
        if len(body) < length:
            body += self.read(lambda d: len(body) + len(d) >= length)
        assert len(body) == length, (len(body), length)
        return status, headers, body
