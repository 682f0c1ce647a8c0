"""The ladder with a real X server, the real Qt, a real Chromium, and libraries really missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backend.desktop.browsers import BrowserWindow, Signpost, installed
from backend.desktop.libraries import ALL, this_distribution
from backend.desktop.surroundings import find_displays, has_qt
from tests.helpers.processes import ROOT
from tests.helpers.xvfb import needs_xvfb, xvfb

CURSOR = next(library for library in ALL if library.soname == "libxcb-cursor.so.0")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

needs_qt = pytest.mark.skipif(not has_qt(), reason="PySide6 is not installed here")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")

FIND_WAY = """
    import json, os, sys, time
    from pathlib import Path
    from backend.desktop.ladder import find_way
    told = []
    begun = time.perf_counter()
    way = find_way(os.environ, Path(sys.argv[1]), told.append)
    print(json.dumps({
        "seconds": time.perf_counter() - begun, "told": told, "rung": way.choice.rung.value,
        "why": way.choice.why, "hints": way.choice.hints, "doubts": way.doubts is not None,
        "missing": [library.soname for library in way.surroundings.missing],
        "qt_was_imported": any(name.startswith("PySide6") for name in sys.modules)}))
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with xvfb() as name:
        yield name


def find_way(data: Path, **environment: str) -> dict[str, Any]:
    """What a launcher with this environment decides; the process has to live through it."""
    given = {name: text for name, text in os.environ.items() if name != "WAYLAND_DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FIND_WAY), str(data)],
        env={**given, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
def without_cursor(tmp_path: Path) -> dict[str, str]:
    """An environment in which the linker finds no libxcb-cursor, and only browsers are at hand.

    A file of that name that is no library makes `dlopen` fail, for us and for Qt. Without apt on
    the PATH it cannot be healed.
    """
    libraries, programs = tmp_path / "libraries", tmp_path / "programs"
    libraries.mkdir()
    programs.mkdir()
    (libraries / CURSOR.soname).write_text("no library")
    if CHROMIUM:
        (programs / "chromium").symlink_to(CHROMIUM)
    return {"LD_LIBRARY_PATH": str(libraries), "PATH": str(programs)}


# --- Qt -------------------------------------------------------------------------------------------


@needs_qt
@needs_xvfb
def test_a_whole_desktop_gets_qt_and_the_second_start_pays_no_trial(
    tmp_path: Path, display: str
) -> None:
    first = find_way(tmp_path, DISPLAY=display)
    assert (first["rung"], first["why"], first["doubts"]) == ("qt", "", True)
    second = find_way(tmp_path, DISPLAY=display)
    assert (second["rung"], second["why"]) == ("qt", "")
    assert second["seconds"] < first["seconds"]
    assert not first["qt_was_imported"]


@needs_qt
@needs_xvfb
def test_qt_shows_a_page_under_a_plain_locale_too(tmp_path: Path, display: str) -> None:
    found = find_way(tmp_path, DISPLAY=display, LC_ALL="C", LANG="C")
    assert (found["rung"], found["why"]) == ("qt", "")


# --- Libraries missing ----------------------------------------------------------------------------


@needs_qt
@needs_xvfb
def test_without_a_library_the_next_rung_is_taken_and_the_line_names_the_package(
    tmp_path: Path, display: str, without_cursor: dict[str, str]
) -> None:
    found = find_way(tmp_path, DISPLAY=display, **without_cursor)
    package = this_distribution().package_of(CURSOR) or CURSOR.soname
    assert found["missing"] == [CURSOR.soname]
    assert found["rung"] in {"gtk", "chromium", "address"}
    assert found["why"].startswith(f"This desktop lacks {package}, so ")
    assert package in found["hints"][0]
    assert not found["qt_was_imported"]


@needs_qt
@needs_xvfb
def test_without_that_look_qt_would_have_ended_the_process(
    display: str, without_cursor: dict[str, str]
) -> None:
    code = "from PySide6.QtWidgets import QApplication; QApplication([])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", **without_cursor},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == -6
    assert "xcb-cursor0" in done.stderr


# --- Displays -------------------------------------------------------------------------------------


@needs_xvfb
def test_a_server_that_answers_is_a_display_until_it_ends() -> None:
    with xvfb() as name:
        assert find_displays({"DISPLAY": name}) == ("x11",)
    assert find_displays({"DISPLAY": name}) == ()


@needs_xvfb
def test_a_server_that_does_not_let_us_in_is_no_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies = tmp_path / "cookies"
    kind, cookie = b"MIT-MAGIC-COOKIE-1", os.urandom(16)
    fields = (b"", b"", kind, cookie)
    everywhere = (0xFFFF).to_bytes(2, "big")
    cookies.write_bytes(
        everywhere + b"".join(len(field).to_bytes(2, "big") + field for field in fields)
    )
    with xvfb(cookies=cookies) as name:
        monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
        assert find_displays({"DISPLAY": name}) == ()
        monkeypatch.setenv("XAUTHORITY", str(cookies))
        assert find_displays({"DISPLAY": name}) == ("x11",)


def test_a_stale_display_leads_to_the_address(tmp_path: Path) -> None:
    found = find_way(tmp_path, DISPLAY=":987")
    assert found["rung"] == "address"
    assert found["why"].startswith("DISPLAY=:987 is set, but no display answers there, so ")


# --- A browser's window ---------------------------------------------------------------------------


@contextmanager
def page() -> Iterator[tuple[int, list[tuple[str, dict[str, str]]]]]:
    """A small service on a port of its own, and what it was asked: paths with their headers."""
    asked: list[tuple[str, dict[str, str]]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers.items())))
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b'<script>fetch("/code/" + location.hash.slice(6))</script>')

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@needs_chromium
@needs_xvfb
def test_chromium_follows_the_signpost_and_its_window_is_closed_with_us(
    tmp_path: Path, display: str
) -> None:
    browser = next(found for found in installed(os.environ) if found.can_be_window)
    environment = {**os.environ, "DISPLAY": display}
    with page() as (port, asked):
        signpost = Signpost(tmp_path, f"http://127.0.0.1:{port}/#code=ABCD-EFGH-JKMN")
        window = BrowserWindow(browser, signpost.path, tmp_path / "profile", environment,
                               without_sandbox=os.geteuid() == 0)  # fmt: skip
        end = time.monotonic() + 30
        while not any(path == "/code/ABCD-EFGH-JKMN" for path, _ in asked):
            assert time.monotonic() < end, (asked, window.trouble)
            assert not window.wait(0.05), window.trouble
        headers = next(headers for path, headers in asked if path == "/")
        assert headers["Sec-Fetch-Mode"] == "navigate"
        assert headers["Sec-Fetch-Dest"] == "document"
        assert not any("ABCD-EFGH" in line for line in command_lines())
        window.close()
        assert window.wait(0)
        assert not any(str(tmp_path / "profile") in line for line in command_lines())


def command_lines() -> list[str]:
    """Those of all processes of this machine, as any user of it can read them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # ended meanwhile
            continue
    return found
