"""The one stream of what happens: every change of the app, numbered, replayable for a while."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from backend.operations.model import Frozen, OperationSnapshot

RETAINED_EVENTS: Final = 4096


class OperationChanged(Frozen):
    """An operation moved on; the snapshot is whole, so the last one is all a client needs."""

    type: Literal["operation.changed"] = "operation.changed"
    operation: OperationSnapshot


class OperationLogged(Frozen):
    """A line of output of a tool that an operation runs."""

    type: Literal["operation.logged"] = "operation.logged"
    operation_id: str
    line: str


class VersionsChanged(Frozen):
    """The list of installed versions, the active or the default one changed: read it again."""

    type: Literal["versions.changed"] = "versions.changed"
    tag: str | None = None


class InstanceChanged(Frozen):
    """A ComfyUI moved to another state."""

    type: Literal["instance.changed"] = "instance.changed"
    tag: str
    state: str


class InstanceLogged(Frozen):
    """The log of a ComfyUI grew: read on where you stopped. At most four a second."""

    type: Literal["instance.logged"] = "instance.logged"
    tag: str


class WindowClosing(Frozen):
    """The user wants to close the window while something runs: ask what is to become of it."""

    type: Literal["window.closing"] = "window.closing"
    running: tuple[str, ...]
    operations: tuple[str, ...]


class SettingsChanged(Frozen):
    """A setting was changed."""

    type: Literal["settings.changed"] = "settings.changed"
    name: str


EventData = Annotated[
    OperationChanged
    | OperationLogged
    | VersionsChanged
    | InstanceChanged
    | InstanceLogged
    | SettingsChanged
    | WindowClosing,
    Field(discriminator="type"),
]


class Event(Frozen):
    """One entry of the stream. `id` is `<stream>-<seq>`: a new start of the app is a new stream."""

    id: str
    seq: int
    at: datetime
    data: EventData


Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Listening:
    """A running subscription. `gap`: events after the asked one are gone; read the state anew."""

    gap: bool
    close: Callable[[], None]


class EventStream:
    """Numbers events, keeps the last 4,096, hands them to listeners in order.

    Listeners are called in the publishing thread, one event at a time, and must be quick.
    """

    def __init__(self) -> None:
        self._stream_id = secrets.token_hex(4)
        self._lock = threading.RLock()
        self._events: deque[Event] = deque(maxlen=RETAINED_EVENTS)
        self._listeners: dict[int, Listener] = {}
        self._seq = 0

    def publish(self, data: EventData | Callable[[], EventData]) -> Event:
        """The numbered event. A callable is asked when its turn comes, so that it is up to date."""
        with self._lock:
            self._seq += 1
            event = Event(
                id=f"{self._stream_id}-{self._seq}",
                seq=self._seq,
                at=datetime.now(UTC),
                data=data() if callable(data) else data,
            )
            self._events.append(event)
            for listener in tuple(self._listeners.values()):
                listener(event)
        return event

    def listen(self, listener: Listener, *, after: str | None = None) -> Listening:
        """Calls `listener` for every event after the one with id `after` (default: from now on)."""
        with self._lock:
            missed, gap = self._since(after) if after is not None else ([], False)
            for event in missed:
                listener(event)
            key = max(self._listeners, default=0) + 1
            self._listeners[key] = listener

        def close() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return Listening(gap=gap, close=close)

    def _since(self, event_id: str) -> tuple[list[Event], bool]:
        stream, _, number = event_id.rpartition("-")
        if stream != self._stream_id or not _is_number(number) or int(number) > self._seq:
            return [], True
        seen = int(number)
        oldest = self._events[0].seq if self._events else self._seq + 1
        return [event for event in self._events if event.seq > seen], seen + 1 < oldest


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
