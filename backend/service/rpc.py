"""Calls of endpoints, one operation by its address, and what can be called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from backend.api.dispatch import Dispatcher
from backend.api.endpoint import is_urgent
from backend.service.answers import API, answer, success
from backend.service.contract import contract

CALLS_AT_ONCE: Final = 16
STOPS_AT_ONCE: Final = 4


def rpc_routes(dispatcher: Dispatcher) -> APIRouter:
    """`POST /rpc/{endpoint}`, `GET /operations/{id}`, `GET /contract`."""
    calls = Calls(dispatcher)
    router = APIRouter(prefix=API)

    @router.post("/rpc/{endpoint}")
    async def call(endpoint: str, request: Request) -> Response:
        """The answer of an endpoint to the JSON object in the body."""
        return await calls.answer(endpoint, await request.body())

    @router.get("/operations/{operation_id}")
    async def operation(operation_id: str) -> Response:
        """One operation as it stands."""
        return await calls.answer("operations.show", {"operation_id": operation_id})

    @router.get("/contract")
    async def whole_contract() -> Response:
        """Every endpoint with its schemas, the rates, the errors and the events."""
        return success(contract())

    return router


class Calls:
    """Calls endpoints in threads, so that the service itself never waits for a disk or a network.

    Cancelling and stopping have threads of their own: no crowd of slow calls can delay them.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._ordinary = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="call")
        self._urgent = ThreadPoolExecutor(STOPS_AT_ONCE, thread_name_prefix="stop")

    async def answer(self, name: str, request: Mapping[str, Any] | bytes) -> Response:
        """What endpoint `name` answers to `request`, as HTTP."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._urgent if is_urgent(name) else self._ordinary, self._answer, name, request
        )

    def _answer(self, name: str, request: Mapping[str, Any] | bytes) -> Response:
        return answer(self._dispatcher.call(name, request))
