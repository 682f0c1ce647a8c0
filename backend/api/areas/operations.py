"""What runs and what ran."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from backend.api.contract.common import Empty
from backend.api.contract.operations import OperationList, OperationNamed
from backend.api.contract.versions import EmptyTrash
from backend.api.endpoint import ENDPOINTS, Endpoint
from backend.exceptions import OperationNotRepeatable
from backend.operations.model import OperationRef, OperationSnapshot, OperationState
from backend.operations.runner import OperationRunner
from backend.version_manager_components.models import StateProblem, TrashList


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
        if isinstance(asked, EmptyTrash):
            asked = self._what_is_left(before, asked)
        answer = getattr(self._areas[endpoint.area], endpoint.method)(asked)
        assert isinstance(answer, OperationRef)
        return answer

    def _what_is_left(self, before: OperationSnapshot, asked: EmptyTrash) -> EmptyTrash:
        """What was to be deleted then and is not gone yet. Never what came into the trash since."""
        if asked.entries is None:
            reason = "what lay in the trash then is not on record"
            raise OperationNotRepeatable(before.id, reason=reason)
        trash = self._trash()
        there = {one.entry for one in trash.entries}
        left = tuple(entry for entry in asked.entries if entry in there)
        if not left and trash.problems:  # it may lie there unreadable, which is told then
            return asked
        if not left:
            raise OperationNotRepeatable(before.id, reason="what was to be deleted is gone")
        return EmptyTrash(entries=left)

    def _trash(self) -> TrashList:
        endpoint = ENDPOINTS["versions.trash"]
        trash = getattr(self._areas[endpoint.area], endpoint.method)(Empty())
        assert isinstance(trash, TrashList)
        return trash


def _as_asked(before: OperationSnapshot) -> tuple[Endpoint, BaseModel]:
    """The endpoint that started an operation, and its request. Raises: OperationNotRepeatable."""
    if not before.state.is_final:
        raise OperationNotRepeatable(before.id, reason="it has not ended yet")
    if before.state is OperationState.SUCCEEDED:
        raise OperationNotRepeatable(before.id, reason="it has succeeded")
    if before.recovery is not None and before.recovery.outcome == "finished":
        raise OperationNotRepeatable(before.id, reason="it was ended after it was interrupted")
    endpoint = ENDPOINTS.get(before.kind)
    if before.request is None or endpoint is None or not endpoint.takes_time:
        reason = "what was asked is not on record"
        raise OperationNotRepeatable(before.id, reason=reason)
    try:
        return endpoint, endpoint.request_model.model_validate(before.request)
    except PydanticError as error:
        reason = "this launcher does not take what was asked then"
        raise OperationNotRepeatable(before.id, reason=reason) from error
