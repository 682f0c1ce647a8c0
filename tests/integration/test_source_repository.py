"""The mirror and its worktrees, with real git and a real repository of the fake ComfyUI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.exceptions import OperationCancelled, RepositoryUnreachable
from backend.platform import ports
from backend.platform.git import SourceRepository
from tests.fakes.comfyui import make_repository
from tests.helpers.processes import python_that_said, start_python

TAGS = ("v0.3.63", "v0.3.64")
HOLD = """
    import sys
    from pathlib import Path
    from backend.platform.locks import FileLock
    with FileLock(Path(sys.argv[1])):
        print("locked", flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two releases; not to be changed."""
    return make_repository(tmp_path_factory.mktemp("origin") / "ComfyUI.git", TAGS)


@pytest.fixture
def sources(tmp_path: Path, origin: Path) -> SourceRepository:
    return SourceRepository(origin.as_uri, tmp_path / "mirrors")


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with ports.listen(0) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/ComfyUI"


def lock_of(sources: SourceRepository) -> Path:
    return sources.mirror.with_name(f"{sources.mirror.name}.lock")


# --- Taking turns ---------------------------------------------------------------------------------


def test_six_processes_may_install_from_one_mirror_at_once(
    tmp_path: Path, origin: Path, sources: SourceRepository
) -> None:
    code = """
        import sys
        from pathlib import Path
        from backend.platform.git import SourceRepository

        url, mirrors, checkout = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
        sources = SourceRepository(lambda: url, mirrors)
        print("ready", flush=True)
        sys.stdin.readline()
        sources.fetch()
        sources.add_worktree(sources.find("v0.3.64").commit, checkout)
        sources.fetch()
    """
    checkouts = [tmp_path / f"checkout-{number}" for number in range(6)]
    started = [start_python(code, origin.as_uri(), tmp_path / "mirrors", c) for c in checkouts]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:  # all at once
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0] * 6, said
    assert all((checkout / "main.py").is_file() for checkout in checkouts)
    assert sources.resolve("v0.3.64") is not None


def test_six_threads_may_install_from_one_mirror_at_once(
    tmp_path: Path, sources: SourceRepository
) -> None:
    def install(number: int) -> Path:
        checkout = tmp_path / f"checkout-{number}"
        sources.add_worktree(sources.find("v0.3.63").commit, checkout)
        return checkout

    with ThreadPoolExecutor(6) as pool:
        assert all((path / "main.py").is_file() for path in pool.map(install, range(6)))


def test_who_waits_for_a_mirror_can_be_cancelled(sources: SourceRepository) -> None:
    def check() -> None:
        raise OperationCancelled("op1")

    with python_that_said("locked", HOLD, lock_of(sources)):
        with pytest.raises(OperationCancelled):
            sources.fetch(check)
        with pytest.raises(OperationCancelled):
            sources.add_worktree("0" * 40, Path("never"), check)
    assert not sources.mirror.exists()


def test_notes_about_a_gone_checkout_wait_for_no_one_for_long(
    tmp_path: Path, sources: SourceRepository, caplog: pytest.LogCaptureFixture
) -> None:
    checkout = tmp_path / "checkout"
    sources.add_worktree(sources.find("v0.3.64").commit, checkout)
    checkout.rename(tmp_path / "gone")
    with python_that_said("locked", HOLD, lock_of(sources)):
        sources.forget_worktrees([checkout])
    assert "its notes about gone checkouts stay" in caplog.text
    assert list((sources.mirror / "worktrees").iterdir())
    sources.forget_worktrees([checkout])
    assert not (sources.mirror / "worktrees").exists()


# --- What a kill leaves behind --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["refs/heads/master.lock", "packed-refs.lock", "shallow.lock", "config.lock"]
)
def test_a_lock_that_a_killed_git_left_does_not_stop_the_next_fetch(
    tmp_path: Path, name: str
) -> None:
    moving = make_repository(tmp_path / "moving.git", TAGS)
    sources = SourceRepository(moving.as_uri, tmp_path / "mirrors")
    sources.fetch()
    tip = sources.resolve("v0.3.63")
    assert tip is not None
    _git(moving, "update-ref", "refs/heads/master", tip.commit)
    _git(moving, "tag", "--delete", "v0.3.64")
    (sources.mirror / name).touch()
    sources.fetch()
    now = sources.resolve("master")
    assert now is not None
    assert now.commit == tip.commit
    assert sources.resolve("v0.3.64") is None
    assert not (sources.mirror / name).exists()


def test_a_lock_that_was_left_while_the_mirror_was_made_does_not_stop_the_first_fetch(
    sources: SourceRepository,
) -> None:
    sources.mirror.mkdir(parents=True)
    (sources.mirror / "config.lock").touch()
    sources.fetch()
    assert sources.has_mirror()


def test_a_lock_in_a_worktree_is_of_the_user_and_stays(
    tmp_path: Path, sources: SourceRepository
) -> None:
    sources.add_worktree(sources.find("v0.3.64").commit, tmp_path / "checkout")
    lock = sources.mirror / "worktrees" / "checkout" / "index.lock"
    lock.touch()
    sources.fetch()
    assert lock.exists()


def test_the_lock_of_a_git_that_outlived_its_launcher_stays(sources: SourceRepository) -> None:
    sources.fetch()
    lock = sources.mirror / "shallow.lock"
    lock.touch()
    code = "print('at work', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, f"--git-dir={sources.mirror}", "fetch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as orphan:  # fmt: skip
        assert orphan.stdout is not None
        orphan.stdout.readline()
        sources.fetch()
        assert lock.exists()
        orphan.kill()
    sources.fetch()
    assert not lock.exists()


# --- Servers that say nothing ---------------------------------------------------------------------


def test_a_server_that_never_answers_is_unreachable(tmp_path: Path, silent_server: str) -> None:
    sources = SourceRepository(lambda: silent_server, tmp_path)
    begin = time.monotonic()
    with pytest.raises(RepositoryUnreachable) as caught:
        sources.remote_references(timeout_seconds=0.5)
    assert time.monotonic() - begin < 10
    assert caught.value.context["detail"] == "no answer in 0.5 seconds"


def test_a_fetch_from_a_server_that_falls_silent_ends(tmp_path: Path, silent_server: str) -> None:
    sources = SourceRepository(lambda: silent_server, tmp_path, silence_seconds=1)
    begin = time.monotonic()
    with pytest.raises(RepositoryUnreachable, match="could not be reached"):
        sources.fetch()
    assert time.monotonic() - begin < 20


# --- Paths and progress ---------------------------------------------------------------------------


def test_a_dollar_in_a_path_is_only_a_dollar(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE", "elsewhere")
    sources = SourceRepository(origin.as_uri, tmp_path / "a$HOUSE ${HOUSE} ü")
    assert sources.find("v0.3.64").kind == "tag"
    assert sources.similar("v0.3.65") == ["v0.3.64", "v0.3.63"]


def test_a_listener_that_raises_ends_neither_the_reading_nor_the_fetch(
    sources: SourceRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncaught: list[object] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)

    def cancelled(done: int, total: int, words: str) -> None:
        heard.append((done, total))
        raise OperationCancelled("op1")

    heard: list[tuple[int, int]] = []
    sources.mirror.mkdir(parents=True)
    _git(sources.mirror, "init", "--quiet", "--bare")
    _git(sources.mirror, "config", "fetch.unpackLimit", "1")  # the way of a large repository
    sources.fetch(on_progress=cancelled)
    assert len(heard) > 1
    assert heard[-1][0] == heard[-1][1]
    assert uncaught == []
    assert sources.has_mirror()


def _git(repository: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", f"--git-dir={repository}", "-c", "safe.directory=*", *arguments],
        check=True, capture_output=True,
    )  # fmt: skip


# --- The environment ------------------------------------------------------------------------------


def test_git_sees_the_environment_that_the_app_was_given_and_no_token_of_this_process(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, real = tmp_path / "environment", shutil.which("git")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\nenv >>'{said}'\nexec '{real}' \"$@\"\n")
    (programs / "git").chmod(0o755)
    given = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "MARK": "given"}
    # What a window's engine needs, and a token, both only in this process.
    monkeypatch.setenv("LD_LIBRARY_PATH", "/of-an-engine")
    monkeypatch.setenv("GITHUB_TOKEN", "of-this-process")
    sources = SourceRepository(origin.as_uri, tmp_path / "mirrors", base_environment=given)
    found = sources.find("v0.3.64")
    sources.add_worktree(found.commit, tmp_path / "checkout")
    sources.resolve(found.commit)  # GitPython looks into the history by a git of its own
    seen = said.read_text()
    assert seen.count("MARK=given") >= 4
    assert "GIT_DIR=" in seen, "and GitPython's is among them"
    assert "of-this-process" not in seen
    assert "/of-an-engine" not in seen
