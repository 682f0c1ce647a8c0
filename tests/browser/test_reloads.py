"""The page reloaded over and over in the middle of an installation shows what the server knows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.helpers.browser import Origin, Shown, served
from tests.helpers.held_wheels import HeldWheels, held_wheels
from tests.helpers.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

FILLERS = 10
SAME_SECONDS = 5.0
STEPS = {
    "prepare": "Prepare",
    "source": "Get the source",
    "environment": "Make the environment",
    "resolve": "Choose the packages",
    "packages": "Install the packages",
    "verify": "Try it out",
    "commit": "Put it in place",
}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[HeldWheels]:
    with held_wheels(tmp_path / "held", FILLERS + 1) as made:
        yield made


@pytest.fixture
def service(browser: Browser, place: Origin, held: HeldWheels, tmp_path: Path) -> Iterator[Service]:
    """A launcher whose next installation goes on only as we let it."""
    settings = {"torch_spec": held.torch, "find_links": [str(place.wheels), held.url]}
    with served(tmp_path / "Zu Hause ü", place, settings) as running:
        yield running


@pytest.mark.parametrize("times", [20, pytest.param(100, marks=pytest.mark.long)])
def test_after_every_reload_the_page_says_of_an_installation_what_the_server_says(
    shown: Shown, service: Service, held: HeldWheels, times: int
) -> None:
    started = service.call("versions.install", reference="v0.3.64")
    operation_id = started.value["operation_id"]
    shown.go(f"jobs/{operation_id}")
    expect(step_of(shown)).to_contain_text("Install the packages", timeout=60_000)
    last = 0
    for reload in range(times):
        if reload % (times // FILLERS) == 1:
            held.let_go()
        shown.page.reload()
        assert percentage(shown) >= last, "it went back"
        last = same_as_the_server(shown, service, operation_id)
    held.let_all_go()

    article = shown.page.get_by_role("article")
    expect(article.get_by_text("Done", exact=True)).to_be_visible(timeout=60_000)
    [version] = service.call("versions.list").value["versions"]
    assert (version["tag"], version["missing"]) == ("v0.3.64", [])
    stores = service.root / "comfyui-versions" / ".store"
    assert [path.name for path in stores.iterdir()] == [f"v0.3.64-{operation_id}"]


def step_of(shown: Shown) -> Locator:
    return shown.page.get_by_role("article").locator("li[aria-current=step]")


def same_as_the_server(shown: Shown, service: Service, operation_id: str) -> int:
    """The percentage shown, once state, step and percentage are those of operations.show."""
    end = time.monotonic() + SAME_SECONDS
    while True:
        told = service.call("operations.show", operation_id=operation_id).value
        seen = (
            shown.page.get_by_role("article").get_by_text("Running", exact=True).count(),
            step_of(shown).locator("p").first.inner_text().partition(",")[0].strip(),
            percentage(shown),
        )
        progress = told["progress"]
        known = (1, STEPS[progress["step"]], math.floor(progress["fraction"] * 100 + 0.5))
        assert told["state"] == "running"
        if seen == known:
            return seen[2]
        # What the server told in between is on its way; asking at once would ask too often.
        assert time.monotonic() < end, f"the page says {seen}, the server {known}"
        time.sleep(0.05)


def percentage(shown: Shown) -> int:
    bar = shown.page.get_by_role("article").get_by_role("progressbar")
    return int(bar.get_attribute("aria-valuenow") or -1)
