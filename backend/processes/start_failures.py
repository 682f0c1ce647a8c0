"""Why a ComfyUI ended while starting: what its log says, in words, with what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StartFailure:
    """A cause and the way out. `port_taken`: another program was faster, a new port helps."""

    reason: str
    advice: str
    port_taken: bool = False


@dataclass(frozen=True, slots=True)
class _Signature:
    pattern: re.Pattern[str]
    reason: str
    advice: str
    port_taken: bool = False


def _signature(pattern: str, reason: str, advice: str, *, port_taken: bool = False) -> _Signature:
    return _Signature(re.compile(pattern), reason, advice, port_taken)


# In order of precision: the first that matches a line, read from the end of the log, is the cause.
SIGNATURES: Final[tuple[_Signature, ...]] = (
    _signature(
        r"[Aa]ddress already in use|Port (?P<what>\d+) is already in use",
        "another program took its port.",
        "Launch it again: it gets a free port.",
        port_taken=True,
    ),
    _signature(
        r"error: unrecognized arguments: (?P<what>.+)",
        "this version does not know the option {what}.",
        "Leave that option out.",
    ),
    _signature(
        r"main\.py: error: (?P<what>.+)",
        "an option is not accepted: {what}.",
        "Correct that option.",
    ),
    _signature(
        r"Torch not compiled with CUDA enabled",
        "its torch was built without GPU support.",
        "Launch it with `--cpu`, or install it again with `--torch-backend`.",
    ),
    _signature(
        r"Found no NVIDIA driver|NVIDIA driver on your system is too old",
        "torch finds no NVIDIA driver that is new enough.",
        "Update the driver, or launch it with `--cpu`.",
    ),
    _signature(
        r"operator (?P<what>torchvision::\w+) does not exist",
        "torch and torchvision are of different builds.",
        "Install the version again with one `--torch-backend` for both.",
    ),
    _signature(
        r"ModuleNotFoundError: No module named '(?P<what>[\w.]+)'",
        "the Python package {what} is missing from its environment.",
        "`./launcher versions check` says what else is missing; reinstall the version to mend it.",
    ),
    _signature(
        r"ImportError: (?P<what>.+)",
        "a Python package could not be loaded: {what}.",
        "`./launcher versions check` looks at the environment.",
    ),
    _signature(
        r"CUDA out of memory|torch\.OutOfMemoryError",
        "the GPU has not enough memory.",
        "Close what else uses the GPU, or launch it with `--lowvram`.",
    ),
    _signature(
        r"No space left on device",
        "the disk is full.",
        "Free some room, then launch it again.",
    ),
    _signature(
        r"yaml\.\w+\.\w+Error|load_extra_path_config",
        "the file with the model folders cannot be read.",
        "Launch it again: the launcher writes that file anew.",
    ),
    _signature(
        r"ASSETS_STARTUP_FAILED: (?P<what>\w+)",
        "its asset database could not be opened ({what}).",
        "Stop other ComfyUIs that use the same database.",
    ),
)

_ERROR_LINE: Final = re.compile(r"^\w*(Error|Exception)\b.*|^\w[\w.]*(Error|Exception): .+")


def explain(log: Sequence[str], exit_words: str) -> StartFailure:
    """The cause of an early end, from the last lines of the log and the way the process ended."""
    for line in reversed(log):
        for signature in SIGNATURES:
            if match := signature.pattern.search(line):
                what = {"what": match.groupdict().get("what") or ""}
                reason = signature.reason.format(**what)
                return StartFailure(reason, signature.advice, signature.port_taken)
    if "SIGKILL" in exit_words:
        return StartFailure(
            "the system killed it, most likely for want of memory.",
            "Close other programs, or use a smaller model.",
        )
    last_error = next((line.strip() for line in reversed(log) if _ERROR_LINE.match(line)), None)
    return StartFailure(
        last_error or "its log names no cause.", "Read the last lines of its log below."
    )
