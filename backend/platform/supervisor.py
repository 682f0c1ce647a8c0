"""The small process that owns one ComfyUI, so that no launcher has to outlive it.

Run as `python -I supervisor.py FOLDER`. FOLDER holds `launch.json` (command, cwd, log file,
bounds); the environment of the supervisor is the one that the child gets. It starts the child in a
process group of its own, copies its output to a bounded log, and keeps `process.json` true:
`running` with both pids, then `exited` with how. SIGTERM to the supervisor means stop: SIGTERM to
the child's group, the grace period, SIGKILL to the group.

It is the child's parent, and reaps it last of all: until then the number of the group cannot be
given to anyone else, so no stranger is ever signalled. Only the standard library: it stays small
and starts fast, and it must not depend on the state of the app that it outlives.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

CHUNK_BYTES = 65536
AFTERMATH_SECONDS = 1.0
POLL_SECONDS = 0.2


class BoundedLog:
    """A log file that holds at most twice `limit` bytes: the present half and `.1` before it."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab")

    def write(self, chunk: bytes) -> None:
        # Neither a full disk nor a log that someone deleted may end the child: its output is lost
        # then, nothing else.
        with contextlib.suppress(OSError, ValueError):
            if self._file.tell() + len(chunk) > self._limit:
                self._rotate()
            self._file.write(chunk)
            self._file.flush()

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.close()

    def _rotate(self) -> None:
        """There is an open file at every moment, also when the disk refuses one of the steps."""
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile: nothing to keep
            os.replace(self._path, self._path.with_name(self._path.name + ".1"))
        full, self._file = self._file, self._path.open("ab")
        with contextlib.suppress(OSError):
            full.close()


class Supervisor:
    """One child from its start to its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._launch = _launch(folder)
        self._log = BoundedLog(Path(self._launch["log"]), int(self._launch["log_limit_bytes"]))
        self._stop_requested = False
        self._kill_at: float | None = None
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run(self) -> None:
        """Returns when the child and all that it left behind have ended and are on record."""
        try:
            child = subprocess.Popen(
                self._launch["command"],
                cwd=self._launch["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._log.write(f"The process could not be started: {error}\n".encode())
            self._report(state="exited", exit_code=127, signal=None, ended_at=time.time())
            return
        self._report(state="running", pid=child.pid)
        self._watch(child)
        self._end_group(child)
        self._drain(child)
        status = child.wait()
        self._log.close()
        self._report(
            state="exited",
            pid=child.pid,
            exit_code=status if status >= 0 else None,
            signal=-status if status < 0 else None,
            stop_requested=self._stop_requested,
            ended_at=time.time(),
        )

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requested = True

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        """Copies output and carries out a stop until the child has ended; does not reap it."""
        assert child.stdout is not None
        output = child.stdout.fileno()
        exit_fd = _pidfd(child.pid)
        waiting = {output, self._wake_read} | ({exit_fd} if exit_fd is not None else set())
        while not _has_ended(child):
            patience = _patience(self._kill_at, told=exit_fd is not None)
            ready, _, _ = select.select(waiting, [], [], patience)
            if self._wake_read in ready:
                os.read(self._wake_read, 512)
            if output in ready and not self._copy(output):
                waiting.discard(output)
            self._carry_out_stop(child.pid)
        if exit_fd is not None:
            os.close(exit_fd)

    def _carry_out_stop(self, group: int) -> None:
        if not self._stop_requested:
            return
        if self._kill_at is None:
            self._kill_at = time.monotonic() + float(self._launch["grace_seconds"])
            _signal_group(group, signal.SIGTERM)
        elif time.monotonic() >= self._kill_at:
            _signal_group(group, signal.SIGKILL)

    def _end_group(self, child: subprocess.Popen[bytes]) -> None:
        """Ends what the child left behind in its group: a helper that would hold the port."""
        _signal_rest(child, signal.SIGTERM)
        end = time.monotonic() + AFTERMATH_SECONDS
        while _group_has_others(child.pid) and time.monotonic() < end:
            time.sleep(0.05)
        _signal_rest(child, signal.SIGKILL)

    def _copy(self, output: int) -> bool:
        chunk = os.read(output, CHUNK_BYTES)
        self._log.write(chunk)
        return bool(chunk)

    def _drain(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        output = child.stdout.fileno()
        end = time.monotonic() + AFTERMATH_SECONDS
        while time.monotonic() < end:
            ready, _, _ = select.select([output], [], [], 0.1)
            if not ready or not self._copy(output):
                break
        child.stdout.close()

    def _report(self, **facts: Any) -> None:
        """process.json, sealed and replaced as a whole. It is read while it is written."""
        path = self._folder / "process.json"
        temporary = path.with_suffix(".tmp")
        facts = {"supervisor_pid": os.getpid(), **facts}
        body = json.dumps(facts).encode()[:-1]
        with contextlib.suppress(OSError):
            temporary.write_bytes(body + b',"crc32":"%08x"}\n' % zlib.crc32(body))  # see seals.py
            os.replace(temporary, path)


def _launch(folder: Path) -> dict[str, Any]:
    """What to start. The copy counts where the note itself was damaged since it was written."""
    for name in ("launch.json", "launch.json.previous"):
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((folder / name).read_bytes())
            if isinstance(found, dict):
                return found
    raise SystemExit(f"{folder / 'launch.json'} cannot be read")


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether our child is a zombie by now. It stays one: `WNOWAIT` reads without reaping.

    macOS has no `waitid` before Python 3.13. There the child is reaped, its status is kept, and
    its group may be signalled only while someone is left in it.
    """
    if not hasattr(os, "waitid"):
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _patience(kill_at: float | None, *, told: bool) -> float | None:
    """Seconds to sleep at most; None (until something happens) where the kernel tells us the end.

    What survives its SIGKILL hangs in the kernel, perhaps for long: it is looked at now and then.
    """
    if kill_at is None:
        return None if told else POLL_SECONDS
    left = kill_at - time.monotonic()
    return min(POLL_SECONDS, left) if left > 0 else POLL_SECONDS


def _signal_rest(child: subprocess.Popen[bytes], number: int) -> None:
    """Signals the group of an ended child. Its number is ours while the child is not reaped, and
    after that while someone is left in the group."""
    if child.returncode is None or _group_has_others(child.pid):
        _signal_group(child.pid, number)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _group_has_others(group: int) -> bool:
    """Whether anyone but the zombie leader is left. Without /proc, whether the group is there."""
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        return _group_exists(group)
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != group:
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(fields[2]) == group and fields[0] != "Z":
                    return True
    return False


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the answer of macOS when only a zombie is left
        return True
    return True


def _pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the child ends; None where the kernel has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


if __name__ == "__main__":
    supervisor = Supervisor(Path(sys.argv[1]))
    os.chdir("/")  # or the volume of the folder that the launcher was called from stays busy
    supervisor.run()
