"""A server of processes that die: `python -m tests.crash.victims FOLDER`.

It has imported everything and forks for each point: a victim that does one thing while strace puts
a fault at one of its calls, then a process that starts the launcher again and judges what it finds.
One request a line of JSON on stdin, one answer a line on stdout.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.crash.invariants import End, Verdict, canaries, judge, paths_below
from tests.crash.scenarios import PLANTED, RESTARTS, SCENARIOS, Scenario
from tests.crash.stage import Stage, prepare, said
from tests.crash.strace import (
    GROWING,
    Call,
    Fault,
    attached,
    calls_in,
    injecting,
    watching,
)

ACKNOWLEDGED: Final = b"ACK"
TRIES: Final = 6


class Broken(Exception):
    """The harness itself could not do what it is for."""


class Workplace:
    """One scenario: its prepared root, what a run without a fault does, and its points."""

    def __init__(self, base: Path, scenario: Scenario, interrupted: Workplace | None) -> None:
        self._scenario = scenario
        self._template = base / "template"
        self._log = base / "strace.log"
        self._complaints = base / "stderr"
        base.mkdir(parents=True)
        if interrupted is None:
            self._root = base / "root"
            in_a_child(lambda: scenario.prepare(prepare(self._root)))
            self._root.rename(self._template)
        else:  # at the same place: installations hold absolute paths
            self._root = interrupted._root
            interrupted.die_half_way(self._template)
        self._canaries = canaries(self._template)
        self._allowed: set[str] = set(interrupted._allowed) if interrupted else set()
        self._allowed |= self._paths_of_a_sound_end(acting=False)
        self._allowed |= self._paths_of_a_sound_end(acting=True)
        self._allowed |= {f"{path}.previous" for path in self._allowed if path.endswith(".json")}
        self.calls = self._trace()

    def points(self) -> list[tuple[int, Fault]]:
        """Each call that changes something, with each fault that may meet it."""
        found: list[tuple[int, Fault]] = []
        for index, call in enumerate(self.calls):
            if not call.changes(self._root):
                continue
            if call.by_another_thread:
                raise Broken(f"{self._scenario.name}: another thread does {call.fingerprint}")
            found += [(index, fault) for fault in ("kill", "ENOSPC", "EIO")]
            if call.name in GROWING:
                found.append((index, "full"))
        return found

    def trace(self) -> list[dict[str, Any]]:
        return [
            {
                "name": call.name,
                "words": call.words.replace(str(self._root), "<root>"),
                "succeeded": call.succeeded,
            }
            for call in self.calls
        ]

    def try_point(self, index: int, fault: Fault) -> dict[str, Any]:
        """What came of a fault at that call."""
        end = self._tried(index, fault)
        return dataclasses.asdict(self._judged(end)) | {"end": dataclasses.asdict(end)}

    def _tried(self, index: int, fault: Fault) -> End:
        """The end of a victim of that fault. Raises: Broken when it met another call each time.

        How many files of /proc are read depends on who else runs, so a try may miss.
        """
        wanted, options = self.calls[index], injecting(self.calls, index, fault)
        for _ in range(TRIES):
            end, calls = self._victim(options, fault)
            met = calls[-1:] if fault == "kill" else [call for call in calls if call.injected]
            if met and met[0].fingerprint == wanted.fingerprint:
                return end
        raise Broken(f"met {[call.fingerprint for call in met]} for {wanted.fingerprint}")

    def die_half_way(self, left: Path) -> None:
        """`left` is the root as a kill in the middle of the change leaves it."""
        kills = [index for index, fault in self.points() if fault == "kill"]
        self._tried(kills[len(kills) // 2], "kill")
        self._root.rename(left)

    def _paths_of_a_sound_end(self, *, acting: bool) -> set[str]:
        """What is there after a next start, with and without the change; all must be well then."""
        self._reset()
        told: list[bytes] = []
        if acting:
            in_a_child(lambda: self._act(told.append, lambda: None))
        in_a_child(lambda: Stage(self._root).app)
        return set(paths_below(self._root))

    def _trace(self) -> list[Call]:
        end, calls = self._victim(watching(), None)
        verdict = self._judged(end)
        if end.outcome != "done" or verdict.violations:
            raise Broken(f"{self._scenario.name} without a fault: {end} {verdict.violations}")
        return calls

    def _victim(self, options: list[str], fault: Fault | None) -> tuple[End, list[Call]]:
        """One that is killed, or meets a fault, or neither; and what it did from its start on."""
        self._reset()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._die(theirs)
        theirs.close()
        with ours:
            if not os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]):
                raise Broken(f"{self._scenario.name}: {self._complaints.read_text()}")
            tracer = attached(pid, self._log, options)
            os.kill(pid, signal.SIGCONT)
            os.waitpid(pid, 0)
            tracer.communicate()
            messages = list(iter(lambda: ours.recv(65536), b""))
        last = messages.pop() if messages and messages[-1] != ACKNOWLEDGED else b"{}"
        words = {"outcome": None, "code": "", "words": ""} | json.loads(last)
        complaints = self._complaints.read_text("utf-8", "replace")
        end = End(fault, acknowledged=len(messages), complaints=complaints, **words)
        return end, calls_in(self._log, pid)

    def _die(self, channel: socket.socket) -> None:
        """The life of a victim: it never returns."""
        with self._complaints.open("wb") as complaints:
            os.dup2(complaints.fileno(), 2)
        try:
            self._act(channel.send, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        finally:
            os._exit(0)

    def _act(self, tell: Callable[[bytes], object], stop_here: Callable[[], None]) -> None:
        stage = Stage(self._root, start=stop_here, ack=lambda: tell(ACKNOWLEDGED))
        try:
            self._scenario.act(stage)
        except Exception as error:  # noqa: BLE001 - a raw one is what we look for
            tell(json.dumps(said(error)).encode())
        else:
            tell(json.dumps({"outcome": "done"}).encode())

    def _judged(self, end: End) -> Verdict:
        found = in_a_child(
            lambda: dataclasses.asdict(
                judge(self._root, self._scenario, end, self._canaries, self._allowed)
            )
        )
        return Verdict(**found)

    def _reset(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        copy_tree(self._template, self._root)


def copy_tree(source: Path, target: Path) -> None:
    """A copy with its links as they are. shutil's does more than we need, and takes longer."""
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            copy = target / entry.name
            if entry.is_symlink():
                copy.symlink_to(Path(entry.path).readlink())
            elif entry.is_dir():
                copy_tree(Path(entry.path), copy)
            else:
                copy.write_bytes(Path(entry.path).read_bytes())


def in_a_child(work: Callable[[], Any]) -> Any:
    """What `work` answers in a process of its own. What that imported is imported here too, so
    that the next one finds it and reads no file for it. Raises: Broken with its traceback."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer: dict[str, Any] = {"answer": work()}
        except BaseException:  # noqa: BLE001 - it is raised again, in the process that asked
            answer = {"broken": traceback.format_exc()}
        answer["modules"] = [name for name in sys.modules if name not in _MODULES]
        with os.fdopen(writing, "w") as file:
            json.dump(answer, file, default=str)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(pid, 0)
    answer = json.loads(text or '{"broken": "it died", "modules": []}')
    for name in answer["modules"]:
        _MODULES.add(name)
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "broken" in answer:
        raise Broken(answer["broken"])
    return answer["answer"]


_MODULES: Final = set(sys.modules)


def answer_to(request: dict[str, Any], base: Path, known: dict[str, Workplace]) -> object:
    place = place_for((SCENARIOS | RESTARTS | PLANTED)[request["scenario"]], base, known)
    if request["do"] == "points":
        return place.points()
    if request["do"] == "trace":
        return place.trace()
    return place.try_point(request["index"], request["fault"])


def place_for(scenario: Scenario, base: Path, known: dict[str, Workplace]) -> Workplace:
    if scenario.name not in known:
        interrupted = place_for(scenario.after, base, known) if scenario.after else None
        folder = base / scenario.name.replace(" ", "-")
        known[scenario.name] = Workplace(folder, scenario, interrupted)
        gc.collect()
        gc.freeze()  # what is here now is never looked through again, nor copied by children
    return known[scenario.name]


def main() -> None:
    base, known = Path(sys.argv[1]), dict[str, Workplace]()
    for line in sys.stdin:
        try:
            answer: object = {"answer": answer_to(json.loads(line), base, known)}
        except Exception:  # noqa: BLE001 - it is raised again, in the test
            answer = {"broken": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
