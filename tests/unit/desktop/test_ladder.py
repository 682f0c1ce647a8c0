from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.desktop.browsers import Browser
from backend.desktop.ladder import (
    Choice,
    Rung,
    address_lines,
    choose,
    let_in_gi,
    prepare_environment,
)
from backend.desktop.libraries import ALL, Distribution
from backend.desktop.surroundings import Gtk, Surroundings, blind_platform, has_locale
from backend.exceptions import WindowImpossible
from tests.helpers.processes import run_python

DEBIAN = Distribution("debian", "debian-12", frozenset({"bookworm"}))
CURSOR = next(library for library in ALL if library.soname == "libxcb-cursor.so.0")
CHROMIUM = Browser("Chromium", ("/usr/bin/chromium",), can_be_window=True)
FIREFOX = Browser("Firefox", ("/usr/bin/firefox",))
DEFAULT = Browser("Firefox", ("/usr/bin/xdg-open",), is_default=True)
GTK = Gtk(Path("/usr/lib/python3/dist-packages"))

DESKTOP = Surroundings(
    displays=("x11",),
    qt=True,
    qt_platform="xcb",
    gtk=GTK,
    browsers=(CHROMIUM, FIREFOX),
    default_browser=DEFAULT,
    distribution=DEBIAN,
)
LACKING = replace(DESKTOP, missing=(CURSOR,), gtk=None)
GIVES_IT = "`sudo apt install libxcb-cursor0` gives it a window of its own."


def prepared(rung: Rung, here: Surroundings, **environment: str) -> dict[str, str]:
    prepare_environment(Choice(rung), here, environment)
    return environment


# --- Which rung -----------------------------------------------------------------------------------


def test_a_whole_desktop_gets_qt_without_a_word() -> None:
    assert choose(DESKTOP) == Choice(Rung.QT)


def test_gtk_draws_the_window_where_qt_lacks_a_library() -> None:
    assert choose(replace(LACKING, gtk=GTK)) == Choice(
        Rung.GTK, "This desktop lacks libxcb-cursor0, so GTK draws the window.", (GIVES_IT,)
    )


def test_chromium_opens_the_window_where_there_is_no_gtk() -> None:
    assert choose(LACKING) == Choice(
        Rung.CHROMIUM,
        "This desktop lacks libxcb-cursor0, so the window opens in Chromium.",
        (GIVES_IT,),
        CHROMIUM,
    )


def test_a_tab_of_the_users_browser_comes_after_chromium() -> None:
    assert choose(replace(LACKING, browsers=(FIREFOX,))) == Choice(
        Rung.BROWSER,
        "This desktop lacks libxcb-cursor0, so it opens in a tab of Firefox.",
        (GIVES_IT,),
        DEFAULT,
    )


def test_any_browser_will_do_where_no_default_is_known() -> None:
    here = replace(LACKING, browsers=(FIREFOX,), default_browser=None)
    assert choose(here).browser == FIREFOX


def test_without_a_browser_there_is_the_address() -> None:
    choice = choose(replace(LACKING, browsers=(), default_browser=None))
    assert choice.rung is Rung.ADDRESS
    assert choice.why == "No browser was found here, so open the address yourself."


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (Surroundings(), "There is no display here"),
        (Surroundings(is_remote=True), "This session over ssh has no display"),
        (
            Surroundings(dead_display="DISPLAY=:7"),
            "DISPLAY=:7 is set, but no display answers there",
        ),
    ],
    ids=["bare", "ssh", "stale"],
)
@pytest.mark.parametrize("wish", [None, "browser"])
def test_without_a_display_there_is_the_address(here: Surroundings, why: str, wish: Any) -> None:
    assert choose(here, wish) == Choice(Rung.ADDRESS, f"{why}, so open the address yourself.")


def test_a_qt_that_failed_its_trial_is_not_opened() -> None:
    choice = choose(replace(DESKTOP, gtk=None, qt_trouble="could not connect to display"))
    assert choice.rung is Rung.CHROMIUM
    assert choice.why.startswith("Qt does not start here (could not connect to display), so")


def test_where_qt_is_not_installed_it_says_how_to_get_it() -> None:
    choice = choose(replace(DESKTOP, qt=False, gtk=None))
    assert choice.rung is Rung.CHROMIUM
    assert "`./launcher --window`" in choice.hints[0]


def test_many_missing_libraries_are_one_readable_line() -> None:
    why = choose(replace(LACKING, missing=ALL[-6:])).why
    assert why.count(",") == 2
    assert "and 4 others" in why
    two = choose(replace(LACKING, missing=ALL[-2:])).why
    assert "lacks libwayland-cursor0 and libwayland-egl1, so" in two


def test_as_root_the_missing_sandbox_is_told() -> None:
    assert "root" in choose(replace(DESKTOP, is_root=True)).hints[0]
    assert "root" in choose(replace(LACKING, is_root=True)).hints[-1]


# --- What the user wishes -------------------------------------------------------------------------


def test_a_wished_window_is_one_of_ours() -> None:
    assert choose(DESKTOP, "window").rung is Rung.QT
    assert choose(replace(LACKING, gtk=GTK), "window").rung is Rung.GTK


def test_a_wished_window_that_cannot_be_is_refused_with_the_way_out() -> None:
    with pytest.raises(WindowImpossible) as caught:
        choose(LACKING, "window")
    assert caught.value.message == "This desktop lacks libxcb-cursor0, so no window can open."
    assert GIVES_IT in caught.value.hint
    assert "`./launcher --browser`" in caught.value.hint


def test_a_wished_window_without_a_display_is_refused() -> None:
    with pytest.raises(WindowImpossible, match="There is no display here"):
        choose(Surroundings(), "window")


def test_a_wished_browser_is_a_tab_even_where_qt_works() -> None:
    assert choose(DESKTOP, "browser") == Choice(Rung.BROWSER, browser=DEFAULT)


# --- The address ----------------------------------------------------------------------------------


def test_over_ssh_it_says_how_to_reach_the_page() -> None:
    here = Surroundings(is_remote=True, host="192.0.2.9")
    lines = address_lines(here, 4711, "ABCD-EFGH-JKMN")
    assert lines[0] == "Address: http://127.0.0.1:4711/"
    assert lines[1].startswith("Code: ABCD-EFGH-JKMN ")
    assert "ssh -L 4711:127.0.0.1:4711 " in lines[2]
    assert lines[2].endswith("@192.0.2.9")


def test_where_nobody_reads_along_a_file_holds_the_code(tmp_path: Path) -> None:
    lines = address_lines(Surroundings(), 4711, tmp_path / "code.html")
    assert lines[1].startswith(f"Code: at the end of the address in {tmp_path / 'code.html'} ")


def test_on_this_machine_the_address_and_the_code_will_do() -> None:
    assert len(address_lines(Surroundings(), 4711, "ABCD")) == 2


# --- The process ----------------------------------------------------------------------------------


def test_qt_is_told_which_bindings_and_which_platform() -> None:
    environment = prepared(Rung.QT, DESKTOP)
    assert environment == {"QT_API": "pyside6", "QT_QPA_PLATFORM": "xcb"}


def test_the_platform_that_the_user_set_stays() -> None:
    environment = prepared(Rung.QT, DESKTOP, QT_QPA_PLATFORM="wayland", QT_API="pyqt6")
    assert environment == {"QT_API": "pyside6", "QT_QPA_PLATFORM": "wayland"}


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc:size=800x600", "eglfs"])
def test_a_platform_that_shows_nothing_is_not_followed_and_that_is_said(platform: str) -> None:
    environment = prepared(Rung.QT, DESKTOP, QT_QPA_PLATFORM=platform)
    assert environment["QT_QPA_PLATFORM"] == "xcb"
    assert blind_platform({"QT_QPA_PLATFORM": platform}) == platform
    hints = choose(replace(DESKTOP, blind_platform=platform)).hints
    assert hints == (f"QT_QPA_PLATFORM={platform} is not followed: nobody would see the window.",)


@pytest.mark.parametrize("platform", ["xcb", "wayland", "wayland-egl", "wayland;xcb"])
def test_a_platform_that_shows_something_is_followed_without_a_word(platform: str) -> None:
    assert blind_platform({"QT_QPA_PLATFORM": platform}) is None
    assert prepared(Rung.QT, DESKTOP, QT_QPA_PLATFORM=platform)["QT_QPA_PLATFORM"] == platform


def test_the_sandbox_is_off_for_root_only() -> None:
    assert "QTWEBENGINE_DISABLE_SANDBOX" not in prepared(Rung.QT, DESKTOP)
    root = prepared(Rung.QT, replace(DESKTOP, is_root=True))
    assert root["QTWEBENGINE_DISABLE_SANDBOX"] == "1"


def test_no_door_for_developers_tools_stays_open() -> None:
    environment = prepared(
        Rung.QT,
        DESKTOP,
        QTWEBENGINE_REMOTE_DEBUGGING="9222",
        QTWEBENGINE_CHROMIUM_FLAGS="--remote-debugging-port=9222 --remote-allow-origins=*",
        WEBKIT_INSPECTOR_SERVER="127.0.0.1:1",
        WEBKIT_INSPECTOR_HTTP_SERVER="127.0.0.1:1",
    )
    assert set(environment) == {"QT_API", "QT_QPA_PLATFORM"}


def test_other_flags_of_the_engine_stay() -> None:
    flags = "--remote-debugging-port=1 --force-dark-mode"
    environment = prepared(Rung.QT, DESKTOP, QTWEBENGINE_CHROMIUM_FLAGS=flags)
    assert environment["QTWEBENGINE_CHROMIUM_FLAGS"] == "--force-dark-mode"


def test_plugins_of_another_qt_are_not_looked_at() -> None:
    environment = prepared(Rung.QT, DESKTOP, QT_PLUGIN_PATH="/opt/ros", QML2_IMPORT_PATH="/opt/x")
    assert set(environment) == {"QT_API", "QT_QPA_PLATFORM"}


def test_without_shared_memory_the_engine_uses_files() -> None:
    environment = prepared(Rung.QT, replace(DESKTOP, has_shared_memory=False))
    assert environment["QTWEBENGINE_CHROMIUM_FLAGS"] == "--disable-dev-shm-usage"


def test_a_plain_locale_becomes_a_language() -> None:
    here = replace(DESKTOP, has_plain_locale=True)
    environment = prepared(Rung.GTK, here, LC_ALL="C", LC_CTYPE="C.UTF-8", LANG="C")
    language = "en_US.UTF-8" if has_locale("en_US.UTF-8") else "C"
    assert environment == {
        "LANG": language,
        "LC_CTYPE": language,
        "G_FILENAME_ENCODING": "UTF-8",
    }


def test_qt_is_not_given_a_language_that_may_not_be_installed() -> None:
    here = replace(DESKTOP, has_plain_locale=True)
    environment = prepared(Rung.QT, here, LC_ALL="C", LANG="C")
    assert (environment["LANG"], environment["LC_CTYPE"]) == ("C.UTF-8", "C.UTF-8")
    assert "LC_ALL" not in environment


def test_the_users_language_stays() -> None:
    environment = prepared(Rung.GTK, DESKTOP, LANG="de_DE.UTF-8", LC_TIME="C")
    assert environment == {"LANG": "de_DE.UTF-8", "LC_TIME": "C"}


def test_gtk_on_nvidia_does_without_what_leaves_its_window_white() -> None:
    environment = prepared(Rung.GTK, replace(DESKTOP, has_nvidia=True))
    assert environment == {"WEBKIT_DISABLE_DMABUF_RENDERER": "1"}


def test_the_processes_of_qt_find_the_libraries_that_are_kept() -> None:
    here = replace(DESKTOP, kept_libraries=Path("/data/kept"))
    assert prepared(Rung.QT, here)["LD_LIBRARY_PATH"] == "/data/kept"
    environment = prepared(Rung.QT, here, LD_LIBRARY_PATH="/opt/lib")
    assert environment["LD_LIBRARY_PATH"] == "/data/kept:/opt/lib"


def test_of_the_systems_packages_only_those_of_gtk_can_be_imported(tmp_path: Path) -> None:
    for name in ("gi", "cairo", "apt"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("from . import part\n")
        (tmp_path / name / "part.py").touch()
    code = """
        import sys
        from pathlib import Path
        from backend.desktop.ladder import let_in_gi
        let_in_gi(Path(sys.argv[1]))
        import gi, cairo
        print(Path(gi.part.__file__).parent.name, Path(cairo.__file__).parent.name)
        import importlib.util
        print(sys.argv[1] in str(importlib.util.find_spec("apt")))
    """
    done = run_python(code, tmp_path)
    assert done.stdout.split() == ["gi", "cairo", "False"], done.stderr


def test_letting_gtk_in_twice_changes_nothing(tmp_path: Path) -> None:
    before = list(sys.meta_path)
    try:
        let_in_gi(tmp_path)
        let_in_gi(tmp_path)
        assert len(sys.meta_path) == len(before) + 1
    finally:
        sys.meta_path[:] = before
