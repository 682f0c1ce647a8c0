"""The script `launcher`, run by a real shell in copies of its own.

Most tests replace only what would need the network: their Python makes real environments in which
pip and uv are small fakes that write down how they were called. The last tests use the real ones,
with wheels that are built here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHELL = shutil.which("dash") or "/bin/sh"
REAL_PYTHON = str(Path(sys.executable).resolve())
OUR_VERSION = "{}.{}".format(*sys.version_info[:2])

# All that the script may rely on. A PATH of these alone has no Python, no git and no uv.
SYSTEM_TOOLS = [
    *("cat", "cksum", "cp", "env", "find", "grep", "mkdir", "mv", "readlink", "rm", "rmdir", "sed"),
    *("sh", "sleep", "tail", "timeout"),
]

WELL_KNOWN_PLACES = ("/usr/local/bin/python3", "/opt/homebrew/bin/python3")

# What stands for the app: it says what it was given.
APP = """
import json, os, sys
open_files = [number for number in range(3, 20) if os.path.exists(f"/dev/fd/{number}")]
print(json.dumps({"arguments": sys.argv[1:], "cwd": os.getcwd(), "here": __file__,
                  "door": __spec__.name,
                  "open files": open_files, "prefix": sys.prefix, "utf8": sys.flags.utf8_mode,
                  "PYTHONPATH": os.environ.get("PYTHONPATH")}))
"""

FAKE_PIP = """
import os, pathlib, sys
if sys.argv[1] == "config":
    print(os.environ.get("FAKE_PIP_CONF_INDEX", "")); sys.exit()
with open({calls!r}, "a") as calls:
    print("pip", *sys.argv[1:], file=calls)
uv = pathlib.Path(sys.prefix, "bin", "uv")
uv.write_text({uv!r})
uv.chmod(0o755)
"""

FAKE_UV = """#!/bin/sh
echo "uv $*" >>'{calls}'
env >'{calls}.env'
[ "$1 $2" = "pip sync" ] || exit 0
for lock; do :; done
answer="{calls}.cannot-get-${{lock##*/}}"
if [ -e '{calls}.uv-fails' ]; then echo "error: No space left on device"; exit 2; fi
if [ -e "$answer" ]; then cat "$answer"; exit 1; fi
if [ -e '{calls}.uv-is-slow' ]; then sleep 0.5; fi
echo "Resolved 2 packages in 1ms"
case $lock in */window.txt)
    printf '%s\n' "Downloading pyside6-addons (165.9MiB)" " Downloaded pyside6-addons" >&2
esac
for packages in "${{0%/bin/uv}}"/lib/python3*/site-packages; do
    mkdir -p "$packages/pytest"
    echo 'import json, sys; print(json.dumps([sys.prefix, *sys.argv[1:]]))' \
        >"$packages/pytest/__main__.py"
done
"""


# What a session on a screen gives to those it starts.
DESKTOP = {"DISPLAY": ":99"}


@dataclass
class Checkout:
    """A copy of the script with everything around it, and a machine to run it on."""

    root: Path
    tools: Path
    home: Path
    calls_file: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def launcher(self) -> Path:
        return self.root / "launcher"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def calls(self) -> list[str]:
        """What was asked of the Python that makes environments, of pip and of uv."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def command(self, *arguments: str, script: Path | None = None) -> list[str]:
        return [SHELL, str(script or self.launcher), *arguments]

    def all_variables(self, variables: dict[str, str] | None = None) -> dict[str, str]:
        basic = {"PATH": str(self.tools), "HOME": str(self.home)}
        return basic | self.environment | (variables or {})

    def run(
        self,
        *arguments: str,
        script: Path | None = None,
        cwd: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, script=script),
            cwd=cwd or self.home,
            env=self.all_variables(variables),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    def start(
        self, *arguments: str, script: Path | None = None, cwd: Path | None = None
    ) -> dict[str, object]:
        """Run it, insist that the app started, and give what the app said."""
        done = self.run(*arguments, script=script, cwd=cwd)
        assert done.returncode == 0, done.stderr
        said: dict[str, object] = json.loads(done.stdout)
        return said

    def fails_with(self, *arguments: str, variables: dict[str, str] | None = None) -> str:
        done = self.run(*arguments, variables=variables)
        assert done.returncode == 1, (done.returncode, done.stderr)
        assert done.stdout == ""
        return done.stderr

    def add_tool(self, name: str, script: str) -> Path:
        tool = self.tools / name
        tool.unlink(missing_ok=True)
        tool.write_text(script)
        tool.chmod(0o755)
        return tool

    def add_python(self, name: str, pretend: str = "", folder: Path | None = None) -> Path:
        """A Python that is real but for `pretend`, and for the pip in the environments it makes."""
        place = (folder or self.tools) / name
        fake_uv = FAKE_UV.format(calls=self.calls_file)
        fake_pip = FAKE_PIP.format(calls=str(self.calls_file), uv=fake_uv)
        pip_source = self.calls_file.with_name("fake_pip.py")
        pip_source.write_text(fake_pip)
        pretence = f"import os, sys; sys.executable = {str(place)!r}; {pretend}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            textwrap.dedent(f"""\
            #!/bin/sh
            if [ "$1 $2 $3" = "-I -m venv" ]; then
                echo "{name} -m venv" >>'{self.calls_file}'
                '{REAL_PYTHON}' -I -m venv --without-pip "$4"
                for packages in "$4"/lib/python3*/site-packages; do
                    mkdir "$packages/pip"
                    cp '{pip_source}' "$packages/pip/__main__.py"
                done
            else
                shift 2
                exec '{REAL_PYTHON}' -I -c "{pretence}
            code = sys.argv.pop(1); exec(code)" "$@"
            fi
            """)
        )
        place.chmod(0o755)
        return place


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Checkout:
    """On a machine without any Python, in a folder as users have them."""
    root = tmp_path / "mes données" / "ComfyUI Launcher"
    root.mkdir(parents=True)
    # The well-known places are the one thing that a PATH cannot hide.
    script = (REPOSITORY / "launcher").read_text(encoding="utf-8")
    for place in WELL_KNOWN_PLACES:
        assert f" {place}" in script
        script = script.replace(f" {place}", f" '{tmp_path}'{place}")
    (root / "launcher").write_text(script, encoding="utf-8")
    (root / "launcher").chmod(0o755)
    (root / "requirements" / "wheels").mkdir(parents=True)
    for name in ("bootstrap", "app", "window", "dev"):
        (root / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    (root / "backend").mkdir()
    (root / "backend" / "__init__.py").touch()
    for door in ("cli", "desktop"):
        (root / "backend" / f"{door}.py").write_text(APP)

    tools, home = tmp_path / "tools", tmp_path / "home"
    tools.mkdir()
    home.mkdir()
    for tool in SYSTEM_TOOLS:
        path = shutil.which(tool)
        assert path is not None, tool
        (tools / tool).symlink_to(path)
    return Checkout(root=root, tools=tools, home=home, calls_file=tmp_path / "calls")


@pytest.fixture
def checkout(bare_checkout: Checkout) -> Checkout:
    """On a machine with one good Python and git."""
    bare_checkout.add_python("python3")
    bare_checkout.add_tool("git", "#!/bin/sh\n")
    return bare_checkout


def a_build(name: str = "python3") -> list[str]:
    return [f"{name} -m venv", "pip", "uv pip sync", "uv pip check"]


def short(calls: list[str]) -> list[str]:
    """The calls without their options."""
    return [re.match(r"(uv pip \w+|pip|.*)", call)[0] for call in calls]  # type: ignore[index]


# --- Finding a Python -----------------------------------------------------------------------------

UNSUITABLE = {
    "a shim that prints an error": "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n",
    "a shim that says yes to everything": "#!/bin/sh\nexit 0\n",
    "an interpreter that disappeared": "#!/nowhere/bin/python3\n",
}

PRETENCES = {
    "too old": "sys.version_info = (3, 10, 12)",
    "without venv": "sys.modules['venv'] = None",
    "without ensurepip": "sys.modules['ensurepip'] = None",
    "without ssl": "sys.modules['ssl'] = None",
    "without sqlite3": "sys.modules['sqlite3'] = None",
}


@pytest.mark.parametrize("kind", [*UNSUITABLE, *PRETENCES])
def test_a_python_that_cannot_do_the_work_is_passed_over(
    bare_checkout: Checkout, kind: str
) -> None:
    if kind in UNSUITABLE:
        bare_checkout.add_tool("python3", UNSUITABLE[kind])
    else:
        bare_checkout.add_python("python3", PRETENCES[kind])
    bare_checkout.add_python("python3.12")
    bare_checkout.start()
    assert short(bare_checkout.calls) == a_build("python3.12")


def test_a_python_that_hangs_is_passed_over(bare_checkout: Checkout) -> None:
    bare_checkout.add_tool("python3", "#!/bin/sh\nexec sleep 600\n")
    # The script waits for 20 seconds; here, for two.
    real = shutil.which("timeout")
    bare_checkout.add_tool("timeout", f'#!/bin/sh\nshift\nexec {real} 2 "$@"\n')
    bare_checkout.add_python("python3.13")
    done = bare_checkout.run()
    assert done.returncode == 0, done.stderr
    assert short(bare_checkout.calls) == a_build("python3.13")


def test_the_python_that_the_user_names_comes_first(checkout: Checkout) -> None:
    mine = checkout.add_python("my python", folder=checkout.home / "bin")
    checkout.environment["COMFYUI_LAUNCHER_PYTHON"] = str(mine)
    checkout.start()
    assert short(checkout.calls) == a_build("my python")


def test_a_named_python_that_does_not_suit_is_not_silently_replaced(checkout: Checkout) -> None:
    said = checkout.fails_with(variables={"COMFYUI_LAUNCHER_PYTHON": "/nowhere/python3"})
    assert "COMFYUI_LAUNCHER_PYTHON=/nowhere/python3 is no working Python" in said
    assert not checkout.venv.exists()


@pytest.mark.parametrize(
    "place",
    ["home/.pyenv/versions/3.12.1/bin", "home/.local/share/uv/python/cpython/bin", "usr/local/bin"],
)
def test_a_python_beside_the_path_is_found(bare_checkout: Checkout, place: str) -> None:
    bare_checkout.add_python("python3", folder=bare_checkout.home.parent / place)
    bare_checkout.start()
    assert short(bare_checkout.calls) == a_build()


@pytest.mark.parametrize(
    ("manager", "advice"),
    [
        ("apt-get", "sudo apt install python3 python3-venv"),
        ("dnf", "sudo dnf install python3"),
        ("pacman", "sudo pacman -S python"),
        ("brew", "brew install python3"),
    ],
)
def test_without_python_one_sentence_says_how_to_get_it_here(
    bare_checkout: Checkout, manager: str, advice: str
) -> None:
    bare_checkout.add_tool(manager, "#!/bin/sh\n")
    said = bare_checkout.fails_with("versions", "list")
    assert said == f"launcher: Python 3.11 or newer is needed: {advice}\n"


def test_a_debian_python_without_venv_gets_its_own_sentence(bare_checkout: Checkout) -> None:
    bare_checkout.add_tool("apt-get", "#!/bin/sh\n")
    bare_checkout.add_python("python3", PRETENCES["without ensurepip"])
    said = bare_checkout.fails_with()
    assert f"Python {OUR_VERSION} is here without its venv module" in said
    assert said.endswith(f": sudo apt install python{OUR_VERSION}-venv\n")


def test_where_python3_is_old_the_advice_is_a_newer_one(bare_checkout: Checkout) -> None:
    bare_checkout.add_tool("apt-get", "#!/bin/sh\n")
    bare_checkout.add_python("python3", PRETENCES["too old"])
    assert "sudo apt install python3.11 python3.11-venv\n" in bare_checkout.fails_with()


# --- Starting the app -----------------------------------------------------------------------------


def test_words_reach_the_app_as_they_were_typed(checkout: Checkout) -> None:
    words = [
        "versions",
        "install",
        "v0.3.64",
        "--note",
        "two words",
        "",
        "*",
        "ünï ☃",
        "$HOME",
        "-x",
    ]
    assert checkout.start(*words)["arguments"] == words


def test_no_word_is_passed_on_as_no_word(checkout: Checkout) -> None:
    assert checkout.start()["arguments"] == []


def test_the_users_folder_stays_current_and_lends_no_module(checkout: Checkout) -> None:
    elsewhere = checkout.home / "a project"
    (elsewhere / "backend").mkdir(parents=True)
    (elsewhere / "backend" / "desktop.py").write_text("raise SystemExit('the wrong backend')")
    for module in ("pip", "json", "ssl", "backend"):
        (elsewhere / f"{module}.py").write_text(f"raise SystemExit('the wrong {module}')")
    said = checkout.start(cwd=elsewhere)
    assert said["cwd"] == str(elsewhere)
    assert said["here"] == str(checkout.root / "backend" / "desktop.py")


def test_it_finds_its_folder_through_links(checkout: Checkout) -> None:
    binaries = checkout.home / "bin"
    binaries.mkdir()
    absolute, relative = binaries / "comfy", binaries / "again"
    absolute.symlink_to(checkout.launcher)
    relative.symlink_to("comfy")
    folder = checkout.home / "folder"
    folder.symlink_to(checkout.root)
    for script in (absolute, relative, folder / "launcher", Path("launcher")):
        said = checkout.start(script=script, cwd=checkout.root)
        assert said["here"] == str(checkout.root / "backend" / "desktop.py")
    # The same folder by any name: the environment was made once.
    assert short(checkout.calls) == a_build()


def test_a_bare_environment_with_the_c_locale_is_enough(checkout: Checkout) -> None:
    checkout.environment = {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "/no",
    }
    said = checkout.start("é")
    assert said["utf8"] == 1
    assert said["arguments"] == ["é"]
    assert said["PYTHONPATH"] is None


def test_a_home_that_cannot_be_written_is_no_obstacle(checkout: Checkout) -> None:
    checkout.environment["HOME"] = "/dev/null"
    checkout.start()
    assert "UV_NO_CACHE=1" in checkout.calls_file.with_suffix(".env").read_text().splitlines()


def test_without_a_home_it_starts(checkout: Checkout) -> None:
    variables = checkout.all_variables()
    del variables["HOME"]
    done = subprocess.run(checkout.command(), env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- The window -----------------------------------------------------------------------------------


def installed(checkout: Checkout) -> list[str]:
    """The locks that uv was asked to install, in their order."""
    found = [re.search(r"requirements/(\w+)\.txt$", call) for call in checkout.calls]
    return [match[1] for match in found if match and match[1] != "bootstrap"]


def window_cannot_be_got(checkout: Checkout, because: str) -> Path:
    answer = checkout.calls_file.with_suffix(".cannot-get-window.txt")
    answer.write_text(because + "\n")
    return answer


NO_WHEEL = (
    "error: No solution found when resolving dependencies\n"
    "  cause: Because pyside6-addons==6.11.0 has no wheels with a matching platform tag"
)
NO_NETWORK = "error: Request failed\n  cause: dns error"


@pytest.mark.parametrize(
    ("words", "door"),
    [
        ([], "desktop"),
        (["--window"], "desktop"),
        (["--browser"], "desktop"),
        (["versions", "list"], "cli"),
        (["--help"], "cli"),
    ],
)
def test_no_word_opens_the_window_and_every_other_is_a_command(
    checkout: Checkout, words: list[str], door: str
) -> None:
    said = checkout.start(*words)
    assert (said["door"], said["arguments"]) == (f"backend.{door}", words)


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_the_packages_of_the_window_come_where_a_window_can_be_shown(
    checkout: Checkout, variable: str
) -> None:
    checkout.environment = {variable: "0"}
    checkout.start()
    assert installed(checkout) == ["window"]
    checkout.start("versions", "list")
    checkout.start("--browser")
    assert installed(checkout) == ["window"]


def test_without_a_display_or_for_a_browser_nothing_of_qt_is_fetched(checkout: Checkout) -> None:
    checkout.start()
    checkout.environment = DESKTOP
    checkout.start("--browser")
    checkout.start("versions", "list")
    assert installed(checkout) == ["app"]
    checkout.start("--window")
    assert installed(checkout) == ["app", "window"]


def test_the_price_and_the_large_downloads_are_told_while_they_happen(checkout: Checkout) -> None:
    checkout.environment = DESKTOP
    assert checkout.run().stderr.splitlines()[2:] == [
        "[3/4] Getting the packages of requirements/window.txt (about 290 MB, once)",
        "      Downloading pyside6-addons (165.9MiB)",
        "      Downloaded pyside6-addons",
        "[4/4] Checking them",
    ]
    log = (checkout.venv / ".set-up.log").read_text()
    assert "Resolved 2 packages in 1ms\nDownloading pyside6-addons (165.9MiB)\n" in log


def test_an_environment_with_a_window_keeps_it_when_a_command_updates_it(
    checkout: Checkout,
) -> None:
    checkout.environment = DESKTOP
    checkout.start()
    (checkout.root / "requirements" / "app.txt").write_text("# another\n")
    checkout.start("versions", "list")
    assert installed(checkout) == ["window", "window"]


def test_the_developers_environment_has_the_window(checkout: Checkout) -> None:
    pytest_arguments(checkout, "test")
    checkout.environment = DESKTOP
    checkout.start()
    assert installed(checkout) == ["dev"]


@pytest.mark.parametrize("before", [[], ["versions"]], ids=["at first", "beside a ready app"])
def test_where_there_is_no_qt_one_line_says_so_and_it_is_not_tried_again(
    checkout: Checkout, before: list[str]
) -> None:
    if before:
        checkout.start(*before)
    checkout.environment = DESKTOP
    window_cannot_be_got(checkout, NO_WHEEL)
    done = checkout.run()
    assert json.loads(done.stdout)["door"] == "backend.desktop", done.stderr
    assert done.stderr.count("so a browser will do") == 1
    assert "Qt, which draws it, has no packages for this system" in done.stderr
    calls = checkout.calls
    assert checkout.run().stderr == ""
    assert checkout.calls == calls
    # Another lock is another chance.
    checkout.calls_file.with_suffix(".cannot-get-window.txt").unlink()
    (checkout.root / "requirements" / "window.txt").write_text("# another\n")
    checkout.start()
    assert installed(checkout)[-1] == "window"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (NO_NETWORK, "that takes the network once"),
        ("error: No space left on device", "error: No space left on device (all of it: "),
    ],
)
def test_a_window_that_could_not_be_got_is_not_waited_for_again_before_tomorrow(
    checkout: Checkout, trouble: str, words: str
) -> None:
    checkout.start("versions")
    checkout.environment = DESKTOP
    answer = window_cannot_be_got(checkout, trouble)
    done = checkout.run()
    assert json.loads(done.stdout)["door"] == "backend.desktop", done.stderr
    assert words in done.stderr
    assert installed(checkout) == ["app", "window"], "the app that was ready is left alone"
    for start in ([], ["--browser"], ["versions"]):
        assert checkout.run(*start).stderr == ""
    assert installed(checkout) == ["app", "window"]
    yesterday = time.time() - 25 * 3600
    os.utime(checkout.venv / ".window-tried", (yesterday, yesterday))
    assert words in checkout.run().stderr
    assert checkout.run().stderr == ""
    answer.unlink()
    os.utime(checkout.venv / ".window-tried", (yesterday, yesterday))
    checkout.start()
    assert installed(checkout) == ["app", "window", "window", "window"]
    assert checkout.run().stderr == ""
    assert not (checkout.venv / ".window-tried").exists()


@pytest.mark.parametrize("reason", ["the word", "another lock", "an app that is not ready"])
def test_before_tomorrow_a_window_is_tried_again_where_that_is_wanted(
    checkout: Checkout, reason: str
) -> None:
    checkout.environment = DESKTOP
    answer = window_cannot_be_got(checkout, NO_NETWORK)
    checkout.run()
    answer.unlink()
    if reason == "another lock":
        (checkout.root / "requirements" / "window.txt").write_text("# another\n")
    elif reason == "an app that is not ready":
        (checkout.venv / ".complete-app").unlink()
    checkout.start(*(["--window"] if reason == "the word" else []))
    assert installed(checkout) == ["window", "app", "window"]


def test_a_folder_that_cannot_be_written_still_opens_its_app(checkout: Checkout) -> None:
    checkout.start("versions")
    checkout.environment = DESKTOP
    script = checkout.launcher.read_text(encoding="utf-8")
    # Root may write anywhere, so that what the system would answer is put in the script.
    assert script.count('[ ! -w "$root" ]') == 1
    checkout.launcher.write_text(script.replace('[ ! -w "$root" ]', "true"), encoding="utf-8")
    done = checkout.run()
    assert json.loads(done.stdout)["door"] == "backend.desktop"
    assert f"{checkout.root} cannot be written" in done.stderr
    assert installed(checkout) == ["app"]


# --- Started by a double click --------------------------------------------------------------------

# Each writes down what it is asked to show. zenity reads what follows, and may be closed early.
FAKE_ZENITY = """#!/bin/sh
echo "zenity $*" >>'{shown}'
case $1 in --progress) while read -r line; do
    echo "$line" >>'{shown}'
    if [ -e '{shown}.closed' ]; then exit 1; fi
    if [ "$line" = 100 ]; then exit 0; fi
done ;; esac
"""
FAKE_TALKER = """#!/bin/sh
echo "${{0##*/}} $*" >>'{shown}'
case $* in *--progressbar*) echo "org.kde.kdialog-12 /ProgressDialog" ;; esac
"""


def add_desktop_tools(checkout: Checkout, *tools: str) -> Path:
    """Gives the file in which stands what was shown."""
    shown = checkout.home / "shown"
    for tool in tools:
        text = FAKE_ZENITY if tool == "zenity" else FAKE_TALKER
        checkout.add_tool(tool, text.format(shown=shown))
    checkout.environment = DESKTOP
    return shown


def test_without_a_terminal_a_dialog_shows_the_progress(checkout: Checkout) -> None:
    shown = add_desktop_tools(checkout, "zenity")
    done = checkout.run()
    assert json.loads(done.stdout)["door"] == "backend.desktop"
    progress, *lines = shown.read_text().splitlines()
    assert progress.startswith("zenity --progress --pulsate --auto-close")
    assert lines[0].startswith("# [1/4] Making the environment")
    assert "# Downloading pyside6-addons (165.9MiB)" in [re.sub(" +", " ", line) for line in lines]
    assert lines[-1] == "100"
    assert len(done.stderr.splitlines()) == len(lines) - 1, "a log keeps the same lines"
    shown.unlink()
    checkout.start()
    assert not shown.exists(), "a start with nothing to do shows nothing"


def test_a_progress_dialog_that_is_closed_stops_nothing(checkout: Checkout) -> None:
    shown = add_desktop_tools(checkout, "zenity")
    shown.with_name("shown.closed").touch()
    done = checkout.run()
    assert json.loads(done.stdout)["door"] == "backend.desktop", done.stderr
    assert short(checkout.calls) == a_build()


def test_on_kde_the_dialog_is_told_over_d_bus(checkout: Checkout) -> None:
    shown = add_desktop_tools(checkout, "kdialog", "dbus-send")
    checkout.start()
    dialog, *calls = shown.read_text().splitlines()
    assert dialog.startswith("kdialog --title ComfyUI Launcher --progressbar")
    method = "dbus-send --session --type=method_call --dest=org.kde.kdialog-12 /ProgressDialog"
    method += " org.kde.kdialog.ProgressDialog."
    assert calls[0] == f"{method}showCancelButton boolean:false"
    assert calls[1].startswith(f"{method}setLabelText string:[1/4] Making the environment")
    assert calls[-1] == f"{method}close"


@pytest.mark.parametrize(
    ("tool", "shows"),
    [
        ("zenity", "zenity --error --no-markup --width=480 --title=ComfyUI Launcher --text="),
        ("kdialog", "kdialog --title ComfyUI Launcher --error "),
        ("notify-send", "notify-send --urgency=critical ComfyUI Launcher "),
        ("xmessage", "xmessage -center ComfyUI Launcher: "),
    ],
)
def test_without_a_terminal_a_failure_is_shown_by_what_the_desktop_has(
    checkout: Checkout, tool: str, shows: str
) -> None:
    shown = add_desktop_tools(checkout, tool)
    checkout.calls_file.with_suffix(".uv-fails").touch()
    said = checkout.fails_with()
    sentence = "uv could not get requirements/app.txt: error: No space left on device"
    assert sentence in said
    assert f"{shows}{sentence}" in shown.read_text()
    if tool == "zenity":
        assert "\n100\n" in shown.read_text(), "the dialog of the progress has gone"


def test_a_missing_python_is_shown_too(bare_checkout: Checkout) -> None:
    shown = add_desktop_tools(bare_checkout, "zenity")
    bare_checkout.fails_with()
    assert "--text=Python 3.11 or newer is needed" in shown.read_text()


def test_a_command_never_opens_a_dialog(checkout: Checkout) -> None:
    shown = add_desktop_tools(checkout, "zenity", "kdialog", "notify-send", "xmessage")
    checkout.calls_file.with_suffix(".uv-fails").touch()
    checkout.fails_with("versions", "list")
    assert not shown.exists()


def test_main_py_hands_over_to_the_launcher_whatever_python_runs_it(checkout: Checkout) -> None:
    shutil.copy(REPOSITORY / "main.py", checkout.root / "main.py")
    done = subprocess.run(
        [REAL_PYTHON, "-I", "-S", str(checkout.root / "main.py"), "--browser"],
        env=checkout.all_variables(),
        cwd=checkout.home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["door"], said["arguments"]) == ("backend.desktop", ["--browser"])


def test_main_py_says_so_when_the_launcher_is_not_beside_it(checkout: Checkout) -> None:
    shutil.copy(REPOSITORY / "main.py", checkout.root / "main.py")
    script = checkout.launcher.rename(checkout.root / "moved")
    done = subprocess.run(
        [REAL_PYTHON, str(checkout.root / "main.py")],
        env=checkout.all_variables(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"ComfyUI Launcher cannot start: {checkout.launcher} could not be run (No such file or"
        " directory). Get the whole folder again, or see README.md.\n"
    )
    assert script.exists()


# --- The environment ------------------------------------------------------------------------------


def test_the_first_start_tells_its_steps_on_stderr_only(checkout: Checkout) -> None:
    done = checkout.run()
    assert [line[:5] for line in done.stderr.splitlines()] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert json.loads(done.stdout)["prefix"] == str(checkout.venv)
    assert all("--require-hashes" in call for call in checkout.calls if "requirements" in call)
    assert "--compile-bytecode" in checkout.calls[2]


def test_the_app_does_not_inherit_the_lock_of_the_set_up(checkout: Checkout) -> None:
    # A service that runs for weeks would keep every later update waiting.
    assert checkout.start()["open files"] == []


def test_the_second_start_does_nothing_but_start(checkout: Checkout) -> None:
    checkout.start()
    before = checkout.calls
    done = checkout.run()
    assert done.stderr == ""
    assert checkout.calls == before


@pytest.mark.skipif(shutil.which("strace") is None, reason="counts processes with strace")
@pytest.mark.parametrize("variables", [{}, DESKTOP], ids=["without a display", "with a display"])
def test_the_second_start_runs_three_programs(
    checkout: Checkout, variables: dict[str, str]
) -> None:
    checkout.environment |= variables
    checkout.start()
    trace = checkout.home / "trace"
    strace = [str(shutil.which("strace")), "-f", "-e", "trace=execve", "-o", str(trace)]
    subprocess.run(
        [*strace, *checkout.command()],
        env=checkout.all_variables(),
        check=True,
        capture_output=True,
    )
    ran = re.findall(r'execve\("([^"]+)".*= 0$', trace.read_text(), re.MULTILINE)
    # The shell, the checksum of the lock, whether Python runs, and the app in the shell's place.
    assert [Path(program).name for program in ran][1:] == ["cksum", "python", "python"]


def test_an_environment_stopped_half_way_is_made_again(checkout: Checkout) -> None:
    failing = checkout.calls_file.with_suffix(".uv-fails")
    failing.touch()
    said = checkout.fails_with("serve")
    assert "uv could not get requirements/app.txt: error: No space left on device" in said
    assert said.endswith(f"start again: {checkout.launcher} serve\n")
    failing.unlink()
    checkout.calls_file.unlink()
    for odd_name in (".hidden", "..hidden", "two words"):
        (checkout.venv / odd_name).mkdir()
    checkout.start()
    assert short(checkout.calls) == a_build()


def test_a_launcher_killed_at_work_leaves_nothing_that_looks_finished(checkout: Checkout) -> None:
    # uv kills the shell that made it, as a power cut would.
    uv = checkout.calls_file.with_suffix(".uv-fails")
    script = checkout.launcher.read_text(encoding="utf-8")
    assert script.count("    synchronise\n") == 2
    checkout.launcher.write_text(
        script.replace("    synchronise\n", "    kill -9 $$; synchronise\n")
    )
    assert checkout.run().returncode == -9
    assert not uv.exists()
    checkout.launcher.write_text(script, encoding="utf-8")
    checkout.calls_file.unlink()
    checkout.start()
    assert short(checkout.calls) == a_build()


def test_a_changed_lock_is_followed_in_place(checkout: Checkout) -> None:
    checkout.start()
    checkout.calls_file.unlink()
    (checkout.root / "requirements" / "app.txt").write_text("# app, another\n")
    checkout.start()
    assert short(checkout.calls) == ["uv --version", "uv pip sync", "uv pip check"]


def test_a_failed_update_is_not_trusted_when_the_locks_are_changed_back(
    checkout: Checkout,
) -> None:
    pytest_arguments(checkout, "test")
    locks = [checkout.root / "requirements" / f"{name}.txt" for name in ("app", "window", "dev")]
    before = [lock.read_text() for lock in locks]
    for lock in locks:
        lock.write_text("# another\n")
    failing = checkout.calls_file.with_suffix(".uv-fails")
    failing.touch()
    checkout.fails_with("test")
    failing.unlink()
    for lock, text in zip(locks, before, strict=True):
        lock.write_text(text)
    checkout.calls_file.unlink()
    pytest_arguments(checkout, "test")
    checkout.start()
    assert short(checkout.calls) == a_build()


def test_an_interpreter_that_vanished_is_replaced(checkout: Checkout) -> None:
    checkout.start()
    checkout.calls_file.unlink()
    python = checkout.venv / "bin" / "python"
    for link in checkout.venv.glob("bin/python*"):
        link.unlink()
        link.symlink_to("/nowhere/bin/python3")
    checkout.start()
    assert python.exists()
    assert short(checkout.calls) == a_build()


def test_an_interpreter_that_no_longer_runs_is_replaced(checkout: Checkout) -> None:
    checkout.start()
    checkout.calls_file.unlink()
    python = checkout.venv / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
    python.chmod(0o755)
    checkout.start()
    assert short(checkout.calls) == a_build()


def test_a_folder_that_was_moved_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.start()
    checkout.calls_file.unlink()
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    assert checkout.start()["prefix"] == str(checkout.venv)
    assert short(checkout.calls) == a_build()


def test_a_folder_that_is_not_ours_is_refused_and_untouched(checkout: Checkout) -> None:
    checkout.venv.mkdir()
    precious = checkout.venv / "precious"
    precious.write_text("mine")
    said = checkout.fails_with()
    assert f"{checkout.venv} was not made by this launcher and is left alone" in said
    assert f"mv '{checkout.venv}' '{checkout.venv}.old'" in said
    assert precious.read_text() == "mine"
    assert checkout.calls == []


def test_a_link_in_its_place_is_refused_whatever_it_leads_to(checkout: Checkout) -> None:
    checkout.start()
    target = checkout.venv.rename(checkout.home / "an environment")
    (target / ".complete-app").unlink()
    checkout.venv.symlink_to(target)
    assert "is left alone" in checkout.fails_with()
    assert (target / "bin" / "python").exists()


def test_two_first_starts_at_once_make_one_environment(checkout: Checkout) -> None:
    checkout.calls_file.with_suffix(".uv-is-slow").touch()
    both = [
        subprocess.Popen(
            checkout.command(str(number)),
            env=checkout.all_variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert [json.loads(out)["arguments"] for out, _ in said] == [["0"], ["1"]]
    assert short(checkout.calls) == a_build()
    assert sum("waiting for it" in err for _, err in said) == 1


def test_settings_for_other_projects_stay_outside_and_the_network_settings_go_in(
    checkout: Checkout,
) -> None:
    outside = {
        "PYTHONPATH": "/nowhere",
        "PIP_TARGET": "/nowhere",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "UV_CONSTRAINT": "/nowhere",
        "UV_PROJECT_ENVIRONMENT": "/nowhere",
        "CONDA_PREFIX": "/nowhere",
        "VIRTUAL_ENV": "/nowhere",
    }
    inside = {
        "PIP_CERT": "/company.pem",
        "PIP_PROXY": "http://127.0.0.1:1",
        "UV_HTTP_TIMEOUT": "900",
    }
    index = "http://127.0.0.1:2/simple"
    checkout.environment |= outside | inside | {"FAKE_PIP_CONF_INDEX": index}
    assert checkout.run().returncode == 0
    # The call after the one that fetches sees what stays; the fetching one sees what pip knew.
    (checkout.root / "requirements" / "app.txt").write_text("# another\n")
    checkout.calls_file.with_suffix(".uv-fails").touch()
    checkout.fails_with()
    lines = checkout.calls_file.with_suffix(".env").read_text().splitlines()
    seen = dict(line.split("=", 1) for line in lines if "=" in line)
    assert not outside.keys() & seen.keys()
    assert inside.items() <= seen.items()
    assert seen["UV_DEFAULT_INDEX"] == index
    assert seen["SSL_CERT_FILE"] == "/company.pem"
    assert seen["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert (seen["UV_SYSTEM_CERTS"], seen["UV_NO_CONFIG"]) == ("1", "1")


def test_a_short_timeout_of_the_users_is_raised(checkout: Checkout) -> None:
    checkout.environment["UV_HTTP_TIMEOUT"] = "30"
    checkout.start()
    assert "UV_HTTP_TIMEOUT=300" in checkout.calls_file.with_suffix(".env").read_text().splitlines()


def test_a_missing_git_is_told_once(checkout: Checkout) -> None:
    (checkout.tools / "git").unlink()
    checkout.add_tool("apt-get", "#!/bin/sh\n")
    assert "git is missing" in checkout.run().stderr
    assert checkout.run().stderr == ""


# --- For developers -------------------------------------------------------------------------------


def pytest_arguments(checkout: Checkout, *words: str) -> list[str]:
    """The environment, then what pytest was given."""
    done = checkout.run(*words)
    assert done.returncode == 0, done.stderr
    said: list[str] = json.loads(done.stdout.splitlines()[0])
    return said


def test_the_word_test_leaves_the_long_tests_out_and_passes_arguments_on(
    checkout: Checkout,
) -> None:
    prefix, *arguments = pytest_arguments(checkout, "test", "-k", "two words")
    assert prefix == str(checkout.venv)
    assert arguments == ["-m", "not long", "-k", "two words"]
    assert "--cov" in pytest_arguments(checkout, "test", "--coverage")


def test_without_arguments_what_mostly_waits_is_tested_beside_the_rest(checkout: Checkout) -> None:
    said = [json.loads(line)[1:] for line in checkout.run("test").stdout.splitlines()]
    shown = ["tests/browser", "tests/desktop", "tests/contract"]
    driven = ["tests/crash", "tests/fakes", "tests/hostile", "tests/integration"]
    assert said == [
        ["-m", "not long", *(f"--ignore={folder}" for folder in [*shown, *driven])],
        ["-m", "not long", *driven],
        ["-m", "not long", *shown],
    ]


@pytest.mark.parametrize("part", ["tests/browser", "tests/crash", "--ignore=tests/browser"])
def test_a_failure_in_any_part_of_the_tests_counts(checkout: Checkout, part: str) -> None:
    checkout.run("test")
    (module,) = checkout.venv.glob("lib/python3*/site-packages/pytest/__main__.py")
    module.write_text(f"import sys; print('said'); sys.exit({part!r} in sys.argv)")
    done = checkout.run("test")
    assert (done.returncode, done.stdout) == (1, "said\nsaid\nsaid\n")


def test_all_names_the_file_for_the_figures_of_the_crash_suite(checkout: Checkout) -> None:
    checkout.run("test")
    (module,) = checkout.venv.glob("lib/python3*/site-packages/pytest/__main__.py")
    module.write_text("import os; print(os.environ.get('COMFYUI_LAUNCHER_CRASH_RESULTS'))")
    assert checkout.run("test", "-k", "one").stdout == "None\n"
    named = Path(checkout.run("test", "--all").stdout.splitlines()[0])
    assert named.parent == checkout.root / "tests" / "crash" / "results"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.json", named.name)
    own = checkout.run("test", "--all", variables={"COMFYUI_LAUNCHER_CRASH_RESULTS": "/my file"})
    assert own.stdout.splitlines()[0] == "/my file"


def test_all_runs_everything_and_names_the_pythons_it_could_not_find(checkout: Checkout) -> None:
    done = checkout.run("test", "--all")
    assert "not long" not in done.stdout
    assert f"passed: Python {OUR_VERSION}" in done.stderr
    others = [version for version in ("3.11", "3.12", "3.13") if version != OUR_VERSION]
    for version in others:
        assert f"skipped: Python {version} (no working interpreter found)" in done.stderr


def test_another_python_has_an_environment_of_its_own(checkout: Checkout) -> None:
    checkout.add_tool("python3.13", UNSUITABLE["a shim that prints an error"])
    pretend = "sys.version_info = type('V', (tuple,), {})((3, 13, 0))"
    checkout.add_python(
        "python3", pretend, folder=checkout.home / ".pyenv" / "versions" / "3.13.0" / "bin"
    )
    prefix, *_ = pytest_arguments(checkout, "test", "--python", "3.13")
    assert prefix == f"{checkout.venv}-3.13"
    assert not checkout.venv.exists()


@pytest.mark.parametrize("version", ["", "3", "../../elsewhere", "3.13/../x"])
def test_a_python_version_is_never_taken_for_a_path(checkout: Checkout, version: str) -> None:
    assert "--python takes a version such as 3.12" in checkout.fails_with(
        "test", "--python", version
    )
    assert checkout.calls == []


def test_a_failed_step_towards_the_developers_tools_leaves_the_app_working(
    checkout: Checkout,
) -> None:
    checkout.start()
    checkout.calls_file.with_suffix(".uv-fails").touch()
    assert "uv could not get requirements/dev.txt" in checkout.fails_with("test")
    done = checkout.run("still here")
    assert json.loads(done.stdout)["arguments"] == ["still here"]
    assert done.stderr == ""


def test_a_developers_environment_stays_one_when_the_app_is_updated(checkout: Checkout) -> None:
    pytest_arguments(checkout, "test")
    (checkout.root / "requirements" / "app.txt").write_text("# another\n")
    checkout.calls_file.unlink()
    checkout.start()
    assert checkout.calls[1].endswith("requirements/dev.txt")
    assert short(checkout.calls) == ["uv --version", "uv pip sync", "uv pip check"]


def test_check_runs_all_and_fails_when_one_does(checkout: Checkout) -> None:
    pytest_arguments(checkout, "test")
    for tool in ("ruff", "mypy", "lint-imports"):
        status = 1 if tool == "mypy" else 0
        (checkout.venv / "bin" / tool).write_text(f"#!/bin/sh\nexit {status}\n")
        (checkout.venv / "bin" / tool).chmod(0o755)
    said = checkout.fails_with("check")
    assert "passed: ruff-check ruff-format lint-imports launcher-syntax\n" in said
    assert said.endswith("launcher: failed: mypy\n")
    (checkout.root / "frontend").mkdir()
    (checkout.root / "frontend" / "build.py").write_text("raise SystemExit(1)")
    assert checkout.fails_with("check").endswith("launcher: failed: mypy frontend\n")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["build"], []),
        (["build", "--if-stale"], ["--if-stale"]),
        (["check"], ["--check"]),
        (["test", "-t", "two words"], ["--npm", "test", "-t", "two words"]),
        (["dev"], ["--npm", "dev"]),
    ],
)
def test_the_words_of_the_page_reach_its_builder(
    checkout: Checkout, words: list[str], asked: list[str]
) -> None:
    (checkout.root / "frontend").mkdir()
    (checkout.root / "frontend" / "build.py").write_text(
        "import json, os, sys\nprint(json.dumps([os.getcwd(), *sys.argv[1:]]))\nsys.exit(3)\n"
    )
    done = checkout.run("frontend", *words)
    assert json.loads(done.stdout) == [str(checkout.root), *asked]
    assert done.returncode == 3


def test_an_unknown_word_of_the_page_is_told_the_known_ones(checkout: Checkout) -> None:
    pytest_arguments(checkout, "test")
    for words in (["frontend"], ["frontend", "deploy"]):
        assert checkout.fails_with(*words) == (
            "launcher: frontend takes build, check, test or dev: ./launcher frontend build\n"
        )


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ("No known vulnerabilities found", 0, 0),
        ("Found 2 known vulnerabilities in 1 package", 1, 1),
        ("ERROR: uv: Dependency not found on PyPI and could not be audited: uv", 1, 4),
        ("requests.exceptions.ProxyError: Max retries exceeded", 1, 4),
    ],
)
def test_an_audit_that_could_not_ask_is_neither_good_nor_bad_news(
    checkout: Checkout, answer: str, status: int, expected: int
) -> None:
    pytest_arguments(checkout, "test")
    audit = checkout.venv / "bin" / "pip-audit"
    # Without --strict, the real one calls sound what it could not find out about.
    audit.write_text(
        f"#!/bin/sh\n[ \"$1\" = --strict ] || exit 0\necho '{answer}' >&2\nexit {status}\n"
    )
    audit.chmod(0o755)
    done = checkout.run("audit")
    assert done.returncode == expected
    assert answer in (done.stderr if expected == 4 else done.stdout)


@pytest.mark.parametrize(("user", "prefix"), [("0", ""), ("1000", "sudo ")])
def test_continuous_integration_installs_only_what_is_missing(
    bare_checkout: Checkout, user: str, prefix: str
) -> None:
    (bare_checkout.root / ".ci").mkdir()
    script = shutil.copy(REPOSITORY / ".ci" / "run", bare_checkout.root / ".ci" / "run")
    bare_checkout.launcher.write_text("#!/bin/sh\necho launcher $*\n")
    log = bare_checkout.calls_file
    # As root, a call of sudo would be an unknown command.
    if user != "0":
        bare_checkout.add_tool("sudo", f'#!/bin/sh\nprintf "sudo " >>{log}\nexec "$@"\n')
    bare_checkout.add_tool("id", f"#!/bin/sh\necho {user}\n")
    bare_checkout.add_tool("apt-get", f'#!/bin/sh\necho "apt-get $*" >>{log}\n')
    bare_checkout.add_tool("apt-cache", '#!/bin/sh\n[ "$2" != chromium ]\n')
    # Of two names for one package, the older one is here.
    missing = "chromium | strace | libglib2.0-0* | *t64"
    bare_checkout.add_tool(
        "dpkg-query", f'#!/bin/sh\ncase $4 in {missing}) exit 1 ;; *) echo "ii " ;; esac\n'
    )
    for tool in ("bash", "dirname"):
        (bare_checkout.tools / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        [script], env=bare_checkout.all_variables(), capture_output=True, text=True
    )
    assert done.stderr == (
        "No package chromium here: the tests that need it say that they are skipped.\n"
    )
    assert done.stdout.splitlines() == ["launcher check", "launcher test"]
    assert bare_checkout.calls == [
        f"{prefix}apt-get update",
        f"{prefix}apt-get install --yes --no-install-recommends strace libglib2.0-0t64",
    ]


# --- The locks ------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, str]:
    """Name and version of every package in a lock."""
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["bootstrap", "app", "window", "dev"])
def test_every_locked_package_has_a_version_and_hashes_and_no_address(name: str) -> None:
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("# Made by ./launcher lock")
    assert not re.search(r"://|^-|\bfile:|/home/|/root/", text, re.MULTILINE)
    requirements = re.split(r"\n(?=[a-z])", text.split("\n", 1)[1])
    assert len(requirements) == len(locked(name)) > 0
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_locks_agree_and_hold_no_torch() -> None:
    bootstrap, app, window, dev = map(locked, ("bootstrap", "app", "window", "dev"))
    assert bootstrap == {"uv": app["uv"]}
    assert app.items() <= window.items() <= dev.items()
    assert not {"torch", "torchvision", "torchaudio", "triton"} & dev.keys()


def test_the_wheel_of_ours_holds_the_unchanged_file_of_a_package_without_one() -> None:
    (wheel,) = (REPOSITORY / "requirements" / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        code = archive.read("proxy_tools/__init__.py")
        others = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert others == ["proxy_tools/__init__.py"]
    # As in proxy_tools-0.1.0.tar.gz, sha256
    # ccb3751f529c047e2d8a58440d86b205303cf0fe8146f784d1cbcd94f0a28010.
    expected = "d1539d95e1a713c068ca81d42e047b2c76568964cf277596d4e19efb22f476be"
    assert hashlib.sha256(code).hexdigest() == expected
    ours = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for name in ("window", "dev"):
        lock = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        requirement = re.search(r"^proxy-tools==.*\n(?: .*\n)*", lock, re.MULTILINE)
        assert requirement is not None
        # Never the source: to install that is to run its code.
        assert re.findall(r"sha256:(\w+)", requirement[0]) == [ours]


def test_qt_comes_in_the_one_version_that_loses_no_references() -> None:
    window = locked("window")
    qt = {name: version for name, version in window.items() if name.startswith("pyside6")}
    assert qt == {"pyside6-addons": "6.11.0", "pyside6-essentials": "6.11.0"}
    assert window["shiboken6"] == "6.11.0"
    assert not {"pyside6-addons", "pywebview", "qtpy"} & locked("app").keys()


# --- With the real venv, pip and uv ---------------------------------------------------------------


def build_wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """Write the wheel `name` 1.0 and give the line that locks it."""
    information = f"{name}-1.0.dist-info"
    files = files | {
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16  # else pip makes a script nobody can run
            archive.writestr(entry, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
        archive.writestr(f"{information}/RECORD", f"{record}{information}/RECORD,,\n")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def real_checkout(bare_checkout: Checkout) -> Checkout:
    """With real wheels, real installers and no network: the index is a folder."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed beside this Python")
    wheels = bare_checkout.home / "wheels"
    wheels.mkdir()
    requirements = bare_checkout.root / "requirements"
    # uv's own wheel has 18 MB; this one hands on to the uv that is installed here.
    hand_on = f'#!/bin/sh\nexec "{uv}" "$@"\n'
    locks = {
        "bootstrap": build_wheel(wheels, "uv", {"uv-1.0.data/scripts/uv": hand_on}),
        "app": build_wheel(wheels, "greeting", {"greeting.py": "WORDS = 'good morning'\n"}),
    }
    for name, line in locks.items():
        (requirements / f"{name}.txt").write_text(line)
    app = bare_checkout.root / "backend" / "desktop.py"
    app.write_text(
        "import greeting, json\nprint(json.dumps([greeting.WORDS, greeting.__cached__]))\n"
    )
    (bare_checkout.tools / "git").symlink_to(shutil.which("git") or "/bin/true")
    bare_checkout.environment = {
        "COMFYUI_LAUNCHER_PYTHON": REAL_PYTHON,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(wheels),
    }
    return bare_checkout


def test_a_real_environment_comes_from_the_locked_wheels_and_from_no_others(
    real_checkout: Checkout,
) -> None:
    app = real_checkout.root / "requirements" / "app.txt"
    lock = app.read_text()
    app.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", lock))
    refused = real_checkout.fails_with()
    assert "uv could not get requirements/app.txt" in refused
    assert "network" not in refused

    app.write_text(lock)
    done = real_checkout.run()
    assert done.returncode == 0, (real_checkout.venv / ".set-up.log").read_text()
    words, bytecode = json.loads(done.stdout)
    assert words == "good morning"
    assert Path(bytecode).exists(), "compiled while installing"
    assert real_checkout.run().stderr == ""


def test_without_network_one_sentence_says_that_it_is_needed_once(real_checkout: Checkout) -> None:
    del real_checkout.environment["PIP_NO_INDEX"]
    del real_checkout.environment["PIP_FIND_LINKS"]
    # Nobody listens on the discard port of this machine.
    nobody = "http://127.0.0.1:9/simple"
    real_checkout.environment |= {"PIP_INDEX_URL": nobody, "PIP_RETRIES": "0"}
    *steps, sentence = real_checkout.fails_with("versions", "list").splitlines()
    assert len(steps) == 2
    assert sentence == (
        "launcher: setting up needs the network once, and pip could not get"
        f" requirements/bootstrap.txt (what was tried: {real_checkout.venv}/.set-up.log):"
        f" connect this machine and start again: {real_checkout.launcher} versions list"
    )
    assert not (real_checkout.venv / ".complete-app").exists()
