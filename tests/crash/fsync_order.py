"""Whether a power cut could undo what was confirmed: read off the order of the system calls.

A disk keeps what was written before an fsync, in any order that it likes until then. So the content
of a file has to be on it before its name is, and the name before anyone is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.crash.strace import TOLD

ROOT: Final = "<root>"  # how a trace names the root of the launcher

# What is only of this moment: how far a step is, who is at work, and the log.
_PASSING: Final = re.compile(r"\.lock$|\.progress$|\.cancel$|\.log$|/\.cache(/|$)")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_FOLDER: Final = re.compile(r"^(?:AT_FDCWD|\d+)<((?:<root>|[^<>])*)>")
_RENAMES: Final = frozenset({"rename", "renameat", "renameat2"})
_OPENS: Final = frozenset({"open", "openat", "creat"})
_WRITES: Final = frozenset({"write", "writev", "pwrite64", "ftruncate", "fallocate"})
_SYNCS: Final = frozenset({"fsync", "fdatasync"})
_MAKING: Final = frozenset({"mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat"})
_UNMAKING: Final = frozenset({"unlink", "unlinkat", "rmdir"})


@dataclass
class Ordering:
    """What a trace shows. `wrong` is empty where the order is as it has to be."""

    renames: int = 0
    wrong: list[str] = field(default_factory=list)
    _unsynced: set[str] = field(default_factory=set)  # files with content that may be lost
    _made_here: set[str] = field(default_factory=set)
    _entries: dict[str, str] = field(default_factory=dict)  # names that may be lost or come back

    def see(self, name: str, words: str) -> None:
        """The next call that succeeded."""
        paths = list(_paths(words))
        if name in _OPENS:
            self._open(paths[0], words)
        elif name in _WRITES:
            self._unsynced |= {path for path in [_opened(words)] if _counts(path)}
        elif name in _SYNCS:
            self._sync(_opened(words))
        elif name in _RENAMES:
            self._rename(paths[0], paths[1])
        elif name in _MAKING:
            self._change(paths[-1], "is made")
        elif name in _UNMAKING:
            self._remove(paths[-1])

    def confirmed(self) -> None:
        """Someone has been told that all is done."""
        self.wrong += [f"told before the disk knows that {e} {w}" for e, w in self._entries.items()]
        self.wrong += [f"told before the content of {e} is on the disk" for e in self._unsynced]
        self._entries.clear()
        self._unsynced.clear()

    def _open(self, path: str, words: str) -> None:
        if not _counts(path):
            return
        if "O_TRUNC" in words and path not in self._made_here:
            self.wrong.append(f"{path} is emptied where it lies")
        if "O_EXCL" in words:
            self._made_here.add(path)
            self._change(path, "is made")

    def _sync(self, path: str) -> None:
        self._unsynced.discard(path)
        self._entries = {e: why for e, why in self._entries.items() if _folder_of(e) != path}

    def _rename(self, source: str, target: str) -> None:
        if not _counts(target):
            return
        self.renames += 1
        if source in self._unsynced:
            self.wrong.append(f"{target} gets its name before its content is on the disk")
        self._remove(source)
        self._change(target, f"was {source}")

    def _change(self, path: str, why: str) -> None:
        if _counts(path):
            self._entries[path] = why

    def _remove(self, path: str) -> None:
        """What was made and is gone again needs nothing, nor what was in a folder that goes."""
        below = f"{path}/"
        was_new = self._entries.get(path) == "is made"
        self._entries = {e: w for e, w in self._entries.items() if not e.startswith(below)}
        self._entries.pop(path, None)
        self._unsynced = {e for e in self._unsynced if e != path and not e.startswith(below)}
        if not was_new:
            self._change(path, "is gone")


def ordering(calls: Sequence[dict[str, object]]) -> Ordering:
    """What is in order, and what is not, in the trace of a victim that met no fault."""
    found = Ordering()
    for call in calls:
        name, words = str(call["name"]), str(call["words"])
        if name == TOLD:
            found.confirmed()
        elif call["succeeded"]:
            found.see(name, words)
    return found


def _paths(words: str) -> Iterator[str]:
    """The paths of a call, absolute: a name that is not counts from the folder before it."""
    rest = words
    for quoted in _QUOTED.finditer(words):
        name = quoted[1]
        before = rest[: rest.index(quoted[0])].lstrip(", ")
        rest = rest[rest.index(quoted[0]) + len(quoted[0]) :]
        folder = _FOLDER.match(before)
        absolute = name.startswith(("/", ROOT)) or folder is None
        yield name if absolute else f"{folder[1]}/{name}"  # type: ignore[index]


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _opened(words: str) -> str:
    """The file behind the descriptor that a call begins with."""
    found = _FOLDER.match(words)
    return found[1] if found else ""


def _counts(path: str) -> bool:
    return path.startswith(ROOT) and not _PASSING.search(path)
