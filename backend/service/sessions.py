"""Sessions: a page hands in a code once, and is given a place where a cookie is good for it.

No script can read the cookie, and nobody else knows the place.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic import ValidationError as PydanticError
from starlette.responses import Response

from backend.api.contract import common
from backend.exceptions import InvalidRequest, MalformedRequest, NotAuthenticated
from backend.service.answers import success
from backend.service.codes import Door
from backend.service.keys import Keys
from backend.service.security import PLACE, SESSION
from backend.service.statuses import CREATED

CODES: Final = f"{SESSION}/codes"


class OpenSession(common.Request):
    """`code`: what the launcher gave the page; who sends the token needs none."""

    code: Annotated[str, Field(max_length=64)] | None = None


def session_routes(keys: Keys) -> APIRouter:
    """`POST`, `GET` and `DELETE /session`, `POST /session/codes`."""
    router = APIRouter()

    @router.post(SESSION)
    async def open_session(request: Request) -> Response:
        """A `place` for a `code` or the token, and its cookie: below it, no token is needed."""
        code = _code_in(await request.body())
        door = _known_door(keys, request) if code is None else keys.redeem(code)
        session = keys.open_session(door)
        place = _path_of(session.place)
        response = success({"place": place, "door": door}, CREATED, Location=place)
        response.set_cookie(
            keys.cookie, session.secret, path=place, httponly=True, samesite="strict"
        )
        return response

    @router.post(CODES)
    async def issue_code(request: Request) -> Response:
        """A code for a page in a browser, once and within ten minutes. Only for the token."""
        if not _has_token(request):
            raise NotAuthenticated
        return success({"code": keys.issue_code("browser")})

    @router.get(SESSION)
    async def show_session(request: Request) -> Response:
        """Whether the token or a session is known, and its door: window, browser or program."""
        known_by = "token" if _has_token(request) else "session"
        return success({"known_by": known_by, "door": _known_door(keys, request)})

    @router.delete(SESSION)
    async def close_session(request: Request) -> Response:
        """Ends the session of this place and removes its cookie. For the token: nothing."""
        response = success(None)
        if (place := _place(request)) is not None:
            keys.close_session(place, _cookies(request))
            response.delete_cookie(
                keys.cookie, path=_path_of(place), httponly=True, samesite="strict"
            )
        return response

    return router


def _known_door(keys: Keys, request: Request) -> Door:
    if _has_token(request):
        return "program"
    place = _place(request)
    door = None if place is None else keys.door_of(place, _cookies(request))
    if door is None:
        raise NotAuthenticated
    return door


def _has_token(request: Request) -> bool:
    """The gate lets no `Authorization` through that does not carry the token."""
    return "authorization" in request.headers


def _place(request: Request) -> str | None:
    """The place that the request came to; the gate has looked at its cookie."""
    place: str | None = request.scope.get(PLACE)
    return place


def _path_of(place: str) -> str:
    return f"{SESSION}/{place}"


def _cookies(request: Request) -> str:
    return request.headers.get("cookie", "")


def _code_in(body: bytes) -> str | None:
    try:
        return OpenSession.model_validate_json(body or b"{}").code
    except PydanticError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        if problems[0]["type"] in {"json_invalid", "model_type"}:
            raise MalformedRequest(problems[0]["msg"]) from None
        raise InvalidRequest(
            "POST /api/v1/session",
            problems=[
                {"field": ".".join(map(str, one["loc"])), "problem": one["msg"]} for one in problems
            ],
        ) from None
