"""One run of the command line: asks endpoints, follows operations, answers in the chosen form."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from backend.cli.output import Output
from backend.cli.progress import Watcher, watcher_for

if TYPE_CHECKING:
    from backend.composition import App
    from backend.operations.events import Event
    from backend.operations.model import Failure, OperationSnapshot

LOOK_SECONDS: Final = 0.1
Draw = Callable[[Output, Any], None]


class Refused(Exception):
    """An endpoint said no, or an operation did not succeed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Abandoned(Exception):
    """Interrupted a second time: the user does not want to wait for a tidy end."""


class Session:
    """What a command works with. The app is built when the first endpoint is asked."""

    def __init__(self, output: Output, open_app: Callable[[], App]) -> None:
        self.output = output
        self._open_app = open_app
        self._opened: App | None = None
        self.command = ""
        """The command that runs, as it is typed."""

    @property
    def app(self) -> App:
        """What it found half done and settled is told first. Raises: what `build_app` raises."""
        if self._opened is None:
            self._opened = self._open_app()
            for words in self._opened.notices:
                self.output.note(words)
        return self._opened

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def ask(self, name: str, /, **fields: Any) -> Any:
        """The value that endpoint `name` answers. Raises: Refused."""
        from backend.api.contract.common import Refusal

        envelope = self.app.dispatcher.call(name, fields)
        if isinstance(envelope, Refusal):
            raise Refused(_as_typed(envelope.error, self.command))
        return envelope.value

    def carry_out(self, name: str, /, **fields: Any) -> OperationSnapshot:
        """The operation that endpoint `name` starts, once it has succeeded.

        Ctrl-C cancels it and waits until it is tidy. Raises: Refused, Abandoned.
        """
        return self.succeeded(self.follow(name, **fields))

    def follow(self, name: str, /, **fields: Any) -> OperationSnapshot:
        """As `carry_out`, but returns the operation however it ended."""
        return self._followed(lambda: str(self.ask(name, **fields).operation_id))

    def see_out(self, operation_id: str) -> OperationSnapshot:
        """As `follow`, for an operation that is at work already, here or in another process."""
        return self._followed(lambda: operation_id)

    def _followed(self, start: Callable[[], str]) -> OperationSnapshot:
        watcher = watcher_for(self.output)
        events: SimpleQueue[Event] = SimpleQueue()
        listening = self.app.events.listen(events.put)
        try:
            operation_id = start()
            with watcher.shown():
                return self._until_the_end(operation_id, watcher, events)
        finally:
            listening.close()

    def succeeded(self, snapshot: OperationSnapshot) -> OperationSnapshot:
        """The operation, if it succeeded. Raises: Refused with its error."""
        from backend.exceptions import OperationCancelled
        from backend.operations.model import OperationState
        from backend.operations.runner import failure_of

        if snapshot.state is OperationState.SUCCEEDED:
            return snapshot
        raise Refused(snapshot.error or failure_of(OperationCancelled(snapshot.id)))

    def answer(self, value: Any, draw: Draw) -> None:
        """The result: drawn for people, in the envelope for programs."""
        if self.output.is_for_people:
            draw(self.output, value)
        else:
            self.envelope(value)

    def envelope(self, value: Any) -> None:
        """The result as the one JSON object of this run."""
        from backend.api.contract.common import Success

        self.output.json_line(Success(value=value))

    def close(self) -> None:
        """Cancels what this run left at work, and waits for it."""
        if self._opened is not None:
            self._opened.close()

    def _until_the_end(
        self, operation_id: str, watcher: Watcher, events: SimpleQueue[Event]
    ) -> OperationSnapshot:
        try:
            return self._watch(operation_id, watcher, events)
        except KeyboardInterrupt:
            try:
                self.app.dispatcher.call("operations.cancel", {"operation_id": operation_id})
                return self._watch(operation_id, watcher, events)
            except KeyboardInterrupt:
                raise Abandoned from None

    def _watch(
        self, operation_id: str, watcher: Watcher, events: SimpleQueue[Event]
    ) -> OperationSnapshot:
        while True:
            snapshot = self.app.operations.wait(operation_id, LOOK_SECONDS)
            _hand_over(events, watcher, operation_id)
            watcher.moved(snapshot)
            if snapshot.state.is_final:
                return snapshot


def _as_typed(failure: Failure, command: str) -> Failure:
    """A wrong field in the words of someone who typed a command, not a request."""
    if failure.code != "invalid-request":
        return failure
    first = failure.details["problems"][0]
    problem = first["problem"][:1].lower() + first["problem"][1:]
    return failure.model_copy(
        update={
            "message": f"`{first['field']}` does not fit: {problem}.",
            "hint": f"`{command} --help` shows what it takes.",
        }
    )


def _hand_over(events: SimpleQueue[Event], watcher: Watcher, operation_id: str) -> None:
    """What happened since the last look, in order. Steps shorter than a look are not missed."""
    while True:
        try:
            event = events.get_nowait()
        except Empty:
            return
        watcher.event(event)
        if event.data.type == "operation.changed" and event.data.operation.id == operation_id:
            watcher.moved(event.data.operation)
