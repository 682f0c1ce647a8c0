from __future__ import annotations

import threading

from backend.desktop.watchdog import Watchdog


def test_it_barks_when_nobody_calms_it() -> None:
    barked = threading.Event()
    Watchdog(barked.set).watch(0.05)
    assert barked.wait(10)


def test_it_is_silent_once_calmed() -> None:
    barked = threading.Event()
    dog = Watchdog(barked.set)
    dog.watch(0.1)
    dog.calm()
    assert not barked.wait(0.3)


def test_watching_again_begins_anew_and_barks_once() -> None:
    barks = threading.Semaphore(0)
    dog = Watchdog(barks.release)
    dog.watch(0.1)
    dog.watch(0.2)
    assert barks.acquire(timeout=10)
    assert not barks.acquire(timeout=0.3)
