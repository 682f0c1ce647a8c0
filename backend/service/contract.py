"""What can be asked of this service, for programs: the contract and the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from backend import __version__
from backend.api.contract.common import Refusal, Success
from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.api.rate_limits import RATES
from backend.exceptions import all_errors
from backend.operations.events import Event
from backend.service.answers import API
from backend.service.security import HEALTH, SESSION
from backend.service.sessions import OpenSession
from backend.service.statuses import ACCEPTED, CREATED, OK, Status, all_statuses, status_of

Schema = dict[str, Any]

_DEFINITIONS: Final = "#/$defs/"
_COMPONENTS: Final = "#/components/schemas/"


@cache
def contract() -> Schema:
    """Every endpoint with the schemas of request and result, the rates, the errors, the events."""
    return {
        "launcher": __version__,
        "endpoints": {name: _row(endpoint) for name, endpoint in ENDPOINTS.items()},
        "rates": {
            kind.value: {"per_second": rate.per_second, "burst": rate.burst}
            for kind, rate in RATES.items()
        },
        "errors": {
            code: {
                "status": status_of(error).code,
                "meaning": (error.__doc__ or "").strip().partition("\n")[0],
            }
            for code, error in all_errors().items()
        },
        "answers": [_reference(_DEFINITIONS, model) for model in (Success, Refusal)],
        "events": _reference(_DEFINITIONS, Event),
        "$defs": _schemas(_DEFINITIONS),
    }


def with_endpoints(openapi: Schema) -> Schema:
    """An OpenAPI description in which the one route for calls is a path for each endpoint."""
    paths = {
        path: {method: _plain(path, operation) for method, operation in item.items()}
        for path, item in openapi["paths"].items()
        if "{endpoint}" not in path
    }
    for name, endpoint in ENDPOINTS.items():
        paths[f"{API}/rpc/{name}"] = {"post": _operation(endpoint)}
    security = {"token": {"type": "http", "scheme": "bearer"}}
    return openapi | {
        "paths": paths,
        "components": {"schemas": _schemas(_COMPONENTS), "securitySchemes": security},
        "security": [{"token": []}],
    }


def _row(endpoint: Endpoint) -> Schema:
    return {
        "summary": endpoint.summary,
        "request": _reference(_DEFINITIONS, endpoint.request_model),
        "result": _reference(_DEFINITIONS, endpoint.result_model),
        "rate": endpoint.rate.value,
        "takes_time": endpoint.takes_time,
    }


def _operation(endpoint: Endpoint) -> Schema:
    value = {"properties": {"value": _reference(_COMPONENTS, endpoint.result_model)}}
    body = _content({"allOf": [_reference(_COMPONENTS, Success), value]})
    return {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "requestBody": _content(_reference(_COMPONENTS, endpoint.request_model)),
        "responses": _responses(ACCEPTED if endpoint.takes_time else OK, body),
    }


def _plain(path: str, operation: Schema) -> Schema:
    """The description of a route that is no endpoint: FastAPI cannot know what it answers."""
    if path == f"{API}/events":
        body = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
    else:
        body = _content({} if path == HEALTH else _reference(_COMPONENTS, Success))
    made = path == SESSION and operation["operationId"].endswith("_post")
    if made:
        operation = operation | {"requestBody": _content(OpenSession.model_json_schema())}
    return operation | {"responses": _responses(CREATED if made else OK, body)}


def _responses(success: Status, body: Schema) -> Schema:
    refused = _content(_reference(_COMPONENTS, Refusal))
    return {str(success.code): {"description": success.meaning, **body}} | {
        str(status.code): {"description": status.meaning, **refused}
        for status in all_statuses()
        if status.code >= 400
    }


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _reference(prefix: str, model: type[BaseModel]) -> Schema:
    return {"$ref": prefix + model.__name__}


@cache
def _schemas(prefix: str) -> Mapping[str, Any]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for endpoint in ENDPOINTS.values():
        models[endpoint.request_model, "validation"] = None
        models[endpoint.result_model, "serialization"] = None
    for model in (Event, Success, Refusal):
        models[model, "serialization"] = None
    _, schemas = models_json_schema(list(models), ref_template=prefix + "{model}")
    definitions: Mapping[str, Any] = schemas["$defs"]
    return definitions
