"""What others do is on the page at once; and when the launcher goes, the page says so."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.helpers.browser import Origin, Shown, new_context, prepare_root, served, show
from tests.helpers.service import REPOSITORY, Service, command, environment_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

TAG = "v0.3.64"


@pytest.fixture(scope="module")
def service(
    browser: Browser, place: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A launcher with one version."""
    with served(tmp_path_factory.mktemp("served") / ROOT, place) as running:
        running.run("versions.install", reference=TAG)
        yield running


def in_a_terminal(service: Service, place: Origin, *words: str) -> str:
    """What another process of the launcher says, which has to do what it is told."""
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", *words],
        env=environment_of(
            service.root,
            COMFYUI_LAUNCHER_REPO=place.repository.as_uri(),
            COMFYUI_LAUNCHER_GITHUB_API=place.api,
        ),
        cwd=REPOSITORY, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def hero(shown: Shown) -> Locator:
    return shown.page.get_by_role("region", name="The version to work with")


def test_what_a_terminal_installs_and_chooses_appears_without_a_reload(
    shown: Shown, service: Service, place: Origin
) -> None:
    expect(hero(shown).get_by_role("heading", name=TAG)).to_be_visible()
    in_a_terminal(service, place, "versions", "install", "v0.3.63")
    others = shown.page.get_by_role("table")
    expect(others.get_by_role("link", name="v0.3.63")).to_be_visible()
    in_a_terminal(service, place, "versions", "activate", "v0.3.63")
    expect(hero(shown).get_by_role("heading", name="v0.3.63")).to_be_visible()
    expect(others.get_by_role("link", name=TAG)).to_be_visible()
    in_a_terminal(service, place, "versions", "activate", TAG)
    expect(hero(shown).get_by_role("heading", name=TAG)).to_be_visible()


def test_a_setting_changed_in_a_terminal_changes_on_the_page(
    shown: Shown, service: Service, place: Origin
) -> None:
    shown.go("settings/running")
    field = shown.page.get_by_label("Patience with an end")
    expect(field).to_have_value("10")
    in_a_terminal(service, place, "settings", "set", "stop_grace_seconds", "7")
    expect(field).to_have_value("7")


def test_a_comfyui_that_is_killed_is_shown_as_crashed(shown: Shown, service: Service) -> None:
    service.run("versions.launch", tag=TAG, cpu=True)
    expect(hero(shown).get_by_text("Running", exact=True)).to_be_visible()
    listed = service.call("versions.list").value["versions"]
    pid = next(version["instance"]["pid"] for version in listed if version["tag"] == TAG)
    os.kill(pid, signal.SIGKILL)
    expect(hero(shown).get_by_text("Crashed", exact=True)).to_be_visible(timeout=15_000)
    expect(hero(shown).get_by_role("alert")).to_contain_text(f"{TAG} ended by itself")
    expect(hero(shown).get_by_role("button", name="Launch", exact=True)).to_be_enabled()


# --- The launcher goes and comes ------------------------------------------------------------------


@contextmanager
def at_a_terminal(root: Path, place: Origin, port: int = 0) -> Iterator[tuple[int, str, int]]:
    """A service as a person starts it in a terminal: its pid, the code that it shows, its port."""
    known = prepare_root(root, place)
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command("--port", str(port)), env=environment_of(root, **known), cwd=REPOSITORY,
        stdin=subprocess.DEVNULL, stdout=its, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(its)
    said = b""
    try:
        while not (code := re.search(rb"code: ([0-9A-Z-]{14})", said)):
            said += os.read(ours, 4096)
        served_at = re.search(rb"127\.0\.0\.1:(\d+)", said)
        assert served_at is not None
        yield process.pid, code[1].decode(), int(served_at[1])
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)


def test_the_page_outlives_its_launcher_and_asks_the_next_one_for_a_code(
    browser: Browser, place: Origin, tmp_path: Path
) -> None:
    root = tmp_path / ROOT
    context = new_context(browser)
    with at_a_terminal(root, place) as (pid, code, port):
        shown = Shown(context.new_page(), f"http://127.0.0.1:{port}")
        shown.page.goto(f"{shown.url}/#code={code}")
        first_run = shown.page.get_by_role("heading", name="Let's get ComfyUI running")
        expect(first_run).to_be_visible()
        assert "code" not in shown.page.url
        os.kill(pid, signal.SIGKILL)
        lost = shown.page.get_by_text("The launcher gives no answer.")
        expect(lost).to_be_visible()
        expect(first_run).to_be_visible()
    with at_a_terminal(root, place, port) as (_, code, _):
        asked = shown.page.get_by_role("heading", name="This page needs a code")
        expect(asked).to_be_visible()
        shown.page.get_by_role("textbox", name="Code").fill("0000-1111-2222")
        shown.page.keyboard.press("Enter")
        expect(shown.page.get_by_text("code", exact=False).last).to_be_visible()
        expect(shown.page.get_by_role("textbox", name="Code")).to_have_attribute(
            "aria-invalid", "true"
        )
        assert said_about(shown.page.get_by_role("textbox", name="Code"))
        shown.page.get_by_role("textbox", name="Code").fill(sloppy(code))
        shown.page.keyboard.press("Enter")
        expect(first_run).to_be_visible()
        expect(asked).to_have_count(0)
    context.close()


def said_about(field: Locator) -> str:
    """The words that stand below a field."""
    about = field.get_attribute("aria-describedby")
    return field.page.locator(f"[id='{about}']").inner_text()


def sloppy(code: str) -> str:
    """As somebody types it who reads it from a screen: small, with blanks, 0 as o and 1 as l."""
    return f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "


def test_a_stranger_is_asked_for_a_code_and_told_what_is_wrong_with_it(
    browser: Browser, service: Service
) -> None:
    context = new_context(browser)
    shown = show(context, service)
    field = shown.page.get_by_role("textbox", name="Code")
    expect(field).to_be_focused()
    field.fill("nonsense")
    shown.page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(shown.page.get_by_text(re.compile("code.*", re.IGNORECASE)).last).to_be_visible()
    assert "code" in said_about(field).lower()
    context.close()
