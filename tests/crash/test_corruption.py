"""Every state file cut at every length, and bits flipped in all of them.

After each damage: nothing of the user's and nothing installed is deleted, nothing is taken for
empty, no door crashes, and the damage is told. One root has all kinds of state files; it is put
back as it was after each.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from backend.api.contract.common import Refusal
from backend.composition import build_app
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationState
from backend.state_check import Unsound, check_state
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.fakes.ports import tree_of
from tests.helpers.state_root import (
    ENDED_ID,
    GRACE_DAYS,
    INSTALLED,
    INTERRUPTED_ID,
    REMOVED,
    StateRoot,
    make_state_root,
)

LONGEST_CUT: Final = 4096
SEED: Final = 20261121
QUESTIONS: Final = (
    "versions.list", "settings.list", "operations.list", "versions.trash", "system.state",
    "system.info",
)  # fmt: skip
# What a refusal may be: the damage, told. Anything else is a fault of ours.
TOLD_BY: Final = {"metadata-corrupt", "metadata-from-the-future"}
LIFE: Final = {OperationState.QUEUED, OperationState.RUNNING, OperationState.SUCCEEDED}


@dataclass
class Tally:
    """What became of all damages. Every one of them is counted once in `told`."""

    cases: int = 0
    starts: int = 0
    starts_that_kept_all: int = 0
    told: Counter[str] = field(default_factory=Counter)

    @property
    def figures(self) -> dict[str, int]:
        return {
            "cases": self.cases,
            "starts of the app": self.starts,
            "that deleted nothing and took nothing for empty": self.starts_that_kept_all,
            **dict(sorted(self.told.items())),
            "not told": self.cases - self.told.total(),
        }


class Bench:
    """The root, and how it was before it was damaged."""

    def __init__(self, state: StateRoot) -> None:
        self.state = state
        self.paths = state.world.paths
        self.victims = state.state_files()
        self.contents = {path: path.read_bytes() for path in self.victims}
        self.precious = {path: path.read_bytes() for path in state.precious}
        self.tree = tree_of(state.root)
        self.tally = Tally()

    def damage(self, victim: Path, content: bytes, *, start: bool) -> None:
        """One case, whole: damage, look, start, put back."""
        self.tally.cases += 1
        victim.write_bytes(content)
        try:
            named = self._is_told(victim, content)
            if start:
                self.tally.starts += 1
                notices = self.look_around(victim)
                assert not named or str(victim) in notices, f"{victim} is not told at the start"
        finally:
            if start:
                self.put_back()
            victim.write_bytes(self.contents[victim])

    def put_back(self) -> None:
        """The root as it was. What a start removed or made is made or removed again."""
        now = tree_of(self.state.root)
        for name in sorted(now.keys() - self.tree.keys(), reverse=True):
            path = self.state.root / name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, content in self.tree.items():
            if now.get(name, ...) == content:
                continue
            path = self.state.root / name
            if content is None:
                path.mkdir()
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.symlink_to(str(content))

    def _is_told(self, victim: Path, content: bytes) -> bool:
        """Whether the check of the state names it. An operation whose record was cut short is
        shown as interrupted instead: so does a kill leave it."""
        named = [one for one in check_state(self.paths).problems if one.path == victim]
        if named:
            self.tally.told[f"told as {named[0].outcome}"] += 1
            return True
        assert victim.suffix == ".jsonl", f"{victim} is not told: {content!r}"
        whole = self.contents[victim]
        assert whole.startswith(content), f"{victim} is not told: {content!r}"
        shown = OperationJournal(self.paths.operations).load(victim.stem)
        assert shown is not None
        if content == whole[:-1]:  # the line break is missing, and nothing else
            assert shown.state in LIFE
            self.tally.told["lost nothing (a line break)"] += 1
        else:
            assert not shown.state.is_final
            self.tally.told["shown as interrupted"] += 1
        return False

    def look_around(self, victim: Path) -> str:
        """Starts the app of the window, and asks for everything. What it noticed at its start."""
        answers, app = {}, build_app("window", self.state.environment)
        try:
            for question in QUESTIONS:
                answers[question] = app.dispatcher.call(question, {})
        finally:
            app.close()
        for question, answer in answers.items():
            if isinstance(answer, Refusal):
                assert answer.error.code in TOLD_BY, (victim, question, answer.error)
        seen: dict[str, Any] = {
            name: getattr(answer, "value", None) for name, answer in answers.items()
        }
        self._nothing_is_deleted(victim)
        self._nothing_is_taken_for_empty(victim, seen)
        self.tally.starts_that_kept_all += 1
        return " ".join(seen["system.info"].notices)

    def _nothing_is_deleted(self, victim: Path) -> None:
        for path, content in self.precious.items():
            assert path.is_file(), f"{path} was deleted: {victim} was damaged"
            assert path.read_bytes() == content
        [entry] = [path for path in self.paths.trash.glob("2*") if path.is_dir()]
        assert (entry / "source" / "main.py").is_file()

    def _nothing_is_taken_for_empty(self, victim: Path, seen: dict[str, Any]) -> None:
        versions = seen["versions.list"]
        listed = versions is not None and INSTALLED in [v.tag for v in versions.versions]
        assert listed or versions is None or _names(versions.problems, victim), victim
        settings = seen["settings.list"]
        if settings is not None and settings.problem is None:
            [grace] = [one.value for one in settings.settings if one.name == "grace_days"]
            assert grace == GRACE_DAYS, victim
        operations = seen["operations.list"]
        found = {one.id: one.state for one in operations.operations}
        for operation_id in (ENDED_ID, INTERRUPTED_ID):
            assert operation_id in found or _names(operations.problems, victim), victim
        assert found.get(INTERRUPTED_ID, "interrupted") == "interrupted"
        trash = seen["versions.trash"]
        assert REMOVED in [e.tag for e in trash.entries] or _names(trash.problems, victim), victim


def _names(problems: tuple[Any, ...], victim: Path) -> bool:
    return str(victim) in [problem.path for problem in problems]


def spread(length: int, count: int) -> Iterator[int]:
    """So many lengths below `length`, evenly, with both ends."""
    last = min(length, LONGEST_CUT) - 1
    if count > last:
        yield from range(last + 1)
        return
    yield from sorted({round(last * step / (count - 1)) for step in range(count)})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(make_state_root(tmp_path_factory.mktemp("corruption") / "Zu Hause ü"))


def test_the_root_has_every_kind_of_state_and_is_sound(bench: Bench) -> None:
    assert len(bench.victims) >= 28
    assert check_state(bench.paths).problems == ()
    assert {path.suffix for path in bench.victims} == {".json", ".jsonl", ".progress", ".previous"}
    notices = bench.look_around(bench.paths.settings_file)
    assert notices.startswith("versions.install v0.3.60 was interrupted.")
    assert "launcher-data" not in notices
    bench.put_back()
    assert tree_of(bench.state.root) == bench.tree


@pytest.mark.parametrize("count", quick_and_full(16, LONGEST_CUT))
def test_a_state_file_cut_at_any_length_is_told_and_costs_nothing(
    bench: Bench, count: int, figures: Figures
) -> None:
    bench.tally = Tally()
    every = 16 if count < LONGEST_CUT else 8  # of so many cuts, one with a start of the whole app
    for victim, whole in bench.contents.items():
        for number, length in enumerate(spread(len(whole), count)):
            bench.damage(victim, whole[:length], start=number % every == every // 2)
    figures(
        f"state files cut ({'every length' if count == LONGEST_CUT else 'quick'})",
        files=len(bench.victims), **bench.tally.figures,
    )  # fmt: skip


@pytest.mark.parametrize("count", quick_and_full(60, 1000))
def test_a_flipped_bit_in_a_state_file_is_told_and_costs_nothing(
    bench: Bench, count: int, figures: Figures
) -> None:
    bench.tally = Tally()
    chance = random.Random(SEED)
    for number in range(count):
        victim = bench.victims[number % len(bench.victims)]
        damaged = bytearray(bench.contents[victim])
        bit = chance.randrange(len(damaged) * 8)
        damaged[bit // 8] ^= 1 << bit % 8
        bench.damage(victim, bytes(damaged), start=count > 60 or number % 3 == 0)
    figures(
        f"bit flips ({'quick' if count < 1000 else f'seed {SEED}'})",
        files=len(bench.victims), **bench.tally.figures,
    )  # fmt: skip


def test_what_a_damaged_record_of_an_operation_names_is_left_alone(bench: Bench) -> None:
    """Its store has no commit point: taken for ended, it would be cleared away. Its intent, which
    would tell as well whose process is gone, is not there: an older launcher wrote none."""
    journal = bench.paths.operations / f"{INTERRUPTED_ID}.jsonl"
    [unfinished] = bench.paths.store.glob(f"*-{INTERRUPTED_ID}")
    journal.write_bytes(b"\x00" * 100)
    (bench.paths.operations / f"{INTERRUPTED_ID}.progress").unlink()
    (bench.paths.journal / f"{INTERRUPTED_ID}.json").unlink()
    build_app("cli", bench.state.environment).close()
    assert (unfinished / "source" / "main.py").read_text() == "half"
    [problem] = [one for one in check_state(bench.paths).problems if one.path == journal]
    assert problem == Unsound(
        journal, "what an operation did", "damaged", "no line of it can be read", problem.advice
    )
    bench.put_back()
