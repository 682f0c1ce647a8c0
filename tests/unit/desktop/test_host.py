from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from backend.desktop.browsers import clean_environment
from backend.desktop.host import BrowserHost, Opener, PywebviewHost
from backend.desktop.programs import Programs
from backend.exceptions import NoWindow, ToolMissing
from tests.helpers.desktop import until


class Window:
    """The window's port, with a dialog that stays open as long as a test wants."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.answer = threading.Event()

    def page_is_up(self) -> None:
        self.done.append("up")

    def to_front(self) -> None:
        self.done.append("front")

    def choose_folder(self, start: Path) -> Path | None:
        self.done.append("dialog")
        self.answer.wait(10)
        return start / "chosen"

    def take_dropped(self, names: Sequence[str]) -> list[Path]:
        return [Path("/tmp") / name for name in names]


class Ends:
    def __init__(self) -> None:
        self.done: list[str] = []

    def page_is_up(self) -> None:
        self.done.append("up")

    def close(self, running: Literal["keep", "stop"]) -> None:
        self.done.append(running)


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    """Opens with a program of the test, which writes down what it was given."""
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nenv >"{tmp_path}/environment"\necho "$#:$1" >>"{tmp_path}/got"\n'
    )
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return Opener(
        Programs(clean_environment({"PATH": path, "HF_TOKEN": "hf_secret", "LANG": "de_DE.UTF-8"}))
    )


def got(tmp_path: Path) -> str:
    return str(until(lambda: (tmp_path / "got").exists() and (tmp_path / "got").read_text(), 10))


def test_a_link_reaches_the_users_program_as_one_argument(opener: Opener, tmp_path: Path) -> None:
    opener.open_link("https://example.org/a b;touch x?q=$(id)&c=`id`")
    assert got(tmp_path) == "1:https://example.org/a b;touch x?q=$(id)&c=`id`\n"


def test_a_folder_is_shown_by_its_real_path(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "-a folder ü").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "-a folder ü")
    opener.reveal(tmp_path / "link")
    assert got(tmp_path) == f"1:{tmp_path}/-a folder ü\n"


def test_the_users_program_gets_the_users_environment_and_no_token(
    opener: Opener, tmp_path: Path
) -> None:
    opener.open_link("https://example.org")
    got(tmp_path)
    environment = (tmp_path / "environment").read_text()
    assert "LANG=de_DE.UTF-8" in environment
    assert "hf_secret" not in environment
    assert "QTWEBENGINE" not in environment


def test_a_desktop_without_the_program_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="xdg-open"):
        Opener(Programs({"PATH": str(tmp_path)})).open_link("https://example.org")


def test_ready_is_heard_by_the_watchdog_and_by_whoever_decides_about_closing(
    opener: Opener,
) -> None:
    window, ends = Window(), Ends()
    PywebviewHost(window, ends, opener).ready()
    assert (window.done, ends.done) == (["up"], ["up"])


def test_a_second_dialog_does_not_open_beside_the_first(opener: Opener, tmp_path: Path) -> None:
    window = Window()
    host = PywebviewHost(window, Ends(), opener)
    answers: list[Path | None] = []
    first = threading.Thread(target=lambda: answers.append(host.choose_folder(tmp_path)))
    first.start()
    until(lambda: "dialog" in window.done, 10)
    assert host.choose_folder(tmp_path) is None
    assert window.done == ["dialog", "front"]
    window.answer.set()
    first.join(10)
    assert answers == [tmp_path / "chosen"]
    assert host.choose_folder(tmp_path) == tmp_path / "chosen"


def test_a_browser_opens_the_page_again_and_has_no_dialogs(opener: Opener, tmp_path: Path) -> None:
    opened: list[str] = []
    ends = Ends()
    host = BrowserHost(lambda: opened.append("again"), ends, opener)
    host.ready()
    host.show()
    with pytest.raises(NoWindow):
        host.choose_folder(tmp_path)
    with pytest.raises(NoWindow):
        host.dropped(["a"])
    host.close("stop")
    assert opened == ["again"]
    assert ends.done == ["up", "stop"]
