"""What the crash suite found, in figures: at the end of the run, and in a file that is named."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.points import Victims, serving
from tests.crash.strace import why_not

RESULTS_VARIABLE = "COMFYUI_LAUNCHER_CRASH_RESULTS"
Figures = Callable[..., None]
_found = pytest.StashKey[dict[str, dict[str, object]]]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """`figures("kill points", count=512, corrupt=0)`: told at the end, whether or not it passed."""
    found = request.config.stash.setdefault(_found, {})

    def note(name: str, **values: object) -> None:
        found[name] = values
        if path := os.environ.get(RESULTS_VARIABLE):
            _merge(Path(path), name, values)

    return note


@pytest.fixture(scope="session")
def victims() -> Iterator[Victims]:
    """A server of processes that die at any system call."""
    if reason := why_not():
        pytest.skip(reason)
    with serving() as server:
        yield server


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(_found, {})
    if found:
        terminalreporter.section("figures of the crash suite")
    for name, values in found.items():
        words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
        terminalreporter.write_line(f"{name}: {words}")


def _merge(path: Path, name: str, values: dict[str, object]) -> None:
    """One file for all tests of a day, also those of several processes and Pythons."""
    python = platform.python_version()
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known.setdefault("date", f"{datetime.now(UTC):%Y-%m-%d}")
    known.setdefault("system", platform.system())
    figures = known.setdefault("figures", {})
    figures[python] = dict(sorted((figures.get(python, {}) | {name: values}).items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
