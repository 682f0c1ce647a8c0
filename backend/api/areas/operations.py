"""What runs and what ran."""

from __future__ import annotations

from backend.api.contract.common import Empty
from backend.api.contract.operations import OperationList, OperationNamed
from backend.operations.model import OperationSnapshot
from backend.operations.runner import OperationRunner


class OperationsApi:
    """Lists, shows and cancels operations, whichever process runs them."""

    def __init__(self, runner: OperationRunner) -> None:
        self._runner = runner

    def list(self, _request: Empty) -> OperationList:
        return OperationList(operations=tuple(self._runner.list_all()))

    def show(self, request: OperationNamed) -> OperationSnapshot:
        return self._runner.get(request.operation_id)

    def cancel(self, request: OperationNamed) -> OperationSnapshot:
        return self._runner.cancel(request.operation_id)
