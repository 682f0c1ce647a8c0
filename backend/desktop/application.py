"""The door with a window: one launcher a root, in the best window that can open here."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from backend.api.exit_codes import FAILURE, INTERRUPTED, SUCCESS, exit_code_of
from backend.config import PathsConfig
from backend.desktop.door import Door
from backend.desktop.instance import bring_to_front, is_opening
from backend.desktop.ladder import Rung, Way, Wish, find_way
from backend.desktop.showing import Opening, in_browser, in_window, tell_alone
from backend.desktop.signals import Ended, Signals
from backend.exceptions import ComfyUILauncherError
from backend.logging_config import configure_logging
from backend.operations.runner import report_fault
from backend.platform.terminal import leave_waiting_threads_behind, note, say, speak_of_any_path
from backend.roots import find_root
from backend.service.record import ServiceRecord

CHECKOUT: Final = Path(__file__).parents[2]
END_SECONDS: Final = 35.0  # more than the app and its service take at the longest: 15 + 5 + 3


class Ends(Protocol):
    """What has to be ended tidily: the Door."""

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    wish: Wish | None


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> int:
    """Shows the window until it is closed; the exit status. What goes wrong is one sentence."""
    options = _options(arguments)
    signals = Signals()
    speak_of_any_path()
    # A copy: what is set for an engine must not reach ComfyUI, a browser or a file manager.
    given = dict(os.environ if environment is None else environment)
    try:
        status = _run(options, given, signals)
    except ComfyUILauncherError as error:
        status = _refuse(error)
    except Ended:
        status = _status_of(signals)
    except Exception as fault:
        status = _refuse(report_fault(fault))
    leave_waiting_threads_behind(status)
    return status


def _run(options: Options, environment: Mapping[str, str], signals: Signals) -> int:
    """Raises: WindowImpossible, LauncherNotAnswering, NotWritable, DiskFull."""
    paths = PathsConfig(find_root(environment))
    way: Way | None = None

    def open_it() -> int:
        nonlocal way
        way = find_way(environment, paths.data, note, options.wish)
        return show(Opening(door, way, paths, environment, CHECKOUT, note, signals))

    try:
        door = Door(paths, log_file=configure_logging(paths.logs, "window", "INFO"))
        other = door.claim()
        return and_end(door, open_it) if other is None else _leave_to(other, paths)
    except ComfyUILauncherError as error:
        if way is None or not way.choice.rung.is_window:
            _show_alone(error, environment, paths, signals)
        raise


def show(opening: Opening) -> int:
    """Shows the page until it is closed; the exit status."""
    choice = opening.way.choice
    for line in (choice.why, *choice.hints):
        if line:
            note(line)
    if choice.rung.is_window:
        in_window(opening)
    else:
        in_browser(opening, say)
    if (failure := opening.door.failure) is not None:
        return _refuse(failure)
    return _status_of(opening.signals)


def and_end(door: Ends, task: Callable[[], int], seconds: float = END_SECONDS) -> int:
    """What `task` returns, once the door has ended; what hangs then does not keep the process."""
    status = FAILURE
    try:
        status = task()
    except ComfyUILauncherError as error:
        status = exit_code_of(error.code)
        raise
    except Ended:
        status = SUCCESS
        raise
    finally:
        hurry = threading.Timer(seconds, os._exit, (status,))
        hurry.daemon = True
        hurry.start()
        door.end()
        hurry.cancel()
    return status


def _leave_to(other: ServiceRecord, paths: PathsConfig) -> int:
    """Raises: LauncherNotAnswering."""
    if is_opening(other, paths.window_file):
        say("ComfyUI Launcher is just opening; its window will be there in a moment.")
    else:
        bring_to_front(other)
        say("ComfyUI Launcher is open already; its window is in front now.")
    return SUCCESS


def _show_alone(
    error: ComfyUILauncherError,
    environment: Mapping[str, str],
    paths: PathsConfig,
    signals: Signals,
) -> None:
    """In a small window too, where no terminal shows the sentence: after a double click."""
    if sys.stderr is not None and sys.stderr.isatty():
        return
    try:
        way = find_way(environment, paths.data, note)
    except ComfyUILauncherError:
        return
    if way.choice.rung in {Rung.QT, Rung.GTK}:
        tell_alone(way, error, signals)


def _status_of(signals: Signals) -> int:
    return INTERRUPTED if signals.first is signal.SIGINT else SUCCESS


def _refuse(error: ComfyUILauncherError) -> int:
    note(f"{error.message} {error.hint}")
    return exit_code_of(error.code)


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="./launcher", description="Opens the launcher in a window, or in a browser."
    )
    add = parser.add_mutually_exclusive_group().add_argument
    add("--window", dest="wish", action="store_const", const="window",
        help="in a window of its own, or not at all")  # fmt: skip
    add("--browser", dest="wish", action="store_const", const="browser",
        help="in a tab of your browser")  # fmt: skip
    return Options(wish=parser.parse_args(arguments).wish)
