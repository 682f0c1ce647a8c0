"""How long it takes from `./launcher` to a window whose page says that it is up, warm.

Ours: the shell script on a root that has been used before, on a display without a screen, until the
page has called `window.ready`; the median of 5. Floor, in turn with it: a process that imports Qt
WebEngine by pywebview and shows a bare page, until that has loaded.

    ./launcher bench window_start
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.helpers.desktop import display, end, environment_of  # noqa: E402

ROUNDS = 5
BAR_SECONDS = 2.5
LONGEST_SECONDS = 60.0
PAGE_IS_UP = "the page is up"  # backend/desktop/window.py

FLOOR = """
import os, webview
window = webview.create_window("floor", html="<!doctype html><title>floor</title><p>floor</p>")
window.events.loaded += lambda: print("loaded", flush=True)
webview.start(gui="qt")
"""


def main() -> None:
    if not (REPOSITORY / "frontend" / "dist" / "index.html").exists():
        sys.exit("There is no page yet: ./launcher frontend build")
    with tempfile.TemporaryDirectory(prefix="bench-window-") as folder, display() as shown_on:
        root = Path(folder) / "root"
        window_seconds(root, shown_on)  # compiles, tries Qt, makes the folders of a first start
        floor_seconds(root, shown_on)
        rounds = [
            (window_seconds(root, shown_on), floor_seconds(root, shown_on)) for _ in range(ROUNDS)
        ]
    report([ours for ours, _ in rounds], [floor for _, floor in rounds])


def command() -> list[str]:
    """The script; in another environment than its own, what the script would run."""
    if Path(sys.prefix) == REPOSITORY / ".venv":
        return [str(REPOSITORY / "launcher"), "--window"]
    return [sys.executable, "-P", "-m", "backend.desktop", "--window"]


def warm(root: Path, shown_on: str, **extra: str) -> dict[str, str]:
    """An environment with the compiled files that an installed launcher has, kept aside."""
    whole = environment_of(root, shown_on, **extra)
    whole.pop("PYTHONDONTWRITEBYTECODE", None)
    return whole | {"PYTHONPYCACHEPREFIX": str(root.parent / "pycache")}


def window_seconds(root: Path, shown_on: str) -> float:
    """From the start of the process until the page is up."""
    log = root / "launcher-data" / "logs" / "window.log"
    before = told(log)
    begin = time.perf_counter()
    process = subprocess.Popen(
        command(), env=warm(root, shown_on), cwd=REPOSITORY, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        while told(log) == before:
            assert process.poll() is None, process.communicate()
            assert time.perf_counter() - begin < LONGEST_SECONDS, "the page did not come up"
            time.sleep(0.005)
        return time.perf_counter() - begin
    finally:
        end(process)


def told(log: Path) -> int:
    """How often the log says that a page is up."""
    return log.read_text("utf-8").count(PAGE_IS_UP) if log.exists() else 0


def floor_seconds(root: Path, shown_on: str) -> float:
    """From the start of a process until a bare window has loaded a bare page."""
    sandbox = {"QTWEBENGINE_DISABLE_SANDBOX": "1"} if os.geteuid() == 0 else {}
    environment = warm(root, shown_on, QT_API="pyside6", LANG="C.UTF-8", **sandbox)
    begin = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", FLOOR], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"
        took = time.perf_counter() - begin
        process.kill()
    return took


def report(ours: list[float], floor: list[float]) -> None:
    middle, below = statistics.median(ours), statistics.median(floor)
    print(f"./launcher  {middle:.2f} s  ({min(ours):.2f} to {max(ours):.2f})")
    print(f"bare Qt     {below:.2f} s  ({min(floor):.2f} to {max(floor):.2f})")
    result = {
        "name": "window_start",
        "ours": round(middle, 3),
        "floor_or_peer": round(below, 3),
        "ratio": round(middle / below, 2),
        "bar": BAR_SECONDS,
        "ok": middle <= BAR_SECONDS,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
