"""The area `system` in a whole launcher, and its words in a terminal."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.cli.boundary import run
from backend.platform.hardware import MIB
from tests.helpers.world import World, make_world

SECRET = "hf_" + "s3cr3t" * 5


@pytest.fixture
def at_home(tmp_path: Path, origin: tuple[Path, Path, Path]) -> Iterator[World]:
    """A launcher in the home folder of a user, with a token in the environment and a card."""
    home = tmp_path / "mariposa"
    programs = home / "bin"
    programs.mkdir(parents=True)
    smi = programs / "nvidia-smi"
    smi.write_text(
        f"#!/bin/sh\necho asked >>'{home}/asked'\n"
        'case "$1" in *driver*) echo 580.65.06;;'
        " *) echo 'NVIDIA GeForce RTX 4070, 12282, 8.9';; esac\n"
    )
    smi.chmod(0o755)
    world = make_world(
        home / "Zu Hause ü",
        *origin,
        HOME=str(home),
        USER="mariposa",
        LOGNAME="mariposa",
        XDG_DATA_HOME="",
        HF_TOKEN=SECRET,
        PATH=f"{programs}:{os.environ['PATH']}",
    )
    yield world
    world.close()


def test_the_machine_is_looked_at_once(at_home: World) -> None:
    first = at_home.ask("system.hardware")
    assert [(gpu.name, gpu.memory_bytes) for gpu in first.gpus] == [
        ("NVIDIA GeForce RTX 4070", 12282 * MIB)
    ]
    assert first.verdict.startswith("RTX 4070, 12 GB: SDXL and Flux fp8 fit.")
    assert first.torch_backend.startswith("cu")
    asked = (at_home.root.parent / "asked").read_text()
    assert at_home.ask("system.hardware") == first
    assert (at_home.root.parent / "asked").read_text() == asked


def test_the_report_tells_how_things_stand_and_no_secret(at_home: World) -> None:
    at_home.install("v0.3.64")
    at_home.launch(environment={"FAKE_COMFYUI_CRASH": "after-ready:0.2"})
    assert at_home.refused("versions.install", reference="v9.9.9").code == "version-not-found"
    deadline = time.monotonic() + 20
    while at_home.ask("versions.show", tag="v0.3.64").state != "stopped":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    text = at_home.ask("system.diagnostics").text
    assert "### v0.3.64 (stopped" in text
    assert "torch 2.13.0" in text
    assert "- Last run: exit code 1" in text
    assert "  - Cause: " in text
    assert "versions.launch `v0.3.64`: succeeded" in text
    assert "- HF_TOKEN: environment" in text
    assert "`~/Zu Hause ü" in text
    assert SECRET not in text
    assert "mariposa" not in text


def test_the_entry_of_the_menu_comes_and_goes(at_home: World) -> None:
    file = at_home.root.parent / ".local/share/applications/comfyui-launcher.desktop"
    assert at_home.ask("system.shortcut").model_dump() == {
        "path": str(file), "installed": False, "current": False,
    }  # fmt: skip
    assert at_home.ask("system.install_shortcut").current
    assert f"COMFYUI_LAUNCHER_HOME={at_home.root}" in file.read_text("utf-8")
    assert SECRET not in file.read_text("utf-8")
    assert not at_home.ask("system.remove_shortcut").installed
    assert not file.exists()


def test_a_foreign_entry_is_refused_with_the_way_out(at_home: World) -> None:
    file = Path(at_home.ask("system.shortcut").path)
    file.parent.mkdir(parents=True)
    file.write_text("[Desktop Entry]\nName=Mine\n", encoding="utf-8")
    refused = at_home.refused("system.install_shortcut")
    assert refused.code == "foreign-folder"
    assert str(file) in refused.message
    assert "Mine" in file.read_text("utf-8")


# --- In a terminal --------------------------------------------------------------------------------


def test_a_terminal_shows_the_machine_and_the_entry(
    at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in ("hardware", "shortcut", "install-shortcut", "remove-shortcut"):
        assert run([line], lambda: at_home.app) == 0
    told = capsys.readouterr().out
    assert "NVIDIA GeForce RTX 4070, 12 GB\n" in told
    assert "RTX 4070, 12 GB: SDXL and Flux fp8 fit." in told
    assert told.count("The launcher is not in the menu.") == 2
    assert told.count("The launcher is in the menu.") == 1


def test_the_report_can_be_read_piped_and_kept(
    at_home: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.md"
    assert run(["diagnostics"], lambda: at_home.app) == 0
    assert capsys.readouterr().out.startswith("# ComfyUI Launcher: diagnostics\n")
    assert run(["diagnostics", "--json"], lambda: at_home.app) == 0
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["value"]["text"].startswith("# ComfyUI Launcher: diagnostics\n")
    for _ in range(2):  # an older report may be written over
        assert run(["diagnostics", "--output", str(file)], lambda: at_home.app) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"Written to {file}." in said.err
    assert file.read_text("utf-8").startswith("# ComfyUI Launcher: diagnostics\n")
    assert file.stat().st_mode & 0o077 == 0


def test_a_report_is_never_written_over_something_else(
    at_home: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "thesis.md"
    file.write_text("# My thesis\n", encoding="utf-8")
    assert run(["diagnostics", "--output", str(file)], lambda: at_home.app) == 5
    assert "left alone" in capsys.readouterr().err
    assert file.read_text("utf-8") == "# My thesis\n"
    assert run(["diagnostics", "--output", str(tmp_path)], lambda: at_home.app) == 5


@pytest.mark.parametrize(
    ("name", "value"), [("theme", "dark"), ("theme", "light"), ("when_closing", "keep")]
)
def test_the_settings_of_the_window_are_set_from_a_terminal_too(
    name: str, value: str, at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["settings", "set", name, value], lambda: at_home.app) == 0
    assert run(["settings", "list", "--json"], lambda: at_home.app) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])["value"]["settings"]
    assert next(one for one in listed if one["name"] == name)["value"] == value
    assert run(["settings", "set", name, "plaid"], lambda: at_home.app) == 2


def test_no_tool_is_given_a_token_or_what_only_this_process_has(
    at_home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, real = at_home.root.parent / "environments", shutil.which("git")
    git = at_home.root.parent / "bin" / "git"
    git.write_text(f"#!/bin/sh\nenv >>'{said}'\nexec '{real}' \"$@\"\n")
    git.chmod(0o755)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/of-the-engine-of-a-window")
    assert at_home.ask("system.info").git
    asked = said.read_text().count("USER=mariposa")
    at_home.ask("versions.plan", reference="v0.3.64")
    assert said.read_text().count("USER=mariposa") > asked > 0
    assert SECRET not in said.read_text()
    assert "/of-the-engine-of-a-window" not in said.read_text()
