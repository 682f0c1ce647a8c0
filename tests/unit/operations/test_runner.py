from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from backend.exceptions import (
    DiskFull,
    MetadataCorrupt,
    NotWritable,
    OperationConflict,
    OperationNotFound,
    VersionNotInstalled,
)
from backend.logging_config import configure_logging
from backend.operations.events import Event, EventStream, OperationChanged
from backend.operations.journal import KEPT_OPERATIONS, OperationJournal
from backend.operations.model import (
    Interrupted,
    OperationSnapshot,
    OperationState,
    Owner,
    Recovery,
)
from backend.operations.operation import Operation, Step
from backend.operations.runner import (
    HELD_FINISHED,
    PARALLEL_OPERATIONS,
    OperationRunner,
    Work,
)
from backend.platform.subprocesses import creation_time, is_same_process
from tests.fakes.ports import a_snapshot, all_at_once
from tests.helpers.processes import python_that_said
from tests.helpers.volumes import fill, mounted

STEPS = (Step("all"),)
RUNS_ONE = """
    import os, sys, threading
    from pathlib import Path
    from backend.operations.events import EventStream
    from backend.operations.journal import OperationJournal
    from backend.operations.model import Owner
    from backend.operations.operation import Step
    from backend.operations.runner import OperationRunner
    from backend.platform.subprocesses import creation_time, is_same_process

    runner = OperationRunner(
        OperationJournal(Path(sys.argv[1])),
        EventStream(),
        owner=lambda: Owner(pid=os.getpid(), created=creation_time(os.getpid()) or ""),
        owner_lives=lambda owner, _: is_same_process(owner.pid, owner.created),
    )

    def work(operation):
        with operation.step("all"):
            operation.advance(1, 2, "half")
            print("running", flush=True)
            operation.token.wait(60)

    reference = runner.submit("versions.install", "v0.3.64", (Step("all"),), work)
    print(runner.wait(reference.operation_id).state, flush=True)
"""


class Result(BaseModel):
    tag: str


def nothing(_operation: Operation) -> None:
    return None


def wait_for_cancel(operation: Operation) -> None:
    operation.token.wait(30)


def make_runner(folder: Path, events: EventStream | None = None) -> OperationRunner:
    return OperationRunner(
        OperationJournal(folder),
        events or EventStream(),
        owner=lambda: Owner(pid=os.getpid(), created=creation_time(os.getpid()) or ""),
        owner_lives=lambda owner, _: is_same_process(owner.pid, owner.created),
    )


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[OperationRunner]:
    made = make_runner(tmp_path)
    yield made
    made.close()


def run(runner: OperationRunner, work: Work, subject: str = "v0.3.64") -> OperationSnapshot:
    reference = runner.submit("versions.install", subject, STEPS, work)
    return runner.wait(reference.operation_id, timeout=10)


def until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def test_the_result_of_the_work_is_in_the_snapshot_and_in_the_journal(
    runner: OperationRunner, tmp_path: Path
) -> None:
    snapshot = run(runner, lambda _: Result(tag="v0.3.64"))
    assert (snapshot.state, snapshot.result) == (OperationState.SUCCEEDED, {"tag": "v0.3.64"})
    assert snapshot.progress.fraction == 1.0
    assert snapshot.finished_at is not None
    assert OperationJournal(tmp_path).load(snapshot.id) == snapshot


def test_submitting_answers_before_the_work_is_done(runner: OperationRunner) -> None:
    reference = runner.submit("versions.install", "v0.3.64", STEPS, wait_for_cancel)
    assert (reference.kind, reference.subject) == ("versions.install", "v0.3.64")
    assert not runner.get(reference.operation_id).state.is_final


def test_a_failure_tells_code_message_hint_and_details(runner: OperationRunner) -> None:
    def fail(_operation: Operation) -> None:
        raise VersionNotInstalled("v1", installed=["v2"])

    snapshot = run(runner, fail)
    assert snapshot.state is OperationState.FAILED
    assert snapshot.error is not None
    assert snapshot.error.code == "version-not-installed"
    assert snapshot.error.details == {"tag": "v1", "installed": ["v2"]}
    assert "v2" in snapshot.error.hint


def test_a_crash_inside_the_work_is_an_incident_whose_story_is_in_the_log(
    runner: OperationRunner, tmp_path: Path
) -> None:
    def crash(_operation: Operation) -> None:
        boxes: list[str] = []
        boxes[3].upper()

    log = configure_logging(tmp_path / "logs", "test", "INFO")
    try:
        snapshot = run(runner, crash)
    finally:
        for handler in logging.getLogger().handlers[:]:
            if getattr(handler, "baseFilename", None) == str(log):
                logging.getLogger().removeHandler(handler)
                handler.close()
    assert snapshot.error is not None
    assert snapshot.error.code == "internal-error"
    assert "IndexError" not in snapshot.model_dump_json()
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    (told,) = [line for line in lines if line.get("incident")]
    assert told["incident"] == snapshot.error.details["incident"]
    assert told["operation"] == snapshot.id
    assert "boxes[3].upper()" in told["exception"]
    assert "IndexError" in told["exception"]


def test_states_are_published_in_their_order(tmp_path: Path) -> None:
    events = EventStream()
    states: list[OperationState] = []

    def keep(event: Event) -> None:
        if isinstance(event.data, OperationChanged):
            states.append(event.data.operation.state)

    events.listen(keep)
    run(make_runner(tmp_path, events), nothing)
    assert states == [OperationState.RUNNING, OperationState.SUCCEEDED]


def test_cancelling_ends_as_cancelled(runner: OperationRunner) -> None:
    reference = runner.submit("versions.install", "v0.3.64", STEPS, wait_for_cancel)
    asked = runner.cancel(reference.operation_id).state
    assert asked in {OperationState.CANCELLING, OperationState.CANCELLED}
    snapshot = runner.wait(reference.operation_id, timeout=5)
    assert (snapshot.state, snapshot.error) == (OperationState.CANCELLED, None)


def test_a_cancelled_operation_never_looks_as_if_it_ran_on(runner: OperationRunner) -> None:
    for number in range(30):  # at any moment of its start
        reference = runner.submit("versions.install", f"v{number}", STEPS, wait_for_cancel)
        asked = runner.cancel(reference.operation_id).state
        assert asked in {OperationState.CANCELLING, OperationState.CANCELLED}


def test_cancelling_what_has_ended_changes_nothing(runner: OperationRunner) -> None:
    ended = run(runner, nothing)
    assert runner.cancel(ended.id) == ended
    assert runner.get(ended.id) == ended


def test_who_waits_in_the_queue_is_cancelled_at_once(runner: OperationRunner) -> None:
    busy = [
        runner.submit("versions.install", f"v{number}", STEPS, wait_for_cancel)
        for number in range(PARALLEL_OPERATIONS)
    ]
    assert until(
        lambda: all(runner.get(b.operation_id).state is OperationState.RUNNING for b in busy)
    )
    queued = runner.submit("versions.install", "v9", STEPS, nothing)
    assert runner.get(queued.operation_id).state is OperationState.QUEUED
    runner.cancel(queued.operation_id)
    assert runner.wait(queued.operation_id, timeout=3).state is OperationState.CANCELLED
    assert not any(runner.get(b.operation_id).state.is_final for b in busy)


def test_no_more_than_four_run_at_a_time_and_the_others_follow(runner: OperationRunner) -> None:
    most, now, lock = [0], [0], threading.Lock()

    def work(_operation: Operation) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.03)
        with lock:
            now[0] -= 1

    references = [
        runner.submit("versions.install", f"v{number}", STEPS, work) for number in range(10)
    ]
    states = {runner.wait(r.operation_id, timeout=10).state for r in references}
    assert states == {OperationState.SUCCEEDED}
    assert most[0] == PARALLEL_OPERATIONS


def test_what_is_urgent_does_not_wait_for_a_place(runner: OperationRunner) -> None:
    for number in range(PARALLEL_OPERATIONS):
        runner.submit("versions.install", f"v{number}", STEPS, wait_for_cancel)
    stop = runner.submit("versions.stop", "v9", STEPS, nothing, urgent=True)
    assert runner.wait(stop.operation_id, timeout=5).state is OperationState.SUCCEEDED


def test_what_ended_long_ago_is_read_from_its_record(runner: OperationRunner) -> None:
    first = run(runner, lambda _operation: Result(tag="v0.3.64"), "first")
    for number in range(HELD_FINISHED + 1):
        run(runner, nothing, f"later {number}")
    runner.submit("versions.install", "last", STEPS, nothing)
    again = runner.get(first.id)
    assert again == first
    assert again is not first


def test_two_on_the_same_subject_is_a_conflict_that_names_the_first(
    runner: OperationRunner,
) -> None:
    first = runner.submit("versions.install", "v0.3.64", STEPS, wait_for_cancel)
    with pytest.raises(OperationConflict) as caught:
        runner.submit("versions.uninstall", "v0.3.64", STEPS, nothing)
    assert caught.value.context == {
        "subject": "v0.3.64",
        "kind": "versions.install",
        "operation_id": first.operation_id,
    }
    runner.submit("versions.install", "v0.3.63", STEPS, nothing)


def test_of_many_submitted_together_on_one_subject_one_runs(runner: OperationRunner) -> None:
    outcomes: list[str] = []

    def submit() -> None:
        try:
            outcomes.append(
                runner.submit("versions.install", "same", STEPS, wait_for_cancel).operation_id
            )
        except OperationConflict:
            outcomes.append("conflict")

    all_at_once([submit] * 8)
    assert outcomes.count("conflict") == 7


def test_a_subject_is_free_again_when_its_operation_has_ended(runner: OperationRunner) -> None:
    run(runner, nothing)
    assert run(runner, nothing).state is OperationState.SUCCEEDED


def test_a_running_operation_is_never_shown_as_interrupted(runner: OperationRunner) -> None:
    seen: set[OperationState] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.update(snapshot.state for snapshot in runner.list_all())

    def submit() -> None:
        for number in range(25):
            run(runner, nothing, f"v{number}")
        done.set()

    all_at_once([look, submit])
    assert OperationState.INTERRUPTED not in seen


def test_an_operation_that_is_not_there_is_not_found(runner: OperationRunner) -> None:
    for name in ("20251101120000-aaaaaa", "", "../../etc/passwd", "x" * 41, "a/b", "..", "\x00"):
        with pytest.raises(OperationNotFound):
            runner.get(name)
        assert not runner.is_running(name)


@pytest.mark.parametrize("content", [b"", b"\x00" * 300, b'{"id":"2025'])
def test_an_operation_whose_record_cannot_be_read_counts_as_running_and_is_told(
    tmp_path: Path, content: bytes
) -> None:
    """Nothing says that it has ended: what it made must not be cleared away."""
    runner, name = make_runner(tmp_path), "20251101120000-aaaaaa"
    (tmp_path / f"{name}.jsonl").write_bytes(content)
    with pytest.raises(MetadataCorrupt):
        runner.get(name)
    assert runner.is_running(name)
    assert runner.list_all() == []
    assert runner.settle_interrupted() == []
    assert [problem.path.stem for problem in runner.problems()] == [name]


def test_whether_an_operation_fell_short_is_known_only_from_its_record(tmp_path: Path) -> None:
    def fails(operation: Operation) -> None:
        raise NotWritable(tmp_path, reason="a test")

    runner, lost = make_runner(tmp_path), "20251101120000-aaaaaa"
    done, failed = run(runner, nothing, "v1"), run(runner, fails, "v2")
    (tmp_path / f"{lost}.jsonl").write_bytes(b"\x00" * 300)
    asked = (done.id, failed.id, lost, "20251101120000-bbbbbb")
    assert [runner.fell_short(one) for one in asked] == [False, True, False, False]


def test_the_list_shows_the_newest_first(runner: OperationRunner) -> None:
    first, second = run(runner, nothing, "v1"), run(runner, nothing, "v2")
    assert [one.id for one in runner.list_all()] == [second.id, first.id]


def test_what_a_killed_process_was_running_is_interrupted(tmp_path: Path) -> None:
    with python_that_said("running", RUNS_ONE, tmp_path) as process:
        process.kill()
        process.wait()
    runner = make_runner(tmp_path)
    (seen,) = runner.list_all()
    assert seen.state is OperationState.INTERRUPTED, "before anything was settled"
    (settled,) = runner.settle_interrupted()
    assert settled.error is not None
    assert settled.error.code == "operation-interrupted"
    assert settled.progress.step == "all"
    assert settled.finished_at is not None
    assert not runner.is_running(settled.id)
    assert make_runner(tmp_path).settle_interrupted() == []
    left = make_runner(tmp_path).interrupted()
    assert left == Interrupted((), (settled,)), "nobody said what became of it"
    assert run(runner, nothing).state is OperationState.SUCCEEDED, "its subject is free again"
    runner.close()


def test_a_kill_in_the_middle_of_a_line_is_settled_at_the_first_start(tmp_path: Path) -> None:
    with python_that_said("running", RUNS_ONE, tmp_path) as process:
        process.kill()
        process.wait()
    (file,) = tmp_path.glob("*.jsonl")
    with file.open("ab") as journal:
        journal.write(b'{"id": "2025')
    (settled,) = make_runner(tmp_path).settle_interrupted()
    assert make_runner(tmp_path).interrupted().known == (settled,)


def test_what_became_of_an_interrupted_operation_is_said_once_and_stays(tmp_path: Path) -> None:
    gone = Owner(pid=1, created="1.0")
    OperationJournal(tmp_path).append(a_snapshot("one", owner=gone))
    runner = make_runner(tmp_path)
    runner.settle_interrupted()
    first = Recovery(outcome="undone", words="Nothing of it is left.")
    assert runner.note_recovery("one", first).recovery == first
    runner.note_recovery("one", Recovery(outcome="left", words="Another launcher came later."))
    assert make_runner(tmp_path).get("one").recovery == first
    assert make_runner(tmp_path).interrupted() == Interrupted((), ()), "once is enough"


def test_an_end_that_came_after_the_look_is_not_overwritten(tmp_path: Path) -> None:
    """Its process writes the end down and is gone between our two looks: at it, and for it."""
    journal, gone = OperationJournal(tmp_path), Owner(pid=1, created="1.0")
    begun = a_snapshot("one", owner=gone)
    ended = begun.model_copy(update={"state": OperationState.SUCCEEDED, "result": {"ok": 1}})
    journal.append(begun)

    def dies_well(_owner: Owner, _operation_id: str) -> bool:
        journal.append(ended)
        return False

    runner = OperationRunner(
        journal, EventStream(), owner=lambda: Owner(pid=2, created="2.0"), owner_lives=dies_well
    )
    assert runner.get("one") == ended, "it is not shown as interrupted either"
    assert runner.settle_interrupted() == []
    assert journal.load("one") == ended


def test_of_two_that_settle_at_once_the_first_word_counts(tmp_path: Path) -> None:
    OperationJournal(tmp_path).append(a_snapshot("one", owner=Owner(pid=1, created="1.0")))
    early, late = make_runner(tmp_path), make_runner(tmp_path)
    seen_by_both = late.interrupted().found
    first = Recovery(outcome="left", words="2 of 5 are deleted.")
    for one in early.settle_interrupted(seen_by_both):
        early.note_recovery(one.id, first)
    assert late.settle_interrupted(seen_by_both) == []
    late.note_recovery("one", Recovery(outcome="undone", words="Nothing of it is left."))
    assert OperationJournal(tmp_path).load("one") == early.get("one")
    assert early.get("one").recovery == first


def test_what_a_full_disk_does_not_let_settle_is_settled_with_its_recovery(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        OperationJournal(volume).append(a_snapshot("one", owner=Owner(pid=1, created="1.0")))
        fill_with_its_journal(volume)
        runner = make_runner(volume)
        (found,) = runner.settle_interrupted()
        words = Recovery(outcome="undone", words="Nothing of it is left.")
        with pytest.raises(DiskFull):
            runner.note_recovery(found.id, words)
        assert OperationJournal(volume).load("one") == a_snapshot(
            "one", owner=Owner(pid=1, created="1.0")
        )
        (volume / "filler").unlink()
        runner.note_recovery(found.id, words)
        settled = OperationJournal(volume).load("one")
        assert settled is not None
        assert (settled.state, settled.recovery) == (OperationState.INTERRUPTED, words)


def test_what_makes_room_runs_on_a_full_disk_also_without_a_record(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        runner = make_runner(volume)
        fill(volume)

        def empty(operation: Operation) -> Result:
            with operation.step("all"):
                assert list(volume.glob("*.jsonl")) == []
                (volume / "filler").unlink()
            return Result(tag="freed")

        started = runner.submit(
            "versions.empty_trash", "trash", STEPS, empty, can_do_without_record=True
        )
        ended = runner.wait(started.operation_id, timeout=10)
        assert (ended.state, ended.result) == (OperationState.SUCCEEDED, {"tag": "freed"})
        assert OperationJournal(volume).load(ended.id) == ended, "there is room for it again"


def test_only_what_is_settled_is_forgotten(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(a_snapshot("1-settle", owner=Owner(pid=1, created="1.0")))
    journal.append(a_snapshot("2-known", state=OperationState.INTERRUPTED))
    for number in range(KEPT_OPERATIONS):
        journal.append(a_snapshot(f"3-{number:03}", state=OperationState.SUCCEEDED))
    runner = make_runner(tmp_path)
    (found,) = runner.settle_interrupted()
    runner.forget_oldest()
    words = Recovery(outcome="undone", words="Nothing of it is left.")
    for name in (found.id, "2-known"):
        assert runner.note_recovery(name, words).recovery == words
    runner.forget_oldest()
    with pytest.raises(OperationNotFound):
        runner.get("1-settle")


def test_what_has_not_been_interrupted_has_nothing_to_recover(runner: OperationRunner) -> None:
    ended = run(runner, nothing)
    words = Recovery(outcome="undone", words="Nothing of it is left.")
    assert runner.note_recovery(ended.id, words) == ended


def test_what_was_asked_is_kept_unless_there_is_a_secret_in_it(runner: OperationRunner) -> None:
    for asked, kept in (
        ("v0.3.64", {"tag": "v0.3.64"}),
        ("torch @ https://host/x.whl", {"tag": "torch @ https://host/x.whl"}),
        ("https://me:secret@host/x", None),
        ("torch @ https://host/x.whl?key=abcdefgh", None),
        ("https://host/simple/?sig=abcdefgh&se=1", None),
    ):
        reference = runner.submit(
            "versions.install", asked, STEPS, nothing, request=Result(tag=asked)
        )
        assert runner.wait(reference.operation_id).request == kept
    assert run(runner, nothing).request is None


def test_a_live_operation_of_another_process_is_left_alone(tmp_path: Path) -> None:
    with python_that_said("running", RUNS_ONE, tmp_path):
        runner = make_runner(tmp_path)
        assert runner.settle_interrupted() == []
        (seen,) = runner.list_all()
        assert seen.state is OperationState.RUNNING
        assert runner.is_running(seen.id)
        with pytest.raises(OperationConflict):
            runner.submit("versions.uninstall", "v0.3.64", STEPS, nothing)


def test_an_operation_of_another_process_can_be_cancelled_and_waited_for(tmp_path: Path) -> None:
    with python_that_said("running", RUNS_ONE, tmp_path) as process:
        runner = make_runner(tmp_path)
        (seen,) = runner.list_all()
        assert runner.cancel(seen.id).state is OperationState.CANCELLING
        assert runner.wait(seen.id, timeout=10).state is OperationState.CANCELLED
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "cancelled"


def test_a_process_that_got_the_same_pid_later_is_not_the_owner(tmp_path: Path) -> None:
    mine = Owner(pid=os.getpid(), created=(creation_time(os.getpid()) or "") + "0")
    OperationJournal(tmp_path).append(a_snapshot("one", owner=mine))
    init = Owner(pid=1, created="1.0")
    OperationJournal(tmp_path).append(a_snapshot("two", owner=init))
    settled = make_runner(tmp_path).settle_interrupted()
    assert {snapshot.id for snapshot in settled} == {"one", "two"}


def test_the_pid_of_another_container_is_not_ours(tmp_path: Path) -> None:
    """In each of them, the launcher may be process 1."""
    mine = Owner(pid=os.getpid(), created=creation_time(os.getpid()) or "")
    there = mine.model_copy(update={"machine": "another", "place": "pid:[1]"})
    OperationJournal(tmp_path).append(a_snapshot("one", owner=there))
    runner = OperationRunner(
        OperationJournal(tmp_path),
        EventStream(),
        owner=lambda: mine,
        owner_lives=lambda owner, one: (owner, one) == (there, "one"),
    )
    assert runner.is_running("one")
    assert runner.lives(there, "one")
    assert runner.settle_interrupted() == []


def test_waiting_gives_up_after_its_timeout(runner: OperationRunner) -> None:
    reference = runner.submit("versions.install", "v0.3.64", STEPS, wait_for_cancel)
    start = time.monotonic()
    assert not runner.wait(reference.operation_id, timeout=0.1).state.is_final
    assert time.monotonic() - start < 2


def fill_with_its_journal(volume: Path) -> None:
    """No byte is left, not even in the last page of the journal."""
    fill(volume)
    (file,) = volume.glob("*.jsonl")
    with file.open("ab") as journal:
        journal.write(b"x" * (4096 - file.stat().st_size % 4096))


def test_nothing_is_started_that_cannot_be_written_down(tmp_path: Path) -> None:
    ran: list[Operation] = []
    with mounted(tmp_path) as volume:
        runner = make_runner(volume)
        fill(volume)
        with pytest.raises(DiskFull) as caught:
            runner.submit("versions.install", "v0.3.64", STEPS, ran.append)
        assert "empty the trash" in caught.value.hint
        assert ran == []
        (volume / "filler").unlink()
        assert run(runner, nothing).state is OperationState.SUCCEEDED, "the subject is free"


def test_an_end_is_an_end_also_on_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        runner = make_runner(volume)

        def fill_up(operation: Operation) -> None:
            fill_with_its_journal(volume)

        assert run(runner, fill_up).state is OperationState.SUCCEEDED
        (volume / "filler").unlink()


def test_an_end_is_an_end_also_when_the_journal_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "operations"
    folder.mkdir()
    runner = make_runner(folder)

    def lose(_operation: Operation) -> None:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()

    assert run(runner, lose).state is OperationState.SUCCEEDED


def test_closing_cancels_what_runs_and_waits_until_it_is_tidy(tmp_path: Path) -> None:
    runner = make_runner(tmp_path)
    tidied: list[str] = []

    def work(operation: Operation) -> None:
        try:
            operation.token.wait(30)
        finally:
            time.sleep(0.2)
            tidied.append(operation.id)

    references = [
        runner.submit("versions.install", f"v{number}", STEPS, work) for number in range(6)
    ]
    assert until(lambda: sum(s.state is OperationState.RUNNING for s in runner.list_all()) == 4)
    runner.close()
    states = {runner.get(reference.operation_id).state for reference in references}
    assert states == {OperationState.CANCELLED}
    assert len(tidied) == 4, "those in the queue never began"


def test_work_knows_whether_someone_asked_for_its_end_or_its_launcher_closes(
    tmp_path: Path,
) -> None:
    runner = make_runner(tmp_path)
    asked: dict[str, bool] = {}

    def work(operation: Operation) -> None:
        try:
            operation.token.wait(30)
        finally:
            asked[operation.snapshot.subject] = operation.token.is_asked_for()

    by_hand, by_closing = (
        runner.submit("versions.launch", subject, STEPS, work) for subject in ("one", "two")
    )
    for one in (by_hand, by_closing):
        until(lambda one=one: runner.get(one.operation_id).state is OperationState.RUNNING)  # type: ignore[misc]
    runner.cancel(by_hand.operation_id)
    runner.close()
    assert asked == {"one": True, "two": False}
    assert runner.get(by_closing.operation_id).state is OperationState.CANCELLED


def test_closing_does_not_wait_for_ever(tmp_path: Path) -> None:
    runner = make_runner(tmp_path)
    release = threading.Event()

    def work(_operation: Operation) -> None:
        release.wait(30)

    stubborn = runner.submit("versions.install", "v0.3.64", STEPS, work)
    start = time.monotonic()
    runner.close(timeout=0.2)
    assert time.monotonic() - start < 3
    release.set()
    runner.wait(stubborn.operation_id, timeout=5)
