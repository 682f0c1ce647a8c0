"""Every place of the page in every state, by name: what a person can come to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.fakes.comfyui.github_api import Fault, GitHubApi
from tests.helpers.held_wheels import HeldWheels
from tests.helpers.stage import Stage

STOPPED, RUNNING, CRASHED, FAILED, DAMAGED, STARTING = (
    "v0.3.64", "v0.3.63", "v0.3.62", "v0.3.61", "v0.3.60", "v0.3.59",
)  # fmt: skip
INSTALLED: Final = (STARTING, DAMAGED, FAILED, CRASHED, RUNNING, STOPPED)
TAGS: Final = (*(f"v0.3.{number}" for number in range(52, 66)), "v0.4.0-rc.1")
NEWEST: Final = "v0.3.65"
NOTES: Final = {
    NEWEST: (
        "## What's Changed\n"
        "* Speed up **Flux** on cards with 8 GB by @someone in "
        "https://github.com/Comfy-Org/ComfyUI/pull/10234\n"
        "* Fix `VAEDecodeTiled` with odd sizes\n"
        "  * also for video\n"
        "* Log which node a missing model belongs to\n\n"
        "### New Contributors\n"
        "* @another made their first contribution\n\n"
        "**Full Changelog**: https://github.com/Comfy-Org/ComfyUI/compare/v0.3.64...v0.3.65\n"
    ),
}


@dataclass
class Rich:
    """A launcher in which everything is there at once."""

    stage: Stage
    api: GitHubApi
    held: HeldWheels


Arrange = Callable[[Rich], AbstractContextManager[object]]


@dataclass(frozen=True)
class Scene:
    """`arrange` returns when the state is on the screen; what it yields to ends it."""

    name: str
    arrange: Arrange


def seen(place: str, look: Callable[[Page], Locator]) -> Arrange:
    """The place as it is, once what `look` finds is there."""

    def arrange(rich: Rich) -> AbstractContextManager[object]:
        expect(look(rich.stage.fresh(place).page)).to_be_visible()
        return nullcontext()

    return arrange


def heading(place: str, name: str) -> Arrange:
    return seen(place, lambda page: page.get_by_role("heading", name=name))


def words(place: str, text: str) -> Arrange:
    return seen(place, lambda page: page.get_by_text(text).first)


def home(tag: str, words: str) -> Arrange:
    """Home, about the version that stands so."""

    def arrange(rich: Rich) -> AbstractContextManager[object]:
        rich.stage.active(tag)
        page = rich.stage.fresh().page
        hero = page.get_by_role("region", name="The version to work with")
        expect(hero.get_by_role("heading", name=tag, level=2)).to_be_visible()
        expect(hero.get_by_text(words, exact=True).first).to_be_visible()
        expect(page.get_by_role("table")).to_be_visible()
        return nullcontext()

    return arrange


def home_damaged(rich: Rich) -> AbstractContextManager[object]:
    """The version that was worked with has lost a part of its source."""
    main = rich.stage.world.store(DAMAGED) / "source" / "main.py"
    main.touch()
    rich.stage.active(DAMAGED)
    main.unlink()
    rich.stage.fresh()
    hero = rich.stage.shown.page.get_by_role("region", name="The version to work with")
    expect(hero.get_by_text("Damaged", exact=True)).to_be_visible()
    return nullcontext()


def starting(place: str) -> Arrange:
    """A version on its way up, which takes as long as we look."""

    @contextmanager
    def arrange(rich: Rich) -> Iterator[None]:
        stage = rich.stage
        stage.active(STARTING)
        operation = stage.launch(STARTING, start_delay="600")
        page = stage.fresh(place).page
        expect(page.get_by_text("Starting", exact=True).first).to_be_visible()
        expect(page.get_by_text("loaded").first).to_be_visible()
        try:
            yield
        finally:
            stage.world.ask("operations.cancel", operation_id=operation)
            stage.world.end_of(operation)

    return arrange


def release_notes(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh().page
    page.get_by_role("button", name=re.compile(f"^{NEWEST}")).click()
    expect(page.get_by_text("New Contributors")).to_be_visible()
    page.get_by_text("New Contributors").scroll_into_view_if_needed()
    return nullcontext()


def no_such_release(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh().page
    page.get_by_role("searchbox", name="Search the releases").fill("no such thing")
    expect(page.get_by_text("No release like that")).to_be_visible()
    page.get_by_text("No release like that").scroll_into_view_if_needed()
    return nullcontext()


def asking(rich: Rich) -> AbstractContextManager[object]:
    """The price before the click, its options open."""
    stage = rich.stage
    page = stage.fresh().page
    stage.shown.button(f"Install {NEWEST}…").click()
    dialog = page.get_by_role("dialog", name=f"Install {NEWEST}")
    expect(dialog.get_by_text("of disk")).to_be_visible()
    return nullcontext()


def asking_with_options(rich: Rich) -> AbstractContextManager[object]:
    asking(rich)
    page = rich.stage.shown.page
    page.get_by_text("Options", exact=True).click()
    expect(page.get_by_role("group", name="Packages")).to_be_visible()
    return nullcontext()


@contextmanager
def installing(rich: Rich, place: str = "") -> Iterator[str]:
    """An installation that stands still in the middle; its id."""
    world = rich.stage.world
    request = world.install_request(
        NEWEST, torch_spec=rich.held.torch, find_links=[str(world.wheels), rich.held.url]
    )
    operation = world.start("versions.install", **request)
    page = rich.stage.fresh(place.format(operation)).page
    expect(page.get_by_text(re.compile("^Stage 5 of 7")).first).to_be_visible(timeout=60_000)
    try:
        yield operation
    finally:
        world.ask("operations.cancel", operation_id=operation)
        world.end_of(operation)


@contextmanager
def following(rich: Rich) -> Iterator[None]:
    with installing(rich):
        page = rich.stage.shown.page
        rich.stage.shown.button("Installing…").click()
        dialog = page.get_by_role("dialog", name=f"Installing {NEWEST}")
        expect(dialog.get_by_text("Install the packages")).to_be_visible()
        yield


@contextmanager
def tray_pill(rich: Rich) -> Iterator[None]:
    with installing(rich):
        yield


@contextmanager
def tray_open(rich: Rich) -> Iterator[None]:
    with installing(rich):
        page = rich.stage.shown.page
        page.locator("#tray-pill").click()
        expect(page.get_by_role("region", name="What runs now")).to_be_visible()
        yield


@contextmanager
def job_running(rich: Rich) -> Iterator[None]:
    with installing(rich, "jobs/{}"):
        expect(rich.stage.shown.page.get_by_role("progressbar").first).to_be_visible()
        yield


@contextmanager
def install_failed(rich: Rich) -> Iterator[None]:
    """An installation that cannot be: no such torch is anywhere."""
    stage = rich.stage
    stage.world.ask("settings.change", name="torch_spec", value="torch==9.9.9")
    try:
        page = stage.fresh().page
        stage.shown.button(f"Install {NEWEST}…").click()
        stage.shown.button(f"Install {NEWEST}").click()
        failed = page.get_by_role("dialog", name=f"Installing {NEWEST} failed")
        expect(failed).to_be_visible(timeout=60_000)
        yield
    finally:
        stage.world.ask("settings.change", name="torch_spec", value="torch==2.13.0+cpu")


def no_such_job(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh("jobs/20000101000000-abcdef").page
    expect(page.get_by_text("This job is not on record")).to_be_visible()
    return nullcontext()


def environment_checked(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh(f"version/{STOPPED}/environment").page
    rich.stage.shown.button("Check").click()
    expect(page.get_by_text("Everything is as it was installed")).to_be_visible(timeout=60_000)
    return nullcontext()


def log_searched(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh(f"version/{CRASHED}/log").page
    page.get_by_role("textbox", name="Search in the log").fill("server")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"\d+ of \d+"))).to_be_visible()
    return nullcontext()


def opened(place: str, button: str, then: str) -> Arrange:
    """A menu or a dialog behind a button."""

    def arrange(rich: Rich) -> AbstractContextManager[object]:
        page = rich.stage.fresh(place).page
        page.get_by_role("button", name=button).first.click()
        expect(page.get_by_role("menu").or_(page.get_by_role("dialog"))).to_contain_text(then)
        return nullcontext()

    return arrange


def palette(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh("about").page
    expect(page.get_by_text("Version 0", exact=False).first).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    return nullcontext()


def shortcuts(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh().page
    expect(page.get_by_role("table")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    return nullcontext()


def about(rich: Rich) -> AbstractContextManager[object]:
    page = rich.stage.fresh("about").page
    expect(page.get_by_text("# ComfyUI Launcher").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"All \d+ files are sound"))).to_be_visible()
    return nullcontext()


@contextmanager
def closing(rich: Rich) -> Iterator[None]:
    with installing(rich) as operation:
        rich.stage.ask_about_closing(RUNNING, operations=(operation,))
        page = rich.stage.shown.page
        expect(page.get_by_role("dialog", name="ComfyUI is still running")).to_be_visible()
        yield


@contextmanager
def closing_at_work(rich: Rich) -> Iterator[None]:
    with installing(rich) as operation:
        rich.stage.ask_about_closing(operations=(operation,))
        page = rich.stage.shown.page
        expect(page.get_by_role("dialog", name="Something is still at work")).to_be_visible()
        yield


@contextmanager
def releases_failed(rich: Rich) -> Iterator[None]:
    """What GitHub knows cannot be asked for; the tags can."""
    rich.api.fail(Fault.connection_reset())
    try:
        page = rich.stage.fresh().page
        rich.stage.shown.button("Look for new releases").click()
        again = page.get_by_role("button", name="Look for new releases")
        expect(again).to_be_enabled(timeout=30_000)
        yield
    finally:
        rich.api.recover()


SECTIONS: Final = {
    "general": "Colours",
    "folders": "Where everything lives",
    "running": "Patience with a start",
    "disk": "Days in the trash",
    "packages": "Exact torch",
    "network": "Repository of ComfyUI",
    "tokens": "Hugging Face",
}

SCENES: Final = (
    Scene("home-stopped", home(STOPPED, "Stopped")),
    Scene("home-running", home(RUNNING, "Running")),
    Scene("home-crashed", home(CRASHED, "Crashed")),
    Scene("home-did-not-start", home(FAILED, "Did not start")),
    Scene("home-damaged", home_damaged),
    Scene("home-starting", starting("")),
    Scene("home-release-notes", release_notes),
    Scene("home-no-such-release", no_such_release),
    Scene("home-releases-failed", releases_failed),
    Scene("home-version-menu", opened("", f"More for {RUNNING}", "Details")),
    Scene("home-switcher", opened("", "Choose a version", "Work with")),
    Scene("install-asking", asking),
    Scene("install-options", asking_with_options),
    Scene("install-following", following),
    Scene("install-failed", install_failed),
    Scene("version-overview-running", heading(f"version/{RUNNING}", "This run")),
    Scene("version-overview-crashed", heading(f"version/{CRASHED}", f"{CRASHED} ended by itself")),
    Scene("version-overview-starting", starting(f"version/{STARTING}")),
    Scene("version-log", words(f"version/{RUNNING}/log", "To see the GUI go to")),
    Scene("version-log-searched", log_searched),
    Scene("version-log-silent", heading(f"version/{STOPPED}/log", "It has not run yet")),
    Scene("version-environment", environment_checked),
    Scene("version-not-installed", heading("version/v9.9.9", "v9.9.9 is not installed")),
    Scene("tray-pill", tray_pill),
    Scene("tray-open", tray_open),
    Scene("jobs-running", job_running),
    Scene("jobs-no-such-job", no_such_job),
    *(
        Scene(f"settings-{name}", words(f"settings/{name}", what))
        for name, what in SECTIONS.items()
    ),
    Scene("about", about),
    Scene("palette", palette),
    Scene("shortcuts", shortcuts),
    Scene("closing-while-running", closing),
    Scene("closing-at-work", closing_at_work),
)
