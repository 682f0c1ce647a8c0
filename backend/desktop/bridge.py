"""The only way from the page into the app: two texts in, one text out, and no object at all.

pywebview would follow any attribute path from an object that is given to it, private ones too, and
so end in a shell command. So it is given one that denies every attribute (`Deny`), its own
handling of messages is replaced by ours (`backend/desktop/qt.py`, `gtk.py`), and ours
(`Bridge.receive`) knows one word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from backend.api.contract.common import Refusal
from backend.api.dispatch import Envelope
from backend.api.endpoint import is_urgent
from backend.desktop.workers import Workers
from backend.exceptions import (
    ComfyUILauncherError,
    MalformedRequest,
    RateLimited,
    RequestTooLarge,
)
from backend.logging_config import get_logger
from backend.operations.runner import failure_of, report_fault

INVOKE: Final = "invoke"
TEXT_LIMIT: Final = 1024 * 1024
CALLS_AT_ONCE: Final = 16
STOPS_AT_ONCE: Final = 4
CALLS_WAITING: Final = 1024
_CALL_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")

_log: Final = get_logger(__name__)


class Calls(Protocol):
    """What carries out a call: the Dispatcher."""

    def call(self, name: str, request: bytes) -> Envelope: ...


class Deny:
    """The object that pywebview is given: it has nothing."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> NoReturn:
        raise AttributeError(name)

    def __dir__(self) -> list[str]:
        return []


class JavaScriptAPI:
    """What the page reaches: `invoke`, and nothing else. `calls` may wait until the app is up."""

    def __init__(self, calls: Callable[[], Calls]) -> None:
        self._calls = calls

    def invoke(self, name: object, request: object) -> str:
        """The answer of endpoint `name` to `request`; both are JSON texts. Never raises."""
        try:
            return _to_json(self._calls().call(_text(name), _body(request)))
        except ComfyUILauncherError as error:
            return refusal(error)
        except SystemExit as fault:  # a library that wants to end the process ends a call
            return refusal(report_fault(RuntimeError(f"{fault!r} in {name!r}")))
        except Exception as fault:
            return refusal(report_fault(fault))


class Bridge:
    """Takes the messages of the page, has them answered by workers, and sends the answers back.

    `send` runs a script in the page, from any thread. Stopping and cancelling have workers of
    their own: no crowd of slow calls can delay them.
    """

    def __init__(self, api: JavaScriptAPI, send: Callable[[str], None]) -> None:
        self._api = api
        self._send = send
        self._ordinary = Workers(CALLS_AT_ONCE, waiting=CALLS_WAITING, name="call")
        self._urgent = Workers(STOPS_AT_ONCE, waiting=CALLS_WAITING, name="stop")
        self._complained = False

    def receive(self, function: object, parameters: object, call_id: object) -> None:
        """Takes one message; returns at once. What is not a call of `invoke` is dropped."""
        if function != INVOKE or not isinstance(call_id, str) or not _CALL_ID.fullmatch(call_id):
            self._drop(function)
        elif not isinstance(parameters, list) or len(parameters) != 2:
            self._settle(call_id, refusal(MalformedRequest("invoke takes a name and a JSON text")))
        else:
            name, request = parameters
            if not self._workers_for(name).take(lambda: self._carry_out(call_id, name, request)):
                shown = str(name)[:80]
                self._settle(call_id, refusal(RateLimited(shown, retry_after=1.0)))

    def _carry_out(self, call_id: str, name: object, request: object) -> None:
        self._settle(call_id, self._api.invoke(name, request))

    def _workers_for(self, name: object) -> Workers:
        return self._urgent if is_urgent(name) else self._ordinary

    def _settle(self, call_id: str, text: str) -> None:
        # The id holds letters and digits only; the text becomes a literal of ASCII.
        self._send(f'window.comfyuiLauncher?.settle("{call_id}", {json.dumps(text)})')

    def _drop(self, function: object) -> None:
        """Once, and as information: pywebview's own scripts send words that nobody here needs."""
        if not self._complained:
            self._complained = True
            _log.info("dropped a message of the page that is no call: %.80r", function)


def refusal(error: ComfyUILauncherError) -> str:
    """The JSON text that says no, in the words of `error`."""
    return _to_json(Refusal(error=failure_of(error)))


def _to_json(envelope: Envelope) -> str:
    """Strict: JSON has no NaN, and a page that cannot read its answer waits for it for ever."""
    return json.dumps(envelope.model_dump(mode="json", by_alias=True), allow_nan=False)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedRequest("the name of an endpoint is a text")
    return value


def _body(value: object) -> bytes:
    if not isinstance(value, str):
        raise MalformedRequest("the request is not a JSON text")
    if len(value) > TEXT_LIMIT:
        raise RequestTooLarge(TEXT_LIMIT)
    body = value.encode("utf-8", "surrogatepass")  # half a character is no JSON: refused below
    if len(body) > TEXT_LIMIT:
        raise RequestTooLarge(TEXT_LIMIT)
    return body
