from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.config import (
    ENVIRONMENT,
    PathsConfig,
    Settings,
    from_environment,
    resolve,
    variables_of,
)
from backend.roots import find_root, home_folder


def test_the_root_named_in_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "launcher").touch()
    root = find_root(
        {"COMFYUI_LAUNCHER_HOME": str(tmp_path / "home")}, checkout=tmp_path / "checkout"
    )
    assert root == tmp_path / "home"


def test_a_tilde_in_the_root_is_the_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert find_root({"COMFYUI_LAUNCHER_HOME": "~/comfy"}) == Path("/home/someone/comfy")


def test_a_checkout_is_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "launcher").touch()
    assert find_root({}, checkout=tmp_path) == tmp_path


def test_an_installed_package_keeps_its_data_in_the_data_folder_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    root = find_root({}, checkout=tmp_path)
    assert root.name == "comfyui-launcher"
    assert root != tmp_path


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / "launcher").touch()
    assert find_root({"COMFYUI_LAUNCHER_HOME": ""}, checkout=tmp_path) == tmp_path


def test_the_root_is_the_same_from_every_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for folder in (tmp_path, Path("/"), Path(__file__).parent):
        monkeypatch.chdir(folder)
        found.add(find_root({}))
    assert len(found) == 1
    assert found.pop().is_absolute()


def test_every_folder_lies_below_the_root_and_none_is_named_twice(tmp_path: Path) -> None:
    folders = PathsConfig(tmp_path).folders()
    assert all(tmp_path in folder.parents for folder in folders)
    assert len(set(folders)) == len(folders)


def test_what_a_rename_has_to_reach_lies_on_the_volume_of_the_store(tmp_path: Path) -> None:
    paths = PathsConfig(tmp_path)
    assert {paths.store.parent, paths.trash.parent, paths.cache.parent} == {paths.versions}


def test_the_models_of_the_user_lie_outside_every_version(tmp_path: Path) -> None:
    paths = PathsConfig(tmp_path)
    own = (paths.models, paths.custom_nodes, paths.input, paths.output, paths.user, paths.workflows)
    assert all(paths.shared in folder.parents for folder in own)
    assert paths.versions not in paths.shared.parents


def test_the_settings_need_nothing_to_be_set() -> None:
    settings, sources = resolve({}, {})
    assert settings == Settings()
    assert set(sources.values()) == {"default"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default() -> None:
    environment = {"COMFYUI_LAUNCHER_REPO": "file:///srv/one"}
    settings, sources = resolve(environment, {"repository": "file:///srv/two", "grace_days": 3})
    assert (settings.repository, settings.grace_days) == ("file:///srv/one", 3)
    assert sources["repository"] == "environment"
    assert sources["grace_days"] == "file"
    assert sources["max_retries"] == "default"


def test_the_first_of_several_variables_wins() -> None:
    assert variables_of("existing_comfyui") == ("COMFYUI_ROOT", "BASE_DIR")
    assert from_environment({"BASE_DIR": "/b", "COMFYUI_ROOT": "/a"}) == {"existing_comfyui": "/a"}
    assert from_environment({"BASE_DIR": "/b"}) == {"existing_comfyui": "/b"}


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DEBUG": "yes"}, "DEBUG"),
        ({"DEBUG": "0"}, "INFO"),
        ({"DEBUG": "False"}, "INFO"),
        ({"DEBUG": ""}, "INFO"),
        ({"LOG_LEVEL": "warning"}, "WARNING"),
        ({"LOG_LEVEL": "error", "DEBUG": "1"}, "ERROR"),
    ],
)
def test_the_log_level_comes_from_either_variable(environment: dict[str, str], level: str) -> None:
    assert resolve(environment, {})[0].log_level == level


@pytest.mark.parametrize(
    "file",
    [
        {"no_such_setting": 1},
        {"grace_days": -1},
        {"max_retries": 11},
        {"github_repo": "no-slash"},
        {"torch_backend": "cpu; rm -rf /"},
        {"packages_as_of": "yesterday"},
        {"log_level": "LOUD"},
    ],
    ids=lambda file: next(iter(file)),
)
def test_a_setting_out_of_bounds_is_refused(file: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        resolve({}, file)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        Settings().grace_days = 3  # type: ignore[misc]  # that is the test


def test_every_setting_and_variable_is_described_in_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name
    for variable in ENVIRONMENT:
        assert variable.meaning.endswith("."), variable.name


def test_every_variable_is_named_once() -> None:
    names = [variable.name for variable in ENVIRONMENT]
    assert len(set(names)) == len(names)


def test_no_secret_is_a_setting_because_settings_are_shown() -> None:
    secret = {variable.name for variable in ENVIRONMENT if variable.secret}
    assert secret == {"GITHUB_TOKEN", "HF_TOKEN", "CIVITAI_TOKEN", "CIVITAI_API_KEY"}
    assert all(v.setting is None for v in ENVIRONMENT if v.secret)
    assert not from_environment(dict.fromkeys(secret, "x"))


def test_reading_the_environment_leaves_it_alone() -> None:
    before = dict(os.environ)
    resolve({"DEBUG": "1", "LOG_LEVEL": ""}, {})
    assert dict(os.environ) == before


def test_a_relative_home_counts_from_the_users_home_and_never_from_where_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        found.append(find_root({"COMFYUI_LAUNCHER_HOME": "comfy"}))
    assert found == [tmp_path / "home" / "comfy"] * 2


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as a container may run it: no HOME, and a user whom the system does not know."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("nobody")
def test_without_a_home_an_absolute_root_is_enough(tmp_path: Path) -> None:
    assert find_root({"COMFYUI_LAUNCHER_HOME": str(tmp_path)}) == tmp_path
    assert find_root({"COMFYUI_LAUNCHER_HOME": "~/x", "HOME": str(tmp_path)}) == tmp_path / "x"


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("home", ["", "comfy", "~/comfy", "~nosuch-user/comfy"])
def test_without_a_home_the_root_lies_below_the_one_of_containers(
    home: str, tmp_path: Path
) -> None:
    assert home_folder({}) == Path("/")
    root = find_root({"COMFYUI_LAUNCHER_HOME": home}, checkout=tmp_path)
    assert root.is_absolute()
    assert not root.is_relative_to(Path.cwd())
    assert root.name in {"comfy", "comfyui-launcher"}


def test_an_unknown_users_home_is_the_name_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = find_root({"COMFYUI_LAUNCHER_HOME": "~nosuch-user/x", "HOME": str(tmp_path)})
    assert root == tmp_path / "~nosuch-user" / "x"
