"""A real window from its start to its end."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.desktop.geometry import remembered
from tests.helpers.desktop import (
    DrivenWindow,
    driven_window,
    until,
)
from tests.helpers.window_page import SCRIPT, write_page
from tests.helpers.world import World


@pytest.fixture
def own(tmp_path: Path, pages: Path, shown_on: str) -> Iterator[DrivenWindow]:
    """A window for one test alone, its page up."""
    with driven_window(tmp_path / "root", pages, shown_on) as made:
        made.wait_for("window.up")
        yield made


# --- Coming up and going --------------------------------------------------------------------------


def test_the_page_is_known_by_its_code_and_told_apart_as_the_window(window: DrivenWindow) -> None:
    assert window.js("window.session.ok") is True
    known = window.settled("return (await (await fetch(window.session.value.place)).json()).value")
    assert known["door"] == "window"
    assert "code" not in window.address()


def test_events_arrive_in_the_page(window: DrivenWindow) -> None:
    window.js(
        "(() => { window.told = [];"
        " const stream = new EventSource(`${window.session.value.place}/events`);"
        " stream.onopen = () => { window.listening = true; };"
        " stream.addEventListener('settings.changed', (event) => window.told.push(event.data));"
        " return true; })()"
    )
    window.wait_for("window.listening")
    window.invoke("settings.change", name="theme", value="light")
    assert '"theme"' in window.wait_for("window.told[0]")


def test_a_window_that_is_closed_leaves_nothing_behind(own: DrivenWindow) -> None:
    family = [
        psutil.Process(own.process.pid),
        *psutil.Process(own.process.pid).children(recursive=True),
    ]
    own.ask_to_close()
    assert own.ended() == 0
    until(lambda: not any(process.is_running() for process in family), 10)
    assert not (own.root / "launcher-data" / "window.json").exists()


def test_it_comes_back_where_it_was(tmp_path: Path, pages: Path, shown_on: str) -> None:
    root = tmp_path / "root"
    with driven_window(root, pages, shown_on) as first:
        first.wait_for("window.up")
        first.order(python="(window.move(120, 90), window.resize(1100, 700))")
        until(lambda: first.js("innerWidth") == 1100, 10)
        first.ask_to_close()
        assert first.ended() == 0
    kept = remembered(root / "launcher-data" / "window_state.json")
    assert kept is not None
    assert (kept.x, kept.y, kept.width, kept.height) == (120, 90, 1100, 700)
    with driven_window(root, pages, shown_on) as second:
        second.wait_for("window.up")
        place = second.order(python="(window.x, window.y, window.width, window.height)")
        assert place == [120, 90, 1100, 700]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_opens_in_the_colours_of_the_theme(
    tmp_path: Path, pages: Path, shown_on: str, theme: str
) -> None:
    data = tmp_path / "root" / "launcher-data"
    data.mkdir(parents=True)
    (data / "settings.json").write_text(json.dumps({"schema": 1, "values": {"theme": theme}}))
    with driven_window(tmp_path / "root", pages, shown_on) as window:
        window.wait_for("window.up")
        ground = window.order(python="window.background_color")
        assert ground == {"dark": "#0e1015", "light": "#f4f5f8"}[theme]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 0)]
)
def test_a_signal_ends_it_tidily(own: DrivenWindow, number: signal.Signals, status: int) -> None:
    own.process.send_signal(number)
    assert own.ended(15) == status
    assert not (own.root / "launcher-data" / "window.json").exists()


def test_a_call_that_hangs_does_not_keep_the_process(own: DrivenWindow) -> None:
    own.js("(() => { window.invoke('window.choose_folder', {}); return true; })()")
    time.sleep(1)  # the dialog is up now, and nobody answers it
    own.process.send_signal(signal.SIGTERM)
    assert own.ended(30) == 0


def test_what_goes_wrong_in_the_page_shows_no_traceback_on_the_terminal(
    tmp_path: Path, pages: Path, shown_on: str
) -> None:
    with driven_window(tmp_path / "root", pages, shown_on) as window:
        window.wait_for("window.up")
        window.js("(() => { setTimeout(() => { throw new Error('in the page'); }); return 1; })()")
        window.js("(() => { window.pywebview._jsApiCallback('x', () => 1, {}); return 1; })()")
        window.invoke("nonsense")
        window.ask_to_close()
        assert window.ended() == 0
    assert "Traceback" not in window.words
    assert "in the page" in window.log()


# --- Dropped files --------------------------------------------------------------------------------


def test_the_page_learns_the_paths_of_what_was_dropped_once_and_of_nothing_else(
    window: DrivenWindow, tmp_path: Path
) -> None:
    names = ["a model.safetensors", "100%.txt", "50%20off.txt", "ünï#1?.png", "a'b\"c;d.bin"]
    paths = [str(tmp_path / name) for name in names]
    for path in paths:
        Path(path).write_text("x")
    window.invoke("window.dropped_files", names=["passwd"])
    assert window.order(python=f"drop({paths!r})") == "dropped"
    asked = [*names[1:], "passwd", "../a model.safetensors"]
    answer = window.invoke("window.dropped_files", names=asked)
    assert answer["value"]["paths"] == paths[1:]
    again = window.invoke("window.dropped_files", names=names)
    assert again["value"]["paths"] == []


def test_a_dropped_page_is_not_opened(window: DrivenWindow, tmp_path: Path) -> None:
    (tmp_path / "evil.html").write_text("<!doctype html><title>evil</title>")
    window.order(python=f"drop({[str(tmp_path / 'evil.html')]!r})")
    window.settled("await new Promise((go) => setTimeout(go, 500))")
    assert window.js("document.title") == "test page"


# --- When something runs --------------------------------------------------------------------------


def test_closing_asks_the_page_and_does_what_it_answers(
    world: World, pages: Path, shown_on: str
) -> None:
    world.install()
    world.launch()
    with driven_window(world.root, pages, shown_on, COMFYUI_LAUNCHER_REPO="") as window:
        window.wait_for("window.up")
        window.js(
            "(() => { const stream = new EventSource(`${window.session.value.place}/events`);"
            " stream.onopen = () => { window.listening = true; };"
            " stream.addEventListener('window.closing',"
            " (event) => { window.asked = JSON.parse(event.data).data; }); return true; })()"
        )
        window.wait_for("window.listening")
        window.ask_to_close()
        assert window.wait_for("window.asked")["running"] == ["v0.3.64"]
        assert window.is_open()
        window.js("(() => { window.invoke('window.close', { running: 'stop' }); return 1; })()")
        assert window.ended(60) == 0
    assert world.ask("versions.show", tag="v0.3.64").state.value == "stopped"


# --- The page that does not come up ---------------------------------------------------------------


def test_a_page_that_stays_silent_is_replaced_by_one_that_says_so(
    tmp_path: Path, shown_on: str
) -> None:
    silent = write_page(tmp_path / "pages", "window.keepsSilent = true;" + SCRIPT)
    root = tmp_path / "root"
    (root / "launcher-data").mkdir(parents=True)
    (root / "launcher-data" / "window_state.json").write_text("{}")  # not the first run
    with driven_window(root, silent, shown_on) as window:
        until(lambda: window.address().endswith("/did-not-start"), 30)
        assert "window.log" in window.wait_for("document.body.textContent")
        write_page(tmp_path / "pages")
        window.js("(() => { location.href = '/'; return 1; })()")
        assert window.wait_for("window.up", 30)
        assert window.js("window.session.ok") is True


def test_a_root_that_cannot_be_used_is_said_in_the_window_and_on_the_terminal(
    tmp_path: Path, pages: Path, shown_on: str
) -> None:
    root = tmp_path / "root"
    (root / "launcher-data").mkdir(parents=True)
    (root / "comfyui-versions").write_text("a file where a folder has to be")
    with driven_window(root, pages, shown_on) as window:
        until(lambda: "cannot be written" in str(window.order(js="document.body.textContent")), 30)
        window.ask_to_close()
        assert window.ended() == 7
    assert "cannot be written" in window.words
    assert "Traceback" not in window.words
