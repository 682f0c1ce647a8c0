"""Whose an operation is, and when nobody waits for it any longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from backend.operations import owners
from backend.operations.model import Owner
from backend.operations.owners import SILENT_SECONDS

NOBODY = 2**22 + 1


@pytest.fixture
def traces(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("record", "progress", "intent", "store")]
    for one in made[:3]:
        one.touch()
    made[3].mkdir()
    return [*made, tmp_path / "what is not there"]


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_this_process_owns_what_it_runs(traces: list[Path]) -> None:
    assert owners.lives(owners.own(), [])
    assert not owners.lives(owners.own().model_copy(update={"pid": NOBODY}), traces)
    assert owners.own() == owners.own()


def test_an_owner_elsewhere_lives_until_its_operation_has_been_silent_for_a_day(
    traces: list[Path],
) -> None:
    """A container that was made anew never says that what ran in it has ended."""
    elsewhere = owners.own().model_copy(update={"pid": NOBODY, "place": "pid:[1]"})
    for one in traces[:4]:
        assert owners.lives(elsewhere, traces), f"{one.name} has changed today"
        age(one, SILENT_SECONDS + 60)
    assert not owners.lives(elsewhere, traces)
    age(traces[1], SILENT_SECONDS - 60)
    assert owners.lives(elsewhere, traces)
    assert owners.lives(elsewhere, []), "nothing says that it was silent"


def test_an_owner_here_lives_however_silent_it_is(traces: list[Path]) -> None:
    for one in traces[:4]:
        age(one, SILENT_SECONDS + 60)
    assert owners.lives(owners.own(), traces)


def test_the_record_of_an_older_launcher_is_judged_as_one_of_this_place() -> None:
    here = owners.own()
    assert owners.lives(Owner(pid=here.pid, created=here.created), [])
    assert not owners.lives(Owner(pid=NOBODY, created=here.created), [])
