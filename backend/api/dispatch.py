"""The way of every call: look up, validate, limit, call, wrap. One error path for all doors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError
from pydantic_core import PydanticSerializationError

from backend.api.contract.common import Refusal, Success
from backend.api.core import ComfyUISetupAPI
from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.api.rate_limits import RateLimiter
from backend.exceptions import (
    ComfyUILauncherError,
    InvalidRequest,
    MalformedRequest,
    UnknownEndpoint,
)
from backend.operations.runner import failure_of, report_fault

Envelope = Success | Refusal


class Dispatcher:
    """Calls endpoints by name. Never raises: what goes wrong is a Refusal."""

    def __init__(self, api: ComfyUISetupAPI, limiter: RateLimiter) -> None:
        self._api = api
        self._limiter = limiter

    def unlimited(self) -> Dispatcher:
        """The same calls without limits, for the launcher's own: a page must not use them up."""
        return Dispatcher(self._api, RateLimiter({}))

    def call(self, name: str, request: Mapping[str, Any] | bytes | None = None) -> Envelope:
        """The answer of endpoint `name` to `request` (fields, or a JSON object as bytes)."""
        try:
            endpoint = find_endpoint(name)
            validated = _validate(endpoint, request if request is not None else {})
            self._limiter.admit(endpoint)
            return Success(value=self._api.call(endpoint, validated))
        except ComfyUILauncherError as error:
            return Refusal(error=failure_of(error))
        except Exception as fault:
            return Refusal(error=failure_of(report_fault(fault)))


def find_endpoint(name: str) -> Endpoint:
    """Raises: UnknownEndpoint with the nearest names."""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None:
        from difflib import get_close_matches

        shown = name[:80]
        raise UnknownEndpoint(shown, similar=get_close_matches(shown, ENDPOINTS, n=2))
    return endpoint


def _validate(endpoint: Endpoint, request: Mapping[str, Any] | bytes) -> BaseModel:
    model = endpoint.request_model
    try:
        if isinstance(request, bytes):
            return model.model_validate_json(request or b"{}")
        validated = model.model_validate(dict(request))
    except PydanticError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        if problems[0]["type"] in {"json_invalid", "model_type", "model_attributes_type"}:
            raise MalformedRequest(problems[0]["msg"]) from error
        raise InvalidRequest(
            endpoint.name,
            problems=[
                {"field": ".".join(map(str, problem["loc"])), "problem": problem["msg"]}
                for problem in problems
            ],
        ) from error
    if unwritable := [name for name in model.model_fields if not _is_text(validated, name)]:
        no_text = "it is no Unicode text"
        raise InvalidRequest(
            endpoint.name, problems=[{"field": name, "problem": no_text} for name in unwritable]
        )
    return validated


def _is_text(request: BaseModel, field: str) -> bool:
    """Whether a field can be written down, as the record of an operation does: an argument of the
    command line can be any bytes, and then holds halves of surrogate pairs."""
    try:
        request.model_dump_json(include={field})
    except PydanticSerializationError:
        return False
    return True
