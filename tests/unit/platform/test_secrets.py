from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from backend.exceptions import InvalidValue, MetadataCorrupt, NotWritable, SecretStoreMissing
from backend.logging_config import scrub
from backend.platform.secrets import Keyring, SecretStore
from backend.seals import unsealed
from tests.helpers.processes import ROOT, run_python

NAME = "GITHUB_TOKEN"


class MemoryKeyring:
    """A keyring that keeps things, for as long as the test runs."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")


class StubbornKeyring(MemoryKeyring):
    """A keyring that gives nothing up."""

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("not that one")


class LockedKeyring(MemoryKeyring):
    """A keyring whose owner does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the user said no")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("the user said no")


def store(
    folder: Path,
    *,
    keyring: Keyring | None = None,
    file_allowed: bool = False,
    environment: Mapping[str, str] | None = None,
) -> SecretStore:
    return SecretStore(
        folder / "secrets.json",
        file_allowed=lambda: file_allowed,
        environment=environment or {},
        find_keyring=lambda: keyring,
    )


def test_without_a_secret_there_is_none(tmp_path: Path) -> None:
    secrets = store(tmp_path, keyring=MemoryKeyring(), file_allowed=True)
    assert (secrets.get(NAME), secrets.where(NAME)) == (None, "nowhere")
    assert not list(tmp_path.iterdir())


def test_the_keyring_keeps_a_secret_and_no_file_is_made(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    secrets = store(tmp_path, keyring=keyring, file_allowed=True)
    secrets.set(NAME, " from-keyring\n")
    assert (secrets.get(NAME), secrets.where(NAME)) == ("from-keyring", "keyring")
    assert keyring.kept == {("comfyui-launcher", NAME): "from-keyring"}
    assert not list(tmp_path.iterdir())


def test_the_environment_wins_over_the_keyring_and_the_keyring_over_the_file(
    tmp_path: Path,
) -> None:
    store(tmp_path, file_allowed=True).set(NAME, "from-file")
    keyring = MemoryKeyring()
    keyring.set_password("comfyui-launcher", NAME, "from-keyring")
    environment = {NAME: "from-environment"}
    alone = store(tmp_path, file_allowed=True)
    both = store(tmp_path, keyring=keyring, file_allowed=True)
    all_three = store(tmp_path, keyring=keyring, file_allowed=True, environment=environment)
    assert (alone.get(NAME), alone.where(NAME)) == ("from-file", "file")
    assert (both.get(NAME), both.where(NAME)) == ("from-keyring", "keyring")
    assert (all_three.get(NAME), all_three.where(NAME)) == ("from-environment", "environment")


def test_an_empty_variable_is_no_secret(tmp_path: Path) -> None:
    assert store(tmp_path, environment={NAME: " "}).where(NAME) == "nowhere"


def test_civitai_is_known_by_two_names_and_the_first_wins(tmp_path: Path) -> None:
    second = {"CIVITAI_API_KEY": "second-name"}
    both = second | {"CIVITAI_TOKEN": "first-name"}
    assert store(tmp_path, environment=second).get("CIVITAI_TOKEN") == "second-name"
    assert store(tmp_path, environment=both).get("CIVITAI_TOKEN") == "first-name"


def test_without_a_keyring_and_without_consent_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(SecretStoreMissing):
        store(tmp_path).set(NAME, "sensitive")
    assert not list(tmp_path.iterdir())


def test_with_consent_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store(tmp_path, file_allowed=True).set(NAME, "from-file")
    finally:
        os.umask(before)
    file = tmp_path / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(unsealed(file.read_bytes())) == {"schema": 1, "values": {NAME: "from-file"}}
    assert [path.name for path in tmp_path.glob("*secrets.json?*")] == [".secrets.json.lock"]


def test_secrets_in_the_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    secrets = store(tmp_path, file_allowed=True)
    secrets.set(NAME, "first-secret")
    secrets.set("HF_TOKEN", "second-secret")
    secrets.delete(NAME)
    assert secrets.get(NAME) is None
    assert secrets.get("HF_TOKEN") == "second-secret"


def test_a_deleted_secret_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    secrets = store(tmp_path, file_allowed=True)
    secrets.set(NAME, "first-secret")
    secrets.set(NAME, "second-secret")
    secrets.delete(NAME)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"first-secret" not in content
    assert b"second-secret" not in content


def test_when_consent_is_withdrawn_the_file_is_no_longer_read(tmp_path: Path) -> None:
    store(tmp_path, file_allowed=True).set(NAME, "from-file")
    assert store(tmp_path).where(NAME) == "nowhere"
    store(tmp_path).delete(NAME)
    assert store(tmp_path, file_allowed=True).where(NAME) == "nowhere"


def test_a_secret_that_moves_to_the_keyring_leaves_no_copy_in_the_file(tmp_path: Path) -> None:
    store(tmp_path, file_allowed=True).set(NAME, "plain-text")
    store(tmp_path, keyring=MemoryKeyring()).set(NAME, "in-keyring")
    assert "plain-text" not in (tmp_path / "secrets.json").read_text()


def test_deleting_takes_it_out_of_the_keyring(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    secrets = store(tmp_path, keyring=keyring)
    secrets.set(NAME, "from-keyring")
    secrets.delete(NAME)
    secrets.delete(NAME)
    assert not keyring.kept


def test_a_keyring_that_keeps_what_should_go_is_told(tmp_path: Path) -> None:
    secrets = store(tmp_path, keyring=StubbornKeyring())
    secrets.set(NAME, "from-keyring")
    with pytest.raises(NotWritable, match="not that one"):
        secrets.delete(NAME)


def test_a_locked_keyring_counts_as_none(tmp_path: Path) -> None:
    secrets = store(tmp_path, keyring=LockedKeyring(), file_allowed=True)
    assert secrets.get(NAME) is None
    secrets.set(NAME, "from-file")
    assert secrets.where(NAME) == "file"
    with pytest.raises(SecretStoreMissing):
        store(tmp_path, keyring=LockedKeyring()).set(NAME, "sensitive")


def test_a_file_that_others_could_read_is_made_private_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = store(tmp_path, file_allowed=True)
    secrets.set(NAME, "from-file")
    file = tmp_path / "secrets.json"
    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert secrets.get(NAME) == "from-file"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"schema": 1, "values": {"GITHUB_TOKEN": "planted"}}')
    (tmp_path / "secrets.json").symlink_to(tmp_path / "elsewhere")
    secrets = store(tmp_path, file_allowed=True)
    with pytest.raises(NotWritable, match="not a file of yours"):
        secrets.get(NAME)
    with pytest.raises(NotWritable):
        secrets.set(NAME, "sensitive")
    assert "sensitive" not in (tmp_path / "elsewhere").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    secrets = store(tmp_path, file_allowed=True)
    secrets.set(NAME, "from-file")
    os.chown(tmp_path / "secrets.json", 12345, 12345)
    with pytest.raises(NotWritable, match="not a file of yours"):
        secrets.get(NAME)


def test_a_damaged_file_is_told_and_not_taken_for_empty(tmp_path: Path) -> None:
    secrets = store(tmp_path, file_allowed=True)
    secrets.set(NAME, "from-file")
    file = tmp_path / "secrets.json"
    file.write_text(file.read_text()[:-10])
    damaged = file.read_bytes()
    with pytest.raises(MetadataCorrupt):
        secrets.get(NAME)
    with pytest.raises(MetadataCorrupt):
        secrets.set("HF_TOKEN", "another-secret")
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("where", ["environment", "keyring", "file"])
def test_what_was_read_can_no_longer_appear_in_a_log(tmp_path: Path, where: str) -> None:
    value, keyring = f"canary-9f3-{where}", MemoryKeyring()
    environment = {NAME: value} if where == "environment" else {}
    if where == "keyring":
        keyring.set_password("comfyui-launcher", NAME, value)
    if where == "file":
        (tmp_path / "secrets.json").write_text(json.dumps({"schema": 1, "values": {NAME: value}}))
    assert scrub(f"see {value}") == f"see {value}"
    secrets = store(tmp_path, keyring=keyring, file_allowed=True, environment=environment)
    assert secrets.get(NAME) == value
    assert scrub(f"see {value}") == "see ***"


@pytest.mark.parametrize("name", ["", "github_token", "A B", "../X", "A" * 101, "A\n"])
def test_an_odd_name_is_refused(tmp_path: Path, name: str) -> None:
    secrets = store(tmp_path, keyring=MemoryKeyring())
    for use in (secrets.get, secrets.where, secrets.delete):
        with pytest.raises(InvalidValue, match="name of a secret"):
            use(name)
    with pytest.raises(InvalidValue):
        secrets.set(name, "value")


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "t\u00f6ken-value", "nul\x00byte"])
def test_a_value_that_fits_no_header_is_refused_and_not_repeated(
    tmp_path: Path, value: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        store(tmp_path, keyring=MemoryKeyring()).set(NAME, value)
    assert caught.value.context["value"] == "***"


@pytest.mark.parametrize("backend", ["fail", "null"])
def test_a_backend_that_keeps_nothing_counts_as_no_keyring(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"keyring.backends.{backend}.Keyring")
    code = "from backend.platform.secrets import system_keyring; print(system_keyring())"
    assert run_python(code).stdout == "None\n"


def test_a_backend_of_the_system_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.helpers.keyring_in_memory.InMemory")
    monkeypatch.chdir(ROOT)
    code = """
        import os
        from pathlib import Path
        from backend.platform.secrets import SecretStore
        make = lambda: SecretStore(Path("/nowhere/x"), file_allowed=lambda: False, environment={})
        make().set("GITHUB_TOKEN", "kept-in-keyring")
        print(make().get("GITHUB_TOKEN"), make().where("GITHUB_TOKEN"))
        make().delete("GITHUB_TOKEN")
        print(make().get("GITHUB_TOKEN"), make().where("GITHUB_TOKEN"))
    """
    done = run_python(code)
    assert done.stdout.splitlines() == ["kept-in-keyring keyring", "None nowhere"], done.stderr
