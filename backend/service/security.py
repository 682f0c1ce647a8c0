"""Who may come in: a pure ASGI middleware in front of everything the service answers.

A page of another site, a name that was bent to this machine (DNS rebinding), a form, an image or a
program without the token gets a refusal before any of our code reads the request.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import platform
import secrets
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.exceptions import (
    ComfyUILauncherError,
    ForeignOrigin,
    MalformedRequest,
    NotAuthenticated,
    RequestTooLarge,
)
from backend.operations.runner import report_fault
from backend.service.answers import refusal

HEALTH: Final = "/health"
BODY_LIMIT: Final = 1024 * 1024
KEPT_SESSIONS: Final = 64
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# `same-site` is refused too: to a browser every port of this machine is one site, and on another
# port listens, for example, a ComfyUI with whatever custom nodes are in it.
OWN_FETCHES: Final = frozenset({"same-origin", "none"})

SECURITY_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Addresses:
    """The names under which this service may be reached: loopback, and where it was told to listen.

    Where it listens on every interface (0.0.0.0, ::), any IP address is a name of it and so is the
    name of this machine: rebinding needs a DNS name of the attacker's.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._any_address = _is_wildcard(host)
        names = {*LOOPBACK_NAMES, in_url(host)}
        if self._any_address:
            names.add(platform.node().lower())
        self._hosts = frozenset(_with_port(name, port) for name in names)
        self._suffix = _with_port("", port)

    def are_ours(self, host: str) -> bool:
        """Whether a `Host` header names this service."""
        if host in self._hosts:
            return True
        return self._any_address and host.endswith(self._suffix) and _is_address(host, self._suffix)

    def made(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` came from this service, as it was reached under `host`."""
        scheme, _, named = origin.partition("://")
        return scheme == "http" and (named in self._hosts or named == host)


class Keys:
    """The token of this start, and the sessions that were opened with it; both die with it."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        self._sessions: dict[bytes, None] = {}
        self.cookie = f"comfyui_launcher_{port}"  # cookies are per host, not per port

    def fit(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries the token."""
        scheme, _, given = authorization.partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._token)
        return same and scheme.lower() == "bearer"

    def open_session(self) -> str:
        """A new secret for a cookie. The oldest session ends when there are too many."""
        value = secrets.token_urlsafe(32)
        self._sessions[_digest(value)] = None
        while len(self._sessions) > KEPT_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return value

    def has_session(self, cookies: str) -> bool:
        """Whether a `Cookie` header carries the secret of a session that is open."""
        given = [_digest(value) for value in self._values_in(cookies)]
        return any(hmac.compare_digest(one, known) for one in given for known in self._sessions)

    def close_session(self, cookies: str) -> None:
        """Ends the session of a `Cookie` header, if there is one."""
        for value in self._values_in(cookies):
            self._sessions.pop(_digest(value), None)

    def _values_in(self, cookies: str) -> list[str]:
        pairs = (part.strip().partition("=") for part in cookies.split(";"))
        return [value for name, _, value in pairs if name == self.cookie]


class Gate:
    """The middleware: refuses what is not ours, bounds what comes in, guards what goes out.

    It is also the place where a fault of any code below becomes an answer.
    """

    def __init__(self, app: ASGIApp, *, addresses: Addresses, keys: Keys) -> None:
        self._app = app
        self._addresses = addresses
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _Answer(send))
        else:  # events are the one channel, and they are Server-Sent Events
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: _Answer) -> None:
        try:
            self._admit(scope["method"], scope["path"], _Headers(scope["headers"]))
            if scope["method"] not in READING:
                receive = await _bounded(receive)
            await self._app(scope, receive, send)
        except _ClientLeft:
            return
        except ComfyUILauncherError as error:
            await refusal(error)(scope, receive, send)
        except Exception as fault:
            reported = report_fault(fault)
            if not send.started:
                await refusal(reported)(scope, receive, send)

    def _admit(self, method: str, path: str, headers: _Headers) -> None:
        """Raises: ForeignOrigin, NotAuthenticated, MalformedRequest."""
        from_own_page = self._look_at_sender(headers)
        if path == HEALTH:
            return
        by_cookie = self._authenticate(headers)
        if method in READING:
            return
        if by_cookie and not from_own_page:
            raise ForeignOrigin("Origin", headers.get("origin") or "(none)")
        if not _is_json(headers.get("content-type") or ""):
            raise MalformedRequest("Content-Type is not application/json")

    def _look_at_sender(self, headers: _Headers) -> bool:
        """Whether the browser vouches that a page of ours asks. Raises: ForeignOrigin."""
        host = headers.get("host") or ""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if not self._addresses.are_ours(host):
            raise ForeignOrigin("Host", host)
        if origin is not None and not self._addresses.made(origin, host):
            raise ForeignOrigin("Origin", origin)
        if site is not None and site not in OWN_FETCHES:
            raise ForeignOrigin("Sec-Fetch-Site", site)
        return origin is not None or site == "same-origin"

    def _authenticate(self, headers: _Headers) -> bool:
        """Whether it was the cookie that let the request in. Raises: NotAuthenticated."""
        authorization = headers.get("authorization")
        if authorization is not None:
            if self._keys.fit(authorization):
                return False
            raise NotAuthenticated
        if self._keys.has_session(headers.get("cookie") or ""):
            return True
        raise NotAuthenticated


class _ClientLeft(Exception):
    """The client hung up before its request was whole: there is nobody to answer."""


class _Headers:
    """The headers of a request. One that is given twice has a value that is never valid."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in raw:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self._values[key] = f"{self._values[key]}, {text}" if key in self._values else text

    def get(self, name: str) -> str | None:
        return self._values.get(name)


class _Answer:
    """Sends on, with our headers; an answer that has a header of that name keeps its own."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            missing = [header for header in SECURITY_HEADERS if header[0] not in names]
            message = {**message, "headers": own + missing}
        await self._send(message)


async def _bounded(receive: Receive) -> Receive:
    """The whole body, read and at hand again. Raises: RequestTooLarge, however it is sent."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise RequestTooLarge(BODY_LIMIT)
    waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def in_url(host: str) -> str:
    """The host as it stands in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _with_port(name: str, port: int) -> str:
    return name if port == 80 else f"{name}:{port}"  # browsers leave :80 out


def _is_address(host: str, suffix: str) -> bool:
    name = host.removesuffix(suffix)
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        return in_url(str(ipaddress.ip_address(bare))) == name
    except ValueError:
        return False


def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return media_type.strip().lower() == "application/json" and charset in {"", "charset=utf-8"}


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
