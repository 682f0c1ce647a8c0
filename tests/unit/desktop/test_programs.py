from __future__ import annotations

import os

import psutil
import pytest

from backend.desktop.programs import Programs
from tests.helpers.desktop import until


def test_programs_that_have_ended_are_neither_kept_nor_left_as_zombies() -> None:
    programs = Programs(os.environ)
    for _ in range(5):
        programs.start(["/bin/true"])
    ended = set(programs._started)
    until(lambda: all(has_ended(pid) for pid in ended & children()), 10)
    programs.start(["/bin/true"])
    assert programs.running == 1
    assert ended & children() == set()


def test_a_program_that_is_not_there_is_an_error() -> None:
    programs = Programs(os.environ)
    with pytest.raises(OSError, match="No such file"):
        programs.start(["/no/such/program"])
    assert programs.running == 0


def children() -> set[int]:
    return {one.pid for one in psutil.Process().children()}


def has_ended(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
