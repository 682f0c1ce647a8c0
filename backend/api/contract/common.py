"""What every answer looks like."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from backend.operations.model import Failure, Frozen, OperationRef, OperationSnapshot

__all__ = ["Empty", "Failure", "OperationRef", "OperationSnapshot", "Refusal", "Request", "Success"]


class Request(Frozen):
    """The base of all requests."""


class Empty(Request):
    """A request that needs nothing."""


class Success(Frozen):
    """`{"schema": 1, "ok": true, "value": ...}`"""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    ok: Literal[True] = True
    value: Any


class Refusal(Frozen):
    """`{"schema": 1, "ok": false, "error": {"code", "message", "hint", "details"}}`"""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    schema_version: Literal[1] = Field(1, alias="schema")
    ok: Literal[False] = False
    error: Failure
