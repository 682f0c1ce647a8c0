"""Who runs operations: this process, and whether that of a record still does."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from backend.operations.model import Owner
from backend.platform.whereabouts import Fate, fate_of, this_process

SILENT_SECONDS: Final = 24 * 60 * 60.0


def own() -> Owner:
    """This process. Raises: OSError where the system is not able to say when it was born."""
    return Owner(**asdict(this_process()))


def lives(owner: Owner, traces: Iterable[Path]) -> bool:
    """Whether that process still runs, as far as can be told from here.

    One in another container or on another machine may live: what it works on is not touched. But a
    container that is made anew has another name and another pid namespace, and what ran in it would
    seem to run for ever: such an owner counts as gone once none of the `traces` of its operation
    (its record, its progress, its intent, its store) has changed for a day.
    """
    fate = fate_of(owner)
    return fate is Fate.LIVES or (fate is Fate.UNKNOWN and not _are_old(traces))


def _are_old(traces: Iterable[Path]) -> bool:
    """Without any trace, there is nothing that says so."""
    changed = []
    for trace in traces:
        with suppress(OSError):
            changed.append(trace.lstat().st_mtime)
    return bool(changed) and time.time() - max(changed) > SILENT_SECONDS
