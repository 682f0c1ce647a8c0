from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.exceptions import OperationCancelled
from backend.operations.events import Event, EventStream, OperationChanged, OperationLogged
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationState, Progress
from backend.operations.operation import EVENTS_PER_SECOND, Operation, Step
from tests.fakes.ports import Clock, an_operation

STEPS = (Step("source", 10), Step("packages", 70), Step("commit", 20))


class Watched:
    """An operation, its clock, and everything that was published about it."""

    def __init__(self, folder: Path, steps: tuple[Step, ...] = STEPS) -> None:
        self.clock = Clock()
        self.journal = OperationJournal(folder)
        self.events = EventStream()
        self.seen: list[Event] = []
        self.events.listen(self.seen.append)
        self.operation: Operation = an_operation(self.journal, self.events, steps, clock=self.clock)

    @property
    def progress(self) -> Progress:
        return self.operation.snapshot.progress

    def published(self) -> list[Progress]:
        return [
            event.data.operation.progress
            for event in self.seen
            if isinstance(event.data, OperationChanged)
        ]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_fraction_is_the_share_of_the_weights(watched: Watched) -> None:
    with watched.operation.step("source"):
        assert watched.progress.fraction == 0.0
    with watched.operation.step("packages"):
        assert watched.progress.fraction == pytest.approx(0.1)
        watched.operation.advance(1, 2)
        assert watched.progress.fraction == pytest.approx(0.1 + 0.35)
    assert watched.progress.fraction == pytest.approx(0.8)


def test_a_step_says_which_one_of_how_many_it_is(watched: Watched) -> None:
    with watched.operation.step("packages"):
        now = watched.progress
    assert (now.step, now.step_number, now.step_count) == ("packages", 2, 3)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    weights=st.lists(st.floats(0.01, 1000), min_size=1, max_size=5),
    told=st.lists(
        st.tuples(st.none() | st.integers(-5, 300), st.none() | st.integers(0, 200)), max_size=20
    ),
)
def test_the_fraction_never_falls_and_never_leaves_0_to_1(
    tmp_path: Path, weights: list[float], told: list[tuple[int | None, int | None]]
) -> None:
    steps = tuple(Step(str(number), weight) for number, weight in enumerate(weights))
    watched = Watched(tmp_path, steps)
    for step in steps:
        with watched.operation.step(step.name):
            for done, total in told:
                watched.clock.pass_by(1)
                watched.operation.advance(done, total)
    watched.operation.become(OperationState.SUCCEEDED)
    fractions = [progress.fraction for progress in watched.published()]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0


def test_advance_without_a_total_keeps_the_fraction_and_tells_the_detail(watched: Watched) -> None:
    with watched.operation.step("packages"):
        watched.operation.advance(1, 2, "torch")
        watched.operation.advance(detail="numpy")
    assert watched.published()[-1].fraction == pytest.approx(0.8)
    with watched.operation.step("commit"):
        watched.operation.advance(5, None)
        assert watched.progress.fraction == pytest.approx(0.8)


def test_a_detail_stays_until_there_is_another(watched: Watched) -> None:
    with watched.operation.step("packages"):
        watched.operation.advance(1, 10, "torch")
        watched.operation.advance(2, 10)
        assert watched.progress.detail == "torch"
    with watched.operation.step("commit"):
        assert watched.progress.detail is None


def test_a_flood_of_progress_becomes_twenty_events_a_second(watched: Watched) -> None:
    with watched.operation.step("packages"):
        watched.seen.clear()
        for done in range(2000):  # ten seconds
            watched.clock.pass_by(0.005)
            watched.operation.advance(done, 2000)
        count = len(watched.published())
    assert EVENTS_PER_SECOND == 20
    assert 0.9 * 10 * EVENTS_PER_SECOND <= count <= 10 * EVENTS_PER_SECOND


def test_others_see_how_far_a_step_is_a_second_later_at_most(watched: Watched) -> None:
    with watched.operation.step(STEPS[0].name):
        watched.operation.advance(1, 4)
        watched.clock.pass_by(1)
        watched.operation.advance(2, 4)
        seen = watched.journal.load(watched.operation.id)
        assert seen == watched.operation.snapshot
        watched.operation.advance(3, 4)
        assert watched.journal.load(watched.operation.id) == seen


def test_the_end_of_a_step_is_told_however_soon_it_comes(watched: Watched) -> None:
    with watched.operation.step("packages"):
        watched.operation.advance(1, 4)  # swallowed: the start of the step was told just now
    told = [round(progress.fraction, 3) for progress in watched.published()]
    assert told == [0.1, 0.8]


def test_remaining_time_follows_from_what_is_done(watched: Watched) -> None:
    with watched.operation.step("source"):
        watched.clock.pass_by(1)
        watched.operation.advance(1, 10)
        assert watched.progress.remaining_seconds is None, "1 % is too little to tell"
    with watched.operation.step("packages"):
        watched.clock.pass_by(44)
        watched.operation.advance(1, 2)
        assert watched.progress.elapsed_seconds == pytest.approx(45)
        assert watched.progress.remaining_seconds == pytest.approx(45 * 0.55 / 0.45)


@pytest.mark.parametrize("verb", ["step", "advance", "check", "wait"])
def test_each_verb_ends_a_cancelled_operation(watched: Watched, verb: str) -> None:
    verbs: dict[str, Callable[[], object]] = {
        "step": lambda: ExitStack().enter_context(watched.operation.step("source")),
        "advance": lambda: watched.operation.advance(1, 2),
        "check": watched.operation.check,
        "wait": lambda: watched.operation.token.wait(60),
    }
    watched.operation.token.set()
    with pytest.raises(OperationCancelled) as caught:
        verbs[verb]()
    assert caught.value.context == {"operation_id": watched.operation.id}


def test_work_that_is_done_is_not_called_cancelled_afterwards(watched: Watched) -> None:
    # What a step has committed stays committed; "Nothing was changed" would be a lie.
    with watched.operation.step("commit"):
        watched.operation.token.set()
    assert watched.progress.fraction == 1.0


def test_a_step_that_fails_does_not_count_as_done(watched: Watched) -> None:
    with pytest.raises(LookupError), watched.operation.step("source"):
        raise LookupError
    assert watched.progress.fraction == 0.0


def test_each_step_is_in_the_journal_before_its_work_begins(watched: Watched) -> None:
    with watched.operation.step("packages"):
        stored = watched.journal.load(watched.operation.id)
    assert stored is not None
    assert stored.progress.step == "packages"


def test_a_final_state_stays(watched: Watched) -> None:
    watched.operation.become(OperationState.CANCELLED)
    watched.operation.become(OperationState.SUCCEEDED, result={"tag": "v1"})
    snapshot = watched.operation.snapshot
    assert (snapshot.state, snapshot.result) == (OperationState.CANCELLED, None)


def test_a_log_line_names_its_operation(watched: Watched) -> None:
    watched.operation.log("Downloading torch")
    assert watched.seen[-1].data == OperationLogged(
        operation_id=watched.operation.id, line="Downloading torch"
    )


def test_a_step_that_was_not_announced_is_a_fault(watched: Watched) -> None:
    with pytest.raises(ValueError, match="nowhere"), watched.operation.step("nowhere"):
        pass
