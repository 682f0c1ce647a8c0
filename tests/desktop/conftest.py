"""A display for the tests of this folder, and windows on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.desktop import DrivenWindow, display, driven_window, why_no_window
from tests.helpers.window_page import write_page


@pytest.fixture(scope="session")
def shown_on() -> Iterator[str]:
    """A display without a screen."""
    if (reason := why_no_window("qt")) is not None:
        pytest.skip(reason)
    with display() as name:
        yield name


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A page that speaks to the window as the real one does."""
    return write_page(tmp_path / "pages")


@pytest.fixture(scope="module")
def window(
    request: pytest.FixtureRequest, shown_on: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DrivenWindow]:
    """An open window whose page is up; one for all tests of a module, by the engine `param`."""
    engine = getattr(request, "param", "qt")
    if (reason := why_no_window(engine)) is not None:
        pytest.skip(reason)
    base = tmp_path_factory.mktemp("window")
    opener = base / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>"{base}/opened"\n')
    opener.chmod(0o755)
    path = f"{opener.parent}:/usr/local/bin:/usr/bin:/bin"
    pages = write_page(base / "pages")
    with driven_window(base / "root", pages, shown_on, engine, PATH=path) as made:
        made.wait_for("window.up")
        yield made


@pytest.fixture
def opened(window: DrivenWindow) -> Path:
    """Where what was handed to the user's programs is written down, a line each."""
    return window.root.parent / "opened"
