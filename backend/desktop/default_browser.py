"""Which browser the user chose, read from the same files as `xdg-open` does, in a moment.

`xdg-mime query` tells the same in a tenth of a second or more, and needs a desktop's tools.
"""

from __future__ import annotations

import configparser
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.roots import home_of

WEB: Final = "x-scheme-handler/http"
PAGE: Final = "text/html"
_SECTIONS: Final = ("Default Applications", "MIME Cache", "Added Associations")


@dataclass(frozen=True, slots=True)
class DefaultBrowser:
    """The program for web addresses. `opens_local_pages`: it is the one for files, too."""

    name: str
    opens_local_pages: bool
    is_snap: bool = False


def find_default(environment: Mapping[str, str]) -> DefaultBrowser | None:
    """The user's browser; None when there is none or it runs in a terminal."""
    chosen = _handler(WEB, environment)
    if chosen is None:
        return None
    path, entry = chosen
    if entry.get("Terminal", "false").lower() == "true":
        return None
    local = _handler(PAGE, environment)
    return DefaultBrowser(
        entry.get("Name", path.stem),
        opens_local_pages=local is not None and local[0] == path,
        is_snap="snapd" in path.parts,
    )


def _handler(kind: str, environment: Mapping[str, str]) -> tuple[Path, Mapping[str, str]] | None:
    """The desktop entry that opens things of that kind, and where it lies."""
    folders = [folder / "applications" for folder in _data_folders(environment)]
    for source in _lists(environment, folders):
        for name in _named(source, kind):
            for folder in folders:
                entry = _section(folder / name, "Desktop Entry")
                if entry:
                    return folder / name, entry
    return None


def _lists(environment: Mapping[str, str], folders: list[Path]) -> Iterator[Path]:
    """The lists of preferences and then what is installed, in the order of the specification."""
    configuration = [
        *_own(environment, "XDG_CONFIG_HOME", ".config"),
        *map(Path, (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")),
    ]
    desktops = environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
    names = [*(f"{desktop}-mimeapps.list" for desktop in desktops if desktop), "mimeapps.list"]
    for folder in (*configuration, *folders):
        yield from (folder / name for name in names)
    yield from (folder / "mimeinfo.cache" for folder in folders)


def _data_folders(environment: Mapping[str, str]) -> list[Path]:
    system = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = _own(environment, "XDG_DATA_HOME", ".local/share")
    snaps = Path("/var/lib/snapd/desktop")
    return [*dict.fromkeys([*own, *map(Path, filter(None, system.split(":"))), snaps])]


def _own(environment: Mapping[str, str], variable: str, below_home: str) -> list[Path]:
    """The user's own folder of a kind; none for a user without a home."""
    if named := environment.get(variable):
        return [Path(named)]
    home = home_of(environment)
    return [home / below_home] if home else []


def _named(source: Path, kind: str) -> list[str]:
    """The desktop entries that a list names for a kind, the preferred one first."""
    for section in _SECTIONS:
        names = _section(source, section).get(kind)
        if names:
            return [name for name in names.split(";") if name and "/" not in name]
    return []


def _section(path: Path, name: str) -> Mapping[str, str]:
    """A section of a file in the desktop's format; empty when the file or the section is not."""
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, interpolation=None
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    with contextlib.suppress(OSError, configparser.Error, UnicodeDecodeError):
        parser.read_string(path.read_text("utf-8"))
    return dict(parser[name]) if parser.has_section(name) else {}
