"""What backend/desktop relies on inside pywebview is there, and is what it was.

pywebview is pinned exactly. A new version has to pass this and tests/desktop before it is pinned.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import inspect
from pathlib import Path
from typing import Any

import pytest

from backend.desktop.bridge import Deny

if importlib.util.find_spec("webview") is None:
    pytest.skip("pywebview is not installed", allow_module_level=True)

import webview
from webview import dom, util

FOLDER = Path(webview.__file__).parent


def source(name: str) -> str:
    return (FOLDER / "platforms" / f"{name}.py").read_text("utf-8")


def defined(name: str) -> set[str]:
    """Every class and method of an engine's module, as `BrowserView.WebPage.createWindow`."""

    def walk(node: ast.AST, prefix: str) -> set[str]:
        found = set()
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                inner = f"{prefix}{child.name}."
                found.add(inner[:-1])
            found |= walk(child, inner)
        return found

    return walk(ast.parse(source(name)), "")


def test_it_is_the_version_that_was_looked_into() -> None:
    assert importlib.metadata.version("pywebview") == "6.2.1"


def test_what_the_qt_engine_replaces_is_there() -> None:
    assert {
        "BrowserView.JSBridge.call",
        "BrowserView.WebPage.onFeaturePermissionRequested",
        "BrowserView.WebPage.createWindow",
        "BrowserView.NavigationHandler.acceptNavigationRequest",
        "BrowserView.WebView.contextMenuEvent",
        "BrowserView.WebView.dropEvent",
        "_sigint_handler",
    } <= defined("qt")
    text = source("qt")
    # Looked up when a window is made, so that what we put there is what is used.
    assert "self.js_bridge = BrowserView.JSBridge(self)" in text
    assert "self.webview.setPage(BrowserView.WebPage(self, profile=self.profile))" in text
    assert "signal.signal(signal.SIGINT, _sigint_handler)" in text
    assert "    environ_append,\n" in text
    assert "    js_bridge_call,\n" in text
    assert "self.channel.registerObject('external', self.js_bridge)" in text


def test_what_the_gtk_engine_replaces_is_there() -> None:
    assert {
        "BrowserView.on_js_bridge_call",
        "BrowserView.on_navigation",
        "BrowserView.on_drag_data",
    } <= defined("gtk")
    text = source("gtk")
    assert "connect('script-message-received', self.on_js_bridge_call)" in text
    assert "connect('decide-policy', self.on_navigation)" in text
    assert "self.webview.connect('context-menu', lambda a, b, c, d: True)" in text


@pytest.mark.parametrize("engine", ["qt", "gtk"])
def test_a_window_knows_its_views_by_its_uid(engine: str) -> None:
    assert "BrowserView.instances[window.uid] = self" in source(engine)
    assert "self.pywebview_window.events.before_show.set()" in source(engine)


@pytest.mark.parametrize("engine", ["qt", "gtk"])
def test_paths_of_dropped_files_are_kept_while_someone_listens(engine: str) -> None:
    assert dom._dnd_state == {"num_listeners": 0, "paths": []}
    assert "_dnd_state['num_listeners'] > 0" in source(engine)
    assert "_dnd_state['paths'] += files" in source(engine)


def test_the_scripts_have_no_inline_code_to_run_for_an_empty_list_of_functions() -> None:
    api = (FOLDER / "js" / "api.js").read_text("utf-8")
    finish = (FOLDER / "js" / "finish.js").read_text("utf-8")
    assert api.count("new Function(") == 1  # in _createApi, once for each function
    assert "eval(" not in api + finish
    assert "_jsApiCallback: function (funcName, params, id)" in api
    assert "window.pywebview._QWebChannel = channel;" in finish


def test_the_object_that_denies_everything_gives_the_page_no_function() -> None:
    ran: list[str] = []

    class Window:
        """What inject_pywebview asks of a window."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def run_js(self, script: str) -> None:
            ran.append(script)

    real = webview.Window("test", "title", "http://127.0.0.1/", js_api=Deny())
    real.js_api_endpoint = None
    util.inject_pywebview("qtwebengine", Window())  # type: ignore[arg-type]
    assert real.events.loaded.wait(10)
    assert any("_createApi(JSON.parse('[]'))" in script for script in ran)


def test_the_events_of_a_window_are_what_they_were() -> None:
    real = webview.Window("test", "title", "http://127.0.0.1/", js_api=Deny())
    real.events.closing += lambda: False
    assert real.events.closing.set() is True  # one False keeps the window
    assert "window" in inspect.signature(util.js_bridge_call).parameters
