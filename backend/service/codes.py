"""Codes that open a session once: short enough to be typed, and worth nothing soon after.

A page cannot read the token's file, and a token in an address or on a command line would be seen by
others. So whoever opens a page gives it a code behind the `#`, which no server and no log is told.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final, Literal

from backend.api.rate_limits import Rate, TokenBucket
from backend.exceptions import RateLimited, WrongCode
from backend.logging_config import register_secret

Door = Literal["window", "browser", "program"]
"""What a session was opened from; only in `window` is there a bridge to this desktop."""

CODE_SECONDS: Final = 600.0
KEPT_CODES: Final = 8
TRIES: Final = Rate(per_second=1 / 6, burst=10)

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: no I, L, O and U
LENGTH: Final = 12  # of 5 bits each: 60 bits
_GROUP: Final = 4
_AS_READ: Final = str.maketrans("OIL", "011")


class Codes:
    """The codes that can be redeemed now: the newest few, each once. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, Door]] = {}
        self._tries = TokenBucket(TRIES, clock)

    def issue(self, door: Door) -> str:
        """A new code for one session of that door, as it is shown: `7K3M-0Q9X-V2TB`."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        shown = "-".join(code[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))
        register_secret(shown)
        with self._lock:
            self._known[_digest(code)] = (self._clock() + CODE_SECONDS, door)
            while len(self._known) > KEPT_CODES:
                del self._known[next(iter(self._known))]
        return shown

    def redeem(self, typed: str) -> Door:
        """The door that the code was issued for; from now on it opens nothing.

        Only wrong codes are counted: anyone on this machine can hand in those, and must not keep
        out whoever has the right one.
        Raises: WrongCode, RateLimited.
        """
        given = _digest(_as_issued(typed))
        with self._lock:
            found = [known for known in self._known if hmac.compare_digest(known, given)]
            until, door = self._known.pop(found[0]) if found else (0.0, None)
            if door is not None and self._clock() < until:
                return door
        if (wait := self._tries.take()) > 0:
            raise RateLimited("POST /api/v1/session", retry_after=wait)
        raise WrongCode


def _as_issued(typed: str) -> str:
    """What a person typed, without groups and with the letters that they took for digits."""
    return "".join(filter(str.isalnum, typed.upper())).translate(_AS_READ)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()
