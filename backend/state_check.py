"""Reads every state file of a root and tells which are not sound. Looks; mends nothing.

Each kind of file is one row of `KINDS`: where it lies, what it is, its model, and what a person can
do when it is lost. Only the journals of operations have a reader of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from backend.config import PathsConfig
from backend.exceptions import MetadataFromTheFuture, StorageError
from backend.file_utils import (
    DAMAGED_SUFFIX,
    LATER_DAMAGE_SUFFIX,
    PREVIOUS_SUFFIX,
    Corrupt,
    Value,
    names_in,
    read_json,
    refuse_newer_schema,
)
from backend.github_integration import ReleaseList
from backend.metadata_manager import SCHEMA, ActiveVersion, InstalledVersion, SizeCache
from backend.operations.journal import JournalProblem, OperationJournal
from backend.operations.model import OperationSnapshot
from backend.platform.link_ledger import LinksOnRecord
from backend.platform.secrets import SecretsFile
from backend.platform.trash import MARKER_NAME, Marker, TrashEntry
from backend.processes import notes
from backend.settings_store import SettingsFile
from backend.version_manager_components.intents import Intent
from backend.version_manager_components.layout import INSTALL_RECORD

Outcome = Literal["recovered", "damaged", "newer", "unreadable"]

SET_ASIDE: Final = (DAMAGED_SUFFIX, LATER_DAMAGE_SUFFIX)
_BESIDE: Final = (PREVIOUS_SUFFIX, *SET_ASIDE)
_DATA: Final = PathsConfig.LAUNCHER_DATA
_STORE: Final = f"{PathsConfig.VERSIONS_DIR}/.store/*"
_TRASH: Final = f"{PathsConfig.VERSIONS_DIR}/.trash"
_RUN: Final = f"{_STORE}/run/*"


class RecordOfADoor(BaseModel):
    """A file whose model only its door knows: its seal says whether it is whole."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of state file: `pattern` below the root. `when_lost`: what to do when it is damaged.

    `named_by`: the field that repeats the name of the file.
    """

    pattern: str
    what: str
    model: type[BaseModel]
    when_lost: str
    named_by: str | None = None


ANEW: Final = "There is nothing to do: it is only a note, and it is made anew."
NEXT_RUN: Final = "It tells of one run of ComfyUI. If that has ended, there is nothing to do."

KINDS: Final = (
    Kind(f"{_DATA}/settings.json", "the settings", SettingsFile,
         "Put a sound copy in its place, or remove it: then every setting has its default."),
    Kind(f"{_DATA}/secrets.json", "the tokens", SecretsFile,
         "Remove it, and give the tokens again with `./launcher settings keep-secret NAME`."),
    Kind(f"{_DATA}/active_version.json", "which version is active", ActiveVersion,
         "Remove it, then choose with `./launcher versions activate TAG`."),
    Kind(f"{_DATA}/service.json", "where the service is", RecordOfADoor,
         "Remove it if no service runs; a running one has to be started again."),
    Kind(f"{_DATA}/window.json", "where the window is", RecordOfADoor,
         "Remove it if no window is open; an open one has to be opened again."),
    Kind(f"{_DATA}/window_state.json", "where the window stood", RecordOfADoor, ANEW),
    Kind(f"{_DATA}/window-engine.json", "what is known of the window's engine", RecordOfADoor,
         ANEW),
    Kind(f"{_DATA}/metadata/versions/*.json", "an installed version", InstalledVersion,
         "Its installation is untouched, and the next start lists it again from its own record. "
         "If it does not, remove this file and install the version again.", named_by="tag"),
    Kind(f"{_DATA}/metadata/size_cache.json", "sizes that were measured", SizeCache, ANEW),
    Kind(f"{_DATA}/metadata/github_cache.json", "the releases as last seen", ReleaseList, ANEW),
    Kind(f"{_DATA}/operations/*.progress", "how far an operation is", OperationSnapshot, ANEW,
         named_by="id"),
    Kind(f"{_DATA}/journal/*.json", "what an operation was about to change", Intent,
         "What that operation worked on is left as it is. Look at `./launcher operations list`, "
         "put right what is half done, then remove this file.", named_by="operation_id"),
    Kind(f"{_DATA}/links/*.json", "which links of a version are ours", LinksOnRecord,
         "Links that it knew are left alone. Remove it together with the version's folder in "
         f"{_DATA}/views while that version does not run: both are made anew."),
    Kind(f"{_TRASH}/*.json", "a removed version", TrashEntry,
         "Its folder beside it stays as it is; it can neither be taken back nor be emptied by the "
         "launcher. Move it where you want it.", named_by="id"),
    *(Kind(f"{place}/{INSTALL_RECORD}", "what an installation is", InstalledVersion,
           "The version works while its record is sound. To be safe, install it again.")
      for place in (_STORE, f"{_TRASH}/*")),
    *(Kind(f"{place}/{MARKER_NAME}", "the mark that an installation is ours", Marker,
           "The launcher will not remove that folder. You can, once the version does not run.")
      for place in (_STORE, f"{_TRASH}/*")),
    Kind(f"{_RUN}/{notes.LAUNCH}", "how a ComfyUI was started", notes.LaunchRecord,
         "If that ComfyUI still runs, end it by hand; its version counts as in use till then."),
    Kind(f"{_RUN}/{notes.SUPERVISOR}", "who watches a ComfyUI", notes.SupervisorRecord, NEXT_RUN),
    Kind(f"{_RUN}/{notes.PROCESS}", "what became of a ComfyUI", notes.ProcessRecord, NEXT_RUN),
    Kind(f"{_RUN}/{notes.BIRTHS}", "when a ComfyUI was born", notes.Births, NEXT_RUN),
    Kind(f"{_RUN}/{notes.READY}", "when a ComfyUI was ready", notes.ReadyRecord, NEXT_RUN),
    Kind(f"{_RUN}/{notes.GIVEN_UP}", "why a start was given up", notes.GivenUp, NEXT_RUN),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unsound:
    """A state file that does not read as it should, and what to do about it."""

    path: Path
    what: str
    outcome: Outcome
    reason: str
    advice: str

    @property
    def is_settled(self) -> bool:
        """Whether it is only the copy of damage that was written anew since."""
        return self.path.name.endswith(SET_ASIDE)

    @property
    def words(self) -> str:
        """All of it in a line."""
        return f"{self.path} ({self.what}): {self.reason}. {self.advice}"


@dataclass(frozen=True, slots=True)
class StateFindings:
    """How many state files there are, and those that are not sound."""

    files: int
    problems: tuple[Unsound, ...]


def check_state(paths: PathsConfig) -> StateFindings:
    """What is found by reading every state file of that root."""
    folders = _Folders(paths.root)
    problems: list[Unsound] = []
    count = 0
    for kind in KINDS:
        for path in folders.files_of(kind):
            count += 1
            problems += _look_at(path, kind)
    journals = OperationJournal(paths.operations)
    problems += [_of_journal(problem) for problem in journals.problems()]
    return StateFindings(count + journals.count(), (*folders.refused, *problems))


def folders_with_temporaries(paths: PathsConfig) -> list[Path]:
    """Where a crash can leave what was half written: folders of ours, reached by no link."""
    stores = _real_folders(paths.store)
    runs = [run for store in stores for run in _real_folders(store / "run")]
    return [
        paths.versions, paths.trash, paths.cache / "constraints", *stores, *runs,
        paths.data, paths.metadata, paths.metadata / "versions", paths.operations, paths.journal,
        paths.links, *_real_folders(paths.views),
    ]  # fmt: skip


def _real_folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


class _Folders:
    """The folders below a root, each listed once. `refused`: those that may not be."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[Path, list[str]] = {}
        self.refused: list[Unsound] = []

    def files_of(self, kind: Kind) -> list[Path]:
        """The files of that kind, also where only something beside one is left."""
        *folders, name = kind.pattern.split("/")
        return [
            folder / known
            for folder in self._below(self._root, folders)
            for known in sorted({_without_ending(entry) for entry in self._listed(folder)})
            if fnmatchcase(known, name)
        ]

    def _below(self, folder: Path, parts: list[str]) -> Iterator[Path]:
        if not parts:
            yield folder
            return
        first, *rest = parts
        for name in [first] if "*" not in first else self._listed(folder):
            yield from self._below(folder / name, rest)

    def _listed(self, folder: Path) -> list[str]:
        if folder not in self._names:
            self._names[folder] = self._list(folder)
        return self._names[folder]

    def _list(self, folder: Path) -> list[str]:
        try:
            return names_in(folder)
        except StorageError as error:
            if not isinstance(error.__cause__, NotADirectoryError):  # a file where one may stand
                self.refused.append(_unreadable(folder, "a folder of state files", _why(error)))
            return []


def _without_ending(name: str) -> str:
    return next((name.removesuffix(end) for end in _BESIDE if name.endswith(end)), name)


def _look_at(path: Path, kind: Kind) -> Iterator[Unsound]:
    yield from _read(path, kind)
    for suffix in SET_ASIDE:
        aside = path.with_name(path.name + suffix)
        if os.path.lexists(aside):
            yield Unsound(
                aside, kind.what, "recovered", "it was damaged, and is written anew since",
                "See whether something is missing, then delete this copy.",
            )  # fmt: skip


def _read(path: Path, kind: Kind) -> Iterator[Unsound]:
    try:
        found: Any = read_json(path, kind.model)
        if isinstance(found, Corrupt):
            refuse_newer_schema(path, SCHEMA)
            yield _corrupt(found, kind)
        elif isinstance(found, Value):
            refuse_newer_schema(path, SCHEMA)
            yield from _misnamed(path, found.value, kind)
            yield from _previous(path, kind)
    except MetadataFromTheFuture as newer:
        yield Unsound(path, kind.what, "newer", newer.message.rstrip("."), newer.hint)
    except StorageError as refused:
        yield _unreadable(path, kind.what, _why(refused))
    except OSError as error:
        yield _unreadable(path, kind.what, os.strerror(error.errno or 0))


def _corrupt(found: Corrupt[BaseModel], kind: Kind) -> Unsound:
    if found.previous is None:
        return Unsound(found.path, kind.what, "damaged", found.reason, kind.when_lost)
    advice = (
        "The version before it counts, so the last change to it is lost: make that again. The "
        f"damaged one is kept then, as {found.path.name}{DAMAGED_SUFFIX}."
    )
    return Unsound(found.path, kind.what, "recovered", found.reason, advice)


def _misnamed(path: Path, value: BaseModel, kind: Kind) -> Iterator[Unsound]:
    meant = getattr(value, kind.named_by) if kind.named_by else path.stem
    if meant != path.stem:
        yield Unsound(path, kind.what, "damaged", f"it tells of {meant}", kind.when_lost)


def _previous(path: Path, kind: Kind) -> Iterator[Unsound]:
    """A damaged copy harms nobody before it is needed."""
    previous = path.with_name(path.name + PREVIOUS_SUFFIX)
    found: Any = read_json(previous, kind.model)
    if isinstance(found, Corrupt):
        advice = f"{path.name} itself is sound. Remove the copy, or leave it to the next change."
        yield Unsound(previous, f"{kind.what}, as before", "damaged", found.reason, advice)


def _why(refused: StorageError) -> str:
    """The system's own words, where it gave some: the message may speak of writing."""
    return str(refused.context.get("reason") or refused.message)


def _unreadable(path: Path, what: str, reason: str) -> Unsound:
    advice = "Give yourself the right to read it; if you have it, check the disk."
    return Unsound(path, what, "unreadable", reason.rstrip("."), advice)


def _of_journal(problem: JournalProblem) -> Unsound:
    what = "what an operation did"
    if problem.recovered:
        advice = "An earlier line of it counts, so it may be shown as interrupted. Remove the file "
        advice += "to forget that operation."
        return Unsound(problem.path, what, "recovered", problem.reason, advice)
    advice = "Nothing that it made is touched. Remove the file to forget that operation: what it "
    advice += "left unfinished is cleared away then."
    return Unsound(problem.path, what, "damaged", problem.reason, advice)
