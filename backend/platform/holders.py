"""A lock where the volume has none: a folder that only one can rename into its place.

`<path>.holder/` holds one file, `<token>.json`, that says who is inside. It is made elsewhere,
whole, and renamed: no file system renames a folder over one that has something in it, so only the
first one comes in. That also works where there are no hardlinks (exFAT, some network shares).

A holder whose process is gone is taken away by removing the file of that very token. Of two who do
so at once, one finds it gone; neither can remove the holder that came in meanwhile, for that has
another token. Who is gone: see `whereabouts`. Anyone else may live: a holder on another machine, in
another container, or one that cannot be read is never broken. Who waits is told which folder to
remove once that launcher has surely ended.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.platform.whereabouts import Fate, fate_of, this_process

SUFFIX: Final = ".holder"
STALE_SECONDS: Final = 5.0
_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST})


class Holder(BaseModel):
    """Who is inside: the process, and where its pid means anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    created: str
    machine: str
    place: str

    @property
    def is_gone(self) -> bool:
        """Whether it surely no longer lives."""
        return fate_of(self) is Fate.GONE


class HolderFolder:
    """Takes and leaves `<path>.holder/`. One object, one holder at a time."""

    def __init__(self, path: Path) -> None:
        self._folder = path.with_name(path.name + SUFFIX)
        self._token = ""
        self._swept = False

    @property
    def folder(self) -> Path:
        return self._folder

    def take(self) -> bool:
        """Whether we are inside now; False while another one may be. Raises: OSError."""
        if self._folder.exists():
            _break_if_gone(self._folder, empty_is_gone=True)
            if self._folder.exists():
                return False
        elif not self._swept:
            self._swept = True
            for stray in self._folder.parent.glob(f"{self._folder.name}-*"):
                _break_if_gone(stray)
        return self._come_in()

    def leave(self) -> None:
        """Lets the next one in."""
        (self._folder / f"{self._token}.json").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the next one is inside already
            self._folder.rmdir()

    def _come_in(self) -> bool:
        token = secrets.token_hex(8)
        made = self._folder.with_name(f"{self._folder.name}-{token}")
        made.mkdir(mode=0o700)
        try:
            _write(made / f"{token}.json", Holder(**asdict(this_process())))
            made.rename(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                (made / f"{token}.json").unlink(missing_ok=True)
                made.rmdir()
            if error.errno in _TAKEN:
                return False
            raise
        self._token = token
        return True


def _break_if_gone(folder: Path, *, empty_is_gone: bool = False) -> None:
    """Empties `folder` of a holder that is gone, and of nothing else, and removes it then.

    An empty one in the place of the lock is what is left of one who is leaving. Elsewhere it may be
    in the making; only an old one is not.
    """
    with contextlib.suppress(OSError):
        files = list(folder.iterdir())
        for file in files:
            holder = _read(file)
            if holder is not None and holder.is_gone:
                file.unlink()
        if files or empty_is_gone or time.time() - folder.stat().st_mtime > STALE_SECONDS:
            folder.rmdir()  # refused while anything is in it


def _write(file: Path, holder: Holder) -> None:
    """On disk before it counts: one that a power cut left empty could never be judged."""
    with file.open("xb") as content:
        content.write(holder.model_dump_json().encode())
        content.flush()
        os.fsync(content.fileno())


def _read(file: Path) -> Holder | None:
    try:
        return Holder.model_validate_json(file.read_bytes())
    except ValidationError:
        return None
