"""The window's page and its files: what `frontend/dist` holds, and nothing outside it.

A path is looked up in a table of the files that are there; no path is ever made from a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.config import PathsConfig
from backend.exceptions import UnknownEndpoint
from backend.service.answers import refusal
from backend.service.plain_pages import did_not_start, not_built, not_found

DIST: Final = Path(__file__).parents[2] / "frontend" / "dist"
DID_NOT_START: Final = "/did-not-start"

FILES_AT_MOST: Final = 500
LARGEST_FILE: Final = 16 * 1024 * 1024

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What is served; a file with another ending is not."""

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # kept, but asked for: a new version shows at once
}


class Pages:
    """An ASGI app for GET and HEAD. The folder is looked at anew for each request.

    That costs some tenths of a millisecond, and a page that was rebuilt shows at once. A folder
    without index.html holds no page; what could be read from it by then is served all the same.
    `log_file`: where a page that does not start leaves its words, below the root.
    """

    def __init__(self, folder: Path = DIST, log_file: Path | None = None) -> None:
        self._folder = folder
        self._log_file = log_file
        self._files: Mapping[str, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _Asked(scope["method"], scope["path"], Headers(scope=scope))
        response = await asyncio.to_thread(self._answer, asked)
        await response(scope, receive, send)

    def _answer(self, asked: _Asked) -> Response:
        if asked.path == DID_NOT_START:
            return _plain(asked, did_not_start(self._log_file))
        self._files = dict(_files_in(self._folder, self._files))
        file = self._files.get("/index.html" if asked.path == "/" else asked.path)
        if file is not None:
            return _response_with(asked, file)
        if asked.path == "/":
            return _plain(asked, not_built(), status=503)
        if asked.by_person:
            return _plain(asked, not_found(), status=404)
        return refusal(UnknownEndpoint(f"{asked.method} {asked.path}"[:200]))


def below_root(file: Path, paths: PathsConfig) -> Path:
    """A path as everyone may see it: without the folders above the root, which name people."""
    return file.relative_to(paths.root) if file.is_relative_to(paths.root) else Path(file.name)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was when `version` was true of it."""

    version: tuple[int, ...]
    media_type: str
    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    path: str
    headers: Headers

    @property
    def by_person(self) -> bool:
        """Whether someone opened the address in a browser, as far as it tells."""
        mode = self.headers.get("sec-fetch-mode")
        return "text/html" in self.headers.get("accept", "") if mode is None else mode == "navigate"

    def has(self, etag: str) -> bool:
        """Whether the browser holds that content already."""
        given = [one.strip() for one in self.headers.get("if-none-match", "").split(",")]
        return "*" in given or etag in [one.removeprefix("W/") for one in given]


def _response_with(asked: _Asked, file: _File) -> Response:
    headers = {**HEADERS, "etag": file.etag}
    if asked.has(file.etag):
        return Response(status_code=304, headers=headers)
    return _response(asked, file.content, {**headers, "content-type": file.media_type})


def _plain(asked: _Asked, content: bytes, *, status: int = 200) -> Response:
    headers = {**HEADERS, "content-type": MEDIA_TYPES[".html"], "cache-control": "no-store"}
    return _response(asked, content, headers, status)


def _response(
    asked: _Asked, content: bytes, headers: Mapping[str, str], status: int = 200
) -> Response:
    body = b"" if asked.method == "HEAD" else content
    return Response(body, status, {**headers, "content-length": str(len(content))})


def _files_in(folder: Path, known: Mapping[str, _File]) -> Iterator[tuple[str, _File]]:
    """The files below a folder by their paths; one that has not changed is not read again.

    No link is followed: every folder and file is opened from the one above it, by its own name.
    """
    count = 0
    with contextlib.suppress(OSError):  # the folder is not there, or goes while it is being read
        for place, folders, names, handle in os.fwalk(folder, follow_symlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if name.startswith(".") or (count := count + 1) > FILES_AT_MOST:
                    continue
                path = "/" + (PurePosixPath(place).relative_to(folder) / name).as_posix()
                if (file := _read(name, handle, known.get(path))) is not None:
                    yield path, file


def _read(name: str, folder: int, known: _File | None) -> _File | None:
    media_type = MEDIA_TYPES.get(PurePosixPath(name).suffix)
    if media_type is None:
        return None
    try:  # O_NONBLOCK: a pipe of that name must not keep anyone waiting
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:  # a link, or not readable
        return None
    with os.fdopen(handle, "rb") as opened:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
            return None
        version = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        if known is not None and known.version == version:
            return known
        content = opened.read(LARGEST_FILE)
    return _File(version, media_type, content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
