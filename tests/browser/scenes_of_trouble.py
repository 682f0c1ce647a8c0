"""What a person sees when something goes, ends too early, is damaged or does not fit."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scenes import NEWEST, RUNNING, STARTING, Arrange, Rich, Scene
from tests.helpers.service import REPOSITORY

KEEP_FREE_AT_MOST_MB: Final = 1_000_000  # what the setting allows
PATIENCE_SECONDS: Final = 30.0

# --- The trash ------------------------------------------------------------------------------------


def uninstall_asked(rich: Rich) -> AbstractContextManager[object]:
    """What removing it would do to the disk; it runs, so that it is to be stopped first."""
    page = rich.stage.fresh().page
    rich.stage.shown.button(f"More for {RUNNING}").click()
    page.get_by_role("menuitem", name="Move to the trash…").click()
    dialog = page.get_by_role("dialog", name=f"Move {RUNNING} to the trash?")
    expect(dialog.get_by_text("0 bytes outside")).to_be_visible()
    expect(dialog.get_by_role("button", name=f"Stop {RUNNING}")).to_be_visible()
    return nullcontext()


@contextmanager
def removed(rich: Rich) -> Iterator[Page]:
    """Home, from which a version has gone just now; it comes back at the end."""
    stage = rich.stage
    page = stage.fresh().page
    stage.shown.button(f"More for {STARTING}").click()
    page.get_by_role("menuitem", name="Move to the trash…").click()
    dialog = page.get_by_role("dialog", name=f"Move {STARTING} to the trash?")
    dialog.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_text(f"{STARTING} is in the trash")).to_be_visible()
    expect(page.get_by_role("link", name="1 version in the trash")).to_be_visible()
    try:
        yield page
    finally:
        for one in stage.world.ask("versions.trash").entries:
            stage.world.ask("versions.restore", entry=one.entry)


@contextmanager
def trash_chosen(rich: Rich) -> Iterator[None]:
    """What lies in the trash; all of it is chosen."""
    with removed(rich) as page:
        rich.stage.fresh("trash")
        page.get_by_role("checkbox", name=f"Choose {STARTING}").click()
        expect(page.get_by_text("chosen")).to_be_visible()
        expect(page.get_by_text("in 30 days")).to_be_visible()
        yield


@contextmanager
def trash_asked(rich: Rich) -> Iterator[None]:
    """What deleting for good would do to the disk."""
    with removed(rich) as page:
        rich.stage.fresh("trash")
        rich.stage.shown.button("Empty the trash…").click()
        dialog = page.get_by_role("dialog", name=f"Delete {STARTING} for good?")
        expect(dialog.get_by_text("0 bytes outside")).to_be_visible()
        yield


# --- What ended too early, what is damaged, what does not fit -------------------------------------


@contextmanager
def job_interrupted(rich: Rich) -> Iterator[None]:
    """An installation whose launcher was killed; the next start has put everything back.

    Beside it, the record of another job is not to be read.
    """
    with damaged(f"jobs/{interrupted(rich)}", "The record of a job cannot be read")(rich):
        article = rich.stage.shown.page.get_by_role("article")
        expect(article.get_by_text("Everything is as it was before")).to_be_visible()
        expect(article.get_by_role("button", name="Try again")).to_be_visible()
        yield


def interrupted(rich: Rich) -> str:
    """Kills a launcher in a terminal in the middle of an installation; the id of that."""
    world = rich.stage.world
    for one in world.ask("operations.list").operations:
        if one.state == "interrupted":
            return str(one.id)
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "versions", "install", NEWEST, "--yes",
         "--torch-spec", rich.held.torch, "--find-links", rich.held.url],
        env=dict(world.environment), cwd=REPOSITORY,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        operation_id = at_the_packages(rich)
    finally:
        process.kill()
        process.wait(20)
    world.another_launcher().close()
    return operation_id


def at_the_packages(rich: Rich) -> str:
    """The installation of another launcher, once it is in the middle."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        for one in rich.stage.world.ask("operations.list").operations:
            if one.state == "running" and one.progress.step == "packages":
                return str(one.id)
        time.sleep(0.05)
    raise AssertionError("the other launcher never came to the packages")


@contextmanager
def disk_full(rich: Rich) -> Iterator[None]:
    """An installation for which there is not enough room; something waits in the trash."""
    world = rich.stage.world
    if shutil.disk_usage(world.root).free > KEEP_FREE_AT_MOST_MB * 1_000_000:
        pytest.skip("more is free here than the launcher can be told to keep free")
    with removed(rich) as page:
        world.ask("settings.change", name="keep_free_mb", value=KEEP_FREE_AT_MOST_MB)
        operation = world.start("versions.install", **world.install_request(NEWEST))
        try:
            world.end_of(operation)
        finally:
            world.ask("settings.reset", name="keep_free_mb")
        rich.stage.fresh(f"jobs/{operation}")
        alert = page.get_by_role("article").get_by_role("alert")
        expect(alert.get_by_text("missing")).to_be_visible()
        expect(alert.get_by_role("link", name="Empty the trash…")).to_be_visible()
        yield


def damaged(place: str, words: str) -> Arrange:
    """The record of a job is not to be read."""

    @contextmanager
    def arrange(rich: Rich) -> Iterator[None]:
        record = rich.stage.world.app.paths.operations / "20000101000000-abcdef.jsonl"
        record.write_bytes(b"\0" * 100)
        try:
            expect(rich.stage.fresh(place).page.get_by_text(words).first).to_be_visible()
            yield
        finally:
            record.unlink()

    return arrange


TROUBLES: Final = (
    Scene("uninstall-asked", uninstall_asked),
    Scene("undo-toast", removed),
    Scene("trash-chosen", trash_chosen),
    Scene("trash-asked", trash_asked),
    Scene("jobs-interrupted", job_interrupted),
    Scene("jobs-disk-full", disk_full),
    Scene("home-damaged-file", damaged("", "A file of the launcher does not read as it should.")),
    Scene("about-damaged-file", damaged("about/files", "do not read as they should")),
)
