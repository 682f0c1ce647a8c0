"""pywebview on GTK and WebKitGTK, without what a page has no business with.

Imported once the ladder has chosen it. tests/contract/test_pywebview.py holds that the names which
are replaced here are still there.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from backend.desktop.engine import EngineName, Page
from backend.desktop.geometry import Rectangle, WindowState

# What is replaced in it is of no type that pywebview promises.
gtk: Final[Any] = importlib.import_module("webview.platforms.gtk")
Gdk: Final[Any] = gtk.Gdk
GLib: Final[Any] = gtk.glib
Gtk: Final[Any] = gtk.gtk
WebKit: Final[Any] = gtk.webkit
Pixbuf: Final[Any] = importlib.import_module("gi.repository.GdkPixbuf").Pixbuf

_MENU: Final = frozenset(
    {
        WebKit.ContextMenuAction.CUT,
        WebKit.ContextMenuAction.COPY,
        WebKit.ContextMenuAction.PASTE,
        WebKit.ContextMenuAction.SELECT_ALL,
    }
)


class GtkEngine:
    """WebKitGTK by the system's PyGObject."""

    name: EngineName = "gtk"

    def lock(self, page: Page) -> None:
        """Replaces, in pywebview, each place where a page gets at something."""
        view = gtk.BrowserView

        def take(self: Any, _manager: object, message: Any) -> None:
            if not page.may_show(self.webview.get_uri() or ""):
                return  # the window shows a page that is not ours
            try:
                said = json.loads(message.get_js_value().to_string())
            except (TypeError, ValueError, RecursionError):
                said = None
            if isinstance(said, dict):
                page.receive(said.get("funcName"), said.get("params"), said.get("id"))

        def go(_self: Any, _webview: object, decision: Any, kind: Any) -> bool:
            return _decide(page, decision, kind)

        view.on_js_bridge_call = take
        view.on_navigation = go
        gtk.js_bridge_call = _no_other_bridge

    def is_dark(self) -> bool:
        settings = Gtk.Settings.get_default()
        if settings is None:
            return True
        theme = str(settings.props.gtk_theme_name or "").lower()
        return bool(settings.props.gtk_application_prefer_dark_theme) or "dark" in theme

    def screens(self) -> list[Rectangle]:
        display = Gdk.Display.get_default()
        if display is None:
            return []
        areas = [display.get_monitor(n).get_workarea() for n in range(display.get_n_monitors())]
        return [Rectangle(area.x, area.y, area.width, area.height) for area in areas]

    def origin(self) -> tuple[int, int]:
        display = Gdk.Display.get_default()
        area = display.get_monitor(0).get_geometry() if display else Gdk.Rectangle()
        return area.x, area.y

    def icon_for(self, path: Path) -> Path | None:
        kind, _width, _height = Pixbuf.get_file_info(str(path))
        return path if kind is not None else None

    def dress(self, window: Any, background: str) -> None:  # noqa: ARG002 - pywebview colours it
        webview = gtk.BrowserView.instances[window.uid].webview
        webview.connect("permission-request", _deny)
        webview.connect("create", lambda *_: None)
        _replace_menu(webview)
        settings = webview.get_settings().props
        settings.enable_media_stream = False
        settings.javascript_can_open_windows_automatically = False

    def soon(self, task: Callable[[], None]) -> None:
        GLib.idle_add(task)

    def run(self, window: Any, script: str) -> None:
        def run() -> None:
            if browser := gtk.BrowserView.instances.get(window.uid):
                browser.webview.evaluate_javascript(script, -1, None, None, None, None)

        self.soon(run)

    def raise_window(self, window: Any) -> None:
        window.native.deiconify()
        window.native.present()

    def state_of(self, window: Any) -> WindowState:
        (x, y), (width, height) = window.native.get_position(), window.native.get_size()
        maximized = window.native.is_maximized()
        return WindowState(x=x, y=y, width=width, height=height, maximized=maximized)


def _decide(page: Page, decision: Any, kind: Any) -> bool:
    """True: decided here. What is neither of ours nor a link that was clicked goes nowhere."""
    if kind == WebKit.PolicyDecisionType.RESPONSE:
        if not decision.is_mime_type_supported():
            decision.ignore()  # it would become a download
            return True
        return False
    action = decision.get_navigation_action()
    address = action.get_request().get_uri()
    if kind == WebKit.PolicyDecisionType.NAVIGATION_ACTION and page.may_show(address):
        return False
    decision.ignore()
    in_new_window = kind == WebKit.PolicyDecisionType.NEW_WINDOW_ACTION
    if in_new_window or action.get_navigation_type() == WebKit.NavigationType.LINK_CLICKED:
        page.leave(address)
    return True


def _deny(_webview: object, request: Any) -> bool:
    request.deny()
    return True


def _replace_menu(webview: Any) -> None:
    """pywebview shows no menu at all; ours has the words for the clipboard."""
    gobject = gtk.gi.repository.GObject
    signal, _detail = gobject.signal_parse_name("context-menu", webview, False)
    gobject.signal_handlers_disconnect_matched(
        webview, gobject.SignalMatchType.ID, signal, 0, None, None, None
    )
    webview.connect("context-menu", _show_menu)


def _show_menu(_webview: object, menu: Any, *_about: object) -> bool:
    """Whether there is nothing to show."""
    for item in menu.get_items():
        if item.get_stock_action() not in _MENU:
            menu.remove(item)
    return not menu.get_items()


def _no_other_bridge(*_message: object) -> None:
    """In place of pywebview's handling of messages: ours has its own way."""
