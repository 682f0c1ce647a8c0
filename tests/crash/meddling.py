"""What hands from outside, bad disks and other programs do to a root: damage, moves, swaps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar

from tests.crash.worlds import Canaries

Damage = Literal["cut", "flip", "delete", "folder"]
DAMAGES: Final[tuple[Damage, ...]] = ("cut", "flip", "delete", "folder")
MARKER: Final = ".comfyui-launcher.json"
PRETENDER: Final = (MARKER, "install.json", "source/main.py", "venv/bin/python")
_STATE_FILES: Final = (
    "launcher-data/*.json*",
    "launcher-data/metadata/**/*.json*",
    "launcher-data/operations/*.jsonl",
    "launcher-data/journal/*",
    "launcher-data/links/*",
    "comfyui-versions/.store/*/*.json",
    "comfyui-versions/.store/*/.*.json",
    "comfyui-versions/.trash/*.json",
    "comfyui-versions/.trash/*/*.json",
    "comfyui-versions/.trash/*/.*.json",
)
_Thing = TypeVar("_Thing")


def one_of(things: Sequence[_Thing], number: int) -> _Thing | None:
    """The same choice for the same number; None when there is nothing to choose from."""
    return things[number % len(things)] if things else None


def state_files(root: Path, canaries: Canaries) -> list[Path]:
    """The files that the launcher wrote for itself; none that only a link leads to."""
    found = {path for pattern in _STATE_FILES for path in root.glob(pattern)}
    real = (p for p in found if p.is_file() and p.resolve() == root.resolve() / p.relative_to(root))
    return sorted(path for path in real if path not in canaries.content)


def damage(path: Path, how: Damage, number: int, canaries: Canaries) -> None:
    """One file is no longer what was written."""
    content = path.read_bytes()
    match how:
        case "cut":
            path.write_bytes(content[: number % (len(content) or 1)])
        case "flip":
            place = number % (len(content) or 1)
            bits = content[place : place + 1] or b"\0"
            path.write_bytes(content[:place] + bytes([bits[0] ^ 16]) + content[place + 1 :])
        case "delete":
            path.unlink()
        case "folder":
            path.unlink()
            canaries.plant(path / "not yours.txt")


def installations(root: Path, canaries: Canaries) -> list[Path]:
    """The folders of the store and of the trash that are no canary's."""
    folders = [*_folders(root / "comfyui-versions" / ".store")]
    folders += _folders(root / "comfyui-versions" / ".trash")
    return sorted(f for f in folders if not any(c.is_relative_to(f) for c in canaries.content))


def links(root: Path, canaries: Canaries) -> list[Path]:
    """The links that the launcher made: of versions, of views, beside the sources."""
    versions, views = root / "comfyui-versions", root / "launcher-data" / "views"
    found = [*versions.iterdir(), *versions.glob(".store/*/*"), *views.rglob("*")]
    return sorted(path for path in found if path.is_symlink() and path not in canaries.links)


def swap(path: Path, target: Path, aside: Path) -> None:
    """A link to something else stands where `path` was; a folder is moved aside first."""
    if path.is_symlink():
        path.unlink()
    else:
        path.rename(aside)
    path.symlink_to(target)


def pretend(folder: Path, pretender: Path, canaries: Canaries) -> None:
    """The pretender gets the marker and the record of that installation, as a copy of it has."""
    for name in (MARKER, "install.json"):
        if (folder / name).is_file():
            (pretender / name).write_bytes((folder / name).read_bytes())
            canaries.watch(pretender / name)


def stranger(folder: Path, canaries: Canaries, marker: bytes | None) -> None:
    """A folder of the user's where ours lie; with a marker, it is a copy of one of ours."""
    canaries.plant(folder / "source" / "main.py")
    canaries.plant(folder / "art.png")
    if marker is not None:
        (folder / MARKER).write_bytes(marker)
        canaries.watch(folder / MARKER)


def a_marker(root: Path) -> bytes | None:
    """The marker of some installation that is there."""
    for folder in [*_folders(root / "comfyui-versions" / ".store")]:
        if (folder / MARKER).is_file():
            return (folder / MARKER).read_bytes()
    return None


def trashed_stores(root: Path) -> dict[str, str]:
    """The entries of the trash, each with the name that its folder had in the store."""
    found = {}
    for record in (root / "comfyui-versions" / ".trash").glob("*.json"):
        try:
            found[record.stem] = Path(json.loads(record.read_text())["original"]).name
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def delete_world(folder: Path) -> None:
    """The test's own root, with all that is in it."""
    shutil.rmtree(folder)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (f for f in folder.iterdir() if f.is_dir() and not f.is_symlink())
