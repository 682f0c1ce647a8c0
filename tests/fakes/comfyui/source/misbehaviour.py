"""How this ComfyUI can be told to misbehave. The environment is read once, at start.

| Variable                       | What it then does                                               |
|--------------------------------|-----------------------------------------------------------------|
| `FAKE_COMFYUI_START_DELAY=S`   | waits S seconds (a float) after the device lines, before it     |
|                                | imports custom nodes and listens                                |
| `FAKE_COMFYUI_CRASH=import`    | a traceback (ImportError of a shared library) before any device |
|                                | line, exit 1                                                    |
| `...CRASH=before-listening`    | a traceback (RuntimeError) where it would listen, exit 1        |
| `...CRASH=after-ready:S`       | S seconds after it listens: a traceback (MemoryError), exit 1   |
| `...CRASH=exit:CODE`           | where it would listen: ends with CODE and no word               |
| `FAKE_COMFYUI_IGNORE_SIGTERM=1`| ignores SIGTERM (SIGINT still ends it)                          |
| `FAKE_COMFYUI_HOLD_PORT=1`     | starts a child in its own process group that keeps the          |
|                                | listening socket open; it ignores SIGTERM and SIGINT, and ends  |
|                                | by SIGKILL, or by itself after 120 s. POSIX only                |
| `FAKE_COMFYUI_LOG_FLOOD=MB`    | writes MB megabytes of log lines before it listens: with a full |
|                                | pipe that nobody reads it hangs there                           |
| `FAKE_COMFYUI_FOREIGN_ARGV=1`  | /system_stats tells the argv of another ComfyUI                 |
| `FAKE_COMFYUI_NEVER_READY=1`   | listens and accepts connections, never answers, never writes    |
|                                | "To see the GUI go to"                                          |
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

log = logging.getLogger(__name__)

PREFIX = "FAKE_COMFYUI_"
HELD_SECONDS = 120
FLOOD_LINE = "x" * 1023


def _set(name):
    return os.environ.get(PREFIX + name, "")


START_DELAY = float(_set("START_DELAY") or 0)
CRASH, _, CRASH_VALUE = _set("CRASH").partition(":")
IGNORE_SIGTERM = _set("IGNORE_SIGTERM") == "1"
HOLD_PORT = _set("HOLD_PORT") == "1"
LOG_FLOOD = float(_set("LOG_FLOOD") or 0)
FOREIGN_ARGV = _set("FOREIGN_ARGV") == "1"
NEVER_READY = _set("NEVER_READY") == "1"


def begin():
    """What has to be in force from the first moment."""
    if IGNORE_SIGTERM:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def start_slowly():
    if START_DELAY:
        time.sleep(START_DELAY)


def crash(place):
    """Ends the process here if it was told to crash at this place."""
    if place == "import" and CRASH == "import":
        raise ImportError(
            "libcudart.so.12: cannot open shared object file: No such file or directory"
        )
    if place == "before-listening" and CRASH == "before-listening":
        raise RuntimeError("CUDA error: out of memory")
    if place == "before-listening" and CRASH == "exit":
        os._exit(int(CRASH_VALUE))


def crash_later():
    """From here the clock of `after-ready` runs."""
    if CRASH == "after-ready":
        threading.Thread(target=_die_after, args=(float(CRASH_VALUE),), daemon=True).start()


def _die_after(seconds):
    time.sleep(seconds)
    try:
        raise MemoryError("Unable to allocate 2.00 GiB")
    except MemoryError:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def flood():
    for _ in range(int(LOG_FLOOD * 1024)):
        log.info(FLOOD_LINE)


def hold(listeners):
    """Lets a child keep the listening sockets open, whatever happens to this process."""
    if not HOLD_PORT:
        return
    numbers = [listener.fileno() for listener in listeners]
    # A signal ignored here is ignored in the child from its first instruction.
    previous = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        subprocess.Popen(
            [sys.executable, os.path.abspath(__file__)],
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def argv():
    """What /system_stats tells of the command line."""
    if FOREIGN_ARGV:
        return ["/somewhere/else/ComfyUI/main.py", "--port", "8188"]
    return list(sys.argv)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(HELD_SECONDS)
