"""kill -9 of a launcher at random moments, with a real git and a real uv at work for it.

Only the launcher itself is killed: the git and the uv that it had started are left behind, as they
are when the system runs out of memory or somebody kills one process. The next launcher has to show
what was interrupted, to end or undo it, and to leave nothing half there.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from backend.operations.model import OperationSnapshot, OperationState
from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.crash.nursery import Nursery, nursery
from tests.crash.worlds import (
    SEED_VARIABLE,
    Canaries,
    Launcher,
    TerminalLauncher,
    new_seed,
    operation_ids,
    temporaries,
    tools_alive,
    wait_for_step,
)
from tests.helpers.world import TORCH, World, make_world

KEPT: Final = "v0.3.61"  # installed before, and not to be touched
TAGS: Final = ("v0.3.62", "v0.3.63", "v0.3.64")
# The end is the delicate part, so it is aimed at most often.
AIMS: Final = ("commit", "source", "verify", "packages", "commit", "environment", "resolve")
RECOVERY_SECONDS: Final = 2.0
AIMED_SECONDS: Final = 0.02  # how long after the beginning of a step it is killed, at most
JOB_SECONDS: Final = 0.03  # the same for work that takes no longer than that
Origin = tuple[Path, Path, Path]


@dataclass
class Campaign:
    """Rounds of killing on one root, and what they came to."""

    world: World
    nursery: Nursery
    random: random.Random
    canaries: Canaries = field(default_factory=Canaries)
    tally: Counter[str] = field(default_factory=Counter)
    by_step: Counter[str] = field(default_factory=Counter)
    kept: frozenset[str] = frozenset()
    slowest: float = 0.0
    install_seconds: float = 0.0

    @property
    def root(self) -> Path:
        return self.world.root

    @property
    def operations(self) -> Path:
        return self.root / "launcher-data" / "operations"

    def launcher(self) -> Launcher:
        return Launcher(self.nursery, self.world.environment)

    def start_again(self) -> None:
        """Another launcher, in this process: it settles what the killed one left."""
        self.world.app.close()
        began = time.perf_counter()
        self.world.app = self.world.another_launcher()
        self.slowest = max(self.slowest, time.perf_counter() - began)

    def kill_after(self, seconds: float, launcher: Launcher | TerminalLauncher) -> None:
        time.sleep(self.random.uniform(0, seconds))
        self.tally["killed too late"] += not launcher.kill()


# --- The rounds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", quick_and_full(4, 200))
def test_a_launcher_killed_at_any_moment_of_an_installation_loses_nothing(
    count: int, world: World, origin: Origin, tmp_path: Path, figures: Figures
) -> None:
    number = new_seed()
    print(f"{SEED_VARIABLE}={number}")
    with nursery() as home:
        campaign = Campaign(world, home, random.Random(number))
        try:
            kill_so_often(campaign, count, origin, tmp_path)
        finally:
            tell(campaign, figures)
    assert campaign.slowest <= RECOVERY_SECONDS


def kill_so_often(campaign: Campaign, count: int, origin: Origin, folder: Path) -> None:
    """Kills until so many installations were interrupted."""
    furnish(campaign)
    measure(campaign)
    while campaign.tally["interrupted"] < count:
        number = campaign.tally["rounds"]
        assert number < 3 * count + 10, f"too few were interrupted: {campaign.tally}"
        campaign.tally["rounds"] += 1
        if number % 10 == 4:
            with first_start(campaign, folder / f"new {number}", origin) as first:
                kill_an_installation(first, number)
        else:
            kill_an_installation(campaign, number)


def kill_an_installation(campaign: Campaign, number: int) -> None:
    """One round: killed, looked at, asked again or removed; the root is as before then."""
    tag = campaign.random.choice(TAGS)
    known = operation_ids(campaign.operations)
    kill_while_installing(campaign, tag, number)
    for _ in range(number % 3 if number % 2 else 0):
        kill_while_settling(campaign)
    campaign.start_again()
    operation = settled(campaign, known)
    whole_or_gone(campaign, tag, operation)
    if operation and operation.recovery and number % 2:
        ask_again(campaign, tag, operation)
    if tag in campaign.world.installed():
        JOBS[number % len(JOBS)](campaign, tag)
    tidy(campaign)
    untouched(campaign)


def kill_while_installing(campaign: Campaign, tag: str, number: int) -> None:
    """By the command line, aimed at a step, or at any moment of the whole."""
    world, known = campaign.world, operation_ids(campaign.operations)
    if number % 10 == 0:
        links = ["--find-links", str(world.wheels)]
        terminal = TerminalLauncher(
            world.environment, "versions", "install", tag, "--torch-spec", TORCH, *links, "--json"
        )
        wait_for_step(campaign.operations, known, "prepare")
        campaign.kill_after(campaign.install_seconds, terminal)
        return
    launcher = campaign.launcher()
    launcher.ask("versions.install", **world.install_request(tag))
    if number % 2:
        wait_for_step(campaign.operations, known, AIMS[number // 2 % len(AIMS)])
        campaign.kill_after(AIMED_SECONDS, launcher)
    else:
        campaign.kill_after(campaign.install_seconds, launcher)


def kill_while_settling(campaign: Campaign) -> None:
    """The next launcher is killed too, while it clears up after the first."""
    launcher = campaign.launcher()
    launcher.ask(None)
    campaign.kill_after(max(0.1, campaign.slowest), launcher)
    campaign.tally["recoveries killed"] += 1


def ask_again(campaign: Campaign, tag: str, operation: OperationSnapshot) -> None:
    """What was undone is installed when it is asked for again; what was finished is there."""
    world = campaign.world
    if tag in world.installed():
        error = world.refused("operations.retry", operation_id=operation.id)
        finished = operation.recovery is not None and operation.recovery.outcome == "finished"
        expected = "operation-not-repeatable" if finished else "version-already-installed"
        assert error.code == expected
        return
    world.run("operations.retry", operation_id=operation.id)
    assert tag in world.installed()
    assert world.ask("versions.check", tag=tag).sound
    campaign.tally["asked again"] += 1


# --- Other work that is killed --------------------------------------------------------------------


def kill_a_removal(campaign: Campaign, tag: str) -> None:
    kill_job(campaign, "versions.uninstall", tag=tag)
    listed_or_in_the_trash(campaign, tag)


def kill_a_restore(campaign: Campaign, tag: str) -> None:
    campaign.world.run("versions.uninstall", tag=tag)
    kill_job(campaign, "versions.restore", entry=tag)
    listed_or_in_the_trash(campaign, tag)


def kill_an_emptying(campaign: Campaign, tag: str) -> None:
    campaign.world.run("versions.uninstall", tag=tag)
    kill_job(campaign, "versions.empty_trash")
    assert tag not in campaign.world.installed()
    if trashed(campaign):  # it had not begun: the version is whole
        campaign.world.ask("versions.restore", entry=tag)
        assert campaign.world.ask("versions.check", tag=tag).sound


JOBS: Final[tuple[Callable[[Campaign, str], None], ...]] = (
    kill_a_removal,
    kill_a_restore,
    kill_an_emptying,
    kill_a_removal,
    kill_an_emptying,
)


def kill_job(campaign: Campaign, endpoint: str, **request: str) -> None:
    known = operation_ids(campaign.operations)
    launcher = campaign.launcher()
    launcher.ask(endpoint, **request)
    launcher.await_asking()
    campaign.kill_after(JOB_SECONDS, launcher)
    campaign.start_again()
    operation = campaign.world.app.operations.list_all()[0]
    if operation.id not in known and operation.state is OperationState.INTERRUPTED:
        shown_as_interrupted(operation)
        campaign.tally[f"{endpoint.rpartition('.')[2]} interrupted"] += 1
    campaign.tally["other work killed"] += 1
    nothing_half_done(campaign)


def trashed(campaign: Campaign) -> list[str]:
    return [entry.tag for entry in campaign.world.ask("versions.trash").entries]


def listed_or_in_the_trash(campaign: Campaign, tag: str) -> None:
    listed = [tag] if tag in campaign.world.installed() else []
    places = listed + trashed(campaign)
    campaign.tally["lost"] += not places
    assert places == [tag], "it is in one place"
    if not listed:
        campaign.world.ask("versions.restore", entry=tag)
    assert campaign.world.ask("versions.check", tag=tag).sound


# --- What has to be true after each kill ----------------------------------------------------------


def settled(campaign: Campaign, known: set[str]) -> OperationSnapshot | None:
    """The operation that was killed; None when it was killed before that, or not in time."""
    new = [one for one in campaign.world.app.operations.list_all() if one.id not in known]
    if not new:
        campaign.tally["before the operation"] += 1
        return None
    (operation,) = new
    if operation.state is OperationState.SUCCEEDED:
        campaign.tally["after the operation"] += 1
        return None
    campaign.tally["interrupted"] += 1
    shown_as_interrupted(operation)
    campaign.tally["shown as interrupted"] += 1
    assert tools_alive(operation.id) == []
    assert operation.recovery is not None
    campaign.tally[operation.recovery.outcome] += 1
    campaign.by_step[operation.progress.step or "queued"] += 1
    return operation


def shown_as_interrupted(operation: OperationSnapshot) -> None:
    assert operation.state is OperationState.INTERRUPTED, operation
    assert operation.recovery is not None, operation
    assert operation.recovery.outcome in {"finished", "undone"}, operation.recovery


def whole_or_gone(campaign: Campaign, tag: str, operation: OperationSnapshot | None) -> None:
    """A version is listed and launches, or nothing of it is there."""
    listed = tag in campaign.world.installed()
    if listed:
        assert campaign.world.ask("versions.check", tag=tag).sound
    if operation and operation.recovery:
        assert listed == (operation.recovery.outcome == "finished"), operation
    nothing_half_done(campaign)


def nothing_half_done(campaign: Campaign) -> None:
    """Each store is listed, each link leads to one, and no temporary and no intent is left."""
    versions, data = campaign.root / "comfyui-versions", campaign.root / "launcher-data"
    answer = campaign.world.ask("versions.list")
    assert answer.problems == ()
    stores = {version.tag: Path(version.path).name for version in answer.versions}
    links = {path.name: path.resolve().name for path in versions.iterdir() if path.is_symlink()}
    found = sorted(set(campaign.world.stores()) - {"not ours"})
    half = [version.missing for version in answer.versions if version.missing]
    campaign.tally["half listed"] += bool(half) or found != sorted(stores.values())
    assert (half, found, links) == ([], sorted(stores.values()), stores)
    campaign.tally["lost"] += len(campaign.kept - set(stores))
    assert campaign.kept <= set(stores)
    assert list(temporaries(versions, data)) == []
    assert list((data / "journal").iterdir()) == []


def untouched(campaign: Campaign) -> None:
    harmed = campaign.canaries.harmed()
    campaign.tally["canaries harmed"] += len(harmed)
    assert harmed == []


# --- The stage ------------------------------------------------------------------------------------


def furnish(campaign: Campaign, *, kept: bool = True) -> None:
    """Twenty files that are the user's, or of a version that was there before."""
    root, canaries = campaign.root, campaign.canaries
    names = [
        *(f"shared-resources/models/checkpoints/model {n}.safetensors" for n in range(4)),
        *(f"shared-resources/output/ComfyUI_0000{n}_.png" for n in range(3)),
        "shared-resources/input/example.png",
        "shared-resources/user/default/comfy.settings.json",
        "shared-resources/user/default/workflows/mine.json",
        "shared-resources/user/databases/v0.3.60.db",
        "shared-resources/custom_nodes/a-node/__init__.py",
        "comfyui-versions/.store/not ours/venv/lib/important.py",
        "comfyui-versions/.store/not ours/notes.txt",
        "comfyui-versions/my own ComfyUI/main.py",
        "comfyui-versions/my own ComfyUI/models/mine.safetensors",
    ]
    for name in names:
        canaries.plant(root / name)
    if kept:
        campaign.world.install(KEPT)
        campaign.kept = frozenset({KEPT})
        store = campaign.world.store(KEPT)
        for name in ("install.json", "constraints.txt", "source/main.py", "venv/pyvenv.cfg"):
            canaries.watch(store / name)


def measure(campaign: Campaign) -> None:
    """How long an installation takes when nobody disturbs it: the moments are drawn over that."""
    launcher = campaign.launcher()
    began = time.perf_counter()
    launcher.ask("versions.install", **campaign.world.install_request(TAGS[0]))
    launcher.wait()
    campaign.install_seconds = time.perf_counter() - began
    tidy(campaign)


@contextmanager
def first_start(campaign: Campaign, root: Path, origin: Origin) -> Iterator[Campaign]:
    """A round on an empty root, where the history has to be fetched first; the sums are shared."""
    world = make_world(root, *origin)
    first = Campaign(
        world,
        campaign.nursery,
        campaign.random,
        tally=campaign.tally,
        by_step=campaign.by_step,
        install_seconds=campaign.install_seconds * 1.3,
    )
    furnish(first, kept=False)
    try:
        yield first
    finally:
        world.close()
    campaign.slowest = max(campaign.slowest, first.slowest)


def tidy(campaign: Campaign) -> None:
    """Only the version that was there at first is listed, and the trash is empty."""
    campaign.start_again()  # also: a new launcher has its full measure of requests
    for tag in campaign.world.installed():
        if tag != KEPT:
            campaign.world.run("versions.uninstall", tag=tag)
    campaign.world.run("versions.empty_trash")
    nothing_half_done(campaign)


def tell(campaign: Campaign, figures: Figures) -> None:
    steps = " ".join(f"{step}:{count}" for step, count in sorted(campaign.by_step.items()))
    for name in ("lost", "half listed", "canaries harmed", "shown as interrupted"):
        campaign.tally[name] += 0
    figures(
        "random kills",
        slowest_recovery_seconds=round(campaign.slowest, 3),
        kills_by_step=steps,
        **{name.replace(" ", "_"): count for name, count in sorted(campaign.tally.items())},
    )
