"""Requests and results of the area `operations`."""

from __future__ import annotations

from pydantic import Field

from backend.api.contract.common import Empty, Request
from backend.operations.model import Frozen, OperationSnapshot

__all__ = ["Empty", "OperationList", "OperationNamed", "OperationSnapshot"]


class OperationNamed(Request):
    operation_id: str = Field(min_length=1, max_length=40)


class OperationList(Frozen):
    """Newest first."""

    operations: tuple[OperationSnapshot, ...]
