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
    *("cat", "cksum", "cp", "env", "grep", "mkdir", "mv", "readlink", "rm", "rmdir", "sed"),
    *("sh", "sleep", "tail", "timeout"),
]

WELL_KNOWN_PLACES = ("/usr/local/bin/python3", "/opt/homebrew/bin/python3")

# What stands for the app: it says what it was given.
APP = """
import json, os, sys
open_files = [number for number in range(3, 20) if os.path.exists(f"/dev/fd/{number}")]
print(json.dumps({"arguments": sys.argv[1:], "cwd": os.getcwd(), "here": __file__,
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
if [ -e '{calls}.uv-fails' ]; then echo "error: No space left on device"; exit 2; fi
if [ -e '{calls}.uv-is-slow' ]; then sleep 0.5; fi
for packages in "${{0%/bin/uv}}"/lib/python3*/site-packages; do
    mkdir -p "$packages/pytest"
    echo 'import json, sys; print(json.dumps([sys.prefix, *sys.argv[1:]]))' \
        >"$packages/pytest/__main__.py"
done
"""


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
    (root / "requirements").mkdir()
    for name in ("bootstrap", "app", "dev"):
        (root / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    (root / "backend").mkdir()
    (root / "backend" / "__init__.py").touch()
    (root / "backend" / "cli.py").write_text(APP)

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
    (elsewhere / "backend" / "cli.py").write_text("raise SystemExit('the wrong backend')")
    for module in ("pip", "json", "ssl", "backend"):
        (elsewhere / f"{module}.py").write_text(f"raise SystemExit('the wrong {module}')")
    said = checkout.start(cwd=elsewhere)
    assert said["cwd"] == str(elsewhere)
    assert said["here"] == str(checkout.root / "backend" / "cli.py")


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
        assert said["here"] == str(checkout.root / "backend" / "cli.py")
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
def test_the_second_start_runs_three_programs(checkout: Checkout) -> None:
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
    assert script.count("    synchronise ") == 2
    checkout.launcher.write_text(script.replace("    synchronise ", "    kill -9 $$; synchronise "))
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
    locks = [checkout.root / "requirements" / f"{name}.txt" for name in ("app", "dev")]
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
    bare_checkout.add_tool(
        "dpkg-query", '#!/bin/sh\ncase $4 in strace) exit 1 ;; *) echo "ii " ;; esac\n'
    )
    for tool in ("bash", "dirname"):
        (bare_checkout.tools / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        [script], env=bare_checkout.all_variables(), capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["launcher check", "launcher test"]
    assert bare_checkout.calls == [
        f"{prefix}apt-get update",
        f"{prefix}apt-get install --yes --no-install-recommends strace",
    ]


# --- The locks ------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, str]:
    """Name and version of every package in a lock."""
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["bootstrap", "app", "dev"])
def test_every_locked_package_has_a_version_and_hashes_and_no_address(name: str) -> None:
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("# Made by ./launcher lock")
    assert not re.search(r"://|^-|\bfile:|/home/|/root/", text, re.MULTILINE)
    requirements = re.split(r"\n(?=[a-z])", text.split("\n", 1)[1])
    assert len(requirements) == len(locked(name)) > 0
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_locks_agree_and_hold_no_torch() -> None:
    bootstrap, app, dev = locked("bootstrap"), locked("app"), locked("dev")
    assert bootstrap == {"uv": app["uv"]}
    assert app.items() <= dev.items()
    assert not {"torch", "torchvision", "torchaudio", "triton"} & dev.keys()


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
    cli = bare_checkout.root / "backend" / "cli.py"
    cli.write_text(
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
