"""What is told of the programs that we stand on, and of our own checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backend.platform.disk import file_system
from backend.platform.tools import revision_of, tool_versions


def git(folder: Path, *words: str) -> None:
    names = ("-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def test_the_tools_tell_their_versions() -> None:
    assert all(version and version[0].isdigit() for version in tool_versions(os.environ).values())


def test_a_checkout_is_named_by_its_tag_and_whether_it_was_changed(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    git(tmp_path, "tag", "v0.2.0")
    assert revision_of(tmp_path, os.environ) == "v0.2.0"
    (tmp_path / "file").write_text("two")
    assert revision_of(tmp_path, os.environ) == "v0.2.0-dirty"


def test_a_folder_inside_the_checkout_of_someone_else_has_no_revision(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    inside = tmp_path / "inside"
    inside.mkdir()
    assert revision_of(inside, os.environ) is None


def test_a_checkout_that_git_cannot_read_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert revision_of(tmp_path, os.environ) is None


def test_the_kind_of_the_volume_is_that_of_the_folder_above_what_is_not_there(
    tmp_path: Path,
) -> None:
    kind = file_system(tmp_path)
    assert kind == file_system(tmp_path / "not" / "there")
    assert kind is None or kind.isprintable()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_the_volume_that_is_mounted_nearest_counts() -> None:
    assert file_system(Path("/proc/self")) == "proc"


def test_a_tool_gets_the_environment_that_was_given_and_not_that_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "environment"
    (tmp_path / "git").write_text(f"#!/bin/sh\nenv >>'{said}'\necho git version 1.2.3\n")
    (tmp_path / "git").chmod(0o755)
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("GITHUB_TOKEN", "of-this-process")
    given = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MARK": "given"}
    assert tool_versions(given)["git"] == "1.2.3"
    assert revision_of(tmp_path, given) == "git version 1.2.3"
    assert said.read_text().count("MARK=given") == 2
    assert "of-this-process" not in said.read_text()
