from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from backend.exceptions import DiskFull, MetadataCorrupt
from backend.operations.journal import KEPT_OPERATIONS, OperationJournal
from backend.operations.model import Failure, OperationSnapshot, OperationState, Progress
from backend.seals import sealed
from tests.fakes.ports import a_snapshot
from tests.helpers.volumes import fill, mounted

RUNNING = a_snapshot("one")
ENDED = a_snapshot("one", state=OperationState.SUCCEEDED, result={"tag": "v0.3.64"})


def journal_file(folder: Path, name: str = "one") -> Path:
    return folder / f"{name}.jsonl"


def test_the_last_snapshot_counts(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(RUNNING)
    journal.append(ENDED)
    assert journal.load("one") == ENDED


def at(step: int, fraction: float) -> OperationSnapshot:
    return a_snapshot("one", progress=Progress(step_number=step, fraction=fraction))


def test_how_far_a_step_is_can_be_seen_between_two_lines(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(at(5, 0.2))
    journal.note_progress(at(5, 0.6))
    for seen in (journal.load("one"), *journal.load_all()):
        assert seen == at(5, 0.6)
    assert len(journal_file(tmp_path).read_bytes().splitlines()) == 1


def test_what_was_asked_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(at(5, 0.2))
    journal.note_progress(at(5, 0.6))
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {".jsonl": 0o600, ".progress": 0o600}


def test_the_progress_of_an_earlier_step_says_nothing(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.note_progress(at(5, 0.6))
    journal.append(at(6, 0.9))
    assert journal.load("one") == at(6, 0.9)


def test_noted_progress_is_gone_with_the_end_and_damage_of_it_does_no_harm(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(at(5, 0.2))
    journal.note_progress(at(5, 0.6))
    [noted] = tmp_path.glob("*.progress")
    noted.write_bytes(b"\x00" * 40)
    assert journal.load("one") == at(5, 0.2)
    journal.append(ENDED)
    assert journal.load("one") == ENDED
    assert [path.name for path in tmp_path.iterdir()] == ["one.jsonl"]


def test_progress_that_cannot_be_noted_stops_nothing(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path / "not" / "there")
    journal.note_progress(RUNNING)
    assert journal.load("one") is None


def test_an_operation_that_never_was_is_none(tmp_path: Path) -> None:
    assert OperationJournal(tmp_path).load("one") is None


def test_a_failure_comes_back_whole(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    error = Failure(code="disk-full", message="Full.", hint="Free some.", details={"free": 0})
    failed = a_snapshot("one", state=OperationState.FAILED, error=error)
    journal.append(failed)
    assert journal.load("one") == failed


def test_whatever_a_kill_leaves_of_the_last_line_the_one_before_counts(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(RUNNING)
    whole = journal_file(tmp_path).read_bytes()
    last = sealed(ENDED.model_dump_json().encode())[:-1]
    for length in range(len(last)):
        journal_file(tmp_path).write_bytes(whole + last[:length])
        assert journal.load("one") == RUNNING, length
        assert journal.problems() == [], length
    journal_file(tmp_path).write_bytes(whole + last)
    assert journal.load("one") == ENDED
    assert journal.problems() == []


def test_what_comes_after_a_torn_line_is_not_glued_to_it(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(RUNNING)
    with journal_file(tmp_path).open("ab") as file:
        file.write(ENDED.model_dump_json().encode()[:40])
    interrupted = a_snapshot("one", state=OperationState.INTERRUPTED)
    journal.append(interrupted)
    assert journal.load("one") == interrupted
    assert journal.problems() == [], "a kill explains it"


def test_a_line_that_says_nothing_sound_is_skipped(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(RUNNING)
    with journal_file(tmp_path).open("ab") as file:
        file.write(b'{"id": "one"}\n\x00\x00\x00\xff\n\n')
    assert journal.load("one") == RUNNING
    [problem] = journal.problems()
    assert problem.recovered
    assert problem.reason == "line 3 cannot be read"


@pytest.mark.parametrize("content", [b"", b"\x00" * 4096, b'{"id":"one","ki', b"\n\n"])
def test_a_file_without_one_sound_line_is_told_and_never_taken_for_absent(
    tmp_path: Path, content: bytes
) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(a_snapshot("two"))
    journal_file(tmp_path).write_bytes(content)
    with pytest.raises(MetadataCorrupt, match="no line of it can be read"):
        journal.load("one")
    assert [snapshot.id for snapshot in journal.load_all()] == ["two"]
    assert [(one.path, one.recovered) for one in journal.problems()] == [
        (journal_file(tmp_path), False)
    ]


def test_any_flipped_bit_is_told_and_what_it_made_of_the_line_never_counts(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    for snapshot in (RUNNING, at(5, 0.5), ENDED):
        journal.append(snapshot)
    whole = journal_file(tmp_path).read_bytes()
    for bit in range(0, len(whole) * 8, 5):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        journal_file(tmp_path).write_bytes(damaged)
        assert len(journal.problems()) == 1, bit
        assert journal.load("one") in (RUNNING, at(5, 0.5), ENDED), bit


def test_the_lines_of_an_older_launcher_have_no_seal_and_count(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    lines = [one.model_dump_json() + "\n" for one in (RUNNING, at(5, 0.5))]
    journal_file(tmp_path).write_text("".join(lines))
    assert journal.load("one") == at(5, 0.5)
    journal.append(ENDED)
    assert journal.load("one") == ENDED
    assert journal.problems() == []


def test_a_record_is_there_with_its_first_line_or_not_at_all(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        fill(volume)
        with pytest.raises(DiskFull) as caught:
            OperationJournal(volume).append(RUNNING)
        assert [path.name for path in volume.iterdir()] == ["filler"]
        assert caught.value.context["needed"] == len(sealed(RUNNING.model_dump_json().encode()))


def test_one_lost_byte_never_hides_the_other_operations(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    journal.append(a_snapshot("two"))
    line = sealed(ENDED.model_dump_json().encode())
    for position in range(0, len(line), 3):
        journal_file(tmp_path).write_bytes(line[:position] + line[position + 1 :])
        found = journal.load_all()
        assert "two" in {snapshot.id for snapshot in found}
        sorted(found, key=lambda snapshot: snapshot.created_at)  # as every list is shown


def test_a_full_disk_is_told_and_the_last_entry_stays(tmp_path: Path) -> None:
    with mounted(tmp_path) as volume:
        journal = OperationJournal(volume)
        journal.append(RUNNING)
        fill(volume)
        with pytest.raises(DiskFull):
            journal.append(a_snapshot("one", subject="x" * 10_000))
        assert journal.load("one") is not None
        (volume / "filler").unlink()
        journal.append(ENDED)
        assert journal.load("one") == ENDED, "what did not fit must not spoil what comes after"


def test_the_oldest_ended_operations_beyond_two_hundred_are_forgotten(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    names = [f"2025110112{number:04}-aaaaaa" for number in range(KEPT_OPERATIONS + 5)]
    for name in names:
        journal.append(a_snapshot(name, state=OperationState.SUCCEEDED))
    journal.append(a_snapshot("20240101000000-aaaaaa"))  # the oldest of all, but it runs
    journal.request_cancel(names[0])
    journal.forget_oldest()
    assert KEPT_OPERATIONS == 200
    assert [one.id for one in journal.load_all()] == ["20240101000000-aaaaaa", *names[5:]]
    assert not journal.cancel_file(names[0]).exists()


def test_reading_while_another_process_forgets_is_no_fault(tmp_path: Path) -> None:
    journal = OperationJournal(tmp_path)
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            for number in range(20):
                journal.append(a_snapshot(str(number)))
            for number in range(20):
                (tmp_path / f"{number}.jsonl").unlink()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(150):
            journal.load_all()
            journal.load("7")
    finally:
        stop.set()
        thread.join()


def test_a_record_that_tells_of_another_operation_is_not_believed(tmp_path: Path) -> None:
    """What is written and removed goes by that name, and could be anywhere."""
    journal = OperationJournal(tmp_path / "operations")
    journal.append(a_snapshot("20251101120000-aaaaaa"))
    record = tmp_path / "operations" / "20251101120000-aaaaaa.jsonl"
    copy = record.with_name("20251101120000-bbbbbb.jsonl")
    copy.write_bytes(record.read_bytes())
    with pytest.raises(MetadataCorrupt, match="tells of another operation"):
        journal.load("20251101120000-bbbbbb")
    assert [one.id for one in journal.load_all()] == ["20251101120000-aaaaaa"]
    assert [one.path for one in journal.problems()] == [copy]
