"""Hostile names where nobody types them: in the files of a root that was edited, copied or made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from backend.config import PathsConfig
from backend.platform.trash import MARKER_NAME
from tests.fakes.ports import a_version

Plant = Callable[[PathsConfig, str, int], None]

MADE: Final = "2026-11-20T12:00:00Z"
GONE: Final = {"pid": 2**22 - 1, "created": "of a process that is gone"}


def plant(paths: PathsConfig, names: Sequence[str]) -> None:
    """Each name in the file, and the field of it, whose turn it is."""
    for number, name in enumerate(names):
        PLANTS[number % len(PLANTS)](paths, name, number)


def _write(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), "ascii")


def _id(number: int) -> str:
    return f"20261120120000-{number:06x}"


def _marked(folder: Path, number: int, **changes: str) -> Path:
    """A folder that carries a marker of ours, with something in it."""
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "main.py").write_text("print()")
    marker = {"schema": 1, "operation_id": _id(number), "tag": "v1", "created_at": MADE}
    _write(folder / MARKER_NAME, marker | changes)
    return folder


def _version(**changes: Any) -> dict[str, Any]:
    return {**a_version("v0.3.60").model_dump(mode="json"), **changes}


def _trash_original(paths: PathsConfig, name: str, number: int) -> None:
    _trashed(paths, number, original=name)


def _trash_id(paths: PathsConfig, name: str, number: int) -> None:
    _trashed(paths, number, id=name, original=f".store/x{number}")


def _trash_tag(paths: PathsConfig, name: str, number: int) -> None:
    folder = _trashed(paths, number, tag=name, original=f".store/x{number}", operation_id=name)
    _write(folder / "install.json", _version(tag=name, store=name))


def _trashed(paths: PathsConfig, number: int, **changes: str) -> Path:
    entry = f"20261120-120000-{number:06x}"
    record = {
        "schema": 1, "id": entry, "reason": "removed", "operation_id": _id(number),
        "trashed_at": MADE, "tag": "v1",
    }  # fmt: skip
    _write(paths.trash / f"{entry}.json", record | changes)
    return _marked(paths.trash / entry, number)


def _installed_tag(paths: PathsConfig, name: str, number: int) -> None:
    store = _marked(paths.store / f"v1-{_id(number)}", number)
    _write(store / "install.json", _version(tag=name, store=store.name))


def _installed_store(paths: PathsConfig, name: str, number: int) -> None:
    store = _marked(paths.store / f"v1-{_id(number)}", number)
    _write(store / "install.json", _version(tag=f"v1.{number}", store=name))


def _marker(paths: PathsConfig, name: str, number: int) -> None:
    _marked(paths.store / f"v1-{_id(number)}", number, tag=name, operation_id=name)


def _recorded_tag(paths: PathsConfig, name: str, number: int) -> None:
    _write(paths.metadata / "versions" / f"v2.{number}.json", _version(tag=name))


def _recorded_store(paths: PathsConfig, name: str, number: int) -> None:
    record = _version(tag=f"v2.{number}", store=name)
    _write(paths.metadata / "versions" / f"v2.{number}.json", record)


def _active(paths: PathsConfig, name: str, number: int) -> None:
    file = paths.metadata / "active_version.json"
    for old in file.parent.glob("active_version.json*"):
        old.unlink()
    _write(file, {"schema": 1, "active": name, "default": name})


def _operation(paths: PathsConfig, name: str, number: int) -> None:
    record = {
        "id": name, "kind": name, "subject": name, "state": "running", "created_at": MADE,
        "owner": GONE,
    }  # fmt: skip
    path = paths.operations / f"{_id(number)}.jsonl"
    path.write_text(json.dumps(record) + "\n", "ascii")


def _operation_subject(paths: PathsConfig, name: str, number: int) -> None:
    record = {
        "id": _id(number), "kind": "versions.install", "subject": name, "state": "running",
        "created_at": MADE, "owner": GONE, "request": {"tag": name, "reference": name},
    }  # fmt: skip
    path = paths.operations / f"{_id(number)}.jsonl"
    path.write_text(json.dumps(record) + "\n", "ascii")


def _intent(paths: PathsConfig, name: str, number: int) -> None:
    kind = ("install", "remove", "restore", "delete")[number // len(PLANTS) % 4]
    record = {
        "schema": 1, "operation_id": _id(number), "owner": GONE, "kind": kind, "tag": name,
        "store": name, "entries": [name], "written_at": MADE,
    }  # fmt: skip
    _write(paths.journal / f"{_id(number)}.json", record)


def _ledger_place(paths: PathsConfig, name: str, number: int) -> None:
    link = {"target": "model.safetensors", "device": None, "inode": None}
    _ledger(paths, f"place{number}", {name: link})


def _ledger_target(paths: PathsConfig, name: str, number: int) -> None:
    link = {"target": name, "device": None, "inode": None}
    _ledger(paths, f"target{number}", {"models/loras/x": link})


def _ledger(paths: PathsConfig, tag: str, links: dict[str, Any]) -> None:
    view = paths.views / tag
    view.mkdir()
    status = view.stat()
    _write(
        paths.links / f"{tag}.json",
        {"schema": 1, "root": str(view), "device": status.st_dev, "inode": status.st_ino,
         "links": links},
    )  # fmt: skip


def _log_of_a_run(paths: PathsConfig, name: str, number: int) -> None:
    store = next(folder for folder in paths.store.iterdir() if folder.name.startswith("v0.3.64"))
    record = {
        "id": name, "tag": name, "command": ["python"], "cwd": name, "log": name, "token": "0" * 32,
        "grace_seconds": 1, "port": 8188, "listen": "127.0.0.1", "started_at": MADE,
        "operation_id": name,
    }  # fmt: skip
    _write(store / "run" / f"{_id(number)}" / "launch.json", record)


def _shared_names(paths: PathsConfig, name: str, number: int) -> None:
    """What a disk takes: folders of models, models, and nodes that are called so."""
    leaf = name.replace("/", "").replace("\0", "")
    if leaf in {"", ".", ".."}:
        return
    with suppress(OSError, UnicodeEncodeError):  # no disk takes it
        (paths.models / leaf).mkdir()
        (paths.models / leaf / f"{leaf[:60]}.safetensors").touch()
        (paths.models / "loras" / f"{leaf[:60]}.safetensors").touch()
        (paths.custom_nodes / leaf).mkdir()


PLANTS: Final[Sequence[Plant]] = (
    _trash_original, _trash_id, _trash_tag, _installed_tag, _installed_store, _marker,
    _recorded_tag, _recorded_store, _active, _operation, _operation_subject, _intent,
    _ledger_place, _ledger_target, _log_of_a_run, _shared_names,
)  # fmt: skip
