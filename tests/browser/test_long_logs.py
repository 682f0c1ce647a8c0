"""The log of a ComfyUI: long, coloured, and still found through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

from tests.helpers.browser import Shown
from tests.helpers.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Locator

TAG = "v0.3.64"
PIECES, LINES = 14, 1500
# A custom node that talks: a piece of coloured lines whenever it is told to go on.
NODE = """
import pathlib, time
here = pathlib.Path({folder!r})
for piece in range({pieces}):
    while not (here / f"go-{{piece}}").exists():
        time.sleep(0.02)
    for number in range(piece * {lines}, (piece + 1) * {lines}):
        print(f"\\x1b[32mstep\\x1b[0m {{number:05d}} \\x1b]0;title\\x07of \\x1b[1mmany\\x1b[0m")
    print("10%\\r55%\\r\\x1b[31m100% of piece", piece, "\\x1b[0m", flush=True)
NODE_CLASS_MAPPINGS = {{}}
"""


def test_a_log_of_twenty_thousand_coloured_lines_is_followed_searched_and_scrolled(
    shown: Shown, service: Service, tmp_path: Path
) -> None:
    service.run("versions.install", reference=TAG)
    nodes = service.root / "shared-resources" / "custom_nodes"
    nodes.mkdir(parents=True, exist_ok=True)
    node = NODE.format(folder=str(tmp_path), pieces=PIECES, lines=LINES)
    (nodes / "talkative.py").write_text(node, "utf-8")
    service.call("versions.launch", tag=TAG, cpu=True)
    shown.go(f"version/{TAG}/log")
    lines = shown.page.get_by_role("region", name="Lines of the log")
    expect(lines).to_contain_text("Python version", timeout=30_000)
    for piece in range(PIECES):
        (tmp_path / f"go-{piece}").touch()
        expect(lines.get_by_text(f"100% of piece {piece}", exact=False)).to_be_visible(
            timeout=20_000
        )

    last = PIECES * LINES - 1
    expect(lines.get_by_text(f"step {last} of many", exact=True)).to_be_visible()
    assert lines.locator("[data-index]").count() < 200
    expect(lines.get_by_text("55%")).to_have_count(0)
    found_by_search(shown, lines)
    scrolled(shown, lines)


def found_by_search(shown: Shown, lines: Locator) -> None:
    """One line among 20,000, and Esc gives the focus back to the log."""
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("STEP 01234")
    shown.page.keyboard.press("Enter")
    expect(shown.page.get_by_role("status").filter(has_text="1 of 1")).to_be_visible()
    expect(lines.get_by_text("step 01234", exact=True)).to_be_visible()
    expect(shown.button("Jump to the end")).to_be_visible()
    shown.page.keyboard.press("Escape")
    expect(lines).to_be_focused()


def scrolled(shown: Shown, lines: Locator) -> None:
    """To the first line and to the last by keyboard."""
    shown.page.keyboard.press("Home")
    expect(lines.locator("[data-index='0']")).to_be_in_viewport()
    shown.page.keyboard.press("End")
    expect(lines.get_by_text(re.compile("To see the GUI go to"))).to_be_in_viewport(timeout=30_000)
