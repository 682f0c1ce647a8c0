"""The command line as people and programs meet it: real processes, real git, uv and ComfyUI."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.helpers.processes import ROOT
from tests.helpers.servers import Reply, Seen, serve
from tests.helpers.world import TORCH, World

SECONDS = 30


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one line of JSON that is all of standard output."""
        (line,) = self.out.splitlines()
        envelope: dict[str, Any] = json.loads(line)
        assert set(envelope) == {"schema", "ok", "value" if envelope["ok"] else "error"}
        assert envelope["schema"] == 1
        return envelope

    @property
    def value(self) -> Any:
        assert self.envelope["ok"], self.envelope
        return self.envelope["value"]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.envelope["error"]
        assert set(error) == {"code", "message", "hint", "details"}
        return error


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of these tests keep compiled files, beside the repository."""
    return tmp_path_factory.mktemp("pycache")


class CommandLine:
    """Starts `python -m backend.cli` on the root of a world."""

    def __init__(self, world: World, compiled: Path, cwd: Path) -> None:
        self._cwd = cwd
        self._environment = {
            **world.environment,
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(compiled),
            "PYTHONWARNINGS": "error",
        }
        self._wish = ("--torch-spec", TORCH, "--find-links", str(world.wheels))

    def install(self, *words: str) -> tuple[str, ...]:
        return ("versions", "install", *words, *self._wish)

    def start(
        self, *words: str, stdout: int | IO[str] = subprocess.PIPE, **environment: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "backend.cli", *words],
            cwd=self._cwd,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __call__(self, *words: str, stdin: str = "", **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "backend.cli", *words],
            cwd=self._cwd,
            env={**self._environment, **environment},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        assert "Traceback (most recent call last)" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def on_a_terminal(
        self, *words: str, keys: Mapping[str, str] | None = None, columns: int = 100, **more: str
    ) -> tuple[int, str]:
        """Exit status and what a terminal of that width is sent; `keys`: pressed at a prompt."""
        import fcntl
        import pty
        import struct
        import termios

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {**self._environment, "TERM": "xterm-256color", **more}
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", *words],
            cwd=self._cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            said = _converse(ours, dict(keys or {}))
            return process.wait(SECONDS), said
        finally:
            process.kill()
            os.close(ours)


def _converse(terminal: int, keys: dict[str, str]) -> str:
    said = b""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            said += os.read(terminal, 65536)
        except OSError:  # the other side is closed
            return said.decode().replace("\r\n", "\n")
        for prompt in [prompt for prompt in keys if prompt.encode() in said]:
            os.write(terminal, keys.pop(prompt).encode())
    raise AssertionError(f"no end: {said.decode(errors='replace')}")


@pytest.fixture
def cli(world: World, compiled: Path, tmp_path: Path) -> CommandLine:
    return CommandLine(world, compiled, tmp_path)


def until_it_says(process: subprocess.Popen[str], words: str) -> None:
    """Reads standard error up to the line that has those words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"ended without saying {words!r}: {process.wait()}")


@pytest.fixture
def stuck_index(world: World) -> Iterator[Callable[[], None]]:
    """A package index that does not answer until the end of the test, or until it is released."""
    release = threading.Event()

    def answer(_seen: Seen) -> Reply:
        release.wait(SECONDS)
        return Reply(404)

    with serve(answer) as server:
        world.ask("settings.change", name="package_index", value=server.url)
        yield release.set
        release.set()


# --- The whole way --------------------------------------------------------------------------------


def test_people_are_led_from_nothing_to_a_running_comfyui_and_back(
    cli: CommandLine, world: World
) -> None:
    assert "./launcher versions releases" in cli("versions", "list").out
    assert re.search(r"^v0\.3\.64 .*289b1b30$", cli("versions", "releases").out, re.MULTILINE)

    installed = cli(*cli.install("v0.3.64"))
    assert installed.status == 0
    assert installed.err.splitlines()[0].startswith("v0.3.64 needs about ")
    assert installed.err.splitlines()[-1] == "[7/7] finishing"
    assert re.match(r"Installed v0\.3\.64 in [\d.]+ s\.\n2 packages, .* torch 2\.13", installed.out)

    launched = cli("versions", "launch", "--cpu")
    assert launched.status == 0
    address = re.search(r"v0\.3\.64 runs at (http://127\.0\.0\.1:\d+)", launched.out)
    assert address
    assert "./launcher versions stop v0.3.64" in launched.out
    assert "./launcher models use" in launched.out
    assert f"running at {address[1]}" in cli("versions", "list").out
    assert f"To see the GUI go to: {address[1]}" in cli("versions", "logs").out

    assert cli("versions", "stop").out == "v0.3.64 has stopped.\n"
    removed = cli("versions", "uninstall", "v0.3.64")
    restore = re.search(r"`\./launcher versions (restore \S+)`", removed.out)
    assert restore
    assert cli("versions", *restore[1].split()).out == "v0.3.64 is back.\n"
    assert world.installed() == ["v0.3.64"]


def test_programs_get_one_envelope_from_each_command_and_nothing_on_standard_error(
    cli: CommandLine,
) -> None:
    install = cli("--json", *cli.install("v0.3.64"))
    assert (install.status, install.err) == (0, "")
    assert install.value["state"] == "succeeded"
    assert install.value["result"]["tag"] == "v0.3.64"
    (version,) = cli("versions", "--json", "list").value["versions"]
    assert version["is_active"]
    assert cli("versions", "check", "--json").value["sound"] is True
    launch = cli("versions", "launch", "--cpu", "--json")
    assert launch.value["result"]["model_count"] == 0
    assert cli("versions", "logs", "--lines", "1", "--json").value["lines"]
    assert cli("versions", "stop", "--json").value["state"] == "succeeded"
    assert cli("versions", "uninstall", "v0.3.64", "--json").value["result"]["tag"] == "v0.3.64"
    assert cli("versions", "empty-trash", "--yes", "--json").value["result"]["entries"] == 1
    assert cli("versions", "list", "--json").value["versions"] == []


def test_events_are_streamed_in_order_and_the_envelope_is_the_last_line(cli: CommandLine) -> None:
    done = cli(*cli.install("v0.3.64"), "--events")
    *events, last = [json.loads(line) for line in done.out.splitlines()]
    assert last["ok"] is True
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    steps = [
        event["data"]["operation"]["progress"]["step"]
        for event in events
        if event["data"]["type"] == "operation.changed"
    ]
    assert list(dict.fromkeys(filter(None, steps))) == [
        "prepare", "source", "environment", "resolve", "packages", "verify", "commit",
    ]  # fmt: skip
    assert events[-1]["data"]["operation"]["state"] == "succeeded"
    assert done.err == ""


def test_a_release_list_that_has_aged_is_refreshed_before_it_is_shown(
    cli: CommandLine, world: World
) -> None:
    age_releases(world)
    shown = cli("versions", "releases", "--limit", "3", "--json").value
    assert shown["stale"] is False
    assert [release["tag"] for release in shown["releases"]] == ["v0.3.64", "v0.3.63", "v0.3.62"]


@pytest.mark.parametrize("flags", [(), ("--refresh",)])
def test_without_a_network_an_old_list_is_shown_with_a_word_about_its_age(
    cli: CommandLine, world: World, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    gone = (tmp_path / "gone.git").as_uri()
    age_releases(world, repository=gone)
    done = cli("versions", "releases", *flags, COMFYUI_LAUNCHER_REPO=gone)
    told = cli("versions", "releases", "--json", *flags, COMFYUI_LAUNCHER_REPO=gone).value
    assert done.status == 0
    assert "v0.3.64" in done.out
    assert "Not up to date" in done.err
    assert (told["problem"]["code"], told["stale"]) == ("repository-unreachable", True)
    assert len(told["releases"]) == 1


def age_releases(world: World, **changes: str) -> None:
    """What was asked long ago is all that is known, and it was less then."""
    world.run("versions.refresh_releases")
    cache = world.root / "launcher-data" / "metadata" / "github_cache.json"
    known = json.loads(cache.read_text())
    del known["crc32"]  # a file without its seal is one that a hand has changed
    known |= {"fetched_at": "2020-01-01T00:00:00Z", "releases": known["releases"][:1]}
    cache.write_text(json.dumps(known | changes))


# --- What goes wrong ------------------------------------------------------------------------------


def test_each_kind_of_failure_has_its_code_and_its_exit_status(
    cli: CommandLine, world: World, compiled: Path, tmp_path: Path
) -> None:
    world.install()
    crash = ("--cpu", "--env", "FAKE_COMFYUI_CRASH=before-listening")
    gone = (tmp_path / "gone.git").as_uri()
    met = {
        (done.error["code"], done.status)
        for done in (
            cli("--json", "versions", "show", "v9"),
            cli("--json", "versions", "launch", "../.."),
            cli("--json", *cli.install("v9.9.9")),
            cli("--json", *cli.install("v0.3.64")),
            cli("--json", "versions", "launch", *crash),
            cli("--json", "versions", "stop"),
            cli("--json", "models", "use", "nowhere"),
            cli("--json", "operations", "show", "1"),
            cli("--json", "settings", "set", "nothing", "1"),
            cli("--json", "versions", "restore", "1"),
            cli("--json", "versions", "releases", "--refresh", COMFYUI_LAUNCHER_REPO=gone),
            cli("--json", "versions", "list", COMFYUI_LAUNCHER_HOME="/dev/null/home"),
        )
    }
    assert met == {
        ("version-not-installed", 3), ("invalid-value", 2), ("version-not-found", 3),
        ("version-already-installed", 5), ("start-failed", 8), ("not-running", 3),
        ("path-not-found", 3), ("operation-not-found", 3), ("unknown-setting", 2),
        ("not-in-trash", 3), ("repository-unreachable", 4), ("not-writable", 7),
    }  # fmt: skip


def test_a_start_that_fails_shows_the_last_words_of_the_log(cli: CommandLine, world: World) -> None:
    world.install()
    done = cli("versions", "launch", "--cpu", "--env", "FAKE_COMFYUI_CRASH=exit:3")
    assert done.status == 8
    assert done.out == ""
    error = done.err[done.err.index("Error: ") :].splitlines()
    assert "exit code 3" in error[0]
    assert "./launcher versions logs v0.3.64" in error[1]
    assert len(error) > 2
    assert all(line.startswith("    ") for line in error[2:])


def test_a_version_that_crashed_says_why_and_what_helps(cli: CommandLine, world: World) -> None:
    world.install()
    cli("versions", "launch", "--cpu", "--env", "FAKE_COMFYUI_CRASH=import")
    shown = cli("versions", "show", "v0.3.64").out
    assert "Cause      " in shown
    assert "could not be loaded" in shown
    assert "./launcher versions check" in shown


@pytest.mark.parametrize(
    "tag",
    ["--help-me", "-x", "../..", "a\nb", "v1; rm -rf ~", "\x1b[2J", "$(id)", "v1\x00"[:2] + "\t"],
)
def test_a_hostile_tag_is_refused_in_words_and_never_acted_on(
    tag: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    from backend.cli.boundary import run

    for words in (["show"], ["uninstall"], ["activate"], ["install"], ["logs"]):
        status = run(["versions", *words, "--json", "--", tag], lambda: world.app)
        answer = json.loads(capsys.readouterr().out)
        assert (status, answer["ok"]) in {(2, False), (3, False)}, (words, answer)
        # Not behind the dashes, it may be taken for an option: that is refused as well.
        assert run(["versions", *words, tag], lambda: world.app) in {2, 3}
        said = capsys.readouterr()
        assert said.out == ""
        assert "\x1b" not in said.err
    assert world.stores() == []


def test_an_argument_that_is_no_text_at_all_is_refused(cli: CommandLine) -> None:
    done = cli("--json", "versions", "show", os.fsdecode(b"\xff\xfe"))
    assert (done.status, done.error["code"]) == (2, "invalid-request")


def test_a_full_disk_behind_the_redirection_is_a_failure_of_storage(cli: CommandLine) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        for words in (["versions", "list"], ["versions", "list", "--json"]):
            process = cli.start(*words, stdout=full)
            _, err = process.communicate(timeout=SECONDS)
            assert process.returncode == 7
            assert "could not be written" in err
            assert "Traceback" not in err


def test_a_reader_that_has_enough_is_no_failure(cli: CommandLine) -> None:
    process = cli.start("settings", "list")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(SECONDS) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_during_an_installation_leaves_nothing_behind(
    how: signal.Signals, cli: CommandLine, world: World, stuck_index: Callable[[], None]
) -> None:
    process = cli.start(*cli.install("v0.3.64"))
    until_it_says(process, "[4/7] choosing the packages")
    process.send_signal(how)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 6
    assert out == ""
    assert "Cancelled. Nothing was changed." in err.splitlines()
    assert "Traceback" not in err
    assert world.installed() == []
    assert world.stores() == []


def test_an_interrupted_installation_answers_programs_with_its_envelope(
    cli: CommandLine, world: World, stuck_index: Callable[[], None]
) -> None:
    process = cli.start("--events", *cli.install("v0.3.64"))
    assert process.stdout is not None
    for line in process.stdout:
        if '"step": "resolve"' in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 6
    assert json.loads(out.splitlines()[-1])["error"]["code"] == "operation-cancelled"
    assert err == ""
    assert world.installed() == []


def test_a_second_interrupt_leaves_at_once(cli: CommandLine, world: World) -> None:
    world.install()
    world.ask("settings.change", name="stop_grace_seconds", value=4)
    slow = ("--env", "FAKE_COMFYUI_START_DELAY=30", "--env", "FAKE_COMFYUI_IGNORE_SIGTERM=1")
    process = cli.start("versions", "launch", "--cpu", *slow)
    until_it_says(process, "[3/3] waiting until it answers")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    until_it_says(process, "cancelling")
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert time.monotonic() - begin < 2


def test_what_a_start_finds_damaged_is_told_to_people_and_programs_get_their_answer(
    world: World, cli: CommandLine
) -> None:
    world.ask("settings.change", name="grace_days", value=3)  # so that there is one before it
    settings = world.root / "launcher-data" / "settings.json"
    settings.write_bytes(settings.read_bytes()[:-3])
    done = cli("settings", "list")
    assert (done.status, "settings.json is damaged" in done.err) == (0, True)
    assert cli("settings", "list", "--json").err == ""


def test_an_interrupt_of_a_question_is_130_and_an_envelope_too(cli: CommandLine) -> None:
    release = threading.Event()

    def answer(_seen: Seen) -> Reply:
        release.wait(SECONDS)
        return Reply(404)

    with serve(answer) as server:
        for flags, said in (((), ""), (("--json",), "operation-interrupted")):
            asked = len(server.seen)
            question = ("versions", "plan", "v0.3.64", *flags)
            process = cli.start(*question, COMFYUI_LAUNCHER_REPO=f"{server.url}/ComfyUI.git")
            while len(server.seen) == asked:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
            assert process.returncode == 130
            assert said in out
            assert len(out.splitlines()) == len(flags)
            assert err.strip() == ""
        release.set()


@pytest.mark.parametrize("flags", [(), ("--refresh",)])
def test_an_interrupt_cancels_the_question_what_can_be_installed(
    cli: CommandLine, flags: tuple[str, ...]
) -> None:
    release = threading.Event()

    def answer(_seen: Seen) -> Reply:
        release.wait(SECONDS)
        return Reply(404)

    with serve(answer) as server:
        words = ("--json", "versions", "releases", *flags)
        process = cli.start(*words, COMFYUI_LAUNCHER_REPO=f"{server.url}/ComfyUI.git")
        while not server.seen:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SECONDS)
        release.set()
    assert (process.returncode, json.loads(out)["error"]["code"]) == (6, "operation-cancelled")
    assert [one["state"] for one in cli("operations", "list", "--json").value["operations"]] == [
        "cancelled"
    ]


def test_an_interrupt_ends_the_showing_of_a_log_and_not_its_comfyui(
    cli: CommandLine, world: World
) -> None:
    world.install()
    world.launch()
    process = cli.start("versions", "logs", "--follow")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert world.ask("versions.list").versions[0].state == "running"


def test_a_followed_log_ends_when_its_comfyui_does(cli: CommandLine, world: World) -> None:
    world.install()
    process = cli.start("versions", "launch", "--cpu", "--follow")
    assert process.stdout is not None
    for line in process.stdout:
        if "To see the GUI go to" in line:
            break
    world.run("versions.stop", tag="v0.3.64")
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "v0.3.64 does not run" in err


# --- Terminals and places -------------------------------------------------------------------------


def test_a_terminal_shows_one_living_line_that_is_gone_at_the_end(cli: CommandLine) -> None:
    status, said = cli.on_a_terminal(*cli.install("v0.3.64"), keys={"Go on? [Y/n] ": "\n"})
    assert status == 0
    assert "━" in said
    assert re.search(r"\d+%  \d/7 ", said)
    assert "[1/7]" not in said
    live, gone, result = said.rpartition("\x1b[2K")
    assert live
    assert gone
    assert result.startswith("Installed v0.3.64")


def test_saying_no_changes_nothing(cli: CommandLine, world: World) -> None:
    status, said = cli.on_a_terminal(*cli.install("v0.3.64"), keys={"Go on? [Y/n] ": "n\n"})
    assert status == 0
    assert "Nothing was changed." in said
    assert world.installed() == []


def test_no_color_means_no_colour(cli: CommandLine) -> None:
    coloured = cli.on_a_terminal("versions", "show", "v9")[1]
    plain = cli.on_a_terminal("versions", "show", "v9", NO_COLOR="1")[1]
    assert "\x1b[1;31m" in coloured
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain)


def test_a_narrow_terminal_gets_whole_words(cli: CommandLine, world: World) -> None:
    world.install()
    _, said = cli.on_a_terminal("versions", "list", columns=40)
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", said).splitlines())) <= 40
    assert "v0.3.64   stopped" in re.sub(r"\x1b\[[\d;]*m", "", said)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "LANG": "C"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_no_locale_is_too_poor(locale: dict[str, str], cli: CommandLine, world: World) -> None:
    if sys.version_info >= (3, 12) and "PYTHONUTF8" in locale and not str(ROOT).isascii():
        pytest.skip("Python 3.12 imports no extension from such a checkout then; launcher sets it")
    world.install()
    assert "v0.3.64" in cli("versions", "list", **locale).out
    path = cli("versions", "show", "--json", **locale).value["path"]
    assert os.fsencode(path) == os.fsencode(world.store())
    shown = cli("info", **locale)
    assert (shown.status, shown.err) == (0, "")


def test_a_folder_of_models_is_named_from_where_the_user_stands(
    cli: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "checkpoints").mkdir(parents=True)
    (tmp_path / "mine" / "checkpoints" / "a.safetensors").write_bytes(b"")
    used = cli("models", "use", "./mine", "--json").value
    assert used["folders"][1]["path"] == str(tmp_path / "mine")
    assert used["model_count"] == 1
    shown = cli("models", "forget", "mine", "--json").value
    assert len(shown["folders"]) == 1


def test_a_secret_comes_by_standard_input_and_is_never_shown(
    cli: CommandLine, world: World
) -> None:
    secret = "hf_neverToBeSeen1234567890"
    world.ask("settings.change", name="secrets_in_file", value=True)
    kept = cli("settings", "keep-secret", "HF_TOKEN", stdin=f"{secret}\n")
    assert kept.status == 0
    assert "a file that only you can read" in kept.out
    stored = world.root / "launcher-data" / "secrets.json"
    assert secret in stored.read_text()
    listed = cli("settings", "list", "--json")
    logs = "".join(p.read_text() for p in (world.root / "launcher-data" / "logs").glob("*.log"))
    assert secret not in kept.out + kept.err + listed.out + logs
    assert cli("settings", "keep-secret", "HF_TOKEN", secret).status == 2
    assert cli("settings", "forget-secret", "HF_TOKEN").status == 0
    assert secret not in stored.read_text()


def test_serve_hands_its_words_to_the_service(cli: CommandLine) -> None:
    done = cli("serve", "--help")
    assert done.status == 0
    assert "usage: ./launcher serve" in done.out
    assert cli("serve", "--no-such-option").status == 2


def test_deleting_for_good_is_shown_first_and_needs_a_yes(cli: CommandLine, world: World) -> None:
    world.install()
    entry = world.run("versions.uninstall", tag="v0.3.64")["entry"]
    assert cli("versions", "empty-trash").status == 2
    keys = {"for good? [y/N] ": "\n"}
    _, said = cli.on_a_terminal("versions", "empty-trash", keys=keys)
    assert re.search(r"Deleting 1 version for good frees .*; 0 bytes outside", said)
    assert "Nothing was changed." in said
    assert entry in cli("versions", "trash").out
    plan = cli("versions", "empty-trash", entry, "--plan", "--json").value
    assert plan["entries"] == [entry]
    keys = {"for good? [y/N] ": "y\n"}
    _, said = cli.on_a_terminal("versions", "empty-trash", entry, keys=keys)
    assert "Deleted 1 version for good" in said
    assert world.ask("versions.trash").entries == ()


def test_uninstalling_shows_what_it_would_do_and_asks_where_someone_can_answer(
    cli: CommandLine, world: World
) -> None:
    world.install()
    shown = cli("versions", "uninstall", "v0.3.64", "--plan").out
    assert shown.startswith(
        "Removing v0.3.64 frees nothing yet: it waits in the trash for 30 days."
    )
    assert world.installed() == ["v0.3.64"]
    _, said = cli.on_a_terminal("versions", "uninstall", "v0.3.64", keys={"[Y/n] ": "n\n"})
    assert "Nothing was changed." in said
    assert world.installed() == ["v0.3.64"]
    _, said = cli.on_a_terminal("versions", "uninstall", "v0.3.64", keys={"[Y/n] ": "\n"})
    assert "v0.3.64 is in the trash until" in said
    assert world.installed() == []


def test_an_operation_that_failed_is_asked_again(cli: CommandLine, world: World) -> None:
    wish = world.install_request(find_links=[], torch_spec="torch==0.0.1")
    ended = world.end_of(world.start("versions.install", **wish))
    assert ended.state == "failed"
    assert f"operations retry {ended.id}" in cli("operations", "show", ended.id).out
    assert cli("operations", "retry", ended.id).status != 0
    world.install()
    (done, *_) = world.ask("operations.list").operations
    refused = cli("operations", "retry", done.id, "--json")
    assert (refused.status, refused.error["code"]) == (5, "operation-not-repeatable")
