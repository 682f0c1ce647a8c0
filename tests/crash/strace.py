"""strace at a process that waits for it: what it does to a folder, and faults at any call of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

# Every call that changes what a disk holds, under each of the names that libraries know it by.
_WORDS: Final = (
    "write pwrite64 writev sendfile copy_file_range ftruncate truncate fallocate open openat creat "
    "mkdir mkdirat rmdir rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat "
    "fsync fdatasync chmod fchmod fchmodat utimensat setxattr fsetxattr"
)
CHANGING: Final = tuple(_WORDS.split())
TOLD: Final = "sendto"  # by which a victim says what it has done: no fault is ever put there
# What a disk that is full goes on refusing. Opening is left out: reading works on a full disk.
_MORE: Final = re.compile(r"(?:pwrite64|writev?|fsync|fdatasync|(?:mkdir|rename|link|symlink).*)")
GROWING: Final = frozenset(name for name in CHANGING if _MORE.fullmatch(name))
Fault = Literal["kill", "ENOSPC", "EIO", "full"]
ATTACHING_SECONDS: Final = 10.0

_LINE: Final = re.compile(r"^(?P<pid>\d+) +(?P<name>[a-z_0-9]+)\((?P<rest>.*)$")
_RESULT: Final = re.compile(r"^.*\) += (?P<result>-?\d+|\?)(?P<why>.*)$")
_OPENED: Final = re.compile(r"O_(?:CREAT|TRUNC|WRONLY|RDWR)")
_FILLED: Final = frozenset({"write", "pwrite64", "writev"})
_CHANCE: Final = re.compile(
    r"\.[^/\"<>]*\.tmp"  # our temporary files
    r"|\d{8}-\d{6}-[0-9a-f]{6}|\d{14}-[0-9a-f]{6}"  # entries of the trash, operations
    r"|\.moved-[0-9a-f]{16}"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: the `ordinal`-th of its name since strace came, and its words in the log."""

    name: str
    ordinal: int
    words: str
    succeeded: bool
    injected: bool
    by_another_thread: bool

    def changes(self, root: Path) -> bool:
        """Whether it changed something at or below `root`."""
        if not self.succeeded or self.name not in CHANGING:
            return False
        if self.name in {"open", "openat"} and not _OPENED.search(self.words):
            return False
        if self.name in _FILLED:  # the name of the file, not what is written into it
            return str(root) in self.words.partition(",")[0]
        return str(root) in self.words

    @property
    def fingerprint(self) -> str:
        """The same call of another run: without what chance decides, and without its result."""
        words = self.words.rpartition(" = ")[0].rstrip(" )")
        place = words.partition(",")[0] if self.name in _FILLED else words
        return f"{self.name}({_CHANCE.sub('*', place)}"


def without_chance(path: str) -> str:
    """A path without what is another one in each run: ids, and names of temporary files."""
    return _CHANCE.sub("*", path)


@cache
def why_not() -> str | None:
    """Why no process can be traced here; None where it can."""
    if shutil.which("strace") is None:
        return "there is no strace here"
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            attached = subprocess.run(
                ["timeout", "-s", "INT", "0.3", "strace", "-o", os.devnull, "-p", str(sleeper.pid)],
                capture_output=True,
                text=True,
            )
        finally:
            sleeper.kill()
    refusals = [line for line in attached.stderr.splitlines() if "ptrace" in line]
    return f"strace may not look at processes here: {refusals[0]}" if refusals else None


def watching() -> list[str]:
    """The options to see every change, and what the victim tells, in one order."""
    return ["-s", "64", "-e", f"trace={','.join((*CHANGING, TOLD))}"]


def injecting(calls: Sequence[Call], index: int, fault: Fault) -> list[str]:
    """The options to put `fault` at `calls[index]`, where `calls` are all that a run makes.

    `full`: the disk is full from then on, so every later call that grows something fails too.
    """
    call = calls[index]
    if fault == "kill":
        return _inject(call.name, "signal=KILL", str(call.ordinal))
    if fault != "full":
        return _inject(call.name, f"error={fault}", str(call.ordinal))
    before = Counter(earlier.name for earlier in calls[:index])
    options = ["-e", f"trace={','.join(sorted(GROWING))}"]
    for name in sorted(GROWING):
        options += ["-e", f"inject={name}:error=ENOSPC:when={before[name] + 1}+"]
    return options


def _inject(name: str, what: str, when: str) -> list[str]:
    return ["-e", f"trace={name}", "-e", f"inject={name}:{what}:when={when}"]


def attached(pid: int, log: Path, options: Collection[str]) -> subprocess.Popen[bytes]:
    """strace at the stopped process `pid`; from here on nothing that it does goes unseen."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-y", "-o", str(log), *options, "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    status = Path(f"/proc/{pid}/status")
    deadline = time.monotonic() + ATTACHING_SECONDS
    while f"TracerPid:\t{tracer.pid}\n" not in status.read_text("ascii", "replace"):
        if tracer.poll() is not None or time.monotonic() > deadline:
            tracer.kill()
            os.kill(pid, signal.SIGKILL)
            words = tracer.communicate()[1].decode(errors="replace")
            raise RuntimeError(f"strace did not come to {pid}: {words}")
        time.sleep(0.0003)
    return tracer


def calls_in(log: Path, pid: int) -> list[Call]:
    """What strace saw, in its order. Each thread has ordinals of its own."""
    counts: Counter[tuple[str, str]] = Counter()
    found = []
    for line in log.read_text("utf-8", "replace").splitlines():
        parts = _LINE.match(line)
        if parts is None:  # a signal, an end, or the second half of an interrupted call
            continue
        counts[parts["pid"], parts["name"]] += 1
        result = _RESULT.search(parts["rest"])
        found.append(
            Call(
                name=parts["name"],
                ordinal=counts[parts["pid"], parts["name"]],
                words=parts["rest"],
                succeeded=result is not None and result["result"] not in {"?", "-1"},
                injected=result is not None and "(INJECTED)" in result["why"],
                by_another_thread=parts["pid"] != str(pid),
            )
        )
    return found
