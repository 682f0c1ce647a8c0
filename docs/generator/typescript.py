"""The contract of the API as TypeScript: what the page of the window compiles against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from backend.api.endpoint import ENDPOINTS
from backend.exceptions import all_errors
from docs.generator.contract import REFERENCES, Schema, contract

HEADER: Final = """\
// Made by `python -m docs.generate`. Change the code, not this file.

/* Sizes are in bytes, times are ISO 8601 with their offset. */
"""

SUCCESS: Final = """\
/** What every answer that worked looks like. */
export interface Success<T = unknown> {
  readonly schema: 1;
  readonly ok: true;
  readonly value: T;
}

/** Every answer. */
export type Envelope<T = unknown> = Success<T> | Refusal;
"""

ENDPOINT_TYPES: Final = """\
/** The name of an endpoint. */
export type EndpointName = keyof Endpoints;

/** What an endpoint is asked with. */
export type RequestOf<Name extends EndpointName> = Endpoints[Name]["request"];

/** What an endpoint answers. */
export type ResultOf<Name extends EndpointName> = Endpoints[Name]["result"];

/** The result of the operation that an endpoint starts; never: it starts none. */
export type OutcomeOf<Name extends EndpointName> = Endpoints[Name]["outcome"];

/** What is known of an endpoint before it is called. */
export interface EndpointRow {
  readonly takesTime: boolean;
  readonly rate: RateClass;
  readonly summary: string;
}
"""

EVENT_TYPES: Final = """\
/** The kind of an event. */
export type EventType = EventData["type"];

/** The data of an event of one kind. */
export type EventOf<Type extends EventType> = Extract<EventData, { readonly type: Type }>;
"""

# Written by hand above, because they have a parameter or a name of their own.
GENERIC: Final = frozenset({"Success"})
PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean",
                "null": "null"}  # fmt: skip
NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")


def contract_types() -> str:
    """The text of contract.generated.ts: the same code gives the same bytes.

    Raises: ValueError for a model that is both asked and answered, where the two differ.
    """
    definitions: Mapping[str, Schema] = contract()["$defs"]
    requests = _requests(definitions)
    parts = [HEADER, *_models(definitions, requests)]
    parts += [SUCCESS, _event_data(definitions["Event"]), EVENT_TYPES]
    parts += [_rates(), _endpoint_map(), ENDPOINT_TYPES, _endpoint_rows(), _error_codes()]
    return "\n".join(parts)


def _requests(definitions: Mapping[str, Schema]) -> frozenset[str]:
    """The models that are asked with: in these, a field with a default may be left out."""
    rows = contract()["endpoints"].values()
    asked = _below(definitions, (row["request"] for row in rows))
    told = [row[part] for row in rows for part in ("result", "outcome") if row[part]]
    answered = _below(definitions, [*told, *contract()["answers"], contract()["events"]])
    for name in sorted(asked & answered):
        schema = definitions[name]
        if set(schema.get("properties", ())) - set(schema.get("required", ())):
            raise ValueError(f"{name} is asked and answered, and has defaults: make it two models.")
    return frozenset(asked)


def _below(definitions: Mapping[str, Schema], roots: Iterable[object]) -> set[str]:
    found: set[str] = set()
    waiting = [name for root in roots for name in _references_in(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references_in(definitions[name])
    return found


def _references_in(schema: object) -> list[str]:
    if isinstance(schema, Mapping):
        own = [schema["$ref"].removeprefix(REFERENCES)] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _references_in(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references_in(value)]
    return []


def _models(definitions: Mapping[str, Schema], requests: frozenset[str]) -> Iterator[str]:
    for name, schema in sorted(definitions.items()):
        if name not in GENERIC:
            yield _comment(schema) + _model(name, schema, of_request=name in requests)


def _model(name: str, schema: Schema, *, of_request: bool) -> str:
    if "enum" in schema or "const" in schema:
        return f"export type {name} = {_type(schema)};\n"
    properties = schema.get("properties", {})
    if not properties:
        return f"export type {name} = Readonly<Record<string, never>>;\n"
    required = schema.get("required", ()) if of_request else properties
    lines = [f"export interface {name} {{"]
    for field, kind in properties.items():
        mark = "" if field in required else "?"
        words = "EventData" if (name, field) == ("Event", "data") else _type(kind)
        lines.append(_comment(kind, indent="  ") + f"  readonly {_key(field)}{mark}: {words};")
    return "\n".join([*lines, "}", ""])


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(REFERENCES))
    if "const" in schema:
        return _text(schema["const"])
    if "enum" in schema:
        return " | ".join(_text(value) for value in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(option) for option in schema[several]))
    if schema.get("type") == "array":
        return _list_of(_type(schema.get("items", {})))
    if schema.get("type") == "object":
        return f"Readonly<Record<string, {_value_type(schema)}>>"
    return PLAIN[schema["type"]] if "type" in schema else "unknown"


def _value_type(schema: Schema) -> str:
    """The type of what a dictionary holds; bounds of its keys are no matter of types."""
    values = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
    kinds = [_type(value) for value in values if isinstance(value, Mapping)]
    return " | ".join(dict.fromkeys(kinds)) or "unknown"


def _list_of(item: str) -> str:
    return f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"


def _event_data(event: Schema) -> str:
    names = [f"  | {_type(option)}" for option in event["properties"]["data"]["oneOf"]]
    return "\n".join(["/** What an event tells. */", "export type EventData =", *names]) + ";\n"


def _rates() -> str:
    rates = " | ".join(dict.fromkeys(_text(row.rate.value) for row in ENDPOINTS.values()))
    return f"/** How often an endpoint may be asked. */\nexport type RateClass = {rates};\n"


def _endpoint_map() -> str:
    lines = ["/** Every endpoint: what it is asked with, and what it answers. */"]
    lines.append("export interface Endpoints {")
    for name, row in contract()["endpoints"].items():
        nothing = "null" if row["takes_time"] else "never"
        outcome = _type(row["outcome"]) if row["outcome"] else nothing
        lines += [
            f"  /** {_safe(row['summary'])} */",
            f"  readonly {_text(name)}: {{",
            f"    readonly request: {_type(row['request'])};",
            f"    readonly result: {_type(row['result'])};",
            f"    readonly outcome: {outcome};",
            "  };",
        ]
    return "\n".join([*lines, "}", ""])


def _endpoint_rows() -> str:
    lines = ["/** What can be asked for. */"]
    lines.append("export const ENDPOINTS: { readonly [Name in EndpointName]: EndpointRow } = {")
    for name, row in ENDPOINTS.items():
        lines += [
            f"  {_text(name)}: {{",
            f"    takesTime: {_text(row.takes_time)},",
            f"    rate: {_text(row.rate.value)},",
            f"    summary: {_text(row.summary)},",
            "  },",
        ]
    return "\n".join([*lines, "};", ""])


def _error_codes() -> str:
    lines = ["/** Every code that a failure of the launcher can have. */"]
    lines.append("export const ERROR_CODES = [")
    lines += [f"  {_text(code)}," for code in sorted(all_errors())]
    lines += ["] as const;", "", "/** One of these codes. */"]
    lines.append("export type ErrorCode = (typeof ERROR_CODES)[number];")
    return "\n".join([*lines, ""])


def _comment(schema: Schema, indent: str = "") -> str:
    """What a model or a field is for, above it; nothing where nothing is said."""
    options = [schema, *schema.get("anyOf", ())]
    words = next((str(one["description"]) for one in options if "description" in one), "")
    paragraph = " ".join(words.partition("\n\n")[0].split())
    return f"{indent}/** {_safe(paragraph)} */\n" if paragraph else ""


def _safe(words: str) -> str:
    return words.replace("*/", "*\\/")


def _key(name: str) -> str:
    return name if NAME.fullmatch(name) else _text(name)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
