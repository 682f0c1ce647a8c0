"""Requests and results of the area `operations`."""

from __future__ import annotations

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.operations.model import Frozen, OperationRef, OperationSnapshot
from backend.version_manager_components.models import StateProblem

__all__ = ["Empty", "OperationList", "OperationNamed", "OperationRef", "OperationSnapshot"]


class OperationNamed(Request):
    operation_id: str = Field(min_length=1, max_length=40)


class OperationList(Frozen):
    """Newest first. `problems`: records of operations that cannot be read."""

    operations: tuple[OperationSnapshot, ...]
    problems: tuple[StateProblem, ...] = ()
