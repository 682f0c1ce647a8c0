"""JSON Schema in words, and tables in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from docs.generator.contract import REFERENCES, Schema, definition

MOST_VALUES: Final = 12
TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table and an empty one. Columns in which nothing stands are left out."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    used = [number for number in range(len(titles)) if any(row[number] for row in cells)]
    lines = [titles, ["---"] * len(titles), *cells]
    return [*("| " + " | ".join(line[number] for number in used) + " |" for line in lines), ""]


def link_to(model: str) -> str:
    """A link to the section of a model on the same page."""
    return f"[{model}](#model-{model.lower()})"


def code(value: object) -> str:
    """As it stands in JSON."""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def fields(schema: Schema, *, of_request: bool) -> list[Sequence[str]]:
    """A row for each field of a model: name, type, bounds, default (of a request), meaning."""
    required = schema.get("required", ()) if of_request else schema.get("properties", {})
    return [
        (
            f"`{name}`",
            kind_of(field),
            bounds_of(field),
            default_of(field) if name not in required else "required" if of_request else "",
            _meaning(field),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def kind_of(schema: Schema) -> str:
    """The type of a field."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCES)
        target = definition(name)
        return link_to(name) if "properties" in target else kind_of(target)
    if "const" in schema:
        return f"always {code(schema['const'])}"
    if "enum" in schema:
        return " or ".join(code(value) for value in schema["enum"][:MOST_VALUES])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(kind_of(option) for option in schema[several])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"object of {kind_of(values)}" if isinstance(values, dict) and values else "object"
    if schema.get("format") == "date-time":
        return "date and time"
    return TYPES.get(schema.get("type", ""), "any JSON")


def bounds_of(schema: Schema) -> str:
    """What a value of that type has to keep to; empty when everything goes."""
    parts = [part for option in schema.get("anyOf", [schema]) for part in _bounds(option)]
    return ", ".join(dict.fromkeys(parts))


def default_of(schema: Schema) -> str:
    """The default; empty for what an answer always holds."""
    return code(schema["default"]) if "default" in schema else ""


def _bounds(schema: Schema) -> list[str]:
    found = [
        _range(schema.get("minimum"), schema.get("maximum"), ""),
        _range(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _range(schema.get("minItems"), schema.get("maxItems"), " items"),
        f"pattern `{schema['pattern']}`" if "pattern" in schema else "",
    ]
    return [part for part in found if part]


def _range(low: Any, high: Any, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{unit}"
    if low is not None:
        return f"{low:g} or more{unit}"
    return f"at most {high:g}{unit}" if high is not None else ""


def _meaning(field: Schema) -> str:
    own = [field, *field.get("anyOf", ())]
    return next((str(part["description"]) for part in own if "description" in part), "")
