"""The server side of RFC 6455, and the sockets that are connected now."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import queue
import struct
import threading

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, PROTOCOL_ERROR = 1000, 1002
LARGEST_MESSAGE = 64 * 1024 * 1024
# The first four bytes of a binary message.
PREVIEW_IMAGE, PREVIEW_IMAGE_WITH_METADATA = 1, 4
PNG_FORMAT = 2


class ConnectionLost(Exception):
    """The other side is gone or broke the protocol."""


def accept_key(key):
    """The answer to a `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(opcode, payload):
    """One unmasked, final frame."""
    size = len(payload)
    if size < 126:
        header = struct.pack(">BB", 0x80 | opcode, size)
    elif size < 1 << 16:
        header = struct.pack(">BBH", 0x80 | opcode, 126, size)
    else:
        header = struct.pack(">BBQ", 0x80 | opcode, 127, size)
    return header + payload


class WebSocket:
    """One connected client. What is sent goes out in order, from a thread of its own."""

    def __init__(self, sid, reader, connection):
        self.sid = sid
        self.wants_preview_metadata = False
        self._reader = reader
        self._connection = connection
        self._outbox = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def send_json(self, message):
        self._outbox.put(frame(TEXT, json.dumps(message).encode()))

    def send_bytes(self, payload):
        self._outbox.put(frame(BINARY, payload))

    def close(self, code):
        """Sends what is waiting, then the close frame."""
        self._outbox.put(frame(CLOSE, struct.pack(">H", code)))
        self._outbox.put(None)
        self._writer.join(timeout=5)

    def messages(self):
        """Every text message of the client until it leaves; pings are answered on the way."""
        code, parts, kind = NORMAL, [], TEXT
        try:
            while True:
                final, opcode, payload = self._read_frame()
                if opcode == CLOSE:
                    break
                if opcode == PING:
                    self._outbox.put(frame(PONG, payload))
                if opcode >= CLOSE:
                    continue
                kind = opcode or kind
                parts.append(payload)
                if final:
                    message, parts = b"".join(parts), []
                    if kind == TEXT:
                        yield message.decode()
        except (ConnectionLost, OSError, UnicodeDecodeError):
            code = PROTOCOL_ERROR
        self.close(code)

    def _write(self):
        with contextlib.suppress(OSError):
            while (data := self._outbox.get()) is not None:
                self._connection.sendall(data)

    def _read(self, size):
        data = self._reader.read(size)
        if len(data) < size:
            raise ConnectionLost
        return data

    def _read_frame(self):
        first, second = self._read(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
        if not second & 0x80 or size > LARGEST_MESSAGE:
            raise ConnectionLost  # a client has to mask what it sends
        mask = self._read(4)
        data = self._read(size)
        repeated = (mask * (size // 4 + 1))[:size]
        plain = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
        return bool(first & 0x80), first & 0x0F, plain.to_bytes(size, "big")


class Sockets:
    """All connected clients, by their id."""

    def __init__(self):
        self._by_sid = {}
        self._lock = threading.Lock()

    def add(self, socket):
        """A second connection under the same id takes the place of the first."""
        with self._lock:
            self._by_sid[socket.sid] = socket

    def remove(self, socket):
        with self._lock:
            if self._by_sid.get(socket.sid) is socket:
                del self._by_sid[socket.sid]

    def _receivers(self, sid):
        with self._lock:
            if sid is None:
                return list(self._by_sid.values())
            return [self._by_sid[sid]] if sid in self._by_sid else []

    def send(self, event, data, sid=None):
        """Sends to one client, or to all without an id."""
        for socket in self._receivers(sid):
            socket.send_json({"type": event, "data": data})

    def send_preview_with_metadata(self, image, metadata, sid=None):
        """Sends a PNG preview to those that said they understand its metadata."""
        details = json.dumps({**metadata, "image_type": "image/png"}).encode()
        header = struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(details)) + details
        for socket in self._receivers(sid):
            if socket.wants_preview_metadata:
                socket.send_bytes(header + image)

    def send_plain_preview(self, image, sid=None):
        """Sends a PNG preview to the others."""
        header = struct.pack(">II", PREVIEW_IMAGE, PNG_FORMAT)
        for socket in self._receivers(sid):
            if not socket.wants_preview_metadata:
                socket.send_bytes(header + image)
