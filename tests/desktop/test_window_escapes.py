"""What a page that was taken over could try, tried in a real window: none of it works.

The attacks on names are those that end in a shell command with pywebview's own bridge.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.helpers.desktop import DrivenWindow, until

pytestmark = pytest.mark.parametrize("window", ["qt", "gtk"], indirect=True)

NAMES = [
    "_window.gui.os.system",
    "_window.gui.webbrowser.open",
    "os.system",
    "__class__",
    "__class__.__init__.__globals__",
    "__init__.__globals__.get",
    "__dir__",
    "__reduce_ex__",
    "invoke.__globals__.get",
    "invoke.__func__.__globals__",
    "invoke.__call__",
    "invoke ",
    "Invoke",
    "",
    "_calls.call",
    "constructor",
    "pywebviewMoveWindow",
    "pywebviewEventHandler",
    "pywebviewAsyncCallback",
    "pywebviewStateUpdate",
    "pywebviewStateDelete",
    "_pywebviewAlert",
]
IDS = ["", "a" * 33, "a b", "a-b", 'x");window.hacked=1;("', "ü", "1\n", "__proto__"]
HELPERS = """
const add = (html) => document.body.insertAdjacentHTML('beforeend', html);
const script = (fields) => {
  document.body.append(Object.assign(document.createElement('script'), fields));
};
"""


@dataclass
class Foreign:
    """A web server that is not ours, and what it was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    """A site that a page must not get to."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title>")

        do_POST = do_GET  # noqa: N815 - the server's own names

        def log_message(self, *_words: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Foreign(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()
    server.server_close()


def still_ours(window: DrivenWindow) -> bool:
    """Whether the window shows our page, and its one function works."""
    answer = window.invoke("system.info")
    return bool(window.js("document.title") == "test page" and answer["ok"])


@pytest.mark.parametrize("name", NAMES)
def test_no_name_but_invoke_is_answered(window: DrivenWindow, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "executed"
    given = [f"touch '{mark}'"]
    window.js("window.late.length = 0")
    window.js(
        f"(() => {{ window.pywebview._jsApiCallback({json.dumps(name)}, {json.dumps(given)}, 'x1');"
        f" window.pywebview._jsApiCallback({json.dumps(name)}, {{}}, 'x1'); return true; }})()"
    )
    assert still_ours(window)
    assert window.js("window.late") == []
    assert not mark.exists()


@pytest.mark.parametrize("call_id", IDS)
def test_no_answer_goes_to_an_id_that_could_be_code(window: DrivenWindow, call_id: str) -> None:
    window.js("window.late.length = 0")
    window.js(
        "(() => { window.pywebview._jsApiCallback('invoke', ['system.info', '{}'],"
        f" {json.dumps(call_id)}); return true; }})()"
    )
    assert still_ours(window)
    assert window.js("window.late") == []
    assert window.js("window.hacked === undefined")


@pytest.mark.parametrize(
    "given", ["null", "[]", "['system.info']", "[1, 2]", "{}", "'x'", "[{},[]]"]
)
def test_what_is_not_two_texts_is_refused_or_dropped(window: DrivenWindow, given: str) -> None:
    window.js("window.late.length = 0")
    window.js(
        f"(() => {{ window.pywebview._jsApiCallback('invoke', {given}, 'y1'); return true; }})()"
    )
    assert window.wait_for("window.late.length") == 1
    assert still_ours(window)


def test_the_window_hands_no_function_to_the_page(window: DrivenWindow) -> None:
    assert window.js("Object.keys(window.pywebview.api)") == []


@pytest.mark.parametrize(
    "attempt",
    [
        "location.href = '{foreign}/href'",
        "location.replace('{foreign}/replace')",
        "location.href = 'file:///etc/passwd'",
        "location.href = 'javascript:window.hacked=1'",
        "location.href = 'data:text/html,<title>data</title>'",
        "location.href = 'chrome://version'",
        "location.href = 'blob:' + location.origin + '/1'",
        "location.href = location.origin.replace('127.0.0.1', 'localhost')",
        "location.href = location.origin.replace('http://', 'http://user@') + '.foreign/'",
        "window.open('{foreign}/open')",
        "window.open('file:///etc/passwd')",
        "window.open('javascript:window.opener.hacked=1')",
        "add('<iframe src=\"{foreign}/frame\"></iframe>')",
        "add('<img src=\"{foreign}/image\">')",
        "add('<object data=\"{foreign}/object\"></object>')",
        "add('<meta http-equiv=refresh content=\"0;url={foreign}/refresh\">')",
        "script({{ src: '{foreign}/script' }})",
        "script({{ textContent: 'window.hacked=1' }})",
        "add('<form id=form method=post action=\"{foreign}/form\"></form>'); form.submit()",
        "navigator.sendBeacon('{foreign}/beacon', 'x')",
        "fetch('{foreign}/fetch').catch(() => 0)",
        "new WebSocket('{foreign}/socket'.replace('http', 'ws'))",
        "new EventSource('{foreign}/events')",
        "window.eval('window.hacked=1')",
        "new Function('window.hacked=1')()",
    ],
)
def test_the_page_gets_nowhere_else(
    window: DrivenWindow, foreign: Foreign, opened: Path, attempt: str
) -> None:
    before = opened.read_text() if opened.exists() else ""
    tried = f"try {{ {attempt.format(foreign=foreign.url)}; }} catch (error) {{ /* refused */ }}"
    window.js(f"(() => {{ {HELPERS} {tried} return true; }})()")
    window.settled("await new Promise((go) => setTimeout(go, 300))")
    assert still_ours(window)
    assert foreign.asked == []
    assert window.js("window.hacked === undefined")
    # To Qt, a script that goes somewhere is a click: a web address may open in the user's browser.
    new = (opened.read_text() if opened.exists() else "").removeprefix(before).splitlines()
    assert all(line.startswith("http://") for line in new)


def test_a_page_that_goes_blank_comes_back(window: DrivenWindow) -> None:
    window.js("(() => { location.href = 'about:blank'; return true; })()")
    until(lambda: window.js("document.title") == "test page", 20, "our page is there")
    window.wait_for("window.up")
    assert still_ours(window)


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "javascript:window.hacked=1", "tel:1"])
@pytest.mark.parametrize("target", ["", "_blank"])
def test_a_link_that_is_no_web_address_leads_nowhere(
    window: DrivenWindow, opened: Path, scheme: str, target: str
) -> None:
    before = opened.read_text() if opened.exists() else ""
    click(window, scheme, target)
    assert still_ours(window)
    assert window.js("window.hacked === undefined")
    assert (opened.read_text() if opened.exists() else "") == before


@pytest.mark.parametrize("target", ["", "_blank"])
def test_a_clicked_web_address_opens_in_the_users_browser_and_not_here(
    window: DrivenWindow, foreign: Foreign, opened: Path, target: str
) -> None:
    address = f"{foreign.url}/link{target}"
    click(window, address, target)
    until(lambda: opened.exists() and address in opened.read_text().split(), 10, "the link opens")
    assert still_ours(window)
    assert foreign.asked == []


def click(window: DrivenWindow, address: str, target: str) -> None:
    """Clicks with the mouse on a link that fills the window: a script's click counts for less."""
    window.js(
        "(() => { const link = document.createElement('a');"
        f" link.href = {json.dumps(address)}; link.target = {json.dumps(target)};"
        " link.style = 'position: fixed; inset: 0; background: #345'; link.id = 'link';"
        " document.body.append(link); return true; })()"
    )
    window.settled("await new Promise((go) => requestAnimationFrame(() => setTimeout(go, 100)))")
    window.click_at(0.5, 0.5)
    window.settled("await new Promise((go) => setTimeout(go, 300))")
    window.js("(() => { document.getElementById('link').remove(); return true; })()")


def test_camera_and_microphone_are_refused(window: DrivenWindow) -> None:
    answer = window.settled(
        "if (!navigator.mediaDevices) return 'none';"
        "try { await navigator.mediaDevices.getUserMedia({ audio: true, video: true });"
        " return 'granted'; } catch (error) { return error.name; }"
    )
    assert answer in {"none", "NotAllowedError", "NotSupportedError", "NotFoundError"}


def test_the_object_behind_the_page_cannot_be_taken_away(window: DrivenWindow) -> None:
    window.js(
        "(() => { const channel = window.pywebview._QWebChannel; if (!channel) return true;"
        " const object = channel.objects.external;"
        " for (const name of ['deleteLater', 'destroyed', 'setProperty', '_page', 'window']) {"
        "   try { object[name](); } catch (error) { /* there is none */ } }"
        " return true; })()"
    )
    assert still_ours(window)


def test_no_port_is_open_but_that_of_the_page(window: DrivenWindow) -> None:
    import psutil

    ours = psutil.Process(window.process.pid)
    ports = {
        connection.laddr.port
        for process in (ours, *ours.children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ports == {int(window.js("location.port"))}
