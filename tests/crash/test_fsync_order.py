"""What is confirmed is on the disk: no power cut takes it back.

Read off the system calls of each change, in their order: `tests/crash/fsync_order.py`.
"""

from __future__ import annotations

import pytest

from tests.crash.conftest import Figures
from tests.crash.fsync_order import Ordering, ordering
from tests.crash.points import Victims
from tests.crash.scenarios import PLANTED, SCENARIOS

NEW, OLD = '"<root>/launcher-data/.new.tmp"', '"<root>/launcher-data/settings.json"'
MADE = ("openat", f"AT_FDCWD</>, {NEW}, O_WRONLY|O_CREAT|O_EXCL, 0644")
WRITTEN = ("write", '5<<root>/launcher-data/.new.tmp>, "{}", 2')
SYNCED = ("fsync", "5<<root>/launcher-data/.new.tmp>")
RENAMED = ("rename", f"{NEW}, {OLD}")
FOLDER_SYNCED = ("fsync", "6<<root>/launcher-data>")


def test_every_change_is_on_the_disk_before_anyone_is_told(
    victims: Victims, figures: Figures
) -> None:
    found = {name: ordering(victims.ask("trace", name)) for name in SCENARIOS}
    renames = sum(order.renames for order in found.values())
    wrong = {name: order.wrong for name, order in found.items() if order.wrong}
    figures("fsync order", changes=len(found), renames=renames, out_of_order=len(wrong))
    assert wrong == {}
    assert renames >= len(found)


@pytest.mark.parametrize("name", PLANTED)
def test_a_naive_writer_is_found_out(victims: Victims, name: str) -> None:
    """A test of the test, on system calls that really were made."""
    assert ordering(victims.ask("trace", name)).wrong != []


def judged(*calls: tuple[str, str]) -> list[str]:
    order = Ordering()
    for name, words in calls:
        order.see(name, words)
    order.confirmed()
    return order.wrong


def test_the_right_order_is_in_order() -> None:
    assert judged(MADE, WRITTEN, SYNCED, RENAMED, FOLDER_SYNCED) == []


def test_a_name_before_its_content_is_out_of_order() -> None:
    (wrong,) = judged(MADE, WRITTEN, RENAMED, SYNCED, FOLDER_SYNCED)
    assert "before its content" in wrong


def test_writing_on_after_the_fsync_is_out_of_order() -> None:
    (wrong,) = judged(MADE, WRITTEN, SYNCED, WRITTEN, RENAMED, FOLDER_SYNCED)
    assert "before its content" in wrong


@pytest.mark.parametrize("last", [(), (("fsync", "6<<root>/launcher-data/metadata>"),)])
def test_a_name_that_is_told_before_its_folder_is_synced_is_out_of_order(
    last: tuple[tuple[str, str], ...],
) -> None:
    (wrong,) = judged(MADE, WRITTEN, SYNCED, RENAMED, *last)
    assert "told before the disk knows" in wrong


def test_an_append_that_is_told_before_its_fsync_is_out_of_order() -> None:
    (wrong,) = judged(("write", '5<<root>/launcher-data/operations/1.jsonl>, "{}", 2'))
    assert "content" in wrong


def test_a_state_file_that_is_emptied_in_place_is_out_of_order() -> None:
    (wrong,) = judged(("openat", f"AT_FDCWD</>, {OLD}, O_WRONLY|O_CREAT|O_TRUNC, 0644"))
    assert "emptied" in wrong


def test_what_is_made_and_gone_again_needs_no_fsync() -> None:
    assert judged(MADE, WRITTEN, ("unlink", NEW)) == []
