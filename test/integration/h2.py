"""Frames of HTTP/2 by hand, well formed or not, on a bare socket (RFC 9113)."""
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _integer(value):
    """An HPACK integer with a prefix of seven bits."""
    if value < 127:
        return bytes([value])
    out, value = b"\x7f", value - 127
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def block(fields):
    """Literal fields that are never indexed (RFC 7541 section 6.2.3), without Huffman coding."""
    out = b""
    for name, value in fields:
        name, value = name.encode("latin-1"), value.encode("latin-1")
        out += b"\x10" + _integer(len(name)) + name + _integer(len(value)) + value
    return out


def request(method="GET", path="/healthz", *more):
    return [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path), *more]


class Http2:
    """One connection; reads answers into `streams` and what ended it into `goaway`."""

    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.streams = {}  # Stream to its frames: (kind, flags, payload).
        self.goaway = None  # The error code.
        self._pending = b""
        self.send(PREFACE + frame(SETTINGS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the other side has closed."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def headers(self, stream, fields, flags=END_HEADERS | END_STREAM):
        return self.send(frame(HEADERS, flags, stream, block(fields)))

    def read_frame(self):
        """The next frame, or None at the end of the connection."""
        while True:
            if len(self._pending) >= 9:
                size = int.from_bytes(self._pending[:3], "big")
                if len(self._pending) >= 9 + size:
                    kind, flags = self._pending[3:5]
                    stream = int.from_bytes(self._pending[5:9], "big")
                    payload, self._pending = self._pending[9:9 + size], self._pending[9 + size:]
                    self._take(kind, flags, stream, payload)
                    return kind, flags, stream, payload
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self._pending += data

    def _take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        if kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        if stream:
            self.streams.setdefault(stream, []).append((kind, flags, payload))

    def finish(self, stream):
        """Reads until the stream ends: its status (None when reset), or None at the connection's end."""
        while True:
            for kind, flags, payload in self.streams.get(stream, []):
                if kind == RST_STREAM:
                    return None
                if kind in (HEADERS, DATA) and flags & END_STREAM:
                    return self.status(stream)
            if self.read_frame() is None:
                return None

    def status(self, stream):
        """Of the first HEADERS; the gateway's encoder puts :status first (RFC 7541 appendix A)."""
        payload = next(payload for kind, _, payload in self.streams[stream] if kind == HEADERS)
        while payload[0] & 0xe0 == 0x20:  # Sizes of the dynamic table.
            payload = payload[1:]
        known = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
        return known.get(payload[0] & 0x7f, 0) if payload[0] & 0x80 else 0

    def body(self, stream):
        return b"".join(payload for kind, _, payload in self.streams[stream] if kind == DATA)

    def read_to_end(self):
        """Reads until the connection ends; True when it does before the timeout."""
        try:
            while self.read_frame() is not None:
                pass
        except TimeoutError:
            return False
        return True
