"""The service as an ASGI application: its routes, and the gate in front of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from backend import __version__
from backend.composition import App
from backend.exceptions import UnknownEndpoint
from backend.service.answers import API, JsonResponse, refusal
from backend.service.contract import with_endpoints
from backend.service.events import EventClients, event_routes
from backend.service.rpc import rpc_routes
from backend.service.security import HEALTH, Addresses, Gate, Keys
from backend.service.sessions import session_routes


def create_app(
    app: App,
    token: str,
    *,
    port: int,
    host: str = "127.0.0.1",
    clients: EventClients | None = None,
) -> FastAPI:
    """The application for one port. `clients`: whoever closes them ends the event streams."""
    keys = Keys(token, port)
    api = _Service(
        title="ComfyUI Launcher",
        version=__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=JsonResponse,
    )
    api.include_router(rpc_routes(app.dispatcher))
    api.include_router(event_routes(clients or EventClients(app.events)))
    api.include_router(session_routes(keys))
    api.add_api_route(HEALTH, _health, methods=["GET"])
    api.add_exception_handler(HTTPException, _no_such_place)
    api.add_middleware(Gate, addresses=Addresses(port, host), keys=keys)
    return api


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description of every route, with a path for each endpoint."""
        if self.openapi_schema is None:
            plain = get_openapi(title=self.title, version=self.version, routes=self.routes)
            self.openapi_schema = with_endpoints(plain)
        return self.openapi_schema


async def _health() -> Response:
    """Says that the service is up, to anyone who may reach it."""
    return JsonResponse(f'{{"status":"ok","version":"{__version__}"}}')


async def _no_such_place(request: Request, _error: Exception) -> Response:
    return refusal(UnknownEndpoint(f"{request.method} {request.url.path}"[:200]))
