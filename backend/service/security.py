"""Who may come in: a pure ASGI middleware in front of everything the service answers.

A page of another site, a name that was bent to this machine (DNS rebinding), a form, an image or a
program without the token gets a refusal before any of our code reads the request. The pages are the
same for everyone, so they need no token; a link of anyone may lead to them, but nobody else's page
may hold them or read them.
"""

from __future__ import annotations

import re
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
from backend.service.addresses import Addresses
from backend.service.answers import API, refusal
from backend.service.keys import PLACE_BYTES, Keys

HEALTH: Final = "/health"
SESSION: Final = f"{API}/session"
PLACE: Final = "comfyui-launcher.place"
"""Under this name a scope has the place that the request came to, if it is one of a session."""
BODY_LIMIT: Final = 1024 * 1024
STRANGERS_BODY_LIMIT: Final = 1024  # a code, from a page that is not known yet
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_AT_A_PLACE: Final = re.compile(rf"{SESSION}/([0-9a-f]{{{2 * PLACE_BYTES}}})(/.*|)", re.DOTALL)

# `same-site` is refused too: to a browser every port of this machine is one site, and on another
# port listens, for example, a ComfyUI with whatever custom nodes are in it.
OWN_FETCHES: Final = frozenset({"same-origin", "none"})
OTHER_SITES: Final = frozenset({"same-site", "cross-site"})

SECURITY_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Gate:
    """The middleware: refuses what is not ours, bounds what comes in, guards what goes out.

    A page calls below the place of its session, `/api/v1/session/<place>/...`: there its cookie is
    good, and what stands behind the place is answered as `/api/v1/...`. Everywhere else the token
    is asked for, and no cookie is looked at.

    This is also where a fault of any code below becomes an answer. What is not below /api never
    gets there: it is answered by `pages`, which know files and nothing else.
    """

    def __init__(self, app: ASGIApp, *, addresses: Addresses, keys: Keys, pages: ASGIApp) -> None:
        self._app = app
        self._addresses = addresses
        self._keys = keys
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _Answer(send))
        else:  # events are the one channel, and they are Server-Sent Events
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: _Answer) -> None:
        method, path, headers = scope["method"], scope["path"], _Headers(scope["headers"])
        try:
            if method in {"GET", "HEAD"} and _is_page(path):
                self._look_at_sender(headers, may_visit=True)
                await self._pages(scope, receive, send)
                return
            scope = _as_asked_for(scope)
            limit = self._admit(scope, headers)
            if method not in READING:
                receive = await _bounded(receive, limit)
            await self._app(scope, receive, send)
        except _ClientLeft:
            return
        except ComfyUILauncherError as error:
            await refusal(error)(scope, receive, send)
        except Exception as fault:
            reported = report_fault(fault)
            if not send.started:
                await refusal(reported)(scope, receive, send)

    def _admit(self, scope: Scope, headers: _Headers) -> int:
        """How large the body may be. Raises: ForeignOrigin, NotAuthenticated, MalformedRequest."""
        from_own_page = self._look_at_sender(headers)
        method, path, place = scope["method"], scope["path"], scope.get(PLACE)
        if path == HEALTH:
            return BODY_LIMIT
        known = place or headers.get("authorization") is not None or not from_own_page
        may_bring_code = (method, path) == ("POST", SESSION) and not known
        if not may_bring_code:
            self._authenticate(place, headers)
        if method in READING:
            return BODY_LIMIT
        if place and not from_own_page:
            raise ForeignOrigin("Origin", headers.get("origin") or "(none)")
        if not _is_json(headers.get("content-type") or ""):
            raise MalformedRequest("Content-Type is not application/json")
        return STRANGERS_BODY_LIMIT if may_bring_code else BODY_LIMIT

    def _look_at_sender(self, headers: _Headers, *, may_visit: bool = False) -> bool:
        """Whether the browser vouches that a page of ours asks. Raises: ForeignOrigin.

        `may_visit`: a link or a redirect of another site may lead here.
        """
        host = headers.get("host") or ""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if not self._addresses.are_ours(host):
            raise ForeignOrigin("Host", host)
        if origin is not None and not self._addresses.made(origin, host):
            raise ForeignOrigin("Origin", origin)
        visits = may_visit and site in OTHER_SITES and _is_visit(headers)
        if site is not None and site not in OWN_FETCHES and not visits:
            raise ForeignOrigin("Sec-Fetch-Site", site)
        return origin is not None or site == "same-origin"

    def _authenticate(self, place: str | None, headers: _Headers) -> None:
        """Returns for a place with its cookie, and for the token elsewhere; never for both.

        Raises: NotAuthenticated.
        """
        authorization = headers.get("authorization")
        if place is None:
            known = authorization is not None and self._keys.fit(authorization)
        else:
            cookies = headers.get("cookie") or ""
            known = authorization is None and self._keys.door_of(place, cookies) is not None
        if not known:
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


async def _bounded(receive: Receive, limit: int) -> Receive:
    """The whole body, read and at hand again. Raises: RequestTooLarge, however it is sent."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise RequestTooLarge(limit)
    waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _as_asked_for(scope: Scope) -> Scope:
    """The request as the routes know it: without the place of a session, which is told apart."""
    found = _AT_A_PLACE.fullmatch(scope["path"])
    if found is None:
        return scope
    place, rest = found.groups()
    path = API + rest if rest else SESSION
    return {**scope, "path": path, PLACE: place}


def _is_page(path: str) -> bool:
    """Whether a path is outside of what needs the token: whatever the routes know is inside."""
    return path not in {HEALTH, "/api"} and not path.startswith("/api/")


def _is_visit(headers: _Headers) -> bool:
    """Whether a browser opens the answer as a page of its own: in no frame, for no script."""
    mode, destination = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return (mode, destination) == ("navigate", "document")


def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return media_type.strip().lower() == "application/json" and charset in {"", "charset=utf-8"}
