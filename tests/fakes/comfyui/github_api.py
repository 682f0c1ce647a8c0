"""A small api.github.com: the releases of the fake repository, limits, caches and faults."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from tests.fakes.comfyui.releases import TAGS, release_dates

ANONYMOUS_LIMIT: Final = 60
TOKEN_LIMIT: Final = 5000
WINDOW_SECONDS: Final = 3600
DEFAULT_PAGE: Final = 30
LARGEST_PAGE: Final = 100
JSON: Final = "application/json; charset=utf-8"
_ROUTE: Final = re.compile(r"/repos/([^/]+)/([^/]+)/releases(?:/(latest)|/tags/([^/]+))?")
_LIMIT_WORDS: Final = "API rate limit exceeded for 127.0.0.1."


@dataclass(frozen=True)
class Recorded:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """How the API fails until it is told otherwise. Without a status the true answer follows."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    reset: bool = False

    @classmethod
    def rate_limited(cls, reset_at: int) -> Fault:
        """403 as when the hour's requests are used up, until the given epoch second."""
        spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset_at)}
        return cls(403, spent, _message(_LIMIT_WORDS))

    @classmethod
    def too_many_requests(cls, retry_after: int) -> Fault:
        """429 with the seconds to wait."""
        words = _message("You have exceeded a secondary rate limit.")
        return cls(429, {"retry-after": str(retry_after)}, words)

    @classmethod
    def server_error(cls, status: int = 500) -> Fault:
        """A 5xx with a page instead of JSON."""
        return cls(status, {"Content-Type": "text/html"}, b"<html>Something went wrong</html>")

    @classmethod
    def malformed_json(cls) -> Fault:
        """200, and a body that breaks off."""
        return cls(200, {}, b'[{"tag_name": "v0.3.64", "na')

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The true answer, late."""
        return cls(delay=seconds)

    @classmethod
    def connection_reset(cls) -> Fault:
        """The connection is reset before any answer."""
        return cls(reset=True)


@dataclass
class Answer:
    """What goes back to the client."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class GitHubApi:
    """The API on a port of its own while the `with` block runs; `url` is its root.

    `requests` is every request so far. `fail(fault)` makes it fail, `fail(fault, times=2)` twice,
    `recover()` ends that. Any owner and name is served, except those in `moved` (old full name to
    new), which are answered with 301. `notes`: what stands with a tag in place of the usual.
    """

    def __init__(
        self,
        tags: Sequence[str] = TAGS,
        *,
        prereleases: Sequence[str] = (),
        drafts: Sequence[str] = (),
        moved: Mapping[str, str] | None = None,
        limit: int = ANONYMOUS_LIMIT,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self.tags = list(tags)
        self.prereleases = set(prereleases)
        self.drafts = set(drafts)
        self.moved = dict(moved or {})
        self.limit = limit
        self.notes = dict(notes or {})
        self.used = 0
        self.resets_at = int(time.time()) + WINDOW_SECONDS
        self.requests: list[Recorded] = []
        self._fault: Fault | None = None
        self._fault_times: int | None = None
        self._lock = threading.Lock()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """The root of the API, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, fault: Fault, times: int | None = None) -> None:
        """From now on requests meet the fault: that many of them, or all until `recover`."""
        with self._lock:
            self._fault, self._fault_times = fault, times

    def recover(self) -> None:
        """The API answers truly again."""
        with self._lock:
            self._fault = None

    def take(self, request: Recorded) -> Fault | None:
        """Records a request; the fault it meets, if any."""
        with self._lock:
            self.requests.append(request)
            fault = self._fault
            if fault and self._fault_times is not None:
                self._fault_times -= 1
                self._fault = fault if self._fault_times > 0 else None
            return fault

    def answer(self, request: Recorded) -> Answer:
        """The true answer to a request, with the limit's headers."""
        match = _ROUTE.fullmatch(request.path)
        answer = self._unlimited(request, match) if match else _not_found()
        with self._lock:
            if self._limit(request) - self.used <= 0:
                answer = Answer(403, _message(_LIMIT_WORDS))
            elif answer.status != 304 or not _has_token(request):
                self.used += 1
            return Answer(answer.status, answer.body, {**self._limits(request), **answer.headers})

    def releases(self, repository: str = "Comfy-Org/ComfyUI") -> list[dict[str, Any]]:
        """Every release but the drafts, newest first, as the API shows them."""
        dates = release_dates(self.tags)
        return [
            self._release(repository, number, tag, dates[tag].strftime("%Y-%m-%dT%H:%M:%SZ"))
            for number, tag in reversed(list(enumerate(self.tags)))
            if tag not in self.drafts
        ]

    def _release(self, repository: str, number: int, tag: str, when: str) -> dict[str, Any]:
        page = f"https://github.com/{repository}"
        root = f"{self.url}/repos/{repository}"
        return {
            "url": f"{root}/releases/{250_000_000 + number}",
            "html_url": f"{page}/releases/tag/{tag}",
            "id": 250_000_000 + number,
            "tag_name": tag,
            "target_commitish": "master",
            "name": tag,
            "draft": False,
            "prerelease": tag in self.prereleases,
            "created_at": when,
            "published_at": when,
            "assets": [],
            "tarball_url": f"{root}/tarball/{tag}",
            "zipball_url": f"{root}/zipball/{tag}",
            "body": self.notes.get(tag, f"## What's Changed\n* Release {tag}\n"),
        }

    def _unlimited(self, request: Recorded, match: re.Match[str]) -> Answer:
        owner, name, latest, tag = match.groups()
        repository = f"{owner}/{name}"
        if repository in self.moved:
            return self._redirect(request, repository)
        releases = self.releases(repository)
        if latest:
            releases = [entry for entry in releases if not entry["prerelease"]][:1]
        if tag:
            releases = [entry for entry in releases if entry["tag_name"] == tag]
        if latest or tag:
            return _cached(request, releases[0]) if releases else _not_found()
        return self._page(request, releases)

    def _redirect(self, request: Recorded, repository: str) -> Answer:
        path = request.path.replace(f"/repos/{repository}/", f"/repos/{self.moved[repository]}/")
        query = urllib.parse.urlencode(request.query)
        location = f"{self.url}{path}{'?' if query else ''}{query}"
        return Answer(301, _message("Moved Permanently"), {"Location": location})

    def _page(self, request: Recorded, releases: list[dict[str, Any]]) -> Answer:
        size = min(_number(request, "per_page", DEFAULT_PAGE), LARGEST_PAGE)
        page = _number(request, "page", 1)
        last = max(-(-len(releases) // size), 1)
        answer = _cached(request, releases[(page - 1) * size : page * size])
        links = {"next": page + 1, "last": last} if page < last else {}
        links |= {"prev": page - 1, "first": 1} if page > 1 else {}
        if links:
            address = f"{self.url}{request.path}?per_page={size}&page="
            answer.headers["Link"] = ", ".join(
                f'<{address}{number}>; rel="{name}"' for name, number in links.items()
            )
        return answer

    def _limit(self, request: Recorded) -> int:
        return TOKEN_LIMIT if _has_token(request) else self.limit

    def _limits(self, request: Recorded) -> dict[str, str]:
        limit = self._limit(request)
        return {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(limit - self.used, 0)),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self.resets_at),
            "x-ratelimit-resource": "core",
        }


def _message(words: str) -> bytes:
    documentation = "https://docs.github.com/rest"
    return json.dumps({"message": words, "documentation_url": documentation}).encode()


def _not_found() -> Answer:
    return Answer(404, _message("Not Found"))


def _has_token(request: Recorded) -> bool:
    return "authorization" in request.headers


def _number(request: Recorded, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return max(int(text), 1) if text.isdigit() else default


def _cached(request: Recorded, value: object) -> Answer:
    """The value with its ETag, or 304 for a client that has it."""
    body = json.dumps(value).encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=60, s-maxage=60"}
    if request.headers.get("if-none-match") == etag:
        return Answer(304, b"", headers)
    return Answer(200, body, headers)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "github.com", ""
    server: _Server

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        request = Recorded(
            self.command,
            urllib.parse.unquote(parts.path),
            dict(urllib.parse.parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
        )
        fault = self.server.api.take(request)
        if fault and fault.reset:
            self._reset()
            return
        if fault and fault.delay:
            time.sleep(fault.delay)
        answer = self.server.api.answer(request)
        if fault and fault.status is not None:
            answer = Answer(fault.status, fault.body, {**answer.headers, **fault.headers})
            answer.headers.pop("ETag", None)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status, HTTPStatus(answer.status).phrase)
        for name, value in {"Content-Type": JSON, **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _reset(self) -> None:
        # A close that does not linger sends RST in place of FIN.
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.server.abort(self.connection)

    def log_message(self, *_arguments: object) -> None:
        """Silent: `requests` tells what came."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A test that leaves a slow request behind does not wait for it.
    block_on_close = False

    def __init__(self, api: GitHubApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
        self._aborted: set[int] = set()

    def abort(self, connection: socket.socket) -> None:
        """Closes without the orderly end that would take the reset back."""
        self._aborted.add(id(connection))
        connection.close()

    def shutdown_request(self, request: Any) -> None:
        if id(request) in self._aborted:
            self._aborted.discard(id(request))
            return
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no news."""
