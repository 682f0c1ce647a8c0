"""What has to hold after any fault, once the launcher has been started again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from backend.exceptions import ComfyUILauncherError
from backend.file_utils import Corrupt, Value, read_json
from backend.metadata_manager import ActiveVersion, InstalledVersion, SizeCache
from backend.platform.links import link_target
from backend.platform.trash import MARKER_NAME, Marker, TrashEntry, read_marker
from backend.settings_store import SettingsFile
from backend.version_manager_components.layout import INSTALL_RECORD
from tests.crash.scenarios import Place, Scenario, place_of
from tests.crash.stage import CANARIES, IN_TRASH, INSTALLED, TAG, Refused, Stage
from tests.crash.strace import Fault, without_chance

RECOVERY_SECONDS: Final = 2.0
KINDS: Final = (
    "corrupt",
    "acknowledged_lost",
    "half_listed",
    "left_over",
    "harmed",
    "raw_errors",
    "untrue",
    "unsettled",
)
STATE_FILES: Final[dict[str, type[BaseModel]]] = {
    "launcher-data/settings.json": SettingsFile,
    "launcher-data/active_version.json": ActiveVersion,
    "launcher-data/metadata/size_cache.json": SizeCache,
    "launcher-data/metadata/versions/*.json": InstalledVersion,
    "comfyui-versions/.trash/*-*-*.json": TrashEntry,
    **{
        f"comfyui-versions/{folder}/*/{name}": model
        for folder in (".store", ".trash")
        for name, model in ((INSTALL_RECORD, InstalledVersion), (MARKER_NAME, Marker))
    },
}


@dataclass(frozen=True)
class End:
    """How a victim ended: what it had confirmed, and its last words (None: it was killed)."""

    fault: Fault | None
    acknowledged: int
    outcome: str | None
    code: str
    words: str
    complaints: str


@dataclass
class Verdict:
    """What was found: a kind of `KINDS` and words for each thing that should not be."""

    violations: list[tuple[str, str]]
    seconds: float
    state: int | None

    def add(self, kind: str, words: str) -> None:
        self.violations.append((kind, words))


def canaries(root: Path) -> dict[str, bytes | None]:
    """The bytes of each file that is nobody's but the user's; None for one that is gone."""
    found: dict[str, bytes | None] = {}
    for name in CANARIES:
        path = root / name
        found[name] = path.read_bytes() if path.is_file() and not path.is_symlink() else None
    return found


def paths_below(root: Path) -> dict[str, str]:
    """Every path that is there, by its form without what chance decides; what can be fetched again
    is not looked at, and neither is what a checkout or an environment holds."""
    found = {}
    top = len(str(root)) + 1
    for folder, folders, files in os.walk(root):
        if os.path.basename(folder) in {".cache", "source", "venv"}:  # noqa: PTH119 - often called
            folders.clear()
            continue
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114
        for name in (*files, *links) if folders or files else ("",):
            path = f"{folder}/{name}"[top:]
            found[without_chance(path)] = path
    return found


def judge(
    root: Path, scenario: Scenario, end: End, before: dict[str, bytes | None], allowed: set[str]
) -> Verdict:
    """Starts the launcher again and looks at everything."""
    verdict = Verdict([], 0.0, None)
    _look_at_words(verdict, end)
    _look_at_files(verdict, root, "before the next start")
    started = time.perf_counter()
    stage = Stage(root)
    try:
        told = notices(stage)
        verdict.seconds = time.perf_counter() - started
        _look_at_files(verdict, root, "after the next start")
        _look_at_state(verdict, stage, scenario, end, told)
        _look_at_versions(verdict, stage, scenario)
        _look_at_operations(verdict, stage)
    except (ComfyUILauncherError, Refused) as error:
        verdict.add("unsettled", f"the next start could not answer: {error}")
    _look_again(verdict, root)
    for path in _left_over(stage, allowed):
        verdict.add("left_over", path)
    for name, content in canaries(root).items():
        if content != before[name]:
            verdict.add("harmed", name)
    return verdict


def notices(stage: Stage) -> list[str]:
    """What a start has to say about the one before it."""
    return list(stage.app.dispatcher._api.system._notices)


def _look_at_words(verdict: Verdict, end: End) -> None:
    """A fault of the disk is told as what it is, in an error of ours, and never as a traceback."""
    if "Traceback" in end.complaints:
        verdict.add("raw_errors", end.complaints.strip().splitlines()[-1])
    if end.fault == "kill":
        if end.outcome is not None:
            verdict.add("untrue", "the point was not reached")
    elif end.outcome in {None, "raw"} or end.code == "internal-error":
        verdict.add("raw_errors", f"{end.code}: {end.words}")
    elif end.outcome == "refused":
        full = end.fault in {"ENOSPC", "full"}
        if full != (end.code == "disk-full"):
            verdict.add("untrue", f"{end.fault} is told as {end.code}: {end.words}")


def _look_at_files(verdict: Verdict, root: Path, when: str) -> None:
    for pattern, model in STATE_FILES.items():
        for path in root.glob(pattern):
            result = read_json(path, model)
            if isinstance(result, Corrupt):
                verdict.add("corrupt", f"{path.relative_to(root)} {when}: {result.reason}")


def _look_at_state(
    verdict: Verdict, stage: Stage, scenario: Scenario, end: End, told: list[str]
) -> None:
    """Nothing that was confirmed is lost, at most the change under way is there as well, and what
    the launcher said about it is true."""
    verdict.state = scenario.reached(stage)
    if verdict.state is None:
        verdict.add("half_listed", f"{scenario.name} is in none of its states")
    elif verdict.state < end.acknowledged:
        verdict.add("acknowledged_lost", f"{end.acknowledged} confirmed, {verdict.state} there")
    elif verdict.state > end.acknowledged + 1:
        verdict.add("untrue", f"{verdict.state} changes, {end.acknowledged} were confirmed")
    elif end.outcome == "refused" and verdict.state > end.acknowledged and _has_to_tell(scenario):
        told += [end.words.replace(str(stage.paths.root), "")]
        told += [
            f"{one.subject} {one.recovery.outcome}"
            for one in stage.ask("operations.list").operations
            if one.recovery is not None
        ]
        if not any(TAG in words for words in told):
            verdict.add("untrue", f"refused ({end.words}), done all the same, and not told")


def _has_to_tell(scenario: Scenario) -> bool:
    return scenario.is_about_a_version and not scenario.can_be_left


def _look_at_versions(verdict: Verdict, stage: Stage, scenario: Scenario) -> None:
    """Each version is in one place, and whole there; those that it was not about are as before."""
    wanted: dict[str, Place] = {INSTALLED: "installed", IN_TRASH: "trash"}
    for tag in (INSTALLED, IN_TRASH, TAG):
        place = place_of(stage, tag)
        if place is None:
            verdict.add("half_listed", f"{tag} is installed and in the trash")
        elif tag in wanted and place != wanted[tag]:
            verdict.add("acknowledged_lost", f"{tag} was in {wanted[tag]} and is in {place}")
        else:
            for lack in _lacks(stage, tag, place):
                verdict.add("half_listed", f"{tag} is in {place}, but {lack}")


def _lacks(stage: Stage, tag: str, place: Place) -> Iterator[str]:
    """What is not as it has to be for a version in that place."""
    record = stage.paths.metadata / "versions" / f"{tag}.json"
    link = stage.paths.versions / tag
    if place == "installed":
        status = stage.manager.show_version(tag)
        if status.missing:
            yield f"it lacks {', '.join(status.missing)}"
        if link_target(link) != Path(status.path):
            yield f"its link leads to {link_target(link)}"
        yield from _unlike(Path(status.path), record)
    else:
        found = [path.name for path in (record, link) if os.path.lexists(path)]
        if record.with_name(record.name + ".previous").exists():
            found.append("its record's previous version")
        if found:
            yield f"{found} are still there"
    if place == "trash":
        payload = stage.manager._context.trash.payload(stage.entry_of(tag))
        yield from _unlike(payload, payload / INSTALL_RECORD)
    stores = [path for path in stage.paths.store.glob(f"{tag}-*") if read_marker(path)]
    if len(stores) != (place == "installed"):
        yield f"its folders are {[path.name for path in stores]}"


def _unlike(store: Path, record: Path) -> Iterator[str]:
    """Whether a folder holds a whole installation, the one that the record tells of."""
    told = [read_json(path, InstalledVersion) for path in (store / INSTALL_RECORD, record)]
    records = [
        result.value.model_copy(update={"last_launched_at": None})
        for result in told
        if isinstance(result, Value)
    ]
    if len(records) != 2 or records[0] != records[1]:
        yield "its two records disagree"
    for part in ("source/main.py", "venv/bin/python", "constraints.txt", MARKER_NAME):
        if not (store / part).exists():
            yield f"{part} is missing"


def _look_at_operations(verdict: Verdict, stage: Stage) -> None:
    """Nothing seems to be at work that is not."""
    for operation in stage.ask("operations.list").operations:
        if not operation.state.is_final:
            verdict.add("unsettled", f"{operation.kind} is still {operation.state}")
    for path in (stage.paths.data / "journal").glob("*"):
        verdict.add("unsettled", f"{path.name} is still in the journal")


def _left_over(stage: Stage, allowed: set[str]) -> list[str]:
    """What nobody wants and nobody clears away. A deletion that has begun is ended by the doors
    that stay, which have the time for it."""
    if stage.manager._context.trash.doomed():
        stage.app.daily._work()
        for operation in stage.app.operations.list_all():
            stage.app.operations.wait(operation.id, timeout=10)
    there = paths_below(stage.paths.root)
    return [there[path] for path in sorted(there.keys() - allowed)]


def _look_again(verdict: Verdict, root: Path) -> None:
    """One start settles it: the next one has nothing to say and nothing to do."""
    before = sorted(paths_below(root).values())
    try:
        told = notices(Stage(root))
    except (ComfyUILauncherError, Refused) as error:
        told = [str(error)]
    if told or sorted(paths_below(root).values()) != before:
        verdict.add("unsettled", f"the second start says {told}")
