"""The outermost frame: whatever happens becomes an answer and an exit status."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from typer import TyperException
from typer.main import get_command

from backend.api.exit_codes import CANCELLED, INTERRUPTED, SUCCESS, exit_code_of
from backend.cli.output import Output, OutputGone, mode_of
from backend.cli.session import Abandoned, Refused, Session
from backend.cli.wording import inline
from backend.exceptions import (
    ComfyUILauncherError,
    InvalidRequest,
    NotWritable,
    OperationInterrupted,
)

if TYPE_CHECKING:
    from backend.composition import App
    from backend.operations.model import Failure

PROGRAM: Final = "./launcher"


def run(arguments: Sequence[str], open_app: Callable[[], App] | None = None) -> int:
    """Carries out one command line; its exit status. Never raises, never shows a traceback."""
    session = Session(Output(mode_of(arguments)), open_app or _open_app)
    try:
        status = _status(session, arguments)
        if status != INTERRUPTED:
            session.close()
    except OutputGone as gone:
        session.close()
        return _tell_gone(session.output, gone)
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def treat_ends_as_interrupts() -> None:
    """SIGTERM, and the end of the terminal, cancel and tidy up as Ctrl-C does.

    A signal that is ignored (nohup) stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _status(session: Session, arguments: Sequence[str]) -> int:
    try:
        from backend.cli.application import app

        ended = get_command(app).main(
            args=list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=session
        )
    except Refused as refused:
        return _tell(session.output, refused.failure)
    except TyperException as misuse:
        return _tell(session.output, _misuse(misuse))
    except ComfyUILauncherError as error:
        return _tell_error(session.output, error)
    except Abandoned:
        ended = INTERRUPTED
    except OutputGone:
        raise
    except Exception as fault:
        return _tell_fault(session, fault)
    # An int is the status that a command asked for; typer makes 130 of a Ctrl-C.
    if ended == INTERRUPTED:
        return _tell_interrupted(session.output)
    return ended if isinstance(ended, int) else SUCCESS


def _tell(output: Output, failure: Failure) -> int:
    """The failure in the form that was asked for, and its exit status."""
    status = exit_code_of(failure.code)
    if output.is_for_people:
        output.failure(failure, is_error=status != CANCELLED)
    else:
        from backend.api.contract.common import Refusal

        output.json_line(Refusal(error=failure))
    return status


def _tell_error(output: Output, error: ComfyUILauncherError) -> int:
    from backend.operations.runner import failure_of

    return _tell(output, failure_of(error))


def _tell_fault(session: Session, fault: Exception) -> int:
    from backend.operations.runner import report_fault

    if not session.is_open:
        _start_log()
    return _tell_error(session.output, report_fault(fault))


def _tell_interrupted(output: Output) -> int:
    if output.is_for_people:
        output.note()  # the shell's prompt does not stand behind the ^C
    else:
        _tell_error(output, OperationInterrupted(""))
    return INTERRUPTED


def _tell_gone(output: Output, gone: OutputGone) -> int:
    """A reader that had enough (`| head`) is no failure; a full disk behind `>` is one."""
    if isinstance(gone.reason, BrokenPipeError):
        return SUCCESS
    from backend.operations.model import Failure

    output.failure(
        Failure(
            code=NotWritable.code,
            message=f"The answer could not be written ({gone.reason}).",
            hint="Send it elsewhere. What was asked for may have been done all the same.",
        )
    )
    return exit_code_of(NotWritable.code)


def _misuse(misuse: TyperException) -> Failure:
    """A wrong command line in the words of the other errors."""
    from backend.operations.model import Failure

    context = getattr(misuse, "ctx", None)
    command = context.command_path if context else PROGRAM
    message = inline(misuse.format_message()).replace("'", "`")
    return Failure(
        code=InvalidRequest.code,
        message=message if message.endswith((".", "?")) else f"{message}.",
        hint=f"`{command} --help` shows what it takes.",
        details={"command": command},
    )


def _open_app() -> App:
    from backend.composition import build_app

    return build_app("cli")


def _start_log() -> None:
    """The log for a fault that came before the app was built."""
    from backend.config import PathsConfig
    from backend.logging_config import configure_logging
    from backend.roots import find_root

    configure_logging(PathsConfig(find_root(os.environ)).logs, "cli", "INFO")
