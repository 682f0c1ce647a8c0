from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.exceptions import (
    HttpFailed,
    InvalidValue,
    NetworkError,
    NetworkUnreachable,
    OperationCancelled,
)
from backend.retry_utils import SLICE_SECONDS, retry_operation


class Flaky:
    """An operation that fails a number of times, then answers; counts its calls."""

    def __init__(self, failures: int, error: Callable[[], Exception] | None = None) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error or (lambda: NetworkUnreachable("example.org"))

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error()
        return "answer"


def failing_with(retry_after: float | None, *, retryable: bool = True) -> NetworkError:
    error = NetworkUnreachable("example.org")
    error.retry_after, error.retryable = retry_after, retryable
    return error


def middle() -> float:
    """The draw that leaves the pauses as they are."""
    return 0.5


def test_an_operation_that_works_is_called_once() -> None:
    flaky, pauses = Flaky(0), list[float]()
    assert retry_operation(flaky, sleep=pauses.append) == "answer"
    assert (flaky.calls, pauses) == (1, [])


def test_the_pauses_double() -> None:
    flaky, pauses = Flaky(3), list[float]()
    assert retry_operation(flaky, sleep=pauses.append, random=middle) == "answer"
    assert pauses == [2.0, 4.0, 8.0]


def test_the_last_error_is_raised_after_so_many_repeats() -> None:
    errors = [NetworkUnreachable(f"host{number}") for number in range(9)]
    flaky, pauses = Flaky(9, iter(errors).__next__), list[float]()
    with pytest.raises(NetworkUnreachable) as caught:
        retry_operation(flaky, max_retries=3, sleep=pauses.append)
    assert caught.value is errors[3]
    assert (flaky.calls, len(pauses)) == (4, 3)


def test_without_repeats_the_first_error_is_raised_at_once() -> None:
    flaky, pauses = Flaky(1), list[float]()
    with pytest.raises(NetworkUnreachable):
        retry_operation(flaky, max_retries=0, sleep=pauses.append)
    assert (flaky.calls, pauses) == (1, [])


@pytest.mark.parametrize(("drawn", "factor"), [(0.0, 0.75), (0.5, 1.0), (0.999999, 1.25)])
def test_a_pause_is_spread_evenly_around_its_length(drawn: float, factor: float) -> None:
    pauses = list[float]()
    retry_operation(Flaky(2), sleep=pauses.append, random=lambda: drawn)
    assert pauses == pytest.approx([2 * factor, 4 * factor], rel=1e-4)


def test_pauses_of_many_clients_differ() -> None:
    pauses = list[float]()
    for _ in range(200):
        retry_operation(Flaky(1), sleep=pauses.append)
    assert all(1.5 <= pause <= 2.5 for pause in pauses)
    assert len(set(pauses)) > 190
    assert min(pauses) < 1.7
    assert max(pauses) > 2.3


def test_no_pause_is_longer_than_the_cap_even_with_the_spread() -> None:
    pauses = list[float]()
    retry_operation(Flaky(9), 9, sleep=pauses.append, random=lambda: 0.99, cap_seconds=60)
    assert max(pauses) == 60


def test_the_base_can_be_chosen() -> None:
    pauses = list[float]()
    retry_operation(Flaky(2), base_seconds=0.5, sleep=pauses.append, random=middle)
    assert pauses == [0.5, 1.0]


def test_the_word_of_the_server_on_when_is_kept_even_beyond_the_cap() -> None:
    pauses = list[float]()
    flaky = Flaky(2, lambda: failing_with(90.0))
    assert retry_operation(flaky, sleep=pauses.append, random=middle, cap_seconds=60) == "answer"
    assert pauses == [90.0, 90.0]


def test_a_server_that_asks_for_less_does_not_make_us_hurry() -> None:
    pauses = list[float]()
    retry_operation(Flaky(1, lambda: failing_with(0.1)), sleep=pauses.append, random=middle)
    assert pauses == [2.0]


def test_a_server_that_asks_for_more_than_five_minutes_is_not_waited_for() -> None:
    flaky, pauses = Flaky(1, lambda: failing_with(300.5)), list[float]()
    with pytest.raises(NetworkUnreachable):
        retry_operation(flaky, sleep=pauses.append)
    assert (flaky.calls, pauses) == (1, [])


@pytest.mark.parametrize(
    "error",
    [
        HttpFailed("example.org", 404),
        HttpFailed("example.org", 429, retry_after=1),
        failing_with(None, retryable=False),
        InvalidValue("tag", "x", expected="a tag"),
        OperationCancelled("op"),
        KeyError("x"),
        OSError("disk"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_not_work_a_moment_later_is_raised_at_once(error: Exception) -> None:
    flaky, pauses = Flaky(1, lambda: error), list[float]()
    with pytest.raises(type(error)) as caught:
        retry_operation(flaky, sleep=pauses.append)
    assert caught.value is error
    assert (flaky.calls, pauses) == (1, [])


@given(
    st.lists(st.sampled_from(["sound", "retryable", "final"]), min_size=12, max_size=12),
    st.integers(min_value=0, max_value=10),
)
def test_there_are_never_more_tries_than_allowed_and_always_an_answer_or_an_error(
    outcomes: list[str], max_retries: int
) -> None:
    calls = list[str]()

    def operation() -> str:
        calls.append(outcomes[len(calls)])
        if calls[-1] != "sound":
            raise failing_with(None, retryable=calls[-1] == "retryable")
        return "answer"

    try:
        answer = retry_operation(operation, max_retries, sleep=lambda _: None)
    except NetworkError:
        assert calls[-1] == "final" or len(calls) == max_retries + 1
    else:
        assert answer == "answer"
        assert calls[-1] == "sound"
    assert set(calls[:-1]) <= {"retryable"}
    assert len(calls) <= max_retries + 1


def test_a_cancel_ends_a_wait_between_two_slices() -> None:
    flaky, slices = Flaky(1), list[float]()

    def check() -> None:
        if sum(slices) >= 1.0:
            raise OperationCancelled("op")

    with pytest.raises(OperationCancelled):
        retry_operation(flaky, sleep=slices.append, random=middle, check=check)
    assert slices == [SLICE_SECONDS] * 4
    assert flaky.calls == 1


def test_slices_add_up_to_the_pause() -> None:
    slices = list[float]()
    retry_operation(
        Flaky(1),
        base_seconds=1.1,
        sleep=slices.append,
        random=middle,
        check=lambda: None,
    )
    assert sum(slices) == pytest.approx(1.1)
    assert max(slices) <= 0.25


def test_a_cancel_comes_through_a_real_wait_within_half_a_second() -> None:
    begin = time.monotonic()

    def check() -> None:
        if time.monotonic() - begin > 0.1:
            raise OperationCancelled("op")

    with pytest.raises(OperationCancelled):
        retry_operation(Flaky(1), check=check)
    assert time.monotonic() - begin < 0.6


def test_each_repeat_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "backend.retry_utils"):
        retry_operation(Flaky(2), 3, "listing releases", sleep=lambda _: None, random=middle)
    assert [record.getMessage() for record in caplog.records] == [
        "listing releases failed (example.org could not be reached.); repeat 1 of 3 in 2.0 s",
        "listing releases failed (example.org could not be reached.); repeat 2 of 3 in 4.0 s",
    ]
