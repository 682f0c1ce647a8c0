"""A Chromium, and a launcher that serves it: one of each for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.comfyui.github_api import GitHubApi
from tests.helpers.browser import Origin, Shown, context_for, launch_chromium, served, show
from tests.helpers.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

ROOT = "Zu Hause ü"


# Not for the whole session: while Playwright is up, no other test can run a loop of asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launch_chromium()


@pytest.fixture(scope="module")
def api() -> Iterator[GitHubApi]:
    """What GitHub says about the releases."""
    with GitHubApi() as made:
        yield made


@pytest.fixture(scope="module")
def place(origin: tuple[Path, Path, Path], api: GitHubApi) -> Origin:
    return Origin(*origin, api=f"{api.url}/")


@pytest.fixture(scope="module")
def service(
    browser: Browser, place: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A launcher with nothing installed, for all tests of the module."""
    with served(tmp_path_factory.mktemp("served") / ROOT, place) as running:
        yield running


@pytest.fixture
def context(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    made = context_for(browser, service)
    yield made
    made.close()


@pytest.fixture
def shown(context: BrowserContext, service: Service) -> Iterator[Shown]:
    """The page at Home; the test fails when its console told of a fault."""
    made = show(context, service)
    yield made
    assert made.faults == []
