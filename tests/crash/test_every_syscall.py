"""Killed, full or failing at any call that changes the disk: nothing is lost, nothing is half.

strace puts the fault there; what a launcher that is started next finds is judged by
`tests/crash/invariants.py`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.crash.invariants import RECOVERY_SECONDS
from tests.crash.points import Tally, Victims
from tests.crash.scenarios import RESTARTS, SCENARIOS

EVERY = 1_000_000
SHOWN = 20


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("most", quick_and_full(8, EVERY))
def test_a_fault_at_any_system_call_leaves_all_or_nothing_of_a_change(
    victims: Victims, figures: Figures, scenario: str, most: int
) -> None:
    judge(victims, figures, scenario, most)


@pytest.mark.long
@pytest.mark.parametrize("scenario", RESTARTS)
def test_a_fault_at_any_system_call_of_the_next_start_is_no_worse(
    victims: Victims, figures: Figures, scenario: str
) -> None:
    judge(victims, figures, scenario, EVERY)


def judge(victims: Victims, figures: Figures, scenario: str, most: int) -> None:
    tally = victims.tried(scenario, most)
    name = "every syscall" if most == EVERY else "every syscall, quick"
    figures(f"{name}: {scenario}", **tally.figures())
    total = victims.total.setdefault(name, Tally())
    total += tally
    figures(f"{name}: all", **total.figures())
    assert tally.words[:SHOWN] == [], f"{len(tally.words)} in all"
    assert tally.slowest <= RECOVERY_SECONDS
    assert tally.faults.total() >= min(most, 20)


def test_a_record_that_is_written_in_place_is_found_out(victims: Victims) -> None:
    """A test of the test: the naive writer loses a record, and the suite has to see it."""
    found = victims.tried("written in place", EVERY).found
    assert Counter(found)["corrupt"] >= 2
