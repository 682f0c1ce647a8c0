"""The page that the window shows: whether `frontend/dist` is what its sources make.

The folder is committed, so that nobody needs node to use the app. Who changes the sources gets a
new one: `frontend/build.py` makes it, and writes into `dist/build.json` what it was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from backend.platform.subprocesses import run, scrubbed_environment

SCHEMA: Final = 1
RECORD: Final = "build.json"
SOURCE_FOLDERS: Final = ("public", "src")
SOURCE_FILES: Final = ("index.html", "package-lock.json", "package.json", "vite.config.ts")
LONGEST_BUILD_SECONDS: Final = 300.0


def is_current(checkout: Path) -> bool:
    """Whether the page is whole and made from the sources beside it; true where there are none.

    Reads a few hundred kilobytes and changes nothing.
    """
    frontend = checkout / "frontend"
    made = _record(frontend / "dist")
    if made is None or files_in(frontend / "dist") != made.get("files"):
        return False
    if not (frontend / "package.json").is_file():
        return True
    return made.get("source") == source_hash(source_files(frontend))


def bring_up_to_date(
    checkout: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    on_line: Callable[[str], None] | None = None,
) -> str | None:
    """None when the page is that of the sources, now at the latest; else a sentence why it is not.

    Makes it again where that is needed and node is there: some seconds. `on_line` hears about it.
    What was there before stays until the new one is whole.
    """
    if is_current(checkout):
        return None
    try:
        done = run(
            [sys.executable, "-m", "frontend.build", "--if-stale"],
            environment=scrubbed_environment(environment),
            cwd=checkout,
            on_line=on_line,
            timeout_seconds=LONGEST_BUILD_SECONDS,
        )
    except TimeoutError:
        return _notice("making it again took too long.")
    except OSError as error:
        return _notice(f"{error.strerror}.")
    if done.returncode == 0:
        return None
    return _notice(done.lines[-1] if done.lines else f"its build ended with {done.returncode}.")


def source_files(frontend: Path) -> dict[str, bytes]:
    """Everything that a page is made from, by its place in `frontend`, in a fixed order.

    Text has the line endings of Unix, whatever git made of them here.
    """
    contents = {
        path.relative_to(frontend).as_posix(): path.read_bytes() for path in _sources(frontend)
    }
    return {
        name: content if b"\0" in content else content.replace(b"\r\n", b"\n")
        for name, content in sorted(contents.items())
    }


def source_hash(files: Mapping[str, bytes]) -> str:
    """What names the sources of a page: the same for the same files, wherever and whenever."""
    digest = hashlib.sha256()
    for name, content in files.items():
        encoded = os.fsencode(name)
        digest.update(b"%d:%s%d:%s" % (len(encoded), encoded, len(content), content))
    return f"sha256:{digest.hexdigest()}"


def files_in(dist: Path) -> dict[str, int]:
    """Every file of a page with its size, but for the record."""
    return {
        path.relative_to(dist).as_posix(): path.stat().st_size
        for path in sorted(_files_below(dist))
        if path != dist / RECORD
    }


def write_record(dist: Path, source: str) -> None:
    """Says in a page what it was made from. The last that is written into it."""
    record = {"schema": SCHEMA, "source": source, "files": files_in(dist)}
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (dist / RECORD).write_text(text + "\n", encoding="utf-8", newline="\n")


def _record(dist: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((dist / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("schema") == SCHEMA else None


def _sources(frontend: Path) -> Iterator[Path]:
    for name in SOURCE_FILES:
        if (frontend / name).is_file():
            yield frontend / name
    yield from frontend.glob("tsconfig*.json")
    for folder in SOURCE_FOLDERS:
        yield from _files_below(frontend / folder)


def _files_below(folder: Path) -> Iterator[Path]:
    """Without what editors and file managers leave beside the files: `.swp`, `~`, `.DS_Store`."""
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and not name.endswith("~"):
                yield Path(where, name)


def _notice(reason: str) -> str:
    return (
        f"The page of the window is not that of its sources: {reason}"
        " `./launcher frontend build` makes it."
    )
