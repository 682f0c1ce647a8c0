from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from backend.exceptions import OperationCancelled
from backend.operations.cancellation import FILE_CHECK_SECONDS, CancelToken
from tests.helpers.processes import run_python

REQUEST = """
    import sys
    from pathlib import Path
    from backend.operations.journal import OperationJournal
    OperationJournal(Path(sys.argv[1])).request_cancel(sys.argv[2])
"""


def test_a_token_is_not_set_before_someone_sets_it(tmp_path: Path) -> None:
    token = CancelToken("one", tmp_path / "one.cancel")
    assert not token.is_set()
    token.check()
    token.wait(0.01)


def test_another_process_cancels_through_the_file(tmp_path: Path) -> None:
    token = CancelToken("one", tmp_path / "one.cancel")
    other = CancelToken("two", tmp_path / "two.cancel")
    assert run_python(REQUEST, tmp_path, "one").returncode == 0
    with pytest.raises(OperationCancelled):
        token.check()
    assert not other.is_set()


def test_a_token_stays_set_when_the_file_goes(tmp_path: Path) -> None:
    request = tmp_path / "one.cancel"
    token = CancelToken("one", request)
    request.touch()
    assert token.is_set()
    request.unlink()
    assert token.is_set()


def test_a_token_tells_who_asked_from_a_launcher_that_closes(tmp_path: Path) -> None:
    request = tmp_path / "one.cancel"
    token = CancelToken("one", request)
    token.set(closing=True)
    assert token.is_set()
    assert not token.is_asked_for()
    request.touch()
    assert token.is_asked_for(), "another process asked at the same time"
    by_hand = CancelToken("two", tmp_path / "two.cancel")
    by_hand.set()
    by_hand.set(closing=True)
    assert by_hand.is_asked_for()


def test_the_file_is_looked_for_four_times_a_second_at_most(tmp_path: Path) -> None:
    request = tmp_path / "one.cancel"
    token = CancelToken("one", request)
    assert not token.is_set()
    request.touch()
    assert not token.is_set(), "it was looked for a moment ago"
    time.sleep(FILE_CHECK_SECONDS)
    assert token.is_set()


def test_waiting_ends_at_once_when_the_token_is_set(tmp_path: Path) -> None:
    token = CancelToken("one", tmp_path / "one.cancel")
    threading.Timer(0.1, token.set).start()
    start = time.monotonic()
    with pytest.raises(OperationCancelled):
        token.wait(30)
    assert time.monotonic() - start < 2


def test_waiting_notices_the_file(tmp_path: Path) -> None:
    token = CancelToken("one", tmp_path / "one.cancel")
    threading.Timer(0.1, (tmp_path / "one.cancel").touch).start()
    with pytest.raises(OperationCancelled):
        token.wait(5)
