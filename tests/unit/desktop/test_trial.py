"""Trials of the real Qt, on its platform that needs no display."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from backend.desktop.surroundings import has_qt
from backend.desktop.trial import Doubts, key_of, try_qt
from tests.helpers.desktop import until
from tests.helpers.processes import python_that_said

pytestmark = pytest.mark.skipif(not has_qt(), reason="PySide6 is not installed here")

SOUND = {
    **os.environ,
    "QT_QPA_PLATFORM": "offscreen",
    "LANG": "en_US.UTF-8",
    **({"QTWEBENGINE_DISABLE_SANDBOX": "1"} if os.geteuid() == 0 else {}),
}
BROKEN = {**SOUND, "QT_QPA_PLATFORM": "no-such-platform"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "window-engine.json"


def test_a_qt_that_works_has_no_trouble() -> None:
    assert try_qt(SOUND) is None


def test_a_qt_that_aborts_says_why_and_takes_nobody_along() -> None:
    assert "no-such-platform" in (try_qt(BROKEN) or "")


def test_a_trial_that_takes_too_long_is_ended() -> None:
    assert try_qt(SOUND, seconds=0.05) == "it did not answer in 0.05 seconds"


TRY = """
    import json, sys
    from backend.desktop.trial import try_qt
    print("trying", flush=True)
    try_qt(json.loads(sys.argv[1]))
"""


def test_a_trial_ends_with_the_launcher_that_was_killed_meanwhile() -> None:
    with python_that_said("trying", TRY, json.dumps(SOUND)) as launcher:
        trial = until(lambda: psutil.Process(launcher.pid).children(), 10)[0]
        launcher.kill()
        launcher.wait(10)
    until(lambda: not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_library_of_ours_that_does_not_load_is_told(tmp_path: Path) -> None:
    junk = tmp_path / "libjunk.so.1"
    junk.write_text("no library")
    assert "libjunk.so.1" in (try_qt(SOUND, [junk]) or "")


def test_what_was_proven_is_not_tried_again(file: Path) -> None:
    assert Doubts(file, "offscreen").trouble(SOUND) is None
    # In this environment a trial would fail: there was none.
    assert Doubts(file, "offscreen").trouble(BROKEN) is None


def test_another_platform_is_another_question(file: Path) -> None:
    assert Doubts(file, "offscreen").trouble(SOUND) is None
    assert Doubts(file, "no-such-platform").trouble(BROKEN) is not None


def test_another_qt_or_another_kept_library_is_another_question(tmp_path: Path) -> None:
    assert key_of("xcb") == key_of("xcb")
    assert key_of("xcb") != key_of("wayland")
    assert key_of("xcb") != key_of("xcb", [tmp_path / "libxcb-cursor.so.0"])
    assert key_of("xcb") != key_of("xcb", display_is_remote=True)


def test_a_start_that_did_not_get_through_raises_the_doubt_again(file: Path) -> None:
    doubts = Doubts(file, "offscreen")
    doubts.proven()
    doubts.opening()
    assert Doubts(file, "offscreen").trouble(BROKEN) is not None


def test_a_page_that_came_up_settles_it(file: Path) -> None:
    doubts = Doubts(file, "offscreen")
    doubts.opening()
    doubts.proven()
    assert Doubts(file, "offscreen").trouble(BROKEN) is None


def test_a_failure_is_believed_until_the_user_insists(file: Path) -> None:
    reason = Doubts(file, "offscreen").trouble(BROKEN)
    assert reason is not None
    assert Doubts(file, "offscreen").trouble(SOUND) == reason
    assert Doubts(file, "offscreen").trouble(SOUND, insist=True) is None
    assert Doubts(file, "offscreen").trouble(BROKEN) is None


def test_a_failure_of_the_day_before_is_tried_again(file: Path) -> None:
    assert Doubts(file, "offscreen").trouble(BROKEN) is not None
    set_year(file, "2001")
    assert Doubts(file, "offscreen").trouble(SOUND) is None


def test_a_failure_of_a_clock_that_was_wrong_is_not_believed_for_years(file: Path) -> None:
    assert Doubts(file, "offscreen").trouble(BROKEN) is not None
    set_year(file, "2999")
    assert Doubts(file, "offscreen").trouble(SOUND) is None


def set_year(file: Path, year: str) -> None:
    text = file.read_text()
    then = text.partition('"at": "')[2][:4]
    file.write_text(text.replace(f'"at": "{then}', f'"at": "{year}'))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": 9}', "\0"])
def test_a_damaged_memory_is_as_none(file: Path, content: str) -> None:
    file.write_text(content)
    assert Doubts(file, "offscreen").trouble(SOUND) is None


def test_a_memory_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Doubts(tmp_path / "file/window-engine.json", "offscreen").trouble(SOUND) is None
