from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.api.contract.common import Success
from backend.api.dispatch import Envelope
from backend.composition import App, build_app
from backend.desktop.bridge import CALLS_AT_ONCE, CALLS_WAITING, Bridge, Deny, JavaScriptAPI
from backend.exceptions import NotWritable
from backend.operations.model import Progress
from tests.helpers.desktop import until


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build_app("window", {"COMFYUI_LAUNCHER_HOME": str(tmp_path)})
    yield made
    made.close()


@pytest.fixture
def api(app: App) -> JavaScriptAPI:
    return JavaScriptAPI(lambda: app.dispatcher)


class Answers:
    """The calls' port: answers with what a test has put there, or does what it says."""

    def __init__(self, value: Any = None, act: Any = None) -> None:
        self._value = value
        self._act = act

    def call(self, name: str, request: bytes) -> Envelope:
        if self._act is not None:
            self._act(name)
        return Success(value=self._value)


class Page:
    """Where the bridge's scripts go: as a page it understands them."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def run(self, script: str) -> None:
        self.scripts.append(script)

    @property
    def answers(self) -> dict[str, Any]:
        """Each call's id and its answer."""
        found = {}
        for script in self.scripts:
            inside = script.removeprefix("window.comfyuiLauncher?.settle(").removesuffix(")")
            call_id, text = json.loads(f"[{inside}]")
            found[call_id] = json.loads(text)
        return found


def refused(text: str) -> str:
    answer = json.loads(text)
    assert answer["ok"] is False
    assert set(answer["error"]) == {"code", "message", "hint", "details"}
    return str(answer["error"]["code"])


# --- invoke ---------------------------------------------------------------------------------------


def test_a_call_is_answered_with_the_envelope_that_every_door_gives(api: JavaScriptAPI) -> None:
    answer = json.loads(api.invoke("system.info", "{}"))
    assert answer["schema"] == 1
    assert answer["ok"] is True
    assert answer["value"]["launcher"]


@pytest.mark.parametrize("name", ["nonsense", "", "__class__", "system", "system.info.__class__"])
def test_a_name_outside_the_table_is_refused(api: JavaScriptAPI, name: str) -> None:
    assert refused(api.invoke(name, "{}")) == "unknown-endpoint"


@pytest.mark.parametrize("name", [None, 1, b"system.info", ["system.info"], {"a": 1}])
def test_a_name_that_is_no_text_is_refused(api: JavaScriptAPI, name: object) -> None:
    assert refused(api.invoke(name, "{}")) == "malformed-request"


@pytest.mark.parametrize("body", [None, 1, {}, [], b"{}", "[]", "{", "\ud800", '{"a":\x00}'])
def test_a_body_that_is_no_json_object_is_refused(api: JavaScriptAPI, body: object) -> None:
    assert refused(api.invoke("system.info", body)) == "malformed-request"


def test_a_body_with_an_unknown_field_is_refused(api: JavaScriptAPI) -> None:
    assert refused(api.invoke("system.info", '{"more": 1}')) == "invalid-request"


@pytest.mark.parametrize("letter", ["a", "ü"])
def test_a_body_beyond_a_mebibyte_is_refused(api: JavaScriptAPI, letter: str) -> None:
    body = json.dumps({"more": letter * (1024 * 1024)}, ensure_ascii=False)
    assert refused(api.invoke("system.info", body)) == "request-too-large"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_has_not_is_a_refusal_and_not_a_page_that_waits(value: float) -> None:
    answer = Progress(elapsed_seconds=value)
    assert refused(JavaScriptAPI(lambda: Answers(answer)).invoke("system.info", "{}")) == (
        "internal-error"
    )


@pytest.mark.parametrize("fault", [ValueError("x"), SystemExit(3), RecursionError(), MemoryError()])
def test_a_fault_of_any_kind_is_a_refusal(fault: BaseException) -> None:
    def act(_name: str) -> None:
        raise fault

    api = JavaScriptAPI(lambda: Answers(act=act))
    assert refused(api.invoke("system.info", "{}")) == "internal-error"


def test_a_launcher_that_did_not_come_up_says_why(tmp_path: Path) -> None:
    def calls() -> Answers:
        raise NotWritable(tmp_path, reason="read-only")

    assert refused(JavaScriptAPI(calls).invoke("system.info", "{}")) == "not-writable"


def test_a_file_name_that_is_no_text_comes_through() -> None:
    answer = JavaScriptAPI(lambda: Answers("caf\udce9")).invoke("system.info", "{}")
    assert answer.isascii()
    assert json.loads(answer)["value"] == "caf\udce9"


# --- receive --------------------------------------------------------------------------------------


def test_a_message_is_answered_under_its_id(app: App) -> None:
    page = Page()
    bridge = Bridge(JavaScriptAPI(lambda: app.dispatcher), page.run)
    bridge.receive("invoke", ["system.info", "{}"], "a1")
    until(lambda: page.scripts, 10)
    assert page.answers["a1"]["ok"] is True


def test_what_is_sent_to_the_page_is_ascii_whatever_is_in_it() -> None:
    page = Page()
    bridge = Bridge(JavaScriptAPI(lambda: Answers("ü\u2028</script>'\"\\")), page.run)
    bridge.receive("invoke", ["system.info", "{}"], "a1")
    until(lambda: page.scripts, 10)
    assert page.scripts[0].isascii()
    assert page.answers["a1"]["value"] == "ü\u2028</script>'\"\\"


@pytest.mark.parametrize(
    ("function", "call_id"),
    [
        ("__class__", "a1"),
        ("invoke.__globals__", "a1"),
        ("pywebviewStateUpdate", "a1"),
        (None, "a1"),
        (["invoke"], "a1"),
        ("invoke", ""),
        ("invoke", "a" * 33),
        ("invoke", 'a"'),
        ("invoke", "a\n"),
        ("invoke", "ä"),
        ("invoke", None),
        ("invoke", 1),
    ],
)
def test_what_is_no_call_is_dropped(function: object, call_id: object) -> None:
    page, called = Page(), threading.Event()
    bridge = Bridge(JavaScriptAPI(lambda: Answers(act=lambda _: called.set())), page.run)
    bridge.receive(function, ["system.info", "{}"], call_id)
    assert not called.wait(0.05)
    assert page.scripts == []


@pytest.mark.parametrize("parameters", [None, [], ["system.info"], ["a", "b", "c"], {}, "ab"])
def test_a_call_without_two_parameters_is_refused_at_once(parameters: object) -> None:
    page = Page()
    Bridge(JavaScriptAPI(Answers), page.run).receive("invoke", parameters, "a1")
    assert page.answers["a1"]["error"]["code"] == "malformed-request"


def test_a_crowd_of_slow_calls_does_not_delay_a_cancellation() -> None:
    page, go_on = Page(), threading.Event()

    def act(name: str) -> None:
        if name != "operations.cancel":
            go_on.wait(30)

    bridge = Bridge(JavaScriptAPI(lambda: Answers(act=act)), page.run)
    for number in range(CALLS_AT_ONCE * 2):
        bridge.receive("invoke", ["versions.list", "{}"], f"slow{number}")
    bridge.receive("invoke", ["operations.cancel", "{}"], "urgent")
    until(lambda: page.scripts, 10)
    assert list(page.answers) == ["urgent"]
    go_on.set()
    until(lambda: len(page.scripts) == CALLS_AT_ONCE * 2 + 1, 10)


def test_a_page_that_calls_without_end_is_refused_and_not_followed_into_the_memory() -> None:
    page, go_on = Page(), threading.Event()
    bridge = Bridge(JavaScriptAPI(lambda: Answers(act=lambda _: go_on.wait(30))), page.run)
    most = CALLS_AT_ONCE + CALLS_WAITING
    for number in range(most + 50):
        bridge.receive("invoke", ["versions.list", "{}"], f"c{number}")
    assert 50 <= len(page.scripts) <= 50 + CALLS_AT_ONCE
    assert {answer["error"]["code"] for answer in page.answers.values()} == {"rate-limited"}
    go_on.set()
    until(lambda: len(page.scripts) == most + 50, 30)


def test_the_threads_of_calls_end_with_the_process() -> None:
    go_on = threading.Event()
    bridge = Bridge(JavaScriptAPI(lambda: Answers(act=lambda _: go_on.wait(30))), lambda _: None)
    bridge.receive("invoke", ["versions.list", "{}"], "a1")
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("call ")]
    assert threads
    assert all(thread.daemon for thread in threads)
    go_on.set()


# --- Deny -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["invoke", "_window", "__class__", "__dict__", "__init__", "__reduce__", "anything"]
)
def test_the_object_for_pywebview_has_no_attribute(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(Deny(), name)
    assert dir(Deny()) == []
