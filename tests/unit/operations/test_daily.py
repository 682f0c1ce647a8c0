from __future__ import annotations

import threading
from queue import SimpleQueue

from backend.operations.daily import Daily


def test_it_works_at_once_and_again_after_a_day_until_it_is_closed() -> None:
    calls: SimpleQueue[int] = SimpleQueue()
    daily = Daily(lambda: calls.put(1), every_seconds=0.01)
    daily.start()
    daily.start()
    for _ in range(3):
        calls.get(timeout=5)
    daily.close()
    while not calls.empty():
        calls.get()
    assert "daily" not in {thread.name for thread in threading.enumerate()}
    assert calls.empty()


def test_what_never_stays_never_works() -> None:
    calls: SimpleQueue[int] = SimpleQueue()
    Daily(lambda: calls.put(1)).close()
    assert calls.empty()
