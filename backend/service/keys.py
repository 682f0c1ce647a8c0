"""What opens the service: its token, the sessions of pages, and the codes that begin one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from backend.service.codes import Codes, Door

PLACE_BYTES: Final = 16
KEPT_SESSIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Session:
    """What a page is given: `place` is the name of where `secret`, its cookie, is good.

    A browser sends a cookie to every server of this host, whatever its port. Only a page that knows
    the place asks below it, so that no other server is ever sent the cookie.
    """

    place: str = field(repr=False)
    secret: str = field(repr=False)


class Keys:
    """The token of this start, and the sessions that were opened with it; both die with it."""

    def __init__(self, token: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token.encode()
        self._sessions: dict[bytes, Door] = {}
        self._codes = Codes(clock)
        self.port = port
        self.cookie = f"comfyui_launcher_{port}"  # cookies are per host, not per port

    def fit(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries the token."""
        scheme, _, given = authorization.partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._token)
        return same and scheme.lower() == "bearer"

    def issue_code(self, door: Door) -> str:
        """A code that opens one session, within ten minutes. From any thread."""
        return self._codes.issue(door)

    def redeem(self, code: str) -> Door:
        """The door that a code was issued for, once. Raises: WrongCode, RateLimited."""
        return self._codes.redeem(code)

    def open_session(self, door: Door) -> Session:
        """A new place and its secret. The oldest session ends when there are too many."""
        session = Session(secrets.token_hex(PLACE_BYTES), secrets.token_urlsafe(32))
        self._sessions[_digest(session.place, session.secret)] = door
        while len(self._sessions) > KEPT_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def door_of(self, place: str, cookies: str) -> Door | None:
        """What the session of that place and that `Cookie` header was opened from, if it is one."""
        for secret in self._values_in(cookies):
            given = _digest(place, secret)
            for known, door in self._sessions.items():
                if hmac.compare_digest(given, known):
                    return door
        return None

    def close_session(self, place: str, cookies: str) -> None:
        """Ends the session of that place and that `Cookie` header, if there is one."""
        for secret in self._values_in(cookies):
            self._sessions.pop(_digest(place, secret), None)

    def _values_in(self, cookies: str) -> list[str]:
        pairs = (part.strip().partition("=") for part in cookies.split(";"))
        return [value for name, _, value in pairs if name == self.cookie]


def _digest(place: str, secret: str) -> bytes:
    return hashlib.sha256(f"{place} {secret}".encode()).digest()
