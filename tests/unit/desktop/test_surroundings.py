from __future__ import annotations

import socket
import sysconfig
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.desktop.surroundings import Gtk, find_displays, find_gtk, has_plain_locale, look
from tests.helpers.processes import run_python

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


@pytest.fixture
def wayland(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a session whose compositor takes connections."""
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        yield {"XDG_RUNTIME_DIR": str(tmp_path), "WAYLAND_DISPLAY": "wayland-7"}


# --- Displays -------------------------------------------------------------------------------------


def test_a_display_that_nobody_serves_is_none() -> None:
    assert find_displays({"DISPLAY": ":987"}) == ()
    assert look({"DISPLAY": ":987"}).dead_display == "DISPLAY=:987"


@pytest.mark.parametrize("name", ["", "7", "nonsense", ":", "a:b:c", ":99999999999", ":7\n"])
def test_a_name_that_is_no_display_is_none(name: str) -> None:
    assert find_displays({"DISPLAY": name}) == ()


def test_a_server_that_takes_connections_and_says_nothing_is_no_display() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        begun = time.monotonic()
        assert find_displays({"DISPLAY": f"127.0.0.1:{port - 6000}"}) == ()
        assert time.monotonic() - begun < 5


def test_a_compositor_that_answers_is_a_display(wayland: dict[str, str]) -> None:
    assert find_displays(wayland) == ("wayland",)


def test_a_compositor_may_be_named_by_its_whole_path(wayland: dict[str, str]) -> None:
    path = f"{wayland['XDG_RUNTIME_DIR']}/wayland-7"
    assert find_displays({"WAYLAND_DISPLAY": path}) == ("wayland",)


def test_a_compositor_that_has_gone_is_no_display(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(tmp_path / "wayland-7"))
    here = look({"XDG_RUNTIME_DIR": str(tmp_path), "WAYLAND_DISPLAY": "wayland-7"})
    assert here.displays == ()
    assert here.dead_display == "WAYLAND_DISPLAY=wayland-7"


def test_a_compositor_without_a_folder_for_its_socket_is_no_display() -> None:
    assert find_displays({"WAYLAND_DISPLAY": "wayland-7"}) == ()
    assert find_displays({"WAYLAND_DISPLAY": "x" * 200, "XDG_RUNTIME_DIR": "/run"}) == ()


def test_without_a_display_nothing_else_of_a_desktop_is_looked_for() -> None:
    here = look({})
    assert (here.qt, here.gtk, here.browsers, here.default_browser) == (False, None, (), None)
    assert here.dead_display is None


# --- The session ----------------------------------------------------------------------------------


def test_ssh_tells_the_address_that_led_here() -> None:
    here = look({"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.9 22"})
    assert here.is_remote
    assert here.host == "192.0.2.9"


@pytest.mark.parametrize("words", ["", "one two three", "a b c;reboot d", "a b $(x) d"])
def test_what_ssh_would_not_say_is_no_address(words: str) -> None:
    here = look({"SSH_CONNECTION": words, "SSH_TTY": "/dev/pts/3"})
    assert here.is_remote
    assert here.host is None


@pytest.mark.parametrize(
    "environment",
    [{}, {"LANG": "C"}, {"LANG": "C.UTF-8"}, {"LANG": "POSIX"}, {"LANG": ""},
     {"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, {"LANG": "de_DE.UTF-8", "LC_MESSAGES": "C.UTF-8"}],
    ids=str,
)  # fmt: skip
def test_a_locale_without_a_language_is_plain(environment: dict[str, str]) -> None:
    assert has_plain_locale(environment)


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "de_DE.UTF-8"}, {"LANG": "C", "LC_ALL": "fr_FR.UTF-8"}, {"LANG": "en"}],
    ids=str,
)
def test_a_locale_with_a_language_is_not_plain(environment: dict[str, str]) -> None:
    assert not has_plain_locale(environment)


# --- Engines --------------------------------------------------------------------------------------


def test_a_look_imports_no_engine(wayland: dict[str, str]) -> None:
    code = """
        import json, sys
        from backend.desktop.surroundings import look
        look({"WAYLAND_DISPLAY": sys.argv[1]})
        print(sorted({name.partition(".")[0] for name in sys.modules}
                     & {"PySide6", "shiboken6", "qtpy", "webview", "gi"}))
    """
    done = run_python(code, f"{wayland['XDG_RUNTIME_DIR']}/wayland-7")
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def gtk_in(folder: Path, *, suffix: str = SUFFIX) -> dict[str, tuple[Path, ...]]:
    """A system's GTK: its typelibs, and its `gi` built for the Python with that suffix."""
    typelibs = folder / "girepository-1.0"
    packages = folder / "packages"
    typelibs.mkdir()
    (packages / "gi").mkdir(parents=True)
    for name in ("Gtk-3.0", "WebKit2-4.1"):
        (typelibs / f"{name}.typelib").touch()
    (packages / "gi" / f"_gi{suffix}").touch()
    return {"system_folders": (packages,), "typelib_folders": (typelibs,)}


def test_a_gtk_that_fits_this_python_is_found(tmp_path: Path) -> None:
    assert find_gtk({}, **gtk_in(tmp_path)) == Gtk(tmp_path / "packages")


def test_a_gtk_of_another_python_is_not_taken(tmp_path: Path) -> None:
    assert find_gtk({}, **gtk_in(tmp_path, suffix=".cpython-36m-x86_64-linux-gnu.so")) is None


@pytest.mark.parametrize("name", ["Gtk-3.0", "WebKit2-4.1"])
def test_a_gtk_without_its_web_engine_is_not_taken(tmp_path: Path, name: str) -> None:
    folders = gtk_in(tmp_path)
    (tmp_path / "girepository-1.0" / f"{name}.typelib").unlink()
    assert find_gtk({}, **folders) is None
