"""The entry in the menu of the desktop: a real file, read back as desktops read it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.exceptions import ForeignFolder, NoDesktopMenu, NotWritable, PathNotFound
from backend.platform.shortcuts import ICON, Shortcuts

# Everything that the specification gives a meaning of its own, and what people name folders.
FOLDERS = ["plain", "Zu Hause ü", 'a$b`c"d\\e%f', "semi;colon 'q'", "x=y %z", "~tilde #1 & (2)"]
SCRIPT = '#!/bin/sh\nprintf "%s" "$0|$COMFYUI_LAUNCHER_HOME" >"$(dirname "$0")/ran"\n'


def checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "launcher").write_text(SCRIPT, encoding="utf-8")
    (folder / "launcher").chmod(0o755)
    return folder


def shortcuts(folder: Path, data: Path, home: Path | None = None) -> Shortcuts:
    environment = {"XDG_DATA_HOME": str(data), "PATH": os.environ["PATH"]}
    return Shortcuts(folder, environment, home=home, system="linux")


def fields(entry: Path) -> dict[str, str]:
    """The keys and values, with the escapes of the file taken back."""
    lines = entry.read_text("utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    pairs = (line.partition("=")[::2] for line in lines[1:] if line)
    signs = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    return {
        key: re.sub(r"\\([sntr\\])", lambda found: signs[found[1]], value) for key, value in pairs
    }


def command_of(entry: Path) -> list[str]:
    """The Exec line as the specification splits it: quotes, escapes in quotes, field codes."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', fields(entry)["Exec"])
    plain = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in words]
    return [word.replace("%%", "%") for word in plain]


def test_nothing_is_there_before_it_is_asked_for(tmp_path: Path) -> None:
    entry = shortcuts(checkout(tmp_path / "a"), tmp_path / "data").entry()
    assert entry.path == tmp_path / "data" / "applications" / "comfyui-launcher.desktop"
    assert (entry.installed, entry.current) == (False, False)
    assert not entry.path.parent.exists()


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("has_home", [False, True], ids=["own root", "another root"])
def test_a_click_starts_this_launcher_wherever_it_lies(
    name: str, has_home: bool, tmp_path: Path
) -> None:
    folder = checkout(tmp_path / name)
    home = folder / "home" if has_home else None
    entry = shortcuts(folder, tmp_path / "data", home).install()
    assert (entry.installed, entry.current) == (True, True)
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run(command_of(entry.path), env=environment, timeout=20, check=True)
    said = (folder / "ran").read_text("utf-8")
    assert said == f"{folder / 'launcher'}|{home or ''}"


@pytest.mark.skipif(
    not shutil.which("desktop-file-validate"), reason="desktop-file-utils is not installed"
)
@pytest.mark.parametrize("name", FOLDERS)
def test_the_entry_is_valid_to_the_letter(name: str, tmp_path: Path) -> None:
    entry = shortcuts(checkout(tmp_path / name), tmp_path / "data", tmp_path / name).install()
    done = subprocess.run(
        ["desktop-file-validate", entry.path], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_entry_says_what_a_menu_shows(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "a")
    found = fields(shortcuts(folder, tmp_path / "data").install().path)
    assert found["Name"] == "ComfyUI Launcher"
    assert found["Type"] == "Application"
    assert found["Terminal"] == "false"
    assert found["Comment"]
    assert found["Icon"] == str(folder / ICON)
    assert found["TryExec"] == str(folder / "launcher")
    assert found["StartupWMClass"] == "comfyui-launcher"
    assert found["X-ComfyUI-Launcher-Root"] == str(folder)


def test_our_icon_is_in_the_repository() -> None:
    icon = Path(__file__).parents[3] / ICON
    assert icon.read_text("utf-8").startswith("<svg")


def test_a_second_launcher_takes_the_entry_over_and_the_first_one_sees_that(
    tmp_path: Path,
) -> None:
    first = shortcuts(checkout(tmp_path / "a"), tmp_path / "data")
    second = shortcuts(checkout(tmp_path / "b"), tmp_path / "data")
    first.install()
    assert (second.entry().installed, second.entry().current) == (True, False)
    second.install()
    assert second.entry().current
    assert not first.entry().current


def test_removing_takes_our_file_away_and_is_no_error_twice(tmp_path: Path) -> None:
    own = shortcuts(checkout(tmp_path / "a"), tmp_path / "data")
    path = own.install().path
    assert not own.remove().installed
    assert not path.exists()
    assert not own.remove().installed


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder"])
def test_what_someone_else_put_there_is_never_touched(kind: str, tmp_path: Path) -> None:
    own = shortcuts(checkout(tmp_path / "a"), tmp_path / "data")
    path = own.entry().path
    path.parent.mkdir(parents=True)
    target = tmp_path / "target"
    if kind == "file":
        path.write_text("[Desktop Entry]\nName=Mine\n", encoding="utf-8")
    elif kind == "folder":
        path.mkdir()
    else:
        if kind == "link":
            target.write_text("[Desktop Entry]\nX-ComfyUI-Launcher-Root=/a\n", encoding="utf-8")
        path.symlink_to(target)
    before = path.lstat()
    for touch in (own.install, own.remove):
        with pytest.raises(ForeignFolder):
            touch()
    assert path.lstat() == before
    assert not own.entry().installed


def test_a_launcher_without_its_script_is_no_program_to_start(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(PathNotFound):
        shortcuts(tmp_path / "a", tmp_path / "data").install()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder belongs", encoding="utf-8")
    with pytest.raises(NotWritable):
        shortcuts(checkout(tmp_path / "a"), tmp_path / "data").install()


@pytest.mark.parametrize("data", ["", "relative/share"])
def test_without_an_absolute_data_folder_the_standard_one_counts(data: str, tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": data, "HOME": str(tmp_path)}
    entry = Shortcuts(tmp_path, environment, system="linux").entry()
    assert entry.path == tmp_path / ".local/share/applications/comfyui-launcher.desktop"


def test_the_desktop_is_told_when_it_keeps_an_index(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    tool = programs / "update-desktop-database"
    tool.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/told"\n', encoding="utf-8")
    tool.chmod(0o755)
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": f"{programs}:/usr/bin:/bin"}
    own = Shortcuts(checkout(tmp_path / "a"), environment, system="linux")
    own.install()
    own.remove()
    assert (tmp_path / "told").read_text().splitlines() == [
        f"-q {tmp_path / 'data' / 'applications'}"
    ] * 2


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_a_system_without_such_a_menu_says_so(system: str, tmp_path: Path) -> None:
    own = Shortcuts(checkout(tmp_path / "a"), {}, system=system)
    for ask in (own.entry, own.install, own.remove):
        with pytest.raises(NoDesktopMenu):
            ask()


def test_a_script_that_lost_its_x_bit_starts_by_a_click_and_stays_in_the_menu(
    tmp_path: Path,
) -> None:
    folder = checkout(tmp_path / "a")
    own = shortcuts(folder, tmp_path / "data")
    (folder / "launcher").chmod(0o644)
    entry = own.install()
    assert entry.current
    assert "TryExec" not in fields(entry.path)  # a menu hides what it names and cannot run
    subprocess.run(command_of(entry.path), env={"PATH": os.environ["PATH"]}, timeout=20, check=True)
    assert (folder / "ran").read_text("utf-8") == f"{folder / 'launcher'}|"
    (folder / "launcher").chmod(0o755)
    assert own.entry().current


def test_without_a_home_the_menu_of_containers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    entry = Shortcuts(Path("/nowhere"), {}, system="linux").entry()
    assert entry.path == Path("/.local/share/applications/comfyui-launcher.desktop")
    assert not entry.installed
