"""The table of libraries says what the installed Qt really asks the linker for."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from backend.desktop.libraries import needed_for

SPEC = importlib.util.find_spec("PySide6")
QT = Path(SPEC.submodule_search_locations[0]) if SPEC and SPEC.submodule_search_locations else None

# Part of glibc, which every wheel of Qt needs anyway.
GLIBC = {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libdl.so.2",
         "libpthread.so.0", "libresolv.so.2", "librt.so.1"}  # fmt: skip

pytestmark = [
    pytest.mark.skipif(QT is None, reason="PySide6 is not installed here"),
    pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf (binutils) is not here"),
]


def asked_for(starts: Iterable[Path]) -> set[str]:
    """The libraries outside of Qt's own folder that these files, and what they need there, need."""
    assert QT is not None
    own = (QT / "Qt/lib", QT, QT.parent / "shiboken6")
    todo, seen, outside = list(starts), set[Path](), set[str]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        lines = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", lines.stdout):
            inside = next((folder / name for folder in own if (folder / name).exists()), None)
            if inside:
                todo.append(inside)
            else:
                outside.add(name)
    return outside - GLIBC


def files(*patterns: str) -> list[Path]:
    assert QT is not None
    found = [path for pattern in patterns for path in QT.glob(pattern)]
    assert len(found) >= len(patterns), "Qt has its files elsewhere now"
    return found


ENGINE = (
    "QtWebEngineWidgets.abi3.so",
    "QtWebEngineCore.abi3.so",
    "QtWebChannel.abi3.so",
    "QtNetwork.abi3.so",
    "QtPrintSupport.abi3.so",
    "Qt/libexec/QtWebEngineProcess",
)


def test_the_table_for_x11_is_what_qt_asks_for() -> None:
    plugins = ("Qt/plugins/platforms/libqxcb.so", "Qt/plugins/xcbglintegrations/*.so")
    wanted = asked_for(files(*ENGINE, *plugins))
    assert {library.soname for library in needed_for("xcb")} == wanted


def test_the_table_for_wayland_is_what_qt_asks_for() -> None:
    plugins = ("Qt/plugins/platforms/libqwayland.so", "Qt/plugins/wayland-shell-integration/*.so",
               "Qt/plugins/wayland-graphics-integration-client/*.so",
               "Qt/plugins/wayland-decoration-client/*.so")  # fmt: skip
    wanted = asked_for(files(*ENGINE, *plugins))
    assert {library.soname for library in needed_for("wayland")} == wanted


def test_the_table_for_no_display_is_what_the_engine_asks_for() -> None:
    wanted = asked_for(files(*ENGINE, "Qt/plugins/platforms/libqoffscreen.so"))
    assert {library.soname for library in needed_for("offscreen")} == wanted
