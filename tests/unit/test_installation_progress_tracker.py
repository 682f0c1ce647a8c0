from __future__ import annotations

from pathlib import Path

import pytest

from backend import installation_progress_tracker as tracker
from backend.exceptions import OperationCancelled
from backend.installation_progress_tracker import (
    INSTALL_STEPS,
    LAUNCH_STEPS,
    PackageProgress,
    StartProgress,
)
from backend.operations.events import Event, EventStream, OperationLogged
from backend.operations.journal import OperationJournal
from backend.operations.model import Progress
from backend.operations.operation import Operation, Step
from tests.fakes.ports import an_operation

UV = """\
Resolved 42 packages in 1.20s
Downloading torch (180.1MiB)
Downloading numpy (16.0MiB)
   Building insightface==0.7.3
 Downloaded numpy
 Downloaded torch
Prepared 4 packages in 12.31s
Installed 4 packages in 310ms
 + numpy==2.3.4
 + torch==2.9.0+cpu
"""
COMFYUI = """\
Adding extra search path checkpoints /models
Total VRAM 0 MB, total RAM 7900 MB
pytorch version: 2.9.0+cpu
ComfyUI version: 0.3.64
Import times for custom nodes:
Starting server
To see the GUI go to: http://127.0.0.1:8188
"""


class Told:
    """An operation in its step, and what it tells."""

    def __init__(self, folder: Path, steps: tuple[Step, ...], step: str) -> None:
        self.seen: list[Event] = []
        events = EventStream()
        events.listen(self.seen.append)
        self.operation: Operation = an_operation(OperationJournal(folder), events, steps)
        self.step = self.operation.step(step)
        self.step.__enter__()

    @property
    def progress(self) -> Progress:
        return self.operation.snapshot.progress

    def lines(self) -> list[str]:
        return [event.data.line for event in self.seen if isinstance(event.data, OperationLogged)]


@pytest.fixture
def packages(tmp_path: Path) -> Told:
    return Told(tmp_path, INSTALL_STEPS, "packages")


@pytest.fixture
def start(tmp_path: Path) -> Told:
    return Told(tmp_path, LAUNCH_STEPS, "ready")


def all_steps() -> dict[str, tuple[Step, ...]]:
    return {name: steps for name, steps in vars(tracker).items() if name.endswith("_STEPS")}


@pytest.mark.parametrize("name", all_steps())
def test_steps_have_names_of_their_own_and_weigh_something(name: str) -> None:
    steps = all_steps()[name]
    assert len({step.name for step in steps}) == len(steps) > 0
    assert all(step.weight > 0 for step in steps)


def test_the_packages_are_most_of_an_installation() -> None:
    weights = {step.name: step.weight for step in INSTALL_STEPS}
    assert weights["packages"] > sum(weights.values()) / 2
    assert (INSTALL_STEPS[0].name, INSTALL_STEPS[-1].name) == ("prepare", "commit")


def test_the_output_of_uv_becomes_progress(packages: Told) -> None:
    progress = PackageProgress(packages.operation, 4)
    details, done = [], []
    for line in UV.splitlines():
        progress.line(line)
        details.append(packages.progress.detail)
        done.append(packages.progress.done)
    assert details == [
        None,
        "downloading torch (180.1MiB)",
        "downloading numpy (16.0MiB)",
        "building insightface==0.7.3",
        "downloaded numpy",
        "downloaded torch",
        "prepared 4 packages",
        "installed 4 packages",
        "installed 4 packages",
        "installed 4 packages",
    ]
    assert done == [None, 0, 0, 0, 1, 2, 2, 4, 4, 4]
    assert packages.lines() == UV.splitlines(), "and every line is shown"


def test_a_package_whose_name_speaks_of_installing_is_only_downloaded(packages: Told) -> None:
    progress = PackageProgress(packages.operation, 4)
    progress.line("Downloading uninstalled-installed (1MiB)")
    assert packages.progress.done == 0


def test_one_package_is_installed_too(packages: Told) -> None:
    PackageProgress(packages.operation, 1).line("Installed 1 package in 3ms")
    assert packages.progress.detail == "installed 1 packages"
    assert packages.progress.done == 1


def test_more_downloads_than_expected_do_not_overflow(packages: Told) -> None:
    progress = PackageProgress(packages.operation, 0)
    for number in range(5):
        progress.line(f" Downloaded package-{number}")
    before_verify = (1 + 10 + 2 + 8 + 70) / 100
    assert packages.progress.fraction == pytest.approx(before_verify)


@pytest.mark.parametrize(
    "line", ["", " ", "\x00", "Downloading", "Installed many packages in 3ms", "\x1b[2K", "{}" * 99]
)
def test_any_other_line_is_only_shown(packages: Told, line: str) -> None:
    before = packages.progress
    PackageProgress(packages.operation, 4).line(line)
    assert packages.progress == before
    assert packages.lines() == [line]


def test_a_line_never_raises_in_the_thread_that_reads_however_a_cancel_comes(
    packages: Told,
) -> None:
    progress = PackageProgress(packages.operation, 4)
    token = packages.operation.token

    def cancel_while_it_is_told(event: Event) -> None:
        token.set()

    packages.operation._events.listen(cancel_while_it_is_told)
    for line in UV.splitlines():
        progress.line(line)
    with pytest.raises(OperationCancelled):
        packages.operation.check()


def test_a_cancel_between_looking_and_telling_does_not_raise_either(
    packages: Told, tmp_path: Path
) -> None:
    token = packages.operation.token
    looks: list[bool] = []

    class Late(type(token)):  # type: ignore[misc]
        """Not set at the first look, set at the second."""

        def is_set(self) -> bool:
            looks.append(True)
            return len(looks) > 1

    packages.operation.token = Late("one", tmp_path / "one.cancel")
    for line in UV.splitlines():
        PackageProgress(packages.operation, 4).line(line)
    assert len(looks) > 1


def test_the_log_of_comfyui_becomes_progress(start: Told) -> None:
    progress = StartProgress(start.operation)
    fractions, details = [], []
    for line in COMFYUI.splitlines():
        progress.line(line)
        fractions.append(round(start.progress.fraction * 20 - 2, 2))
        details.append(start.progress.detail)
    assert fractions == [0, 6.3, 6.3, 9.9, 15.3, 17.1, 17.1], "of the 18 parts that waiting takes"
    assert details[-1] == "the server starts"
    assert start.lines() == COMFYUI.splitlines()


def test_a_mark_that_comes_again_or_late_does_not_take_progress_back(start: Told) -> None:
    progress = StartProgress(start.operation)
    for line in ("Starting server", "Total VRAM 1", "ComfyUI version: 1", "Starting server"):
        progress.line(line)
    assert start.progress.detail == "the server starts"


def test_a_cancel_during_the_start_is_raised(start: Told) -> None:
    start.operation.token.set()
    with pytest.raises(OperationCancelled):
        StartProgress(start.operation).line("Starting server")
