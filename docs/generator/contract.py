"""The contract of the API as JSON Schema: what docs/reference/contract.json holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.api.contract.common import Refusal, Success
from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.operations.events import Event
from backend.version_manager import VersionManager

Schema = Mapping[str, Any]
Mode = Literal["validation", "serialization"]

REFERENCES: Final = "#/$defs/"


def outcome_model(endpoint: Endpoint) -> type[BaseModel] | None:
    """What the operation of an endpoint that takes time ends with: its `result`."""
    if not endpoint.takes_time:
        return None
    model: type[BaseModel] = get_type_hints(getattr(VersionManager, endpoint.method))["return"]
    return model


@cache
def contract() -> Schema:
    """The whole contract, JSON-ready and sorted."""
    models: dict[tuple[type[BaseModel], Mode], None] = {}
    for endpoint in ENDPOINTS.values():
        models[endpoint.request_model, "validation"] = None
        models[endpoint.result_model, "serialization"] = None
        if outcome := outcome_model(endpoint):
            models[outcome, "serialization"] = None
    for model in (Event, Success, Refusal):
        models[model, "serialization"] = None
    _, schemas = models_json_schema(
        sorted(models, key=lambda pair: (pair[0].__name__, pair[1])),
        ref_template=REFERENCES + "{model}",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ComfyUI Launcher",
        "endpoints": {name: _row(endpoint) for name, endpoint in ENDPOINTS.items()},
        "answers": [_reference(Success), _reference(Refusal)],
        "events": _reference(Event),
        "$defs": schemas["$defs"],
    }


def as_json() -> str:
    """The text of contract.json: the same code gives the same bytes."""
    return json.dumps(contract(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def definition(name: str) -> Schema:
    """The schema of one model. Raises: KeyError."""
    found: Schema = contract()["$defs"][name]
    return found


def models_below(names: Iterable[str]) -> list[str]:
    """These models and all that they refer to, sorted; enumerations are no models."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and "properties" in definition(name):
            found.add(name)
            waiting += _references_in(definition(name))
    return sorted(found)


def _row(endpoint: Endpoint) -> Schema:
    outcome = outcome_model(endpoint)
    return {
        "summary": endpoint.summary,
        "request": _reference(endpoint.request_model),
        "result": _reference(endpoint.result_model),
        "outcome": _reference(outcome) if outcome else None,
        "rate": endpoint.rate.value,
        "takes_time": endpoint.takes_time,
    }


def _reference(model: type[BaseModel]) -> Schema:
    return {"$ref": REFERENCES + model.__name__}


def _references_in(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(REFERENCES)] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _references_in(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references_in(value)]
    return []
