"""Sessions: a page hands in the token once and is known by a cookie that no script can read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from backend.service.answers import API, success
from backend.service.security import Keys
from backend.service.statuses import CREATED


def session_routes(keys: Keys) -> APIRouter:
    """`POST`, `GET` and `DELETE /session`."""
    place = f"{API}/session"
    router = APIRouter()

    @router.post(place)
    async def open_session() -> Response:
        """Sets the cookie. It ends with the browser, with the service, or when it is deleted."""
        response = success(None, CREATED, Location=place)
        response.set_cookie(
            keys.cookie, keys.open_session(), path="/api", httponly=True, samesite="strict"
        )
        return response

    @router.get(place)
    async def show_session(request: Request) -> Response:
        """Whether the caller is known by the token or by a session."""
        by_token = "authorization" in request.headers
        return success({"known_by": "token" if by_token else "session"})

    @router.delete(place)
    async def close_session(request: Request) -> Response:
        """Ends the session of the cookie and removes it."""
        keys.close_session(request.headers.get("cookie", ""))
        response = success(None)
        response.delete_cookie(keys.cookie, path="/api", httponly=True, samesite="strict")
        return response

    return router
