"""Real web servers on this machine that answer as a test tells them."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; names of headers in lower case."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What to answer. `write` replaces the sound sending of `body`."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[BufferedIOBase], None] | None = None


def json_reply(value: Any, **headers: str) -> Reply:
    return Reply(body=json.dumps(value).encode(), headers=headers)


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


class Server:
    """A running server: where it is, and what it was asked, in order."""

    def __init__(self, url: str, port: int) -> None:
        self.url = url
        self.port = port
        self.seen: list[Seen] = []


class _Quiet(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them, so no socket outlives its test

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of many tests."""


@contextmanager
def serve(
    answer: Callable[[Seen], Reply], *, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """A server that answers each GET with `answer(request)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()})
            server.seen.append(seen)
            reply = answer(seen)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.write is None and "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if reply.write is None:
                self.wfile.write(reply.body)
            else:
                reply.write(self.wfile)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    listener = _Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    server = Server(f"{scheme}://127.0.0.1:{listener.server_port}", listener.server_port)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
