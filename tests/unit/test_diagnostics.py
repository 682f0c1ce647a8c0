"""The report for a helper: what stands in it, and above all what does not."""

from __future__ import annotations

import json
import os
import platform
import pwd
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend import __version__
from backend.config import PathsConfig, Settings, Source
from backend.diagnostics import LOGGED_LINES, Witnesses, report, without_names
from backend.exceptions import MetadataCorrupt
from backend.operations.model import Failure, OperationSnapshot, OperationState, Owner, Progress
from backend.platform.hardware import Card, Machine, Maker
from backend.platform.locks import FileLock
from backend.settings_store import SettingsStore
from backend.verdict import assess
from backend.version_manager_components.models import VersionList

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CARD = Card("NVIDIA GeForce RTX 4070", Maker.NVIDIA, 12282 * 2**20)


@pytest.fixture
def asked(tmp_path: Path) -> Witnesses:
    """Everything well, nothing installed, nothing logged."""
    return witnesses(tmp_path, {"HOME": str(tmp_path), "USER": "mariposa"})


def witnesses(root: Path, environment: Mapping[str, str]) -> Witnesses:
    paths = PathsConfig(root)
    paths.logs.mkdir(parents=True)
    lock = FileLock(paths.data / ".lock")
    return Witnesses(
        door="service",
        paths=paths,
        checkout=root,
        environment=environment,
        settings=SettingsStore(paths.settings_file, environment, lock=lock),
        secrets=lambda: {"GITHUB_TOKEN": "keyring", "HF_TOKEN": "nowhere"},
        hardware=lambda: assess(Machine("A processor", 8, 32 * 2**30, (CARD,)), "cu130"),
        tools=lambda: {"git": "2.39.5", "uv": None},
        revision=lambda: "v0.2.0-3-gabc1234",
        versions=lambda: VersionList(versions=(), active=None, default=None),
        operations=lambda: (),
        notices=(),
        now=lambda: NOW,
    )


class OddSettings:
    """Settings that the store would refuse: they may have been let in by an older one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def current(self) -> Settings:
        return self._settings

    def sources(self) -> dict[str, Source]:
        return dict.fromkeys(Settings.model_fields, "file")

    def problem(self) -> str | None:
        return None


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n\n")[2].partition("\n## ")[0].strip()


def log(asked: Witnesses, door: str, *records: dict[str, Any] | str) -> None:
    lines = (line if isinstance(line, str) else json.dumps(line) for line in records)
    (asked.paths.logs / f"{door}.log").write_text("\n".join(lines) + "\n", encoding="utf-8")


def record(seconds: int, level: str, message: str, **more: str) -> dict[str, Any]:
    time = (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return {"time": time, "level": level, "logger": "backend.x", "message": message, **more}


def operation(**more: Any) -> OperationSnapshot:
    return OperationSnapshot(
        **{
            "id": "20261121-1", "kind": "versions.install", "subject": "v0.3.64",
            "state": OperationState.SUCCEEDED, "created_at": NOW,
            "owner": Owner(pid=1, created="1"), **more,
        }
    )  # fmt: skip


# --- What stands in it ----------------------------------------------------------------------------


def test_it_begins_with_what_it_is_and_when_it_was_made(asked: Witnesses) -> None:
    assert report(asked).startswith(
        "# ComfyUI Launcher: diagnostics\n\nMade 2026-11-21 12:00:00 UTC.\n"
    )


def test_it_tells_the_launcher_its_tools_and_the_machine(asked: Witnesses) -> None:
    text = report(asked)
    launcher, machine = section(text, "Launcher"), section(text, "Machine")
    assert f"- Version: {__version__} (v0.2.0-3-gabc1234)" in launcher
    assert platform.python_version() in launcher
    assert "- git: 2.39.5" in launcher
    assert "- uv: not found" in launcher
    assert re.search(r"- Disk: \d+\.\d GB free, \w+", launcher)
    assert "- Card: NVIDIA GeForce RTX 4070, 12.0 GiB" in machine
    assert "- Build of torch by `auto`: cu130" in machine
    assert "- Verdict: RTX 4070, 12 GB: SDXL and Flux fp8 fit." in machine


def test_the_desktop_is_told_but_not_who_came_over_ssh(asked: Witnesses) -> None:
    more = {"XDG_CURRENT_DESKTOP": "GNOME", "SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22"}
    text = report(replace(asked, environment={**asked.environment, **more}))
    assert "- XDG_CURRENT_DESKTOP: `GNOME`" in section(text, "Desktop")
    assert "- Over ssh: yes" in section(text, "Desktop")
    assert "- Asked through: service, engine: " in section(text, "Desktop")
    assert "192.0.2" not in text


def test_settings_are_told_with_their_source_where_they_are_not_the_default(
    asked: Witnesses,
) -> None:
    assert isinstance(asked.settings, SettingsStore)
    asked.settings.change("grace_days", 3)
    told = section(report(asked), "Settings")
    assert "- grace_days: `3` (file)" in told
    assert "torch_backend" not in told
    assert re.search(r"- All others \(\d+\): default", told)


def test_of_secrets_only_the_place_is_told(asked: Witnesses) -> None:
    assert section(report(asked), "Secrets").splitlines() == [
        "- GITHUB_TOKEN: keyring",
        "- HF_TOKEN: nowhere",
    ]


def test_operations_come_with_their_error_and_the_last_words_of_the_tool(asked: Witnesses) -> None:
    failure = Failure(
        code="dependency-install-failed", message="uv failed.", hint="Look.",
        details={"log": [f"line {number} ``` end" for number in range(50)]},
    )  # fmt: skip
    failed = operation(
        state=OperationState.FAILED, error=failure, progress=Progress(step="packages")
    )
    told = section(report(replace(asked, operations=lambda: (failed,))), "Operations of late")
    assert "versions.install `v0.3.64`: failed in step packages" in told
    assert "`dependency-install-failed` uv failed." in told
    assert "line 49 ``` end" in told
    assert "line 37" not in told
    assert told.count("````") == 2  # longer than any fence in the lines


def test_only_operations_of_late_are_listed(asked: Witnesses) -> None:
    many = [operation(subject=f"v{number}") for number in range(200)]
    told = section(report(replace(asked, operations=lambda: many)), "Operations of late")
    assert len(told.splitlines()) == 15
    assert "`v0`" in told


def test_warnings_of_all_doors_come_in_the_order_of_time(asked: Witnesses) -> None:
    log(asked, "cli", record(1, "WARNING", "first"), record(2, "INFO", "quiet"))
    log(asked, "window", record(3, "ERROR", "third"), "no json {", '"a text"', "[1]")
    log(asked, "service", record(2, "WARNING", "second"))
    log(asked, "v0.3.64-1", record(4, "ERROR", "of ComfyUI"))
    told = section(report(asked), "Warnings and errors of late")
    assert re.findall(r"(\w+) (\w+): backend\.x: (\w+)", told) == [
        ("WARNING", "cli", "first"), ("WARNING", "service", "second"), ("ERROR", "window", "third"),
    ]  # fmt: skip
    assert "ComfyUI" not in told


def test_of_a_long_log_only_the_newest_lines_are_told(asked: Witnesses) -> None:
    log(asked, "cli", *(record(n, "WARNING", f"number {n} " + "x" * 500) for n in range(5000)))
    told = section(report(asked), "Warnings and errors of late")
    numbers = [int(number) for number in re.findall(r"number (\d+) ", told)]
    assert numbers == list(range(5000 - LOGGED_LINES, 5000))


def test_a_fault_of_ours_brings_its_traceback(asked: Witnesses) -> None:
    log(asked, "cli", record(1, "ERROR", "incident", exception="Traceback\n  here\nValueError: x"))
    told = section(report(asked), "Warnings and errors of late")
    assert told.rstrip("`\n").endswith("Traceback\n  here\nValueError: x")


# --- When something is wrong ----------------------------------------------------------------------


def test_a_section_that_cannot_be_told_leaves_the_others(asked: Witnesses) -> None:
    def damaged() -> VersionList:
        raise MetadataCorrupt(Path("/x/install.json"), reason="cut off")

    def gone() -> str | None:
        raise OSError(5, "Input/output error")

    text = report(replace(asked, versions=damaged, revision=gone))
    assert "This could not be told: `metadata-corrupt`" in section(text, "Versions")
    assert "Input/output error" in section(text, "Launcher")
    assert "RTX 4070" in section(text, "Machine")


def test_settings_that_do_not_fit_are_told_and_not_hidden(asked: Witnesses) -> None:
    asked.paths.settings_file.write_text('{"schema": 1, "values": {"grace_days": "many"}}')
    assert "`invalid-value`" in section(report(asked), "Settings")


# --- What does not stand in it --------------------------------------------------------------------


def test_no_secret_gets_in_whatever_way_it_came(asked: Witnesses) -> None:
    secret = "hunter2hunter2"
    odd = OddSettings(Settings(package_index=f"https://me:{secret}@mirror.example/simple"))
    asked = replace(asked, settings=odd)
    log(
        asked,
        "cli",
        record(1, "WARNING", f"asked https://me:{secret}@mirror.example/simple"),
        record(2, "WARNING", f"header Authorization: Bearer {secret}"),
        record(3, "ERROR", "boom", exception=f"KeyError: api_key='{secret}'"),
    )
    failed = operation(
        state=OperationState.FAILED,
        error=Failure(
            code="http-failed", message=f"GET https://x/?token={secret} failed.", hint="Look.",
            details={"log": [f"https://me:{secret}@x/"]},
        ),
    )  # fmt: skip
    text = report(replace(asked, operations=lambda: (failed,)))
    assert secret not in text
    assert "https://***@mirror.example/simple" in section(text, "Settings")


def test_the_home_folder_and_the_name_of_its_owner_are_left_out(tmp_path: Path) -> None:
    home = tmp_path / "mariposa"
    root = home / "Zu Hause ü"
    root.mkdir(parents=True)
    asked = witnesses(root, {"HOME": str(home), "USER": "mariposa"})
    log(asked, "cli", record(1, "WARNING", f"mariposa cannot write {root}/x (file://{home}/y)"))
    text = report(asked)
    assert "mariposa" not in text
    assert "- Folder: `~/Zu Hause ü`" in text
    assert "<user> cannot write ~/Zu Hause ü/x (file://~/y)" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/ada/x and /home/ada", "~/x and ~"),
        ("/home/adam/x", "/home/adam/x"),
        ("/media/ada/disk of ada, adamant", "/media/<user>/disk of <user>, adamant"),
        ("file:///home/ada", "file://~"),
        ("at lovelace.example.org", "at <host>"),
        ("at lovelace:8188", "at <host>:8188"),
        ("lovelace-2 stays", "lovelace-2 stays"),
    ],
)
def test_names_are_replaced_where_they_stand_alone(text: str, told: str) -> None:
    environment = {"HOME": "/home/ada", "USER": "ada"}
    assert without_names(text, environment, host="lovelace.example.org") == told


def test_a_short_name_is_replaced_in_paths_only() -> None:
    environment = {"HOME": "/home/al", "USER": "al"}
    assert without_names("/media/al/x al", environment, host="") == "/media/<user>/x al"


def test_common_names_are_no_secret() -> None:
    told = without_names("the root of user", {"HOME": "/root", "USER": "root"}, host="localhost")
    assert told == "the root of user"


def test_a_home_with_a_space_is_found_in_addresses_too() -> None:
    environment = {"HOME": "/home/ada l", "USER": ""}
    assert without_names("file:///home/ada%20l/x", environment, host="") == "file://~/x"


def test_a_home_that_is_no_text_is_found_in_addresses_and_paths(tmp_path: Path) -> None:
    home = os.fsdecode(b"/home/ad\xe9")
    told = without_names(f"{home}/x file:///home/ad%E9/x", {"HOME": home, "USER": ""}, host="")
    assert told == "~/x file://~/x"
    asked = witnesses(tmp_path, {"HOME": home, "USER": "mariposa"})
    assert report(asked).startswith("# ComfyUI Launcher: diagnostics")


def test_without_a_home_the_rest_is_still_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert without_names("/a/b", {}, host="") == "/a/b"
    assert report(witnesses(tmp_path, {})).startswith("# ComfyUI Launcher: diagnostics")
