"""Launchers by the dozen: one process with all imports done, which forks a new one for each act.

The parent's side is `Nursery`; the module run as a program is the other side. A fork is a process
of its own, with a birth of its own; nothing of what it does stays in memory after its end.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.helpers.processes import ROOT

# What changes the disk, as Python's audit events name it; `open` only when it is for writing.
_CHANGES: Final = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
)


@dataclass(frozen=True)
class Ended:
    """How an act ended: killed, or with its answer (`fault` when it raised)."""

    killed: bool
    answer: Any = None
    fault: str | None = None


class Nursery:
    """The process that forks. One act at a time."""

    def __init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT)},
        )
        self._pid = 0
        self._answer: dict[str, Any] = {}
        self._ended: Ended | None = None

    def begin(
        self, act: str, *args: Any, environment: Mapping[str, str] = os.environ, kill_at: int = 0
    ) -> int:
        """The pid of a new process that does `act` (a `module:function`).

        It kills itself before its `kill_at`th change of the disk, if that is not 0.
        """
        request = {"act": act, "args": args, "environment": {**environment}, "kill_at": kill_at}
        self._tell(json.dumps(request))
        self._answer, self._ended = {}, None
        self.until("pid")
        return self._pid

    def until(self, word: str) -> None:
        """Returns when the act has said `word`; or, where it ends without, when it has ended."""
        while self._ended is None and self._next() != word:
            pass

    def end(self) -> Ended:
        """How the act ended; waits for that. From now on its pid may be anybody's."""
        while self._ended is None:
            self._next()
        self._tell("")
        while self._next() != "reaped":
            pass
        return self._ended

    def do(
        self, act: str, *args: Any, environment: Mapping[str, str] = os.environ, kill_at: int = 0
    ) -> Ended:
        self.begin(act, *args, environment=environment, kill_at=kill_at)
        return self.end()

    def close(self) -> None:
        self._process.communicate(timeout=30)

    def _tell(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def _next(self) -> str:
        """The word that the next line begins with."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "pid":
            self._pid = int(rest)
        if word == "answer":
            self._answer = json.loads(rest)
        if word == "ended":
            self._ended = Ended(killed=rest == "killed", **self._answer)
        return word


@contextmanager
def nursery() -> Iterator[Nursery]:
    """One that is gone at the end."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


# --- The other side -------------------------------------------------------------------------------


def say(kind: str, words: object = "") -> None:
    """A line for the parent, in one write: it is whole or not there."""
    os.write(1, f"{kind} {words}\n".encode())


def _serve() -> None:
    import backend.composition  # noqa: F401 - this is what a fork need not do again
    import tests.crash.acts  # noqa: F401

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line))
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        say("ended", "killed" if ended and ended.si_status == signal.SIGKILL else "")
        sys.stdin.readline()  # who would kill it knows that it has ended: the pid may go
        os.waitpid(pid, 0)
        say("reaped")


def _child(request: Mapping[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])
    say("pid", os.getpid())
    module, _, function = request["act"].partition(":")
    act: Callable[..., Any] = getattr(importlib.import_module(module), function)
    if request["kill_at"]:
        _kill_before(request["kill_at"])
    try:
        say("answer", json.dumps({"answer": act(*request["args"])}))
    except BaseException as fault:  # noqa: BLE001 - the parent tells it
        say("answer", json.dumps({"fault": repr(fault)}))
    os._exit(0)


def _kill_before(number: int) -> None:
    """This process is killed when it is about to change the disk for the `number`th time."""
    left = number

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _CHANGES and not (event == "open" and _writes(arguments)):
            return
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    _serve()
