"""The other side of `victims`: asks it for points, and adds up what it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.crash.invariants import KINDS

REPOSITORY: Final = Path(__file__).parents[2]
ENOUGH_BYTES: Final = 2_000_000_000  # what the launcher wants to see free before it installs


@dataclass
class Tally:
    """What was found at many points."""

    faults: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, fault: str, call: str, answer: dict[str, Any]) -> None:
        self.faults[fault] += 1
        self.slowest = max(self.slowest, answer["seconds"])
        for kind, words in answer["violations"]:
            self.found[kind] += 1
            self.words.append(f"{fault} at {call}: {kind}: {words}")

    def __iadd__(self, other: Tally) -> Tally:
        self.faults += other.faults
        self.found += other.found
        self.words += other.words
        self.slowest = max(self.slowest, other.slowest)
        return self

    def figures(self) -> dict[str, object]:
        return {
            "points": self.faults.total(),
            "killed": self.faults["kill"],
            "disk_full": self.faults["ENOSPC"] + self.faults["full"],
            "disk_failed": self.faults["EIO"],
            **{kind: self.found[kind] for kind in KINDS},
            "slowest_recovery_seconds": round(self.slowest, 3),
        }


class Victims:
    """A running server of victims."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.total: dict[str, Tally] = {}

    def ask(self, do: str, scenario: str, **more: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, "scenario": scenario, **more}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line or '{"broken": "the server of victims ended"}')
        assert "broken" not in answer, answer["broken"]
        return answer["answer"]

    def tried(self, scenario: str, most: int) -> Tally:
        """What came of about `most` points of a scenario, spread over all of them."""
        calls = self.ask("trace", scenario)
        points = spread(self.ask("points", scenario), most)
        tally = Tally()
        for index, fault in points:
            call = f"call {index}, {calls[index]['name']}({calls[index]['words']}"
            answer = self.ask("point", scenario, index=index, fault=fault)
            tally.add(fault, call, answer)
        return tally


def spread(points: Sequence[tuple[int, str]], most: int) -> list[tuple[int, str]]:
    """About `most` of them: of each fault the same number, in even steps through the change."""
    chosen = []
    for fault in sorted({fault for _, fault in points}):
        same = [point for point in points if point[1] == fault]
        count = min(len(same), max(1, most // 4))
        chosen += [same[(2 * number + 1) * len(same) // (2 * count)] for number in range(count)]
    return chosen


@contextmanager
def serving() -> Iterator[Victims]:
    """A server of victims, which ends when the block does; nothing of what they made stays."""
    with (
        tempfile.TemporaryDirectory(prefix="victims-", dir=_quick_volume()) as base,
        subprocess.Popen(
            [*_apart(), sys.executable, "-m", "tests.crash.victims", base],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            # A measured process opens files of its own.
            env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        ) as process,
    ):
        yield Victims(process)


@cache
def _apart() -> tuple[str, ...]:
    """What keeps other processes of this machine out of sight, where that is allowed: a launcher
    that looks through all of them makes another number of calls each time."""
    for right in ((), ("--user", "--map-root-user")):
        prefix = ("unshare", *right, "--pid", "--fork", "--mount-proc", "--kill-child")
        with suppress(FileNotFoundError):
            if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
                return prefix
    return ()


def _quick_volume() -> Path | None:
    """Memory, where there is enough of it: thousands of roots are written, each to be thrown away.

    Which calls are made, and in which order, is the same there.
    """
    memory = Path("/dev/shm")
    there = memory.is_dir() and os.access(memory, os.W_OK)
    return memory if there and shutil.disk_usage(memory).free > ENOUGH_BYTES else None
