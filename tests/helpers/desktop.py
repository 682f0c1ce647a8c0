"""A display without a screen, and a real window on it, driven from a test."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("window_child.py")


def why_no_window(engine: str) -> str | None:
    """Why that engine cannot be tested on this machine; None when it can."""
    if shutil.which("Xvfb") is None:
        return "Xvfb is not installed"
    if importlib.util.find_spec("webview") is None:
        return "pywebview is not installed"
    if engine == "qt":
        return None if importlib.util.find_spec("PySide6") else "PySide6 is not installed"
    from backend.desktop.surroundings import find_gtk

    return None if find_gtk(os.environ) else "GTK with WebKit2 4.1 is not here for this Python"


@contextmanager
def display(size: str = "1440x900") -> Iterator[str]:
    """A display of its own, as the value of DISPLAY."""
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(theirs,), stderr=subprocess.DEVNULL) as server:
        os.close(theirs)
        try:
            with os.fdopen(ours) as numbers:
                yield f":{numbers.readline().strip()}"
        finally:
            server.terminate()


@dataclass
class DrivenWindow:
    """A real window on a page of a test."""

    process: subprocess.Popen[str]
    root: Path
    shown_on: str
    words: str = ""
    """What it said on standard error, once it has ended."""

    def order(self, **order: str) -> Any:
        """What the process answers to one order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the window's process is gone"
        answer = json.loads(line)
        assert not (isinstance(answer, dict) and "failed" in answer), answer
        return answer

    def js(self, expression: str) -> Any:
        """The value of an expression in the page, by way of JSON."""
        answer = self.order(js=f"JSON.stringify(({expression}) ?? null)")
        return json.loads(answer) if isinstance(answer, str) else answer

    def wait_for(self, expression: str, seconds: float = 20) -> Any:
        """The value of an expression in the page, once it is true."""
        return until(lambda: self.js(expression), seconds, expression)

    def settled(self, code: str, seconds: float = 20) -> Any:
        """What the body of an async function returns in the page."""
        self.js(
            "(() => { window.outcome = null;"
            f"(async () => {{ {code} }})()"
            ".then((value) => { window.outcome = { done: true, value }; },"
            "(error) => { window.outcome = { error: String(error) }; }); return true; })()"
        )
        outcome = self.wait_for("window.outcome", seconds)
        assert "error" not in outcome, outcome
        return outcome.get("value")

    def invoke(self, endpoint: str, **request: Any) -> Any:
        """The envelope that the page gets for a call over the bridge."""
        return self.settled(f"return await window.invoke({endpoint!r}, {json.dumps(request)})")

    def address(self) -> str:
        """Where the window is."""
        return str(self.order(python="window.get_current_url()"))

    def click_at(self, across: float, down: float) -> None:
        """A click of the mouse, at a share of the window's width and height."""
        if shutil.which("xdotool") is None:
            pytest.skip("xdotool is not installed")
        (x, y), (width, height) = self.order(
            python="((window.x, window.y), (window.width, window.height))"
        )
        place = [str(int(x + width * across)), str(int(y + height * down))]
        subprocess.run(
            ["xdotool", "mousemove", *place, "click", "1"],
            env=os.environ | {"DISPLAY": self.shown_on}, check=True,
        )  # fmt: skip

    def is_open(self) -> bool:
        return self.process.poll() is None

    def ask_to_close(self) -> None:
        """What the button of the window frame does."""
        self.order(python="window.destroy()")

    def ended(self, seconds: float = 30) -> int:
        """The exit status, once the process has ended."""
        return self.process.wait(seconds)

    def log(self) -> str:
        return (self.root / "launcher-data" / "logs" / "window.log").read_text("utf-8")


@contextmanager
def driven_window(
    root: Path, pages: Path, shown_on: str, engine: str = "qt", **extra: str
) -> Iterator[DrivenWindow]:
    """A window on that root and that page; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, str(CHILD), str(root), str(pages), engine],
        env=environment_of(root, shown_on, **extra), cwd=REPOSITORY,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    window = DrivenWindow(process, root, shown_on)
    try:
        yield window
    finally:
        window.words = end(process)


def environment_of(root: Path, shown_on: str, **extra: str) -> dict[str, str]:
    """What a desktop session gives a program, on that display."""
    kept = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
    return kept | {
        "DISPLAY": shown_on,
        "PYTHONPATH": str(REPOSITORY),
        "COMFYUI_LAUNCHER_HOME": str(root),
        **extra,
    }


def end(process: subprocess.Popen[str]) -> str:
    """Ends it if need be; what it said on standard error."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    _out, words = process.communicate()
    return words or ""


def until(condition: Callable[[], Any], seconds: float, what: str = "") -> Any:
    """The value of `condition` once it is true; fails the test when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"did not happen in {seconds} s: {what}")
