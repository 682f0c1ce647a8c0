"""Events as they happen: Server-Sent Events, resumed by Last-Event-ID. The one event channel."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.exceptions import RateLimited
from backend.logging_config import get_logger
from backend.operations.events import RETAINED_EVENTS, Event, EventStream
from backend.service.answers import API, to_json

HEARTBEAT_SECONDS: Final = 15.0
CLIENTS_AT_ONCE: Final = 128
EVENTS_AT_ONCE: Final = 256
# All that can be replayed, and as much again for a client that is slow.
WAITING_EVENTS: Final = 2 * RETAINED_EVENTS
LAST_WORDS_SECONDS: Final = 1.0

HEARTBEAT: Final = b": still here\n\n"
RESET: Final = b"event: reset\ndata: {}\n\n"
_EVENT_ID: Final = re.compile(r"[0-9a-f]{1,32}-[0-9]{1,18}")
_UNKNOWN: Final = ""  # an id that no stream has: the client is told of a gap

_log: Final = get_logger(__name__)


def event_routes(clients: EventClients) -> APIRouter:
    """`GET /events`."""
    router = APIRouter(prefix=API)

    @router.get("/events")
    async def events(request: Request, after: str | None = None) -> Response:
        """The events after the one with id `Last-Event-ID` (or `after`), or from now on."""
        last = request.headers.get("last-event-id", after)
        if last is not None and not _EVENT_ID.fullmatch(last):
            last = _UNKNOWN
        return clients.response(last)

    return router


class EventClients:
    """All that listen. `close` ends every stream with a sound last chunk."""

    def __init__(
        self, events: EventStream, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._events = events
        self._heartbeat = heartbeat_seconds
        self._open: set[_Subscription] = set()
        self._closed = False
        self.arrivals = 0
        """How many have begun to listen since the start."""

    @property
    def count(self) -> int:
        """How many listen now."""
        return len(self._open)

    @property
    def heartbeat_seconds(self) -> float:
        """The longest silence on a stream."""
        return self._heartbeat

    def response(self, after: str | None) -> Response:
        """The stream for one client. Raises: RateLimited when too many listen."""
        if self.count >= CLIENTS_AT_ONCE:
            raise RateLimited("GET /events", retry_after=1.0)
        return _EventResponse(self, after)

    def close(self) -> None:
        """Ends every stream, and at once every one that is asked for later."""
        self._closed = True
        for subscription in self._open:
            subscription.end()

    @contextlib.contextmanager
    def subscribed(self, after: str | None) -> Iterator[_Subscription]:
        """A subscription that ends with the block."""
        subscription = _Subscription(self._events, after)
        self._open.add(subscription)
        self.arrivals += 1
        if self._closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self._open.discard(subscription)
            subscription.close()


class _Subscription:
    """The events that one client has not been sent yet; filled from any thread."""

    def __init__(self, events: EventStream, after: str | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_EVENTS)
        self.too_slow = asyncio.Event()
        self._listening = events.listen(self._hear, after=after)
        self.gap = self._listening.gap

    def end(self) -> None:
        """Lets the stream end after what is waiting; who does not read that is cut off soon."""
        self._put(None)
        self._loop.call_later(LAST_WORDS_SECONDS, self.too_slow.set)

    def close(self) -> None:
        self._listening.close()

    async def frames(self, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """The stream as bytes: a reset if events were missed, the events, a sign of life."""
        if self.gap:
            yield RESET
        while True:
            try:
                async with asyncio.timeout(heartbeat_seconds):
                    waiting = [await self._queue.get()]
            except TimeoutError:
                yield HEARTBEAT
                continue
            while not self._queue.empty() and len(waiting) < EVENTS_AT_ONCE:
                waiting.append(self._queue.get_nowait())
            yield b"".join(_frame(event) for event in waiting if event)
            if None in waiting:
                return

    def _hear(self, event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended; so has the client
            self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.too_slow.set()


class _EventResponse(Response):
    """Sends until the client leaves, is too slow, or the service ends."""

    def __init__(self, clients: EventClients, after: str | None) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._clients = clients
        self._after = after

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        # Listening begins before the client sees an answer: what happens from then on reaches it.
        with self._clients.subscribed(self._after) as subscription:
            sending = asyncio.create_task(self._send(subscription, send))
            leaving = asyncio.create_task(_disconnect(receive))
            losing = asyncio.create_task(subscription.too_slow.wait())
            tasks = (sending, leaving, losing)
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
        if losing.done() and not losing.cancelled():
            _log.warning("A client that did not read its events was cut off.")
        if not sending.cancelled():
            sending.result()

    async def _send(self, subscription: _Subscription, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        async for frames in subscription.frames(self._clients.heartbeat_seconds):
            await send({"type": "http.response.body", "body": frames, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frame(event: Event) -> bytes:
    return f"id: {event.id}\nevent: {event.data.type}\ndata: {to_json(event)}\n\n".encode()
