"""Envelopes as HTTP answers: body, status, and the headers that belong to some of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError
from starlette.responses import Response

from backend.api.contract.common import OperationRef, Refusal, Success
from backend.api.dispatch import Envelope
from backend.exceptions import ComfyUILauncherError, NotAuthenticated, RateLimited, WrongCode
from backend.operations.model import Failure
from backend.operations.runner import failure_of
from backend.service.statuses import ACCEPTED, OK, Status, status_of_code

API: Final = "/api/v1"


class JsonResponse(Response):
    """An answer whose body is JSON text."""

    media_type = "application/json"


def answer(envelope: Envelope) -> Response:
    """The answer to a call of an endpoint. 202 and `Location` when it started an operation."""
    if isinstance(envelope, Refusal):
        failure = envelope.error
        return _response(envelope, status_of_code(failure.code), _headers_of(failure))
    if isinstance(envelope.value, OperationRef):
        place = f"{API}/operations/{envelope.value.operation_id}"
        return _response(envelope, ACCEPTED, {"Location": place})
    return _response(envelope, OK)


def success(value: object, status: Status = OK, **headers: str) -> Response:
    """The answer with `value`, of whatever the service itself does."""
    return _response(Success(value=value), status, headers)


def refusal(error: ComfyUILauncherError) -> Response:
    """The answer that says no, in the words of `error`."""
    return answer(Refusal(error=failure_of(error)))


def to_json(model: BaseModel) -> str:
    """The JSON text of a model, also where a file name in it is not text of any encoding."""
    try:
        return model.model_dump_json(by_alias=True)
    except PydanticSerializationError:
        return json.dumps(model.model_dump(mode="json", by_alias=True), allow_nan=False)


def _response(
    envelope: Envelope, status: Status, headers: Mapping[str, str] | None = None
) -> Response:
    return JsonResponse(to_json(envelope), status_code=status.code, headers=headers)


def _headers_of(failure: Failure) -> dict[str, str]:
    if failure.code in {NotAuthenticated.code, WrongCode.code}:
        return {"WWW-Authenticate": "Bearer"}
    if failure.code == RateLimited.code:
        return {"Retry-After": str(max(1, math.ceil(failure.details["retry_after"])))}
    return {}
