from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.desktop.browsers import (
    Browser,
    BrowserWindow,
    Signpost,
    clean_environment,
    default,
    installed,
    open_tab,
    remove_old_signposts,
    target_for,
    window_command,
    without_debugging,
)
from backend.desktop.programs import Programs

ADDRESS = "http://127.0.0.1:4711/#code=ABCD-EFGH-JKMN"
CODE = "ABCD-EFGH-JKMN"
CHROMIUM = Browser("Chromium", ("/usr/bin/chromium",), can_be_window=True)


def program(folder: Path, name: str, script: str = "") -> Path:
    """A program of that name on a PATH of the test: what stands for a browser."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


# --- Which are there ------------------------------------------------------------------------------


def test_browsers_are_found_on_the_path(tmp_path: Path) -> None:
    for name in ("firefox", "brave-browser", "chromium"):
        program(tmp_path, name)
    found = installed({"PATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})
    assert [(browser.name, browser.can_be_window) for browser in found] == [
        ("Chromium", True), ("Brave", True), ("Firefox", False),
    ]  # fmt: skip


def test_a_browser_of_the_terminal_is_not_one_for_us(tmp_path: Path) -> None:
    for name in ("w3m", "lynx", "www-browser"):
        program(tmp_path, name)
    assert installed({"PATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}) == ()


def test_a_browser_under_two_names_is_one(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome-stable")
    (tmp_path / "google-chrome").symlink_to("google-chrome-stable")
    found = installed({"PATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})
    assert [browser.command for browser in found] == [(f"{tmp_path}/google-chrome-stable",)]


def test_a_script_that_only_asks_for_a_snap_is_no_browser(tmp_path: Path) -> None:
    program(tmp_path, "chromium-browser", "[ -x /snap/bin/nobody ] || echo install it\n")
    assert installed({"PATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}) == ()


def test_a_flatpak_is_found_and_run_by_its_name(tmp_path: Path) -> None:
    flatpak = program(tmp_path, "flatpak")
    (tmp_path / "flatpaks").mkdir()
    (tmp_path / "data/flatpak/app/com.brave.Browser").mkdir(parents=True)
    environment = {"PATH": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    [brave] = [found for found in installed(environment) if found.name == "Brave"]
    assert brave.command == (str(flatpak), "run", "com.brave.Browser")


def test_without_a_tool_that_opens_addresses_there_is_no_default(tmp_path: Path) -> None:
    assert default({"PATH": str(tmp_path)}) is None


def test_a_snap_reads_only_the_visible_part_of_the_home() -> None:
    snap = Browser("Chromium", ("/snap/bin/chromium",), confined=True)
    home = Path("/home/ada")
    assert snap.can_read(home / "ComfyUI-Launcher/launcher-data/x.html", home)
    assert not snap.can_read(home / ".local/share/x.html", home)
    assert not snap.can_read(Path("/opt/launcher/x.html"), home)
    assert CHROMIUM.can_read(Path("/opt/launcher/x.html"), home)


# --- The signpost ---------------------------------------------------------------------------------


def test_a_signpost_is_for_its_owner_only_and_goes_with_its_block(tmp_path: Path) -> None:
    with Signpost(tmp_path, ADDRESS) as signpost:
        assert stat.S_IMODE(signpost.path.stat().st_mode) == 0o600
        assert not signpost.path.name.startswith(".")
        assert signpost.path.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
    signpost.remove()


def test_a_signpost_leads_to_the_address_without_a_script(tmp_path: Path) -> None:
    with Signpost(tmp_path, ADDRESS) as signpost:
        page = signpost.path.read_text("utf-8")
    assert f'content="0; url={ADDRESS}"' in page
    assert f'<a href="{ADDRESS}">' in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_a_signpost_takes_an_address_as_text(tmp_path: Path) -> None:
    with Signpost(tmp_path, 'http://127.0.0.1/#"><script>') as signpost:
        assert "<script" not in signpost.path.read_text("utf-8")


def test_two_signposts_have_two_names(tmp_path: Path) -> None:
    with Signpost(tmp_path, ADDRESS) as one, Signpost(tmp_path, ADDRESS) as other:
        assert one.path != other.path


def test_old_signposts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    Signpost(tmp_path, ADDRESS)
    mine = tmp_path / "comfyui-launcher-open-notes.html"
    mine.touch()
    link = tmp_path / "comfyui-launcher-open-0123456789abcdef.html"
    link.symlink_to(mine)
    remove_old_signposts(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine, link])
    remove_old_signposts(tmp_path / "nowhere")


# --- Opening --------------------------------------------------------------------------------------


def test_no_code_is_in_the_command_line(tmp_path: Path) -> None:
    with Signpost(tmp_path, ADDRESS) as signpost:
        command = window_command(CHROMIUM, signpost.path, tmp_path / "profile")
        tab = target_for(CHROMIUM, signpost.path, "http://127.0.0.1:4711/", tmp_path)
    assert f"--app={signpost.path.as_uri()}" in command
    assert f"--user-data-dir={tmp_path}/profile" in command
    assert tab == signpost.path.as_uri()
    assert CODE not in " ".join([*command, tab])


def test_a_browser_that_cannot_read_the_signpost_gets_the_bare_address(tmp_path: Path) -> None:
    editor = Browser("Firefox", ("xdg-open",), is_default=True, reads_files=False)
    address = "http://127.0.0.1:4711/"
    assert target_for(editor, tmp_path / "x.html", address, tmp_path) == address


def test_a_flatpak_is_let_at_the_folder_of_the_signpost(tmp_path: Path) -> None:
    brave = Browser("Brave", ("flatpak", "run", "com.brave.Browser"), True, flatpak=True)
    command = window_command(brave, tmp_path / "x.html", tmp_path / "profile")
    assert command[:4] == ["flatpak", "run", f"--filesystem={tmp_path}", "com.brave.Browser"]


def test_a_program_of_the_user_gets_no_secret_of_ours() -> None:
    given = {"PATH": "/bin", "HF_TOKEN": "hf_x", "GITHUB_TOKEN": "ghp_x", "CIVITAI_TOKEN": "x",
             "CIVITAI_API_KEY": "x", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/x",
             "CHROMIUM_FLAGS": "--force-dark-mode --remote-debugging-port=9222"}  # fmt: skip
    assert clean_environment(given) == {"PATH": "/bin", "CHROMIUM_FLAGS": "--force-dark-mode"}


def test_no_flag_opens_a_port_for_tools() -> None:
    flags = "--a --remote-debugging-port=1 -remote-debugging-pipe --remote-allow-origins=* --b"
    assert without_debugging(flags) == "--a --b"


def test_a_tab_is_opened_by_a_program_that_outlives_us(tmp_path: Path) -> None:
    said = tmp_path / "said"
    opener = program(
        tmp_path, "opener", f'printf "%s" "$1" >"{said}.new"; mv "{said}.new" "{said}"'
    )
    open_tab(Browser("It", (str(opener),)), "file:///x%20y.html", Programs(os.environ))
    assert within(10, said.exists)
    assert said.read_text() == "file:///x%20y.html"


def test_a_window_counts_as_closed_when_its_browser_ends(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    browser = Browser("It", (str(program(tmp_path, "it", f'read line <"{go_on}"')),), True)
    window = BrowserWindow(browser, tmp_path / "x.html", tmp_path / "profile", os.environ)
    assert not window.wait(0.3)
    go_on.write_text("close\n")
    assert window.wait(10)
    assert window.trouble is None


def test_a_browser_that_fails_says_why(tmp_path: Path) -> None:
    script = program(tmp_path, "it", "echo no display >&2; exit 3")
    browser = Browser("It", (str(script),), True)
    window = BrowserWindow(browser, tmp_path / "x.html", tmp_path / "profile", os.environ)
    assert window.wait(10)
    assert window.trouble == "no display"


def test_a_browser_that_is_not_there_says_so(tmp_path: Path) -> None:
    browser = Browser("It", (str(tmp_path / "gone"),), True)
    window = BrowserWindow(browser, tmp_path / "x.html", tmp_path / "profile", os.environ)
    assert window.wait(10)
    assert "gone" in (window.trouble or "")


def test_closing_a_window_ends_its_browser_with_all_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f'sleep 600 & echo $! >"{pid}.new"; mv "{pid}.new" "{pid}"; wait'
    browser = Browser("It", (str(program(tmp_path, "it", script)),), True)
    window = BrowserWindow(browser, tmp_path / "x.html", tmp_path / "profile", os.environ)
    assert within(10, pid.exists)
    window.close()
    assert window.wait(0)
    assert window.trouble is None
    assert within(10, lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())


def test_a_page_that_a_running_browser_took_over_counts_until_that_one_ends(
    tmp_path: Path,
) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    waits = "import sys; sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", waits, f"--user-data-dir={profile}"],
                              stdin=subprocess.PIPE)  # fmt: skip
    try:
        (profile / "SingletonLock").symlink_to(f"this-machine-{holder.pid}")
        browser = Browser("It", (str(program(tmp_path, "it")),), True)
        window = BrowserWindow(browser, tmp_path / "x.html", profile, os.environ)
        assert not window.wait(0.7)
    finally:
        holder.communicate()
    assert window.wait(10)


@pytest.mark.parametrize("holder", ["this-machine-1", "this-machine-none", "nothing"])
def test_a_lock_that_a_crash_left_holds_nobody_up(tmp_path: Path, holder: str) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "SingletonLock").symlink_to(holder)
    browser = Browser("It", (str(program(tmp_path, "it")),), True)
    window = BrowserWindow(browser, tmp_path / "x.html", profile, os.environ)
    assert window.wait(10)
