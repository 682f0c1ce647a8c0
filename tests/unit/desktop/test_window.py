"""A window that is closed before it is open; open windows are in tests/desktop."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.desktop.bridge import JavaScriptAPI
from backend.desktop.engine import Engine
from backend.desktop.window import LauncherWindow


class Nowhere:
    """A home that is never shown."""

    url = "http://127.0.0.1:1"

    def page(self) -> str:
        return f"{self.url}/#code=X"

    def is_serving(self) -> bool:
        return False

    def stand_in(self) -> str:
        return ""


def no_calls() -> object:
    raise AssertionError("nobody calls")


def test_a_window_that_was_closed_before_it_opened_never_opens(tmp_path: Path) -> None:
    pytest.importorskip("webview", reason="pywebview is not installed")

    def engine() -> Engine:
        raise AssertionError("no engine is needed for a window that nobody wants")

    window = LauncherWindow(
        engine,
        Nowhere(),
        JavaScriptAPI(no_calls),  # type: ignore[arg-type]
        may_close=lambda: True,
        state_file=tmp_path / "state.json",
        theme="dark",
        patience_seconds=10,
    )
    window.close()
    window.open()
