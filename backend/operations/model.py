"""What an operation looks like from outside: the same for window, service, terminal and journal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


def new_operation_id() -> str:
    """An id that no other operation has: the second it begins in, and a bit of chance."""
    return f"{datetime.now(UTC):%Y%m%d%H%M%S}-{secrets.token_hex(3)}"


class OperationState(StrEnum):
    """Where an operation stands. `interrupted`: the launcher ended while it ran."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES: Final = frozenset(
    {
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.CANCELLED,
        OperationState.INTERRUPTED,
    }
)


class Frozen(BaseModel):
    """A record on the wire or in a journal: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Failure(Frozen):
    """Why something failed, in the words of its error class (backend/exceptions.py)."""

    code: str
    message: str
    hint: str
    details: dict[str, Any] = Field(default_factory=dict)


class Progress(Frozen):
    """How far it is. `fraction` is 0..1 over all steps; `done` and `total` are of this step."""

    fraction: float = 0.0
    step: str | None = None
    step_number: int = 0
    step_count: int = 0
    done: int | None = None
    total: int | None = None
    detail: str | None = None
    elapsed_seconds: float = 0.0
    remaining_seconds: float | None = None


class Owner(Frozen):
    """The process that runs an operation. Pid and birth name it for good, where they mean anything:
    on that machine, in that pid namespace of it. Records of older launchers say neither."""

    pid: int
    created: str = Field(description="Its birth, in words of the system; to be compared only.")
    machine: str = Field("", description="The machine; to be compared only.")
    place: str = Field("", description="The pid namespace; to be compared only.")


class Recovery(Frozen):
    """What became of what an interrupted operation left: settled at the next start.

    `finished`: it had come so far that it was ended as it was meant. `undone`: nothing of it is
    left. `left`: it is as it was found, because something about it cannot be read or is not ours.
    """

    outcome: Literal["finished", "undone", "left"]
    words: str


class OperationSnapshot(Frozen):
    """One operation, whole. `request`: what was asked, where it can be asked again."""

    id: str
    kind: str
    subject: str
    state: OperationState
    progress: Progress = Progress()
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    result: dict[str, Any] | None = None
    error: Failure | None = None
    request: dict[str, Any] | None = None
    recovery: Recovery | None = None
    owner: Owner

    @property
    def is_unaccounted(self) -> bool:
        """Whether it was interrupted, and nobody has said yet what became of it."""
        return self.state is OperationState.INTERRUPTED and self.recovery is None

    @property
    def is_settled(self) -> bool:
        """Whether it has ended, and there is nothing left to say about it."""
        return self.state.is_final and not self.is_unaccounted


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The operations of processes that are gone, as far as nothing was made of them yet.

    `found`: on record they still run. `known`: they are interrupted on record, and nobody has said
    what became of them.
    """

    found: tuple[OperationSnapshot, ...]
    known: tuple[OperationSnapshot, ...]


class OperationRef(Frozen):
    """What a call that takes time answers at once: where to look."""

    operation_id: str
    kind: str
    subject: str
