"""One way to try again: only what may work a moment later, and never for longer than told."""

from __future__ import annotations

import random as randomness
import time
from collections.abc import Callable
from typing import Final, TypeVar

from backend.exceptions import NetworkError
from backend.logging_config import get_logger

T = TypeVar("T")

SLICE_SECONDS: Final = 0.25  # how late a cancel may come through
LONGEST_RETRY_AFTER_SECONDS: Final = 300.0
JITTER: Final = (0.75, 1.25)

_log: Final = get_logger(__name__)


def retry_operation(
    operation: Callable[[], T],
    max_retries: int = 3,
    operation_name: str = "operation",
    *,
    base_seconds: float = 2.0,
    cap_seconds: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = randomness.random,
    check: Callable[[], None] | None = None,
) -> T:
    """What `operation` returns, after at most `max_retries` repeats.

    Only a NetworkError that says it is `retryable` is repeated. The pauses are 2, 4, 8 ... seconds
    (`base_seconds` doubled each time), each times a factor drawn evenly from 0.75 to 1.25, so that
    many clients do not come back at once, and never more than `cap_seconds`. A server that says
    when to come back (`retry_after`, seconds) is waited for at least that long, or not at all if it
    says more than 300. `check` is called at least every 0.25 s of a pause and ends it by raising.

    Raises: whatever `operation` raises, the last time it is tried; whatever `check` raises.
    """
    for attempt in range(max_retries):
        try:
            return operation()
        except NetworkError as error:
            pause = _pause(error, attempt, base_seconds, cap_seconds, random())
            if pause is None:
                raise
            _log.warning(
                "%s failed (%s); repeat %d of %d in %.1f s",
                operation_name,
                error,
                attempt + 1,
                max_retries,
                pause,
            )
        _wait(pause, sleep, check)
    return operation()


def _pause(
    error: NetworkError, attempt: int, base_seconds: float, cap_seconds: float, drawn: float
) -> float | None:
    """Seconds to wait before the next attempt; None when there should be none."""
    asked = error.retry_after or 0.0
    if not error.retryable or asked > LONGEST_RETRY_AFTER_SECONDS:
        return None
    low, high = JITTER
    own = base_seconds * 2.0**attempt * (low + (high - low) * drawn)
    return max(min(own, cap_seconds), asked)


def _wait(seconds: float, sleep: Callable[[float], None], check: Callable[[], None] | None) -> None:
    if check is None:
        sleep(seconds)
        return
    check()
    while seconds > 0:
        sleep(min(seconds, SLICE_SECONDS))
        seconds -= SLICE_SECONDS
        check()
