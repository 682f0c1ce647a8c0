from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from backend.environments import (
    ConstraintSets,
    Environments,
    EnvironmentWish,
    interpreter_of,
    python_version_of,
)
from backend.exceptions import (
    DependenciesUnresolvable,
    DependencyInstallFailed,
    DiskFailed,
    DiskFull,
    NetworkUnreachable,
    OperationCancelled,
    PythonNotFound,
)
from backend.platform.subprocesses import Completed
from backend.platform.uv import Package, PackageSources

Check = Callable[[], None]
PINS = "torch==2.9.0+cpu\nnumpy==2.3.4"
SOURCES = PackageSources(index=None, find_links=("/wheels",), torch_backend="cpu")


def failed(*lines: str) -> Completed:
    return Completed(1, "", list(lines))


@dataclass
class FakeUv:
    """A package tool that answers as told and notes what it was asked."""

    compiled: Completed = field(default_factory=lambda: Completed(0, PINS))
    synced: list[Completed] = field(default_factory=lambda: [Completed(0, "")])
    made: Completed = field(default_factory=lambda: Completed(0, ""))
    asked: list[dict[str, Any]] = field(default_factory=list)
    during: Callable[[], object] = lambda: None

    def make_environment(self, path: Path, python: str, check: Check | None = None) -> Completed:
        self.asked.append({"path": path, "python": python})
        return self.made

    def compile(
        self,
        requirements: list[Path],
        *,
        overrides: Path | None,
        python: Path,
        as_of: str | None,
        sources: PackageSources,
        check: Check | None = None,
    ) -> Completed:
        self.during()
        texts = [path.read_text() for path in requirements]
        self.asked.append(
            {
                "asked": texts,
                "overrides": overrides.read_text() if overrides else "",
                "as_of": as_of,
                "sources": sources,
            }
        )
        if check is not None:
            check()
        return self.compiled

    def sync(
        self,
        python: Path,
        exact: Path,
        *,
        sources: PackageSources,
        check: Check | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        self.asked.append({"python": python, "exact": exact, "sources": sources, "on": on_line})
        return self.synced.pop(0)

    def packages(self, python: Path) -> list[Package]:
        return [Package("python", str(python))]

    def problems(self, python: Path) -> list[str]:
        return [str(python)]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("torch\nnumpy>=2\n")
    return path


@pytest.fixture
def wish() -> EnvironmentWish:
    return EnvironmentWish(
        tag="v0.3.64",
        python=Path("/venv/bin/python"),
        python_version="3.11.7",
        as_of="2025-10-15T06:01:17Z",
        torch_spec=None,
        overrides=("numpy<2.4",),
        sources=SOURCES,
    )


# --- Constraint sets


def test_a_set_is_resolved_once_and_then_kept(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    uv = FakeUv()
    first = ConstraintSets(uv, tmp_path / "sets").resolve(requirements, wish)
    again = ConstraintSets(uv, tmp_path / "sets").resolve(requirements, wish)
    assert first.file == again.file
    assert first.packages == ["torch==2.9.0+cpu", "numpy==2.3.4"]
    assert len(uv.asked) == 1
    assert [path.name for path in (tmp_path / "sets").iterdir()] == [first.file.name]


def test_date_sources_and_overrides_reach_the_tool(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    uv = FakeUv()
    ConstraintSets(uv, tmp_path / "sets").resolve(requirements, wish)
    (asked,) = uv.asked
    assert asked["as_of"] == "2025-10-15T06:01:17Z"
    assert asked["sources"] == SOURCES
    assert asked["overrides"].split() == ["numpy<2.4"]
    assert asked["asked"][0] == "torch\nnumpy>=2\n"


def test_an_exact_torch_is_asked_for_beside_the_requirements(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    uv = FakeUv()
    exact = replace(wish, torch_spec="torch==2.9.0+cpu")
    ConstraintSets(uv, tmp_path / "sets").resolve(requirements, exact)
    assert uv.asked[0]["asked"][1].split() == ["torch==2.9.0+cpu"]
    assert "torch" not in uv.asked[0]["overrides"]


@pytest.mark.parametrize(
    "change",
    [
        {"python_version": "3.12.1"},
        {"as_of": None},
        {"torch_spec": "torch==2.9.0+cpu"},
        {"overrides": ()},
        {"sources": replace(SOURCES, index="https://example.org/simple")},
        {"sources": replace(SOURCES, find_links=())},
        {"sources": replace(SOURCES, torch_backend="cu130")},
    ],
)
def test_whatever_decides_the_packages_makes_another_set(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish, change: dict[str, Any]
) -> None:
    sets = ConstraintSets(FakeUv(), tmp_path)
    assert sets.key(requirements, wish) != sets.key(requirements, replace(wish, **change))


def test_other_requirements_make_another_set(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    sets = ConstraintSets(FakeUv(), tmp_path)
    before = sets.key(requirements, wish)
    requirements.write_text("torch\n")
    assert sets.key(requirements, wish) != before


def test_tags_and_paths_of_an_installation_do_not_make_another_set(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    sets = ConstraintSets(FakeUv(), tmp_path)
    moved = replace(wish, tag="v0.3.65", python=Path("/elsewhere/bin/python"))
    assert sets.key(requirements, wish) == sets.key(requirements, moved)


FAILURES = [
    (failed("No solution found", "numpy clashes"), DependenciesUnresolvable),
    (failed("error: Failed to fetch: `https://pypi.org/simple`"), NetworkUnreachable),
    (failed("  Caused by: dns error: failed to lookup address"), NetworkUnreachable),
    (failed("error: No space left on device (os error 28)"), DiskFull),
    (failed("error: Disk quota exceeded (os error 122)"), DiskFull),
    (failed("error: Input/output error (os error 5)"), DiskFailed),
]


@pytest.mark.parametrize(("answer", "error"), FAILURES)
def test_a_set_that_cannot_be_resolved_says_why_and_is_not_kept(
    tmp_path: Path,
    requirements: Path,
    wish: EnvironmentWish,
    answer: Completed,
    error: type[Exception],
) -> None:
    sets = ConstraintSets(FakeUv(compiled=answer), tmp_path / "sets")
    with pytest.raises(error):
        sets.resolve(requirements, wish)
    assert list((tmp_path / "sets").iterdir()) == []


def test_a_clash_names_the_date_and_the_last_words(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    sets = ConstraintSets(FakeUv(compiled=failed("numpy clashes with torch")), tmp_path / "sets")
    with pytest.raises(DependenciesUnresolvable) as caught:
        sets.resolve(requirements, wish)
    assert caught.value.context["detail"] == "numpy clashes with torch"
    assert "2025-10-15" in caught.value.hint


def test_a_cancel_leaves_nothing_in_the_folder(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    def cancel() -> None:
        raise OperationCancelled("one")

    sets = ConstraintSets(FakeUv(), tmp_path / "sets")
    with pytest.raises(OperationCancelled):
        sets.resolve(requirements, wish, cancel)
    assert list((tmp_path / "sets").iterdir()) == []


def test_two_installations_may_resolve_the_same_set_at_once(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    """The one that is done first must not take the files of the other away."""
    other = ConstraintSets(FakeUv(), tmp_path / "sets")
    uv = FakeUv(during=lambda: other.resolve(requirements, wish))
    found = ConstraintSets(uv, tmp_path / "sets").resolve(requirements, wish)
    assert found.packages == ["torch==2.9.0+cpu", "numpy==2.3.4"]
    assert [path.name for path in (tmp_path / "sets").iterdir()] == [found.file.name]


def test_options_and_comments_of_a_set_are_no_packages(
    tmp_path: Path, requirements: Path, wish: EnvironmentWish
) -> None:
    answer = Completed(0, "# made by uv\n--find-links /wheels\n\ntorch==2.9.0\n")
    found = ConstraintSets(FakeUv(compiled=answer), tmp_path).resolve(requirements, wish)
    assert found.packages == ["torch==2.9.0"]


# --- Environments


def test_a_new_environment_has_its_interpreter_where_it_says(tmp_path: Path) -> None:
    uv = FakeUv()
    assert Environments(uv).make(tmp_path / "venv", None) == interpreter_of(tmp_path / "venv")
    Environments(uv).make(tmp_path / "venv", "3.12")
    assert [asked["python"] for asked in uv.asked] == [sys.executable, "3.12"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed("error: No interpreter found for Python 3.99"), PythonNotFound),
        (failed("error: No space left on device (os error 28)"), DiskFull),
    ],
)
def test_an_environment_that_cannot_be_made_says_why(
    tmp_path: Path, answer: Completed, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Environments(FakeUv(made=answer)).make(tmp_path / "venv", "3.99")


@pytest.fixture
def constraints(tmp_path: Path, requirements: Path, wish: EnvironmentWish) -> Any:
    return ConstraintSets(FakeUv(), tmp_path / "sets").resolve(requirements, wish)


def test_with_a_warm_cache_nothing_is_asked_of_the_network(
    tmp_path: Path, constraints: Any
) -> None:
    uv = FakeUv(synced=[Completed(0, "")])
    Environments(uv).fill("v1", tmp_path / "venv", constraints, SOURCES)
    (asked,) = uv.asked
    assert asked["sources"] == replace(SOURCES, offline=True)
    assert asked["python"] == interpreter_of(tmp_path / "venv")
    assert asked["exact"] == constraints.file


def test_what_is_not_in_the_cache_is_fetched_and_told(tmp_path: Path, constraints: Any) -> None:
    uv = FakeUv(synced=[failed("not found in the cache"), Completed(0, "")])
    lines: list[str] = []
    Environments(uv).fill("v1", tmp_path / "venv", constraints, SOURCES, on_line=lines.append)
    assert [asked["sources"].offline for asked in uv.asked] == [True, False]
    assert uv.asked[0]["on"] is None, "the first try is silent: that it fails is no news"
    assert uv.asked[1]["on"] == lines.append


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed("error: Failed to build `insightface`"), DependencyInstallFailed),
        (failed("error: error sending request for url"), NetworkUnreachable),
        (failed("error: No space left on device (os error 28)"), DiskFull),
    ],
)
def test_packages_that_cannot_be_installed_say_why(
    tmp_path: Path, constraints: Any, answer: Completed, error: type[Exception]
) -> None:
    uv = FakeUv(synced=[failed("not in the cache"), answer])
    with pytest.raises(error):
        Environments(uv).fill("v1", tmp_path / "venv", constraints, SOURCES)


def test_packages_and_problems_are_those_of_that_environment(tmp_path: Path) -> None:
    environments = Environments(FakeUv())
    python = str(tmp_path / "bin" / "python")
    assert environments.packages(tmp_path) == [Package("python", python)]
    assert environments.problems(tmp_path) == [python]


@pytest.mark.parametrize(
    ("content", "version"),
    [
        ("home = /usr/bin\nversion_info = 3.11.7\n", "3.11.7"),
        ("version = 3.12.1\n", "3.12.1"),
        ("version_info=3.13.0rc1", "3.13.0rc1"),
        ("home = /usr/bin\n", ""),
        ("", ""),
    ],
)
def test_the_version_of_an_environment_is_as_it_notes_it(
    tmp_path: Path, content: str, version: str
) -> None:
    (tmp_path / "pyvenv.cfg").write_text(content)
    assert python_version_of(tmp_path) == version
