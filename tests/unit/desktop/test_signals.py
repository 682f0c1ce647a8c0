"""Signals to a process that opens a window, before and after there is one."""

from __future__ import annotations

import pytest

from tests.helpers.processes import run_python

BEGIN = """
    import os, signal, sys, time
    from backend.desktop.signals import Ended, Signals
    signals = Signals()
"""


def said(code: str) -> str:
    done = run_python(BEGIN + code)
    return f"{done.stdout.strip()} {done.returncode}"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_before_there_is_a_window_a_signal_ends_what_is_under_way(name: str) -> None:
    code = f"""
    try:
        os.kill(os.getpid(), signal.{name})
        time.sleep(30)
    except Ended:
        print(signals.first.name)
"""
    assert said(code) == f"{name} 0"


def test_a_signal_that_got_lost_before_closes_the_window_as_soon_as_there_is_one() -> None:
    code = """
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Ended:
        pass
    signals.close_by(lambda: print("closed"))
"""
    assert said(code) == "closed 0"


def test_the_first_signal_closes_the_window_and_the_second_is_final() -> None:
    code = """
    signals.close_by(lambda: print("closed", flush=True))
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here")
"""
    assert said(code) == "closed 143"


def test_what_is_ignored_stays_ignored() -> None:
    code = """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals = Signals()
    os.kill(os.getpid(), signal.SIGHUP)
    print(signals.first)
"""
    assert said(code) == "None 0"
