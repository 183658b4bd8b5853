"""Messages to the daemon made by hand, byte by byte: what no honest client would send."""

import socket
import struct


def der(tag, content=b""):
    """One DER item; TAG in one byte, or a number above 30 in the context class."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return (bytes([tag]) if tag < 256 else bytes([0xbf, tag - 256])) + length + content


BIVY = 256 + 64


def sequence(*items):
    return der(0x30, b"".join(items))


def explicit(number, content):
    return der(0xa0 + number, content)


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def text(value):
    return der(12, value.encode())


def request(name, alternative, version=1):
    """A request of ours, as a frame."""
    header = sequence(integer(5), der(4, bytes(8)), text(name))
    body = sequence(header, explicit(0, der(BIVY, sequence(integer(version), alternative))))
    return struct.pack(">I", len(body)) + body


class Peer:
    """A connection to the daemon's socket at PATH."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def frame(self):
        """The next frame's bytes; b"" at the end."""
        data = b""
        while len(data) < 4:
            piece = self.socket.recv(4 - len(data))
            if not piece:
                return b""
            data += piece
        size, data = struct.unpack(">I", data)[0], b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                return b""
            data += piece
        return data
