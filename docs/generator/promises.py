"""What the launcher promises about files, each with the figures that were counted for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docs.generator.words import table

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = "docs/explanation/what-we-promise.md"
RESULTS: Final = "tests/crash/results"
RESULTS_VARIABLE: Final = "COMFYUI_LAUNCHER_CRASH_RESULTS"
BEGIN: Final = "<!-- figures: made by `python -m docs.generate` from the newest results -->"
END: Final = "<!-- end of the figures -->"
QUICK: Final = "quick"

Figures = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Promise:
    """`figures`: how the names begin under which the tests tell what they counted."""

    words: str
    figures: tuple[str, ...]
    test: str


PROMISES: Final = (
    Promise(
        "A change is made whole or not at all, wherever the launcher is killed and whatever the "
        "disk refuses",
        ("every syscall: all",),
        "tests/crash/test_every_syscall.py",
    ),
    Promise(
        "What was confirmed is on the disk: no power cut takes it back",
        ("fsync order",),
        "tests/crash/test_fsync_order.py",
    ),
    Promise(
        "An installation that is killed at any moment is shown as interrupted, and can be asked "
        "for again",
        ("random kills",),
        "tests/crash/test_random_kills.py",
    ),
    Promise(
        "Damage to a file of ours is told, never taken for an empty file, and deletes nothing",
        ("state files cut", "bit flips"),
        "tests/crash/test_corruption.py",
    ),
    Promise(
        "What the launcher did not make is never deleted",
        ("state machine",),
        "tests/crash/test_state_machine.py",
    ),
    Promise(
        "No name that is handed to the launcher leads out of its folder",
        ("hostile names",),
        "tests/crash/test_hostile_names.py",
    ),
    Promise(
        "The launcher's folder is the same one wherever it is called from",
        ("one world",),
        "tests/crash/test_same_world.py",
    ),
    Promise(
        "Launchers that work at the same time lose nothing of each other's",
        ("updates by 8 processes",),
        "tests/crash/test_locks_between_processes.py",
    ),
    Promise(
        "No process is signalled but those that the launcher has started",
        ("forced pid reuses",),
        "tests/crash/test_pid_reuse.py",
    ),
    Promise(
        "A ComfyUI whose launcher was killed is taken over by the next one, or ended",
        ("launcher kills",),
        "tests/crash/test_launcher_kills.py",
    ),
    Promise(
        "A ComfyUI that floods its log fills neither the memory nor the disk",
        ("a flood of log",),
        "tests/crash/test_log_flood.py",
    ),
)


def newest_results(folder: Path = ROOT / RESULTS) -> dict[str, Any] | None:
    """The results of the latest day that they were written on; None before the first."""
    files = sorted(folder.glob("????-??-??.json"))
    found: dict[str, Any] | None = json.loads(files[-1].read_text("utf-8")) if files else None
    return found


def counted(results: Mapping[str, Any]) -> tuple[str, Figures]:
    """The Python that most was counted on, and its figures; what is counted quickly is left out."""
    python, figures = max(results["figures"].items(), key=lambda item: (len(item[1]), item[0]))
    return python, {name: facts for name, facts in figures.items() if QUICK not in name}


def page(root: Path = ROOT) -> str:
    """The page of promises with the figures as they are now.

    While the suite writes new ones, the page stays as it is: it tells of a run that has ended.
    """
    text = (root / PAGE).read_text("utf-8")
    if os.environ.get(RESULTS_VARIABLE):
        return text
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{told(newest_results())}\n{END}{after}"


def told(results: Mapping[str, Any] | None) -> str:
    """The figures, promise by promise."""
    python, figures = counted(results) if results else ("", {})
    rows = [
        (
            promise.words,
            "<br>".join(_words_of(promise, figures)) or "not counted yet",
            f"[{Path(promise.test).name}](../../{promise.test})",
        )
        for promise in PROMISES
    ]
    lines = table(("Promise", "Counted", "Shown by"), rows)
    if results:
        where = f"{results['system']}, Python {python}"
        lines = [f"Counted on {results['date']} ({where}):", "", *lines]
    return "\n".join(lines)


def untold(figures: Figures, promises: Sequence[Promise] = PROMISES) -> list[str]:
    """The names of figures that belong to no promise. Those of one scenario stand in the total."""
    beginnings = tuple(name for promise in promises for name in promise.figures)
    return [name for name in figures if not name.startswith((*beginnings, "every syscall: "))]


def _words_of(promise: Promise, figures: Figures) -> Iterator[str]:
    for name, facts in sorted(figures.items()):
        if name.startswith(promise.figures):
            words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items())
            yield f"**{name}**: {words}"
