"""What runs and what ran."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from backend.api.contract.common import Empty
from backend.api.contract.operations import OperationList, OperationNamed
from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.exceptions import OperationNotRepeatable
from backend.operations.model import OperationRef, OperationSnapshot, OperationState
from backend.operations.runner import OperationRunner
from backend.version_manager_components.models import StateProblem


class OperationsApi:
    """Lists, shows, cancels and repeats operations, whichever process ran them.

    `areas`: by name, those whose endpoints start operations that can be asked again.
    """

    def __init__(self, runner: OperationRunner, areas: Mapping[str, object]) -> None:
        self._runner = runner
        self._areas = areas

    def list(self, _request: Empty) -> OperationList:
        return OperationList(
            operations=tuple(self._runner.list_all()),
            problems=tuple(
                StateProblem(path=str(one.path), reason=one.reason, recovered=one.recovered)
                for one in self._runner.problems()
            ),
        )

    def show(self, request: OperationNamed) -> OperationSnapshot:
        return self._runner.get(request.operation_id)

    def cancel(self, request: OperationNamed) -> OperationSnapshot:
        return self._runner.cancel(request.operation_id)

    def retry(self, request: OperationNamed) -> OperationRef:
        """Raises: OperationNotFound, OperationNotRepeatable, what the endpoint raises."""
        before = self._runner.get(request.operation_id)
        endpoint, asked = _as_asked(before)
        answer = getattr(self._areas[endpoint.area], endpoint.method)(asked)
        assert isinstance(answer, OperationRef)
        return answer


def _as_asked(before: OperationSnapshot) -> tuple[Endpoint, BaseModel]:
    """The endpoint that started an operation, and its request. Raises: OperationNotRepeatable."""
    if not before.state.is_final:
        raise OperationNotRepeatable(before.id, reason="it has not ended yet")
    if before.state is OperationState.SUCCEEDED:
        raise OperationNotRepeatable(before.id, reason="it has succeeded")
    endpoint = ENDPOINTS.get(before.kind)
    if before.request is None or endpoint is None or not endpoint.takes_time:
        reason = "what was asked is not on record"
        raise OperationNotRepeatable(before.id, reason=reason)
    try:
        return endpoint, endpoint.request_model.model_validate(before.request)
    except PydanticError as error:
        reason = "this launcher does not take what was asked then"
        raise OperationNotRepeatable(before.id, reason=reason) from error
