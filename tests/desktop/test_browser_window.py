"""The app window of a real Chromium: what becomes of what runs when the user closes it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.desktop import driven_window, until
from tests.helpers.window_page import write_page
from tests.helpers.world import World

pytestmark = [
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed"),
]

# A page that counts how often it was opened, and answers the question with `stop`.
SCRIPT = """
const headers = { "content-type": "application/json" };
const code = new URLSearchParams(location.hash.slice(1)).get("code");
const body = JSON.stringify({ code });
const opened = await (await fetch("/api/v1/session", { method: "POST", headers, body })).json();
const stream = new EventSource(`${opened.value.place}/events`);
stream.onopen = () => { document.title = "listening"; };
stream.addEventListener("window.closing", () => {
  fetch(`${opened.value.place}/rpc/window.close`,
    { method: "POST", headers, body: JSON.stringify({ running: "stop" }) });
});
"""


def xdotool(shown_on: str, *words: str) -> str:
    done = subprocess.run(
        ["xdotool", *words], env=os.environ | {"DISPLAY": shown_on},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_closed_browser_window_comes_back_and_asks(
    world: World, tmp_path: Path, shown_on: str
) -> None:
    world.install()
    world.launch()
    pages = write_page(tmp_path / "pages", SCRIPT)
    with driven_window(world.root, pages, shown_on, "chromium") as launcher:
        find = ("search", "--onlyvisible", "--name", "listening")
        first = until(lambda: xdotool(shown_on, *find), 60, "the page is up")
        xdotool(shown_on, "windowfocus", "--sync", first.splitlines()[0], "key", "ctrl+w")
        assert launcher.ended(60) == 0
    assert world.ask("versions.show", tag="v0.3.64").state.value == "stopped"
    assert not list((world.root / "launcher-data").glob("comfyui-launcher-open-*.html"))
