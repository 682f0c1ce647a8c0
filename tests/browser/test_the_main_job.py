"""From an empty launcher to a picture-making ComfyUI and back: by mouse, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.browser import Origin, Shown, served
from tests.helpers.service import Service

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STAGES = (
    "Prepare", "Get the source", "Make the environment", "Choose the packages",
    "Install the packages", "Try it out", "Put it in place",
)  # fmt: skip


@pytest.fixture
def service(browser: Browser, place: Origin, tmp_path: Path) -> Iterator[Service]:
    """An empty launcher for each test."""
    with served(tmp_path / "Zu Hause ü", place) as running:
        yield running


def url_of(service: Service) -> str:
    [version] = service.call("versions.list").value["versions"]
    return str(version["instance"]["url"])


def test_the_main_job_is_done_with_the_mouse(shown: Shown, service: Service) -> None:
    page = shown.page
    expect(page.get_by_role("heading", name="Let's get ComfyUI running")).to_be_visible()
    shown.button("Install v0.3.64").click()

    dialog = page.get_by_role("dialog", name="Install v0.3.64")
    expect(dialog).to_contain_text(re.compile(r"about\s*[\d.]+ [kMG]B\s*of disk"))
    assert service.call("versions.list").value["versions"] == []
    dialog.get_by_role("button", name="Install v0.3.64").click()
    following = page.get_by_role("dialog", name=re.compile("Install(ing|ed) v0.3.64"))
    for stage in STAGES:
        expect(following.get_by_role("listitem").filter(has_text=stage)).to_be_visible()
    expect(page.get_by_role("dialog", name="Installed v0.3.64")).to_be_visible(timeout=60_000)

    shown.button("Launch now").click()
    hero = page.get_by_role("region", name="The version to work with")
    expect(hero.get_by_text("Running", exact=True)).to_be_visible(timeout=60_000)
    url = url_of(service)
    expect(hero.get_by_role("link", name=url.removeprefix("http://"))).to_be_visible()
    with page.context.expect_page() as opened:
        hero.get_by_role("button", name="Open", exact=True).click()
    expect(opened.value).to_have_url(re.compile(re.escape(url)))
    opened.value.close()

    shown.go("version/v0.3.64/log")
    lines = page.get_by_role("region", name="Lines of the log")
    expect(lines).to_contain_text("To see the GUI go to: ")
    expect(lines).to_contain_text("Starting server")

    shown.button("Stop").click()
    expect(shown.button("Launch")).to_be_visible(timeout=30_000)
    [version] = service.call("versions.list").value["versions"]
    assert (version["state"], version["last_exit"]["on_request"]) == ("stopped", True)


def test_the_main_job_is_done_by_keyboard_alone(shown: Shown, service: Service) -> None:
    page = shown.page
    expect(shown.button("Install v0.3.64")).to_be_enabled()
    shown.press("Tab")
    assert shown.focus() == "a Skip to the content"
    shown.tab_to("Install v0.3.64")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Install v0.3.64")
    expect(dialog).to_contain_text("of disk")
    expect(dialog.get_by_role("button", name="Install v0.3.64")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Installed v0.3.64")).to_be_visible(timeout=60_000)
    shown.tab_to("Close", key="Shift+Tab")
    shown.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert shown.focus() != "nothing"

    shown.tab_to("Launch")
    shown.press("Enter")
    hero = page.get_by_role("region", name="The version to work with")
    expect(hero.get_by_text("Running", exact=True)).to_be_visible(timeout=60_000)
    assert shown.focus() != "nothing"
    url = url_of(service)
    with page.context.expect_page() as opened:
        page.keyboard.press("o")
    expect(opened.value).to_have_url(re.compile(re.escape(url)))
    opened.value.close()

    to_the_log_by_palette(shown)
    expect(page.get_by_role("region", name="Lines of the log")).to_contain_text("Starting server")
    shown.press("/")
    expect(page.get_by_role("textbox", name="Search in the log")).to_be_focused()
    page.keyboard.type("starting server")
    shown.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 of 1")).to_be_visible()
    shown.press("Escape")

    shown.press("g", "h", "s", "s")
    expect(hero.get_by_text("Stopped", exact=True)).to_be_visible(timeout=30_000)
    [version] = service.call("versions.list").value["versions"]
    assert version["state"] == "stopped"


def to_the_log_by_palette(shown: Shown) -> None:
    """To the active version's page by its menu, then by arrows to the tab with its log."""
    page = shown.page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    page.keyboard.type("home")
    shown.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    shown.tab_to("More for v0.3.64")
    shown.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    while not shown.focus().endswith("Details"):
        shown.press("ArrowDown")
    shown.press("Enter")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    shown.tab_to("Overview")
    shown.press("ArrowRight")
    expect(page.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
