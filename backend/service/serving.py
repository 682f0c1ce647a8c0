"""uvicorn as both doors use it: the service in a process of its own, and in a thread of the window.

Imported late by whoever starts quickly: it brings uvicorn, FastAPI and all routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from backend.platform.ports import Listener
from backend.service.events import EventClients


class Server(uvicorn.Server):
    """Serves until `should_exit`; then `ending` runs, the streams end, and the rest is let go.

    In this order a watcher sees what `ending` does to the operations that it watches.
    """

    def __init__(
        self,
        api: ASGIApp,
        clients: EventClients,
        *,
        grace_seconds: int,
        announce: Callable[[], None] | None = None,
        ending: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(_config(api, grace_seconds))
        self._clients = clients
        self._announce = announce
        self._ending = ending

    async def startup(self, sockets: list[Listener] | None = None) -> None:
        await super().startup(sockets)
        if self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[Listener] | None = None) -> None:
        if self._ending is not None:
            await asyncio.to_thread(self._ending)
        self._clients.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # who still does not read
            connection.transport.abort()
        await asyncio.sleep(0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Ending as asked is success: the signal is not raised again, as uvicorn would."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _config(api: ASGIApp, grace_seconds: int) -> uvicorn.Config:
    return uvicorn.Config(
        api,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        workers=1,
        log_config=None,
        log_level="critical",  # a request is no news, and a fault is reported by the gate
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=grace_seconds,
    )
