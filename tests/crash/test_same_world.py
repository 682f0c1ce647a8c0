"""Wherever the launcher is started from, and by whatever name its folder is reached: one world.

A launcher that looks for its files where the terminal happens to stand shows another set of
versions in each folder, and installs them anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.crash.conftest import Figures
from tests.crash.counts import quick_and_full
from tests.fakes.ports import World as Made
from tests.helpers.processes import ROOT

TRAP: Final = "raise SystemExit('the backend of another folder was imported')"


class Place:
    """A root with a version and an operation in it, in a path that is not plain, and its links."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "Zu Hause ü 家" / "root"
        made = Made(self.root)
        self.store = made.installed("v0.3.64", active=True)
        operation = made.operation()
        self.operation_id = operation.id
        self.link = base / "a link"
        self.link.symlink_to(self.root)
        self.folder_link = base / "by a link"
        self.folder_link.symlink_to(self.root.parent)
        other = base / "another project"
        for package in ("backend", "backend/cli", "tests", "json"):
            (other / package).mkdir(parents=True)
            (other / package / "__init__.py").write_text(TRAP)
        (other / "backend" / "cli" / "__main__.py").write_text(TRAP)
        (other / ".venv").mkdir()
        self.other = other
        (base / "home").mkdir()

    def ask(self, *words: str, home: Path, cwd: Path, gone: bool = False) -> Any:
        """What `./launcher --json WORDS` answers there, started as the script does it.

        `gone`: the folder that it stands in is deleted before.
        """
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base / "home"),
            "COMFYUI_LAUNCHER_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-P", "-m", "backend.cli", "--json", *words]
        if gone:
            command = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *command]
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["value"]

    def versions(self, **where: Any) -> dict[str, Path]:
        """The versions, and where they really lie."""
        listed = self.ask("versions", "list", **where)["versions"]
        return {version["tag"]: Path(version["path"]).resolve() for version in listed}

    def operations(self, **where: Any) -> list[str]:
        listed = self.ask("operations", "list", **where)["operations"]
        return [operation["id"] for operation in listed]

    def elsewhere(self) -> dict[str, tuple[int, int]]:
        """Everything that lies around the root."""
        found = {}
        for folder, folders, files in os.walk(self.base):
            if Path(folder) == self.root.parent:
                folders.clear()
            for path in (Path(folder, name) for name in (*folders, *files)):
                found[str(path)] = (path.lstat().st_ino, path.lstat().st_mtime_ns)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("count", quick_and_full(1, 2))
def test_from_five_folders_and_by_three_names_it_is_the_same_world(
    place: Place, count: int, figures: Figures
) -> None:
    (gone := place.base / "gone").mkdir()
    before = place.elsewhere()
    before.pop(str(gone))
    places: list[dict[str, Any]] = [
        {"home": place.root, "cwd": place.root},
        {"home": place.root, "cwd": place.store},
        {"home": place.root, "cwd": Path("/")},
        {"home": place.root, "cwd": gone, "gone": True},
        {"home": place.root, "cwd": place.other},
        {"home": place.link, "cwd": place.link},
        {"home": place.folder_link / "root", "cwd": place.other},
    ]
    for where in places:
        assert place.versions(**where) == {"v0.3.64": place.store}, where
        if count > 1 or where["cwd"] == place.other:
            if where.get("gone"):
                gone.mkdir()
            assert place.operations(**where) == [place.operation_id], where
    figures(
        "one world", folders=5, names=3, elsewhere=len(place.elsewhere().items() ^ before.items())
    )
    assert place.elsewhere() == before


def test_what_was_installed_by_one_name_is_removed_and_taken_back_by_another(place: Place) -> None:
    link = place.root / "comfyui-versions" / "v0.3.64"
    place.ask("versions", "uninstall", "v0.3.64", "--yes", home=place.link, cwd=place.other)
    assert not os.path.lexists(link)
    assert not place.store.exists()
    place.ask("versions", "restore", "v0.3.64", home=place.root, cwd=place.other)
    assert link.resolve() == place.store
    assert (place.store / "source" / "main.py").is_file()
