"""Numbers, times and states as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.cli import wording

NOW = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (290_816, "291 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_019_576, "3.0 MB"),
        (1_900_000_000, "1.9 GB"),
        (7_500_000_000_000, "7.5 TB"),
    ],
)
def test_a_size_has_a_unit_and_never_four_digits_before_it(count: int, words: str) -> None:
    assert wording.size(count) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=59), "59 days ago"),
        (timedelta(days=60), "21 Nov 2025"),
        (timedelta(days=-2), "22 Jan 2026"),
    ],
)
def test_a_time_is_told_from_now_while_it_is_near(before: timedelta, words: str) -> None:
    assert wording.ago(NOW - before, NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (192, "3 min 12 s"),
     (3840, "1 h 04 min")],
)  # fmt: skip
def test_a_duration_is_as_exact_as_it_is_useful(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0:00"), (42, "0:42"), (725, "12:05"), (3725, "1:02:05")]
)
def test_a_clock_keeps_its_width(seconds: float, words: str) -> None:
    assert wording.clock(seconds) == words


def test_every_step_that_the_app_takes_has_words() -> None:
    from backend import installation_progress_tracker as tracker

    steps = {
        step.name
        for name, steps in vars(tracker).items()
        if name.endswith("_STEPS")
        for step in steps
    }
    assert steps
    assert steps - set(wording.STEP_WORDS) == set()


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "\x9bK", "a\rb", "\udcff", "\u202egpj"])
def test_what_a_terminal_would_act_on_is_shown_instead(text: str) -> None:
    assert wording.inline(text).isprintable()
    assert wording.inline(text) != text


def test_a_date_in_a_record_that_is_none_is_shown_as_it_is() -> None:
    assert wording.day_of("2025-10-15T06:01:17Z") == "15 Oct 2025"
    assert wording.day_of("whenever") == "whenever"
