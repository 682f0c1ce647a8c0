"""What is seen before there is a version, before one is let in, and when the launcher is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from backend.platform.ports import listen
from tests.browser.conftest import ROOT
from tests.browser.looking import findings
from tests.fakes.comfyui.github_api import Fault, GitHubApi
from tests.helpers.browser import Origin, needs_axe, new_context
from tests.helpers.stage import Stage, raised, serve_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    needs_axe()
    made = new_context(browser)
    yield made
    made.close()


@pytest.fixture
def stage(context: BrowserContext, place: Origin, tmp_path: Path) -> Iterator[Stage]:
    """A launcher with nothing in it."""
    with raised(tmp_path / ROOT, place, context) as made:
        yield made


def test_the_first_screen_is_sound_while_the_releases_are_asked_for(
    context: BrowserContext, place: Origin, api: GitHubApi, tmp_path: Path
) -> None:
    api.fail(Fault.slow(10))
    with raised(tmp_path / ROOT, place, context) as stage:
        waiting = stage.shown.page.get_by_text("Asking the repository for the newest release…")
        expect(waiting).to_be_visible()
        found = findings(stage, "first-run-loading")
        still = waiting.is_visible()
        api.recover()
        stage.shown.page.goto("about:blank")
    assert found == []
    assert still


def test_the_first_screen_is_sound(stage: Stage) -> None:
    expect(stage.shown.button("Install v0.3.64")).to_be_enabled()
    assert findings(stage, "first-run") == []


def test_the_first_screen_is_sound_without_a_repository(
    context: BrowserContext, place: Origin, tmp_path: Path
) -> None:
    nowhere = Origin(tmp_path / "no-such.git", place.wheels, place.cache)
    with raised(tmp_path / ROOT, nowhere, context) as stage:
        failed = stage.shown.page.get_by_role("alert")
        expect(failed).to_contain_text("The releases could not be asked for")
        assert findings(stage, "first-run-no-repository") == []


def test_the_dialog_for_models_is_sound(stage: Stage) -> None:
    stage.shown.button("Use a folder…").click()
    expect(stage.shown.page.get_by_role("dialog", name="Models you have already")).to_be_visible()
    assert findings(stage, "models-dialog") == []


def test_what_is_empty_at_first_is_sound(stage: Stage) -> None:
    found = []
    for place, title in {"jobs": "Jobs", "trash": "The trash is empty"}.items():
        page = stage.fresh(place).page
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        found += findings(stage, f"{place}-first")
    assert found == []


def test_the_request_for_a_code_is_sound_also_after_a_wrong_one(
    context: BrowserContext, place: Origin, tmp_path: Path
) -> None:
    with raised(tmp_path / ROOT, place, context, signed_in=False) as stage:
        field = stage.shown.page.get_by_role("textbox", name="Code")
        expect(field).to_be_visible()
        asked = findings(stage, "sign-in")
        field.fill("ABCD-EFGH-JKMN")
        field.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        assert asked + findings(stage, "sign-in-wrong-code") == []


def test_a_launcher_that_went_away_and_one_that_came_anew_are_sound(stage: Stage) -> None:
    page = stage.fresh("settings").page
    expect(page.get_by_text("Colours", exact=True)).to_be_visible()
    stage.service.close()
    expect(page.get_by_text("The launcher gives no answer.")).to_be_visible()
    stage.shown.faults.clear()  # that the stream broke is told by the browser itself
    lost = findings(stage, "offline")
    stage.service = serve_world(stage.world, listen(stage.service.port))
    expect(page.get_by_role("heading", name="This page needs a code")).to_be_visible()
    stage.shown.faults.clear()
    assert lost + findings(stage, "offline-then-refused") == []


def test_a_page_that_finds_no_launcher_says_so(stage: Stage) -> None:
    page = stage.shown.page
    # The page itself comes from the browser's memory; what it asks meets a closed port.
    page.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    page.reload()
    expect(page.get_by_role("heading", name="The launcher gives no answer")).to_be_visible()
    stage.shown.faults.clear()
    found = findings(stage, "nobody-there")
    page.unroute("**/api/v1/**")
    stage.shown.button("Try again").click()
    expect(page.get_by_role("heading", name="Let's get ComfyUI running")).to_be_visible()
    assert found == []
