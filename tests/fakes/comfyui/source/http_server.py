"""HTTP/1.1 with keep-alive on the standard library: requests in, responses out, origins checked."""

from __future__ import annotations

import gzip
import http.server
import ipaddress
import json
import logging
import os
import socket
import urllib.parse
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

from client_sockets import WebSocket, accept_key
from comfy.cli_args import args

log = logging.getLogger(__name__)

IDLE_SECONDS = 75
JSON, TEXT, HTML = (
    "application/json; charset=utf-8",
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
)
COMPRESSED = (JSON, TEXT, HTML)


@dataclass
class Request:
    """What a client asked, its body read to the end."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @cached_property
    def json(self):
        """The parsed body; what is no JSON raises, and the client gets a 500 as from the real."""
        return json.loads(self.body)


@dataclass
class Response:
    """What a client gets. Without a body there is no content type, as in the real one."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value, status=200):
        return cls(status, json.dumps(value).encode(), JSON)

    @classmethod
    def text(cls, value, status=200):
        return cls(status, value.encode(), TEXT)


def _is_loopback(host):
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_foreign(headers):
    """Whether a page of another origin asks a ComfyUI that is meant for this machine alone."""
    host, origin = headers.get("host", "").lower(), headers.get("origin", "").lower()
    if not host or not origin:
        return False
    asked, page = urllib.parse.urlsplit(f"//{host}"), urllib.parse.urlsplit(origin)
    if not _is_loopback(asked.hostname) or not page.netloc:
        return False
    if page.port is None or asked.port is None:
        return asked.hostname != page.hostname
    return host != page.netloc


def _cors_headers():
    return {
        "Access-Control-Allow-Origin": args.enable_cors_header,
        "Access-Control-Allow-Methods": "POST, GET, DELETE, PUT, OPTIONS, PATCH",
        "Access-Control-Allow-Headers": "Content-Type, Authorization",
        "Access-Control-Allow-Credentials": "true",
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one connection. The class attribute `application` answers the requests."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Python", ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece
    application = None

    def log_message(self, *_arguments):
        """The real one writes no access log."""

    def handle_expect_100(self):
        """A client that asks first is told to go on at once."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def _serve(self):
        request = self._request()
        if request is None:
            return
        if self.command == "GET" and request.path in ("/ws", "/api/ws"):
            self._serve_websocket(request)
        else:
            self._send(self._answer(request))

    do_GET = do_POST = do_HEAD = do_OPTIONS = do_DELETE = do_PUT = do_PATCH = _serve

    def _request(self):
        parts = urllib.parse.urlsplit(self.path)
        limit = args.max_upload_size * 1024 * 1024
        size = int(self.headers.get("Content-Length") or 0)
        if size > limit:
            self.close_connection = True
            self._send(Response.text("413: Request Entity Too Large", 413))
            return None
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        return Request(
            method=self.command,
            path=urllib.parse.unquote(parts.path),
            query=dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._read_chunks() if chunked else self.rfile.read(size),
        )

    def _read_chunks(self):
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, request):
        if args.enable_cors_header is None and is_foreign(request.headers):
            log.warning(
                "WARNING: request with non matching host and origin %s != %s, returning 403",
                request.headers.get("host"),
                request.headers.get("origin"),
            )
            return Response(403)
        if request.method == "OPTIONS":
            return Response()
        try:
            return self.application.answer(request)
        except Exception:
            log.exception("Error handling request from %s", self.client_address[0])
            return Response.text("500 Internal Server Error\n\nServer got itself in trouble", 500)

    def _send(self, response):
        body, headers = response.body, dict(response.headers)
        if response.content_type:
            headers["Content-Type"] = response.content_type
        if self._wants_gzip(response):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if args.enable_cors_header is not None:
            headers.update(_cors_headers())
        self.send_response(response.status, HTTPStatus(response.status).phrase)
        headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _wants_gzip(self, response):
        return (
            args.enable_compress_response_body
            and response.content_type in COMPRESSED
            and "gzip" in self.headers.get("Accept-Encoding", "")
        )

    def _serve_websocket(self, request):
        key = request.headers.get("sec-websocket-key")
        if args.enable_cors_header is None and is_foreign(request.headers):
            self._send(Response(403))
            return
        if request.headers.get("upgrade", "").lower() != "websocket" or not key:
            self._send(Response.text('Can "Upgrade" only to "WebSocket".', 400))
            return
        self.send_response(101, "Switching Protocols")
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self.connection.settimeout(None)
        client = self.application.new_sid(request.query.get("clientId"))
        self.application.serve_client(WebSocket(client, self.rfile, self.connection))


class Listener(http.server.ThreadingHTTPServer):
    """One listening address. A connection has a thread of its own."""

    daemon_threads = True
    # asyncio does the same: the port of a ComfyUI that has just ended can be taken again.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 128

    def __init__(self, address, port, application):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        handler = type("BoundHandler", (Handler,), {"application": application})
        try:
            super().__init__((address, port), handler)
        except OSError as error:
            raise OSError(
                error.errno,
                f"error while attempting to bind on address {(address, port)!r}: "
                f"{(error.strerror or str(error)).lower()}",
            ) from None

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is no news."""
