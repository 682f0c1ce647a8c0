"""Server-Sent Events: nothing lost on a reconnect, nothing kept for a client that is gone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from starlette.types import Message

from backend.exceptions import RateLimited
from backend.operations.events import EventStream, SettingsChanged
from backend.service.events import (
    CLIENTS_AT_ONCE,
    EVENTS_AT_ONCE,
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    WAITING_EVENTS,
    EventClients,
)
from tests.helpers.service import API, EventReader, Service, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("events") / "home") as made:
        yield made


def numbered(number: int) -> SettingsChanged:
    return SettingsChanged(name=str(number))


def change(service: Service, name: str) -> None:
    """One event `settings.changed` of that name."""
    while (answer := service.call("settings.reset", name=name)).status == 429:
        time.sleep(int(answer.headers["retry-after"]))
    assert answer.status == 200


def names(reader: EventReader, count: int) -> list[tuple[str | None, str]]:
    told = [reader.next() for _ in range(count)]
    return [(one.id, one.data["data"]["name"]) for one in told if one is not None]


# --- Over HTTP ------------------------------------------------------------------------------------


def test_an_event_has_its_id_its_type_and_itself(service: Service) -> None:
    events = service.events()
    assert events.response.status == 200
    assert events.response.getheader("content-type") == "text/event-stream; charset=utf-8"
    assert events.response.getheader("cache-control") == "no-store"
    change(service, "repository")
    told = events.next()
    assert told is not None
    assert told.kind == "settings.changed"
    assert told.id == told.data["id"]
    assert told.data["data"] == {"type": "settings.changed", "name": "repository"}


@pytest.mark.parametrize("way", ["header", "query", "both"])
def test_a_client_that_comes_back_gets_exactly_what_it_missed(service: Service, way: str) -> None:
    events = service.events()
    change(service, "repository")
    change(service, "torch_backend")
    [(first, _), (second, _)] = names(events, 2)
    events.close()
    change(service, "package_index")
    assert first
    assert second
    again = {
        "header": lambda: service.events(Last_Event_ID=second),
        "query": lambda: service.events(f"{API}/events?after={second}"),
        # A reconnecting EventSource keeps its address and sends the newer header.
        "both": lambda: service.events(f"{API}/events?after={first}", Last_Event_ID=second),
    }[way]()
    change(service, "max_retries")
    assert [name for _, name in names(again, 2)] == ["package_index", "max_retries"]


def test_who_asks_for_events_that_are_gone_is_told_to_read_anew(service: Service) -> None:
    stream = service.events()
    change(service, "repository")
    [(seen, _)] = names(stream, 1)
    assert seen
    ours = seen.rpartition("-")[0]
    lost = ["", "0-1", "x" * 5000, "9" * 5000, f"{ours}-\xb2", f"{ours}-99999999", f"{ours}--1"]
    lost.append(f"{ours}-{'9' * 5000}")
    readers = [service.events(Last_Event_ID=asked) for asked in lost]
    told = [reader.next() for reader in readers]
    assert [one and (one.kind, one.data) for one in told] == [("reset", {})] * len(lost)
    change(service, "max_retries")
    assert [names(reader, 1)[0][1] for reader in readers] == ["max_retries"] * len(lost)


def test_a_hundred_clients_that_come_and_go_leave_nothing_behind(service: Service) -> None:
    process = psutil.Process(service.process.pid)
    service.events().close()
    before = (process.num_fds(), process.num_threads())
    for _ in range(100):
        service.events().close()
    change(service, "repository")
    end = time.monotonic() + 5
    while (process.num_fds(), process.num_threads()) > before and time.monotonic() < end:
        time.sleep(0.05)
    assert process.num_fds() <= before[0]
    # Not one of them still counts: as many as are allowed can come at once.
    readers = [service.events() for _ in range(CLIENTS_AT_ONCE - 20)]
    assert {reader.response.status for reader in readers} == {200}
    for reader in readers:
        reader.close()


def test_at_the_end_of_the_service_a_stream_ends_whole(tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:
        events = service.events()
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 3
        assert events.rest() == []  # http.client raises IncompleteRead for a torn stream


# --- One client, closely watched ------------------------------------------------------------------


class Client:
    """An ASGI client that can stop reading, or leave."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.news = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.left = asyncio.Event()

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        self.got.append(message.get("body", b""))
        self.news.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def listen(self, clients: EventClients, after: str | None = None) -> None:
        await clients.response(after)({"type": "http"}, self.receive, self.send)

    async def started(self) -> None:
        await self.news.wait()

    async def saw(self, text: bytes) -> None:
        async with asyncio.timeout(5):
            while text not in b"".join(self.got):
                self.news.clear()
                await self.news.wait()


def nobody_listens(events: EventStream) -> bool:
    return not events._listeners


def test_a_silent_stream_gives_a_sign_of_life() -> None:
    async def scenario() -> None:
        client = Client()
        clients = EventClients(EventStream(), heartbeat_seconds=0.05)
        listening = asyncio.create_task(client.listen(clients))
        await client.saw(HEARTBEAT * 3)
        client.left.set()
        await listening

    asyncio.run(scenario())
    assert HEARTBEAT_SECONDS == 15
    assert HEARTBEAT.startswith(b":")  # a comment, which EventSource passes over


def test_a_client_that_does_not_read_is_cut_off_and_no_longer_fed() -> None:
    async def scenario() -> None:
        events = EventStream()
        clients, client = EventClients(events), Client()
        listening = asyncio.create_task(client.listen(clients))
        await client.started()
        client.reading.clear()
        for number in range(WAITING_EVENTS + EVENTS_AT_ONCE + 2):
            events.publish(numbered(number))
            if number % 100 == 0:
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await listening
        assert nobody_listens(events)
        assert clients.count == 0

    asyncio.run(scenario())


def test_a_client_far_behind_but_within_the_kept_events_gets_them_all() -> None:
    async def scenario() -> None:
        events = EventStream()
        first = events.publish(numbered(-1))
        for number in range(4000):
            events.publish(numbered(number))
        client = Client()
        listening = asyncio.create_task(client.listen(EventClients(events), first.id))
        await client.saw(b'"name":"3999"')
        client.left.set()
        await listening
        lines = b"".join(client.got).decode().splitlines()
        told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        assert [int(one["data"]["name"]) for one in told] == list(range(4000))

    asyncio.run(scenario())


def test_after_a_gap_the_reset_comes_before_what_is_still_known() -> None:
    async def scenario() -> None:
        events = EventStream()
        first = events.publish(numbered(-1))
        for number in range(5000):
            events.publish(numbered(number))
        client = Client()
        listening = asyncio.create_task(client.listen(EventClients(events), first.id))
        await client.saw(b'"name":"4999"')
        client.left.set()
        await listening
        assert b"".join(client.got).startswith(b"event: reset\ndata: {}\n\nid: ")

    asyncio.run(scenario())


@pytest.mark.parametrize("way", ["leaves", "service ends", "request is cancelled"])
def test_however_a_stream_ends_nothing_of_it_stays(way: str) -> None:
    async def scenario() -> None:
        events = EventStream()
        clients, client = EventClients(events), Client()
        before = asyncio.all_tasks()
        listening = asyncio.create_task(client.listen(clients))
        await client.started()
        endings: dict[str, Callable[[], object]] = {
            "leaves": client.left.set,
            "service ends": clients.close,
            "request is cancelled": listening.cancel,
        }
        endings[way]()
        async with asyncio.timeout(5):
            await asyncio.wait([listening])
        assert nobody_listens(events)
        assert clients.count == 0
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())


def test_a_client_that_comes_while_the_service_ends_is_sent_home() -> None:
    async def scenario() -> None:
        clients, client = EventClients(EventStream()), Client()
        clients.close()
        async with asyncio.timeout(5):
            await client.listen(clients)

    asyncio.run(scenario())


def test_there_is_an_end_to_how_many_may_listen() -> None:
    async def scenario() -> None:
        clients = EventClients(EventStream())
        crowd = [Client() for _ in range(CLIENTS_AT_ONCE)]
        listening = [asyncio.create_task(client.listen(clients)) for client in crowd]
        await asyncio.gather(*(client.started() for client in crowd))
        with pytest.raises(RateLimited):
            clients.response(None)
        for client in crowd:
            client.left.set()
        await asyncio.gather(*listening)
        assert clients.response(None).status_code == 200

    asyncio.run(scenario())
