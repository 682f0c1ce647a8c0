"""The service as an ASGI application: its routes, and the gate in front of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from backend import __version__
from backend.composition import App
from backend.exceptions import UnknownEndpoint
from backend.service.addresses import Addresses
from backend.service.answers import API, JsonResponse, refusal
from backend.service.events import EventClients, event_routes
from backend.service.keys import Keys
from backend.service.pages import Pages
from backend.service.rpc import rpc_routes
from backend.service.security import HEALTH, Gate
from backend.service.sessions import session_routes


def create_app(
    app: App,
    keys: Keys,
    *,
    host: str = "127.0.0.1",
    clients: EventClients | None = None,
    pages: Pages | None = None,
) -> FastAPI:
    """The application on the port of `keys`. `clients`: whoever closes them ends the streams."""
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
    addresses = Addresses(keys.port, host)
    api.add_middleware(Gate, addresses=addresses, keys=keys, pages=pages or Pages())
    return api


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description of every route, with a path for each endpoint."""
        if self.openapi_schema is None:
            from fastapi.openapi.utils import get_openapi

            from backend.service.contract import with_endpoints

            plain = get_openapi(title=self.title, version=self.version, routes=self.routes)
            self.openapi_schema = with_endpoints(plain)
        return self.openapi_schema


async def _health() -> Response:
    """Says that the service is up, to anyone who may reach it."""
    return JsonResponse(f'{{"status":"ok","version":"{__version__}"}}')


async def _no_such_place(request: Request, _error: Exception) -> Response:
    return refusal(UnknownEndpoint(f"{request.method} {request.url.path}"[:200]))
