from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from pydantic import ValidationError as PydanticError

from backend.operations.events import (
    RETAINED_EVENTS,
    Event,
    EventData,
    EventStream,
    InstanceChanged,
    OperationChanged,
    OperationLogged,
    SettingsChanged,
    VersionsChanged,
)
from backend.operations.journal import OperationJournal
from backend.operations.model import OperationState
from backend.operations.operation import Step
from tests.fakes.ports import a_snapshot, all_at_once, an_operation

EVERY_KIND: list[EventData] = [
    OperationChanged(operation=a_snapshot()),
    OperationLogged(operation_id="one", line="Downloading torch"),
    VersionsChanged(tag="v0.3.64"),
    InstanceChanged(tag="v0.3.64", state="running"),
    SettingsChanged(name="log_level"),
]


def publish_many(stream: EventStream, count: int) -> list[Event]:
    return [stream.publish(VersionsChanged(tag=str(number))) for number in range(count)]


def test_events_are_numbered_without_a_hole() -> None:
    events = publish_many(EventStream(), 10)
    assert [event.seq for event in events] == list(range(1, 11))
    assert len({event.id.rpartition("-")[0] for event in events}) == 1
    assert [event.id.rpartition("-")[2] for event in events] == [str(n) for n in range(1, 11)]


def test_each_start_of_the_app_is_a_stream_of_its_own() -> None:
    one, two = EventStream(), EventStream()
    assert one.publish(VersionsChanged()).id != two.publish(VersionsChanged()).id


def test_a_listener_gets_what_comes_after_it_began() -> None:
    stream, seen = EventStream(), list[Event]()
    publish_many(stream, 3)
    listening = stream.listen(seen.append)
    later = publish_many(stream, 2)
    assert seen == later
    assert not listening.gap


def test_a_listener_that_comes_back_gets_what_it_missed() -> None:
    stream, seen = EventStream(), list[Event]()
    events = publish_many(stream, 5)
    assert not stream.listen(seen.append, after=events[1].id).gap
    assert seen == events[2:]


def test_nothing_missed_is_no_gap() -> None:
    stream, seen = EventStream(), list[Event]()
    last = publish_many(stream, 5)[-1]
    assert not stream.listen(seen.append, after=last.id).gap
    assert seen == []


def test_who_was_away_too_long_is_told_of_the_gap() -> None:
    stream, seen = EventStream(), list[Event]()
    events = publish_many(stream, RETAINED_EVENTS + 2)
    assert stream.listen(seen.append, after=events[0].id).gap
    assert [event.seq for event in seen] == [event.seq for event in events[2:]]
    assert not stream.listen(seen.append, after=events[1].id).gap


@pytest.mark.parametrize(
    "after", ["", "-", "deadbeef-1", "1", "x-y", "-1", "deadbeef-", "deadbeef-99999999"]
)
def test_an_id_of_another_stream_is_a_gap_and_replays_nothing(after: str) -> None:
    stream, seen = EventStream(), list[Event]()
    publish_many(stream, 3)
    assert stream.listen(seen.append, after=after).gap
    assert seen == []


@pytest.mark.parametrize("number", ["4", "-1", "²", "1.0", " 1"])
def test_an_id_that_this_stream_never_gave_is_a_gap(number: str) -> None:
    stream = EventStream()
    name = publish_many(stream, 3)[0].id.rpartition("-")[0]
    assert stream.listen(lambda _: None, after=f"{name}-{number}").gap


def test_a_closed_listener_hears_nothing_more() -> None:
    stream, kept, closed = EventStream(), list[Event](), list[Event]()
    stream.listen(kept.append)
    listening = stream.listen(closed.append)
    listening.close()
    listening.close()
    publish_many(stream, 2)
    assert (len(kept), len(closed)) == (2, 0)


def test_a_listener_may_close_itself_while_it_is_called() -> None:
    stream, seen = EventStream(), list[Event]()
    closers: list[Callable[[], None]] = []

    def once(event: Event) -> None:
        seen.append(event)
        closers[0]()

    closers.append(stream.listen(once).close)
    publish_many(stream, 3)
    assert len(seen) == 1


def test_listeners_see_events_of_many_threads_in_order_and_each_once() -> None:
    stream = EventStream()
    heard: list[list[int]] = [[], [], []]
    for one in heard:
        stream.listen(lambda event, one=one: one.append(event.seq))  # type: ignore[misc]
    late: list[int] = []
    first = stream.publish(VersionsChanged())

    def listen_late() -> None:
        stream.listen(lambda event: late.append(event.seq), after=first.id)

    all_at_once([*[lambda: publish_many(stream, 200)] * 8, listen_late])
    assert heard == [list(range(1, 1602))] * 3
    assert late == list(range(2, 1602))


class Delayed(EventStream):
    """A stream on whose way in one thread, named `late`, is held up."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.go_on = threading.Event(), threading.Event()

    def publish(self, data: EventData | Callable[[], EventData]) -> Event:
        if threading.current_thread().name == "late":
            self.arrived.set()
            assert self.go_on.wait(10)
        return super().publish(data)


def test_the_last_event_about_an_operation_is_its_last_state(tmp_path: Path) -> None:
    """Also while another thread tells of progress: a client keeps the last one it got."""
    stream, states = Delayed(), list[OperationState]()

    def keep(event: Event) -> None:
        assert isinstance(event.data, OperationChanged)
        states.append(event.data.operation.state)

    stream.listen(keep)
    operation = an_operation(OperationJournal(tmp_path), stream, (Step("all"),))
    late = threading.Thread(target=operation.advance, args=(1, 2), name="late")
    late.start()
    assert stream.arrived.wait(10)
    operation.become(OperationState.SUCCEEDED)
    stream.go_on.set()
    late.join()
    assert states == [OperationState.SUCCEEDED, OperationState.SUCCEEDED]


@pytest.mark.parametrize("data", EVERY_KIND, ids=lambda data: data.type)
def test_an_event_survives_the_way_over_the_wire(data: EventData) -> None:
    event = EventStream().publish(data)
    text = event.model_dump_json()
    assert TypeAdapter(Event).validate_json(text) == event
    assert json.loads(text)["data"]["type"] == data.type


def test_an_event_of_an_unknown_type_is_refused() -> None:
    event = json.loads(EventStream().publish(VersionsChanged()).model_dump_json())
    event["data"]["type"] = "versions.exploded"
    with pytest.raises(PydanticError):
        Event.model_validate(event)
