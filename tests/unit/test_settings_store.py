from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.config import Settings
from backend.exceptions import (
    InvalidValue,
    MetadataCorrupt,
    MetadataFromTheFuture,
    NotWritable,
    UnknownSetting,
)
from backend.file_utils import PREVIOUS_SUFFIX
from backend.platform.locks import FileLock
from backend.settings_store import SettingsStore
from tests.fakes.ports import all_at_once
from tests.helpers.processes import start_python


def settings_in(folder: Path, environment: Mapping[str, str] | None = None) -> SettingsStore:
    return SettingsStore(
        folder / "settings.json", environment or {}, lock=FileLock(folder / ".lock")
    )


def written(folder: Path, **values: Any) -> Path:
    file = folder / "settings.json"
    file.write_text(json.dumps({"schema": 1, "values": values}))
    return file


def in_file(folder: Path) -> Any:
    return json.loads((folder / "settings.json").read_text())["values"]


# --- Three sources


def test_without_file_and_environment_the_defaults_count(tmp_path: Path) -> None:
    store = settings_in(tmp_path)
    assert store.current() == Settings()
    assert set(store.sources().values()) == {"default"}
    assert not (tmp_path / "settings.json").exists(), "looking makes no file"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    written(tmp_path, log_level="ERROR", grace_days=3)
    store = settings_in(tmp_path, {"LOG_LEVEL": "warning"})
    assert (store.current().log_level, store.current().grace_days) == ("WARNING", 3)
    sources = store.sources()
    assert (sources["log_level"], sources["grace_days"]) == ("environment", "file")
    assert sources["max_retries"] == "default"


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DEBUG": "yes"}, "DEBUG"),
        ({"DEBUG": "0"}, "INFO"),
        ({"DEBUG": "False"}, "INFO"),
        ({"DEBUG": ""}, "INFO"),
        ({"DEBUG": "1", "LOG_LEVEL": "error"}, "ERROR"),
    ],
)
def test_debug_in_the_environment_means_debug(
    tmp_path: Path, environment: dict[str, str], level: str
) -> None:
    assert settings_in(tmp_path, environment).current().log_level == level


def test_a_change_under_the_environment_is_kept_for_later(tmp_path: Path) -> None:
    store = settings_in(tmp_path, {"LOG_LEVEL": "WARNING"})
    assert store.change("log_level", "ERROR").log_level == "WARNING"
    assert settings_in(tmp_path).current().log_level == "ERROR"


# --- Changing


def test_only_what_was_set_by_hand_is_in_the_file(tmp_path: Path) -> None:
    store = settings_in(tmp_path, {"LOG_LEVEL": "DEBUG"})
    store.change("grace_days", 3)
    store.change("extra_model_folders", ["/models", "/more"])
    assert in_file(tmp_path) == {"grace_days": 3, "extra_model_folders": ["/models", "/more"]}
    assert json.loads((tmp_path / "settings.json").read_text())["schema"] == 1
    assert settings_in(tmp_path).current().extra_model_folders == ("/models", "/more")


def test_a_value_is_kept_in_its_own_type(tmp_path: Path) -> None:
    store = settings_in(tmp_path)
    store.change("grace_days", "3")
    store.change("secrets_in_file", "true")
    assert in_file(tmp_path) == {"grace_days": 3, "secrets_in_file": True}


def test_a_reset_setting_has_its_default_again(tmp_path: Path) -> None:
    store = settings_in(tmp_path)
    store.change("grace_days", 3)
    store.change("max_retries", 0)
    assert store.reset("grace_days").grace_days == Settings().grace_days
    assert in_file(tmp_path) == {"max_retries": 0}
    assert store.sources()["grace_days"] == "default"
    store.reset("grace_days")


@pytest.mark.parametrize("verb", ["change", "reset"])
def test_an_unknown_setting_is_refused_with_those_there_are(tmp_path: Path, verb: str) -> None:
    arguments = ("grace_day", 3) if verb == "change" else ("grace_day",)
    with pytest.raises(UnknownSetting) as caught:
        getattr(settings_in(tmp_path), verb)(*arguments)
    assert "grace_days" in caught.value.hint
    assert not (tmp_path / "settings.json").exists()


REFUSED = [
    ("grace_days", -1),
    ("grace_days", "soon"),
    ("grace_days", None),
    ("log_level", "LOUD"),
    ("packages_as_of", "yesterday"),
    ("repository", "ssh://git@example.org/ComfyUI"),
    ("repository", "ext::sh -c evil"),
    ("repository", "https://user:secret@example.org/ComfyUI"),
    ("github_api", "ftp://example.org"),
    ("github_repo", "no-slash"),
    ("package_index", "javascript:alert(1)"),
    ("package_overrides", ["numpy<2", "--evil"]),
    ("torch_backend", "cu 130; rm"),
    ("extra_model_folders", "/not-a-list"),
    ("stop_grace_seconds", 10**9),
    ("secrets_in_file", "maybe"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, name: str, value: Any
) -> None:
    store = settings_in(tmp_path)
    store.change("max_retries", 1)
    before = (tmp_path / "settings.json").read_bytes()
    with pytest.raises(InvalidValue) as caught:
        store.change(name, value)
    assert "secret@" not in str(caught.value.context)
    assert (tmp_path / "settings.json").read_bytes() == before
    assert store.current().max_retries == 1


def test_what_does_not_fit_is_refused_also_while_the_environment_wins(tmp_path: Path) -> None:
    store = settings_in(tmp_path, {"LOG_LEVEL": "INFO", "COMFYUI_LAUNCHER_REPO": "file:///srv/x"})
    for name, value in (("log_level", "LOUD"), ("repository", "ssh://x/y")):
        with pytest.raises(InvalidValue):
            store.change(name, value)
    assert settings_in(tmp_path).current() == Settings()


def test_nothing_set_is_never_checked(tmp_path: Path) -> None:
    assert settings_in(tmp_path).change("package_index", None).package_index is None


# --- Invalid values that are there already


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"COMFYUI_LAUNCHER_REPO": "ssh://git@example.org/x"}, "COMFYUI_LAUNCHER_REPO"),
        ({"COMFYUI_LAUNCHER_GITHUB_API": "gopher://x"}, "COMFYUI_LAUNCHER_GITHUB_API"),
    ],
)
def test_a_variable_that_does_not_fit_is_named(
    tmp_path: Path, environment: dict[str, str], variable: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        settings_in(tmp_path, environment).current()
    assert variable in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"), [("grace_days", "soon"), ("repository", "ssh://x/y"), ("gone_setting", 1)]
)
def test_a_value_in_the_file_that_does_not_fit_is_named_with_the_file(
    tmp_path: Path, name: str, value: Any
) -> None:
    file = written(tmp_path, **{name: value})
    with pytest.raises(InvalidValue) as caught:
        settings_in(tmp_path).current()
    told = caught.value.message + caught.value.hint
    assert name in told
    assert file.name in told


def test_a_password_in_the_environment_is_not_repeated(tmp_path: Path) -> None:
    environment = {"COMFYUI_LAUNCHER_REPO": "https://user:hunter2@example.org/x"}
    with pytest.raises(InvalidValue) as caught:
        settings_in(tmp_path, environment).current()
    assert "hunter2" not in caught.value.message + caught.value.hint + str(caught.value.context)


# --- Damage


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 100, b"[]", b'{"values": 1}', b"\xff"])
def test_damage_is_never_taken_for_no_settings(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    store = settings_in(tmp_path)
    for look in (store.current, lambda: store.change("grace_days", 3)):
        with pytest.raises(MetadataCorrupt):
            look()
    assert (tmp_path / "settings.json").read_bytes() == content


def test_the_settings_before_the_damage_count(tmp_path: Path) -> None:
    store = settings_in(tmp_path)
    store.change("grace_days", 3)
    store.change("grace_days", 4)
    (tmp_path / "settings.json").write_bytes(b"{")
    assert settings_in(tmp_path).current().grace_days == 3
    assert settings_in(tmp_path).change("max_retries", 1).grace_days == 3
    assert in_file(tmp_path) == {"grace_days": 3, "max_retries": 1}


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    with pytest.raises(NotWritable):
        settings_in(tmp_path).current()


@pytest.mark.parametrize("extra", [{}, {"profiles": {"work": {}}}], ids=["as before", "new fields"])
@pytest.mark.parametrize("with_previous", [False, True])
def test_settings_of_a_newer_launcher_are_refused_and_left_as_they_are(
    tmp_path: Path, extra: dict[str, Any], with_previous: bool
) -> None:
    file = written(tmp_path, grace_days=3)
    if with_previous:
        file.with_name(file.name + PREVIOUS_SUFFIX).write_bytes(file.read_bytes())
    file.write_text(json.dumps({"schema": 2, "values": {"grace_days": 3}, **extra}))
    before = file.read_bytes()
    store = settings_in(tmp_path)
    for look in (store.current, lambda: store.change("grace_days", 4)):
        with pytest.raises(MetadataFromTheFuture):
            look()
    assert file.read_bytes() == before


# --- Several at once


def test_what_another_process_changed_is_seen(tmp_path: Path) -> None:
    mine = settings_in(tmp_path)
    assert mine.current().grace_days == 7
    settings_in(tmp_path).change("grace_days", 3)
    assert mine.current().grace_days == 3
    assert mine.sources()["grace_days"] == "file"
    settings_in(tmp_path).reset("grace_days")
    assert mine.current().grace_days == 7


WRITER = """
    import sys
    from pathlib import Path
    from backend.platform.locks import FileLock
    from backend.settings_store import SettingsStore

    folder, name = Path(sys.argv[1]), sys.argv[2]
    store = SettingsStore(folder / "settings.json", {}, lock=FileLock(folder / ".lock"))
    for number in range(20):
        store.change(name, number)
"""


def test_four_processes_lose_no_change(tmp_path: Path) -> None:
    names = ["grace_days", "max_retries", "stop_grace_seconds", "http_timeout_seconds"]
    code = WRITER.replace("range(20)", "range(1, 11)")
    writers = [start_python(code, tmp_path, name) for name in names]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    assert in_file(tmp_path) == dict.fromkeys(names, 10)


def test_threads_lose_no_change(tmp_path: Path) -> None:
    store = settings_in(tmp_path)

    def add(number: int) -> None:
        store.change("grace_days" if number % 2 else "max_retries", number % 10)

    all_at_once([lambda number=number: add(number) for number in range(8)])  # type: ignore[misc]
    assert set(in_file(tmp_path)) == {"grace_days", "max_retries"}


def test_a_log_level_of_other_programs_is_passed_over(tmp_path: Path) -> None:
    assert settings_in(tmp_path, {"LOG_LEVEL": "trace"}).current().log_level == "INFO"


@pytest.mark.parametrize(("name", "value"), [("grace_days", 9999), ("gone_setting", 1)])
def test_a_value_that_does_not_fit_can_be_forgotten(tmp_path: Path, name: str, value: Any) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"schema": 1, "values": {name: value, "max_retries": 1}}))
    store = settings_in(tmp_path)
    with pytest.raises(InvalidValue, match="reset"):
        store.current()
    assert store.reset(name).max_retries == 1


def test_a_value_that_was_changed_by_hand_is_told_and_taken_once_the_seal_is_removed(
    tmp_path: Path,
) -> None:
    settings_in(tmp_path).change("grace_days", 3)
    file = tmp_path / "settings.json"
    file.write_text(file.read_text().replace('"grace_days": 3', '"grace_days": 9'))
    with pytest.raises(MetadataCorrupt, match="remove its last field `crc32`"):
        settings_in(tmp_path).current()
    content = json.loads(file.read_text())
    del content["crc32"]
    file.write_text(json.dumps(content))
    assert settings_in(tmp_path).current().grace_days == 9
    assert settings_in(tmp_path).change("max_retries", 1).grace_days == 9
    assert "crc32" in file.read_text()


def test_a_damaged_file_is_told_while_the_one_before_it_counts(tmp_path: Path) -> None:
    store = settings_in(tmp_path)
    store.change("grace_days", 3)
    store.change("grace_days", 4)
    (tmp_path / "settings.json").write_text("{ bad")
    assert store.current().grace_days == 3
    assert "settings.json is damaged" in (store.problem() or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("find_links", ["https://user:secret@example.org/wheels"]),
        ("extra_model_folders", ["~nosuchuser/models"]),
        ("torch_backend", "nonsense"),
    ],
)
def test_what_could_not_be_used_or_would_leak_is_refused(
    tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(InvalidValue):
        settings_in(tmp_path).change(name, value)
