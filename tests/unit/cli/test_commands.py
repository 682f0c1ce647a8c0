"""Every endpoint has a command, every command an endpoint, and each asks it in its own form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from backend.api.contract.common import Refusal
from backend.api.dispatch import Dispatcher
from backend.api.endpoint import ENDPOINTS
from backend.cli.application import app as tree
from backend.cli.boundary import run
from backend.composition import App, build_app
from backend.operations.model import Failure

LAUNCH = (
    "versions launch v1 --port 9000 --listen :: --cpu --env A=b=c --env D= --ready-timeout 5 "
    "-- --fast --json"
)
# A line that reaches each endpoint, and the fields that must arrive there.
LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "system.info": ("info", {}),
    "system.hardware": ("hardware", {}),
    "system.diagnostics": ("diagnostics", {}),
    "system.state": ("state", {}),
    "system.shortcut": ("shortcut", {}),
    "system.install_shortcut": ("install-shortcut", {}),
    "system.remove_shortcut": ("remove-shortcut", {}),
    "versions.releases": ("versions releases", {}),
    "versions.refresh_releases": ("versions releases --refresh", {}),
    "versions.list": ("versions list", {}),
    "versions.show": ("versions show v1", {"tag": "v1"}),
    "versions.plan": ("versions plan v1 --python 3.12", {"reference": "v1", "python": "3.12"}),
    "versions.install": (
        "versions install v1 --torch-backend cpu --find-links https://a/b --packages-as-of today",
        {
            "reference": "v1", "torch_backend": "cpu", "find_links": ["https://a/b"],
            "packages_as_of": "today",
        },
    ),
    "versions.plan_uninstall": ("versions uninstall v1 --plan", {"tag": "v1"}),
    "versions.uninstall": ("versions uninstall v1", {"tag": "v1"}),
    "versions.trash": ("versions trash", {}),
    "versions.restore": ("versions restore e1", {"entry": "e1"}),
    "versions.plan_empty_trash": ("versions empty-trash --plan e1", {"entries": ["e1"]}),
    "versions.empty_trash": ("versions empty-trash --yes", {}),
    "versions.activate": ("versions activate v1", {"tag": "v1"}),
    "versions.set_default": ("versions default v1", {"tag": "v1"}),
    "versions.launch": (
        LAUNCH,
        {
            "tag": "v1", "port": 9000, "listen": "::", "cpu": True,
            "environment": {"A": "b=c", "D": ""}, "ready_timeout_seconds": 5.0,
            "arguments": ["--fast", "--json"],
        },
    ),
    "versions.stop": ("versions stop", {"tag": None}),
    "versions.logs": ("versions logs v1 --lines 7", {"tag": "v1", "limit": 7}),
    "versions.check": ("versions check v1", {"tag": "v1"}),
    "versions.constraints": ("versions constraints", {"tag": None}),
    "models.folders": ("models folders", {}),
    "models.use": ("models use /a/b", {"path": "/a/b"}),
    "models.forget": ("models forget /a/../b", {"path": "/b"}),
    "operations.list": ("operations list", {}),
    "operations.show": ("operations show 1", {"operation_id": "1"}),
    "operations.cancel": ("operations cancel 1", {"operation_id": "1"}),
    "operations.retry": ("operations retry 1", {"operation_id": "1"}),
    "settings.list": ("settings list", {}),
    "settings.change": ("settings set grace_days 3", {"name": "grace_days", "value": "3"}),
    "settings.reset": ("settings reset grace_days", {"name": "grace_days"}),
    "settings.keep_secret": (
        "settings keep-secret HF_TOKEN", {"name": "HF_TOKEN", "value": "from standard input"},
    ),
    "settings.forget_secret": ("settings forget-secret HF_TOKEN", {"name": "HF_TOKEN"}),
}  # fmt: skip
NOT_AN_ENDPOINT = {"serve"}
REACHED_BY_AN_OPTION = {
    "versions.refresh_releases", "versions.plan_uninstall", "versions.plan_empty_trash",
}  # fmt: skip

Run = Callable[..., dict[str, Any]]


class Recorder(Dispatcher):
    """Notes what is asked, and refuses all but what commands look up on their way."""

    def __init__(self, real: Dispatcher) -> None:
        self._real = real
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, name: str, request: Mapping[str, Any] | bytes | None = None) -> Any:
        assert isinstance(request, dict)
        self.asked.append((name, request))
        if name == "settings.list":
            return self._real.call(name, request)
        return Refusal(error=Failure(code="not-running", message="No.", hint="No."))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build_app("cli", {"COMFYUI_LAUNCHER_HOME": str(tmp_path)})
    yield made
    made.close()


@pytest.fixture
def recorder(app: App) -> Recorder:
    return Recorder(app.dispatcher)


@pytest.fixture
def asked(app: App, recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a line in this process and hands back its envelope."""

    def go(*words: str) -> dict[str, Any]:
        run([*words, "--json"] if "--" not in words else ["--json", *words],
            lambda: replace(app, dispatcher=recorder))  # fmt: skip
        envelope: dict[str, Any] = json.loads(capsys.readouterr().out)
        return envelope

    return go


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        if hasattr(child, "commands"):
            yield from leaves(child, (*words, name))
        else:
            yield " ".join((*words, name)), child


def test_every_endpoint_has_a_line_here_unless_only_a_window_can_do_it() -> None:
    assert set(LINES) == {name for name, row in ENDPOINTS.items() if not row.needs_window}


def test_every_command_is_the_word_of_an_endpoint() -> None:
    commands = {words for words, _ in leaves(get_command(tree))}
    reached = {
        next(words for words in commands if line == words or line.startswith(f"{words} "))
        for line, _ in LINES.values()
    }
    assert commands - NOT_AN_ENDPOINT == reached
    assert len(reached) == len(LINES) - len(REACHED_BY_AN_OPTION)


@pytest.mark.parametrize("endpoint", sorted(LINES))
def test_its_command_asks_the_endpoint_with_what_was_typed(
    endpoint: str, asked: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("from standard input\n"))
    line, fields = LINES[endpoint]
    asked(*line.split())
    assert recorder.asked[-1] == (endpoint, fields) or (endpoint, fields) in recorder.asked
    ENDPOINTS[endpoint].request_model.model_validate(fields)


@pytest.mark.parametrize("words", sorted(words for words, _ in leaves(get_command(tree))))
def test_every_command_and_option_says_what_it_does_in_a_sentence(words: str) -> None:
    command = dict(leaves(get_command(tree)))[words]
    assert re.match(r"[A-Z].*[.]", command.help)
    for parameter in command.params:
        assert re.match(r"[A-Z].*[.]$", parameter.help), parameter.name


@pytest.mark.parametrize(
    "line",
    [
        "", "versions", "versions lst", "versions list extra", "versions list --bogus",
        "versions show a b", "versions install", "versions launch --port x",
        "versions launch --env X", "versions launch --env =x", "versions launch --follow",
        "versions logs --lines", "versions default v1 --none", "versions empty-trash",
        "settings set grace_days", "versions releases --limit 0",
    ],
)  # fmt: skip
def test_a_line_that_is_no_command_is_answered_in_json_too(
    line: str, recorder: Recorder, app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(["--json", *line.split()], lambda: replace(app, dispatcher=recorder))
    said = capsys.readouterr()
    assert status == 2
    assert json.loads(said.out)["error"]["code"] == "invalid-request"
    assert said.err == ""
    assert recorder.asked == []


def test_a_field_that_does_not_fit_is_told_in_the_words_of_the_command(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["versions", "logs", "v1", "--lines", "0"], lambda: app) == 2
    assert capsys.readouterr().err.splitlines() == [
        "Error: `limit` does not fit: input should be greater than or equal to 1.",
        "`./launcher versions logs --help` shows what it takes.",
    ]


def test_a_setting_that_is_a_list_takes_several_values(asked: Run, recorder: Recorder) -> None:
    asked("settings", "set", "find_links", "/a")
    asked("settings", "set", "find_links", "/a", "/b")
    asked("settings", "set", "find_links", "")
    values = [fields["value"] for name, fields in recorder.asked if name == "settings.change"]
    assert values == [["/a"], ["/a", "/b"], []]


def test_a_relative_folder_is_meant_from_where_the_user_stands(
    asked: Run, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked("models", "use", "mine/../ours")
    asked("versions", "plan", "v1", "--find-links", "wheels")
    assert recorder.asked == [
        ("models.use", {"path": str(tmp_path / "ours")}),
        ("versions.plan", {"reference": "v1", "find_links": [str(tmp_path / "wheels")]}),
    ]


def test_no_word_tells_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    said = capsys.readouterr().out
    for word in ("versions releases", "versions install", "versions launch", "serve", "--help"):
        assert f"./launcher {word}" in said
    assert len(said.splitlines()) < 10


def test_an_area_without_a_word_shows_its_help_and_is_no_success(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["versions"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "empty-trash" in said.err


def test_a_fault_of_ours_has_a_number_in_the_log_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMFYUI_LAUNCHER_HOME", str(tmp_path))

    def explode() -> App:
        raise RuntimeError("nobody foresaw this")

    assert run(["versions", "list"], explode) == 1
    said = capsys.readouterr()
    incident = re.findall(r"incident ([0-9a-f]{8})", said.err)[0]
    assert "Traceback" not in said.err
    assert "nobody foresaw" not in said.err
    log = (tmp_path / "launcher-data" / "logs" / "cli.log").read_text()
    assert incident in log
    assert "nobody foresaw this" in log


def test_a_root_that_cannot_be_written_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COMFYUI_LAUNCHER_HOME", str(tmp_path / "file"))
    assert run(["versions", "list"]) == 7
    assert "COMFYUI_LAUNCHER_HOME" in capsys.readouterr().err
