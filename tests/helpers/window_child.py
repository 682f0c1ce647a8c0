"""The window on a page of a test, in a process of its own, which carries out what it is told.

    python tests/helpers/window_child.py ROOT PAGES ENGINE

Reads one JSON object a line from stdin (`{"js": "..."}`, `{"python": "..."}`), answers with one a
line on stdout. The environment names the display.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.api.areas.window import WindowHost
from backend.composition import App
from backend.config import PathsConfig
from backend.desktop import application
from backend.desktop.door import Door
from backend.desktop.ladder import Choice, Rung, Way
from backend.desktop.showing import Opening
from backend.desktop.signals import Signals
from backend.desktop.surroundings import look
from backend.logging_config import configure_logging
from backend.platform.terminal import leave_waiting_threads_behind, note


def main() -> int:
    root, pages, engine = Path(sys.argv[1]), Path(sys.argv[2]), Rung(sys.argv[3])
    environment, signals = dict(os.environ), Signals()
    paths = PathsConfig(root)
    door = Door(paths, log_file=configure_logging(paths.logs, "window", "DEBUG"), pages=pages)
    assert door.claim() is None, "another window is open on this root"
    here = look(environment)
    browser = next((one for one in here.browsers if one.can_be_window), None)
    way = Way(Choice(engine, browser=browser if engine is Rung.CHROMIUM else None), here)
    slow = float(environment.get("SLOW_START", 0))
    kind = SlowOpening if slow else Opening
    opening = kind(door, way, paths, environment, None, note, signals)
    threading.Thread(target=obey, args=(door,), daemon=True).start()
    return application.and_end(door, lambda: application.show(opening))


class SlowOpening(Opening):
    """One whose app takes longer to come up than anybody waits for."""

    def build(self, host: WindowHost, takes: Callable[[float], None]) -> App:
        takes(0.5)
        time.sleep(float(self.environment["SLOW_START"]))
        return super().build(host, takes)


def obey(door: Door) -> None:
    """Orders may come before the window is there; they wait for it."""
    while not (windows := getattr(sys.modules.get("webview"), "windows", None)):
        time.sleep(0.02)
    windows[0].events.shown.wait()
    names: dict[str, Any] = {"door": door, "window": windows[0], "drop": drop}
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = windows[0].run_js(order["js"]) if "js" in order else run(order, names)
        except Exception as error:  # noqa: BLE001 - the test is told
            answer = {"failed": repr(error)}
        print(json.dumps(answer, default=repr), flush=True)


def drop(paths: list[str]) -> str:
    """Lets files fall onto the window, as Qt tells it when the user does."""
    import webview
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDropEvent

    native: Any = webview.windows[0].native

    def fall() -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        event = QDropEvent(
            QPointF(200, 200),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        native.webview.dropEvent(event)
        done.set()

    done = threading.Event()
    native.create_window_trigger.emit(fall)  # pywebview's way into the thread of Qt
    return "dropped" if done.wait(10) else "not dropped"


def run(order: dict[str, str], names: dict[str, Any]) -> Any:
    return eval(order["python"], names)


if __name__ == "__main__":
    status = main()
    leave_waiting_threads_behind(status)
    sys.exit(status)
