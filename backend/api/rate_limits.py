"""How often each class of endpoint may be called: a token bucket a class.

The numbers stop a runaway page or script, not a person: docs/reference/api.md publishes them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from backend.api.endpoint import Endpoint, RateClass
from backend.exceptions import RateLimited


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` on average, `burst` at once."""

    per_second: float
    burst: int


RATES: Final[Mapping[RateClass, Rate]] = {
    RateClass.READ: Rate(per_second=50, burst=100),
    RateClass.CHANGE: Rate(per_second=2, burst=10),
    RateClass.DESTRUCTIVE: Rate(per_second=0.5, burst=5),
}

ROUNDING: Final = 1e-6  # who waits exactly as told must not be refused for a lost last digit


class TokenBucket:
    """Holds up to `burst` tokens and regains `per_second` of them. Time only moves forward."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate.burst)
        self._then = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """0.0 when a token was taken, else the seconds until there is one."""
        with self._lock:
            now = self._clock()
            gained = max(0.0, now - self._then) * self._rate.per_second
            self._tokens = min(float(self._rate.burst), self._tokens + gained)
            self._then = now
            if self._tokens >= 1.0 - ROUNDING:
                self._tokens = max(0.0, self._tokens - 1.0)
                return 0.0
            return (1.0 - self._tokens) / self._rate.per_second


class RateLimiter:
    """A bucket for each class; what is unlimited (cancel, stop) has none."""

    def __init__(
        self,
        rates: Mapping[RateClass, Rate] = RATES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buckets = {kind: TokenBucket(rate, clock) for kind, rate in rates.items()}

    def admit(self, endpoint: Endpoint) -> None:
        """Raises: RateLimited with `retry_after` seconds."""
        bucket = self._buckets.get(endpoint.rate)
        wait = bucket.take() if bucket else 0.0
        if wait > 0:
            raise RateLimited(endpoint.name, retry_after=wait)
