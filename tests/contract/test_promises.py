"""The page of what we promise: each promise has its test, and each figure its promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docs.generator import promises
from docs.generator.promises import PROMISES, Promise

ROOT = Path(__file__).parents[2]


def results(**figures: object) -> dict[str, Any]:
    return {"date": "2025-11-20", "system": "Linux 6", "figures": {"3.11.7": figures}}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.test)
def test_every_promise_names_a_test_that_is_there(promise: Promise) -> None:
    text = (ROOT / promise.test).read_text("utf-8")
    assert [name for name in promise.figures if name.split(":")[0] not in text] == []


def test_every_figure_of_the_newest_results_belongs_to_a_promise() -> None:
    newest = promises.newest_results()
    if newest is None:
        pytest.skip("nothing was counted yet")
    assert promises.untold(promises.counted(newest)[1]) == []


def test_figures_stand_in_the_row_of_their_promise() -> None:
    told = promises.told(results(**{"fsync order": {"renames": 38, "out_of_order": 0}}))
    (row,) = [line for line in told.splitlines() if "no power cut" in line]
    assert "**fsync order**: renames 38, out of order 0" in row
    assert "test_fsync_order.py" in row
    assert told.count("not counted yet") == len(PROMISES) - 1
    assert told.startswith("Counted on 2025-11-20 (Linux 6, Python 3.11.7):")


def test_a_figure_without_a_promise_is_named() -> None:
    figures = results(**{"every syscall: save": {}, "every syscall: all": {}, "new": {}})
    assert promises.untold(promises.counted(figures)[1]) == ["new"]


def test_what_was_counted_quickly_is_not_told() -> None:
    figures = results(**{"every syscall, quick: all": {"points": 8}, "fsync order": {}})
    assert promises.counted(figures) == ("3.11.7", {"fsync order": {}})


def test_the_newest_results_are_those_of_the_latest_day(tmp_path: Path) -> None:
    assert promises.newest_results(tmp_path) is None
    for day in ("2025-11-20", "2025-11-09"):
        (tmp_path / f"{day}.json").write_text(json.dumps({"date": day}))
    (tmp_path / "notes.json").write_text("{}")
    assert promises.newest_results(tmp_path) == {"date": "2025-11-20"}


def test_the_page_is_left_as_it_is_while_new_figures_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / promises.PAGE
    page.parent.mkdir(parents=True)
    page.write_text(f"Words.\n{promises.BEGIN}\nold figures\n{promises.END}\nMore words.\n")
    monkeypatch.delenv(promises.RESULTS_VARIABLE, raising=False)
    assert "old figures" not in promises.page(tmp_path)
    assert promises.page(tmp_path).startswith("Words.\n")
    assert promises.page(tmp_path).endswith("More words.\n")
    monkeypatch.setenv(promises.RESULTS_VARIABLE, "results.json")
    assert promises.page(tmp_path) == page.read_text()
