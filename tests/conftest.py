"""What tests of the whole launcher stand on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.world import World, make_world


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A job in the background starts with Ctrl-C ignored, and would hand that on to children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children without coverage, which imports and prints things of its own at their start."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A repository of the fake ComfyUI, wheels for it, and a package cache; not to be changed."""
    from tests.fakes.comfyui import make_repository, make_wheelhouse

    base = tmp_path_factory.mktemp("origin")
    cache = base / "cache"
    cache.mkdir()
    return make_repository(base / "ComfyUI.git"), make_wheelhouse(base / "wheels"), cache


@pytest.fixture
def world(tmp_path: Path, origin: tuple[Path, Path, Path]) -> Iterator[World]:
    """An empty launcher, in a path with a space and an umlaut."""
    made = make_world(tmp_path / "Zu Hause ü", *origin)
    yield made
    made.close()
