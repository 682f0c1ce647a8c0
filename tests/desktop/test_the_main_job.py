"""The real page in the real window: install, launch, stop, by its own buttons."""

from __future__ import annotations

import json
from pathlib import Path

from backend.service.pages import DIST
from tests.helpers.browser import Origin, prepare_root
from tests.helpers.desktop import DrivenWindow, driven_window


def button(words: str, within: str = "document") -> str:
    """Presses the button of that name, as soon as it can be pressed."""
    return (
        f"(() => {{ const found = [...{within}.querySelectorAll('button')].find((one) =>"
        f" one.textContent.trim() === {json.dumps(words)} && !one.disabled);"
        " found?.click(); return found !== undefined; })()"
    )


def says(words: str) -> str:
    return f"document.body.innerText.includes({json.dumps(words)})"


def press(window: DrivenWindow, words: str, within: str = "document") -> None:
    assert window.wait_for(button(words, within), 60)


def test_the_main_job_is_done_in_the_window(
    origin: tuple[Path, Path, Path], shown_on: str, tmp_path: Path
) -> None:
    root = tmp_path / "Zu Hause ü"
    known = prepare_root(root, Origin(*origin))
    with driven_window(root, DIST, shown_on, **known) as window:
        press(window, "Install v0.3.64")
        press(window, "Install v0.3.64", "(document.querySelector('[role=dialog]') ?? new Image())")
        press(window, "Launch now")
        assert window.wait_for(says("Running"), 60)
        assert "127.0.0.1:" in window.js("document.body.innerText")
        press(window, "Stop")
        assert window.wait_for(says("Stopped"), 60)
        window.ask_to_close()
        assert window.ended() == 0
    assert (root / "comfyui-versions" / "v0.3.64" / "source" / "main.py").is_file()
