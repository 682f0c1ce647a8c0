"""The contract of the API as JSON Schema: what docs/reference/contract.json holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.service.contract import contract as served
from backend.version_manager import VersionManager

Schema = Mapping[str, Any]

REFERENCES: Final = "#/$defs/"


def outcome_model(endpoint: Endpoint) -> type[BaseModel] | None:
    """What the operation of an endpoint that takes time ends with: its `result`. None: nothing."""
    work = getattr(VersionManager, endpoint.method, None)
    if not endpoint.takes_time or work is None:  # asking for releases is no work on versions
        return None
    model: type[BaseModel] = get_type_hints(work)["return"]
    return model


@cache
def contract() -> Schema:
    """What the service tells at `GET /api/v1/contract`, and what each operation ends with."""
    told = served()
    outcomes = {name: outcome_model(endpoint) for name, endpoint in ENDPOINTS.items()}
    models = sorted({model for model in outcomes.values() if model}, key=lambda one: one.__name__)
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models], ref_template=REFERENCES + "{model}"
    )
    return {
        **told,
        "endpoints": {
            name: {**row, "outcome": _reference(outcomes[name])}
            for name, row in told["endpoints"].items()
        },
        "$defs": {**told["$defs"], **schemas["$defs"]},
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


def _reference(model: type[BaseModel] | None) -> Schema | None:
    return {"$ref": REFERENCES + model.__name__} if model else None


def _references_in(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(REFERENCES)] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _references_in(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references_in(value)]
    return []
