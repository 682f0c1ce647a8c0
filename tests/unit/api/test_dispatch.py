from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.api.areas.models import ModelsApi
from backend.api.areas.operations import OperationsApi
from backend.api.areas.settings import SettingsApi
from backend.api.areas.system import SystemApi
from backend.api.areas.versions import VersionsApi
from backend.api.areas.window import WindowApi
from backend.api.contract.common import Refusal, Success
from backend.api.core import ComfyUISetupAPI
from backend.api.dispatch import Dispatcher
from backend.api.endpoint import ENDPOINTS, RateClass
from backend.api.rate_limits import Rate, RateLimiter
from backend.exceptions import RepositoryUnreachable
from backend.github_integration import GitHubReleasesFetcher
from backend.operations.model import OperationState, Owner, Recovery
from backend.operations.operation import Operation
from backend.operations.runner import PARALLEL_OPERATIONS, OperationRunner
from backend.platform.git import RemoteReferences
from backend.platform.hardware import Machine
from backend.platform.http import HttpClient
from backend.platform.locks import FileLock
from backend.platform.secrets import SecretStore
from backend.platform.shortcuts import Shortcuts
from backend.processes.readiness import Watch
from backend.resources.resource_manager import ResourceManager
from backend.settings_store import SettingsStore
from backend.state_check import check_state
from backend.verdict import assess
from backend.version_manager import VersionManager
from tests.fakes.ports import Clock, World, a_snapshot

NO_LIMIT: dict[RateClass, Rate] = {
    kind: Rate(1e9, 10**9) for kind in RateClass if kind is not RateClass.UNLIMITED
}
SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ"


class NoNames:
    """A repository that offers one version: when `answers` is set, and without a `fault`."""

    url = "https://example.org/ComfyUI"

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.fault: Exception | None = None
        self.asked = 0

    def remote_references(self, check: Callable[[], None] | None = None) -> RemoteReferences:
        self.asked += 1
        while not self.answers.wait(0.01):
            if check is not None:
                check()
        if self.fault is not None:
            raise self.fault
        return RemoteReferences({"v0.3.64": "0" * 40}, {"master": "1" * 40})


class Desk:
    """The whole API over a world of fakes."""

    def __init__(self, root: Path) -> None:
        self.world = World(root)
        paths = self.world.paths
        lock = FileLock(paths.data / ".lock")
        self.settings = SettingsStore(paths.settings_file, {}, lock=lock)
        self.world.settings = self.settings.current()
        self.runner = OperationRunner(
            self.world.journal,
            self.world.events.stream,
            owner=lambda: Owner(pid=1, created="1.0"),
            owner_lives=lambda *_: True,
        )
        self.clock = Clock()
        self.limits = RateLimiter(clock=self.clock)
        resources = ResourceManager(paths, self.settings.current)
        self.world.resources = resources
        self.repository = NoNames()
        releases = GitHubReleasesFetcher(
            paths.metadata / "github_cache.json",
            self.repository,
            lambda: HttpClient(1, 0, user_agent="tests"),
            settings=self.settings.current,
            token=lambda: None,
        )
        secrets = SecretStore(paths.secrets_file, file_allowed=lambda: True, environment={})
        versions = VersionsApi(VersionManager(self.world.context()), releases, self.runner)
        self.api = ComfyUISetupAPI(
            versions=versions,
            models=ModelsApi(paths.models, resources, self.settings),
            operations=OperationsApi(self.runner, {"versions": versions}),
            settings=SettingsApi(paths.root, self.settings, secrets, self.world.events.stream),
            system=SystemApi(
                paths.root,
                lambda: {"git": "2.43", "uv": None},
                ["a notice"],
                hardware=lambda: assess(Machine("A processor", 8, 2**34, ()), "cpu"),
                diagnostics=lambda: "# A report",
                state=lambda: check_state(paths),
                shortcuts=Shortcuts(root, {"XDG_DATA_HOME": str(root)}),
            ),
            window=WindowApi(None),
        )
        (root / "launcher").touch()
        self.dispatcher = Dispatcher(self.api, RateLimiter(NO_LIMIT))

    def call(self, name: str, request: Any = None) -> Success | Refusal:
        return self.dispatcher.call(name, request)

    def refused(self, name: str, request: Any = None) -> dict[str, Any]:
        answer = self.call(name, request)
        assert isinstance(answer, Refusal), answer
        return answer.error.model_dump()

    def value(self, name: str, request: Any = None) -> Any:
        answer = self.call(name, request)
        assert isinstance(answer, Success), answer
        return answer.value


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.runner.close()


# --- Envelopes


def test_a_success_is_schema_ok_and_value(desk: Desk) -> None:
    envelope = json.loads(desk.call("system.info").model_dump_json())
    assert list(envelope) == ["schema", "ok", "value"]
    assert (envelope["schema"], envelope["ok"]) == (1, True)
    assert envelope["value"]["git"] == "2.43"
    assert envelope["value"]["notices"] == ["a notice"]


def test_a_refusal_is_schema_ok_and_error(desk: Desk) -> None:
    envelope = json.loads(desk.call("versions.show", {"tag": "v9"}).model_dump_json())
    assert list(envelope) == ["schema", "ok", "error"]
    assert (envelope["schema"], envelope["ok"]) == (1, False)
    assert list(envelope["error"]) == ["code", "message", "hint", "details"]
    assert envelope["error"]["code"] == "version-not-installed"


WITHOUT_FIELDS = [name for name, row in ENDPOINTS.items() if row.request == "Empty"]


@pytest.mark.parametrize("name", [n for n in WITHOUT_FIELDS if not n.startswith("window.")])
def test_what_needs_nothing_is_answered_and_can_be_sent_as_json(desk: Desk, name: str) -> None:
    requests: list[Any] = [None, {}, b"", b"{}"]
    for request in requests:
        answer = desk.call(name, request)
        assert isinstance(answer, Success), answer
        json.loads(answer.model_dump_json())
        desk.runner.close()


@pytest.mark.parametrize("name", [n for n in WITHOUT_FIELDS if n.startswith("window.")])
def test_what_only_a_window_can_do_is_refused_where_there_is_none(desk: Desk, name: str) -> None:
    assert desk.refused(name)["code"] == "no-window"


# --- What is asked for wrongly


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("versions.instal", "versions.install"),
        ("version.list", "versions.list"),
        ("operations.cancle", "operations.cancel"),
    ],
)
def test_an_unknown_endpoint_suggests_the_nearest(desk: Desk, name: str, nearest: str) -> None:
    error = desk.refused(name)
    assert error["code"] == "unknown-endpoint"
    assert nearest in error["details"]["similar"]
    assert nearest in error["message"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "versions",
        "versions.",
        ".list",
        "versions.list.list",
        "versions.__init__",
        "versions._tag",
        "versions._manager",
        "call.x",
        "__class__.__mro__",
        "VERSIONS.LIST",
        "versions.list\x00",
        "ünïcode",
    ],
)
def test_nothing_outside_the_table_is_reachable(desk: Desk, name: str) -> None:
    assert desk.refused(name)["code"] == "unknown-endpoint"


def test_an_endless_name_is_refused_quickly_and_not_repeated(desk: Desk) -> None:
    start = time.monotonic()
    error = desk.refused("versions.list" * 300_000)
    assert time.monotonic() - start < 0.5
    assert len(json.dumps(error)) < 1000


@pytest.mark.parametrize(
    "body",
    [b"[]", b"null", b"1", b'"text"', b"{", b"\xff\xfe", b"{}{}", b"NaN", b"[" * 100_000],
    ids=lambda body: repr(body[:8]),
)
def test_a_body_that_is_no_json_object_is_malformed(desk: Desk, body: bytes) -> None:
    assert desk.refused("versions.list", body)["code"] == "malformed-request"


@pytest.mark.parametrize(
    ("name", "request_", "fields"),
    [
        ("versions.install", {}, ["reference"]),
        ("versions.install", {"reference": ""}, ["reference"]),
        ("versions.install", {"reference": "x" * 201}, ["reference"]),
        ("versions.install", {"reference": 1}, ["reference"]),
        ("versions.install", {"reference": "v1", "pythn": "3.12"}, ["pythn"]),
        ("versions.install", {"reference": "v1", "find_links": "x"}, ["find_links"]),
        ("versions.install", {"reference": "v1", "find_links": [1]}, ["find_links.0"]),
        ("versions.install", {"reference": "v1", "packages_as_of": "now"}, ["packages_as_of"]),
        ("versions.launch", {"port": 80}, ["port"]),
        ("versions.launch", {"port": "a", "listen": "evil; rm"}, ["listen", "port"]),
        ("versions.launch", {"environment": {"A": 1}}, ["environment.A"]),
        ("versions.launch", {"arguments": ["x"] * 101}, ["arguments"]),
        ("versions.logs", {"limit": 0}, ["limit"]),
        ("versions.logs", {"limit": 2001, "after": -1}, ["after", "limit"]),
        ("versions.set_default", {}, ["tag"]),
        ("versions.restore", {"entry": None}, ["entry"]),
        ("operations.show", {"operation_id": "x" * 41}, ["operation_id"]),
        ("settings.keep_secret", {"name": "PASSWORD", "value": "x"}, ["name"]),
        ("system.info", {"surprise": 1}, ["surprise"]),
    ],
)
def test_fields_that_do_not_fit_are_named(
    desk: Desk, name: str, request_: dict[str, Any], fields: list[str]
) -> None:
    for form in (request_, json.dumps(request_).encode()):
        error = desk.refused(name, form)
        assert error["code"] == "invalid-request"
        assert error["details"]["endpoint"] == name
        assert sorted(problem["field"] for problem in error["details"]["problems"]) == fields
        assert fields[0] in error["message"] or fields[-1] in error["message"]


def test_a_secret_in_a_wrong_request_is_not_repeated(desk: Desk) -> None:
    for request in (
        {"name": "GITHUB_TOKEN", "value": SECRET, "extra": SECRET},
        {"name": "OTHER", "value": SECRET},
        {"name": "GITHUB_TOKEN", "value": SECRET * 200},
    ):
        assert SECRET not in json.dumps(desk.refused("settings.keep_secret", request))


@pytest.mark.parametrize(
    ("name", "request_", "code"),
    [
        ("versions.install", {"reference": "--upload-pack=evil"}, "invalid-value"),
        ("versions.install", {"reference": "a..b"}, "invalid-value"),
        ("versions.install", {"reference": "v1", "torch_spec": "torch @ git+ssh://x"},
         "invalid-value"),
        ("versions.plan", {"reference": "-x"}, "invalid-value"),
        ("versions.uninstall", {"tag": "../../etc"}, "invalid-value"),
        ("versions.activate", {"tag": "a/b"}, "invalid-value"),
        ("versions.launch", {"tag": ".."}, "invalid-value"),
        ("versions.launch", {}, "no-active-version"),
        ("versions.stop", {"tag": "v9"}, "version-not-installed"),
        ("versions.set_default", {"tag": "v9"}, "version-not-installed"),
        ("versions.restore", {"entry": "nothing"}, "not-in-trash"),
        ("operations.cancel", {"operation_id": "nothing"}, "operation-not-found"),
        ("operations.show", {"operation_id": "../x"}, "operation-not-found"),
        ("settings.change", {"name": "nothing", "value": 1}, "unknown-setting"),
        ("settings.change", {"name": "grace_days", "value": -1}, "invalid-value"),
        ("settings.reset", {"name": "nothing"}, "unknown-setting"),
        ("models.use", {"path": "relative"}, "path-not-found"),
        ("models.use", {"path": "/nowhere/at/all"}, "path-not-found"),
        ("models.forget", {"path": "/nowhere/at/all"}, "path-not-found"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_by_its_code(
    desk: Desk, name: str, request_: dict[str, Any], code: str
) -> None:
    error = desk.refused(name, request_)
    assert error["code"] == code
    assert error["hint"]


# --- Limits


def test_a_refusal_for_the_rate_says_when_to_come_back(desk: Desk) -> None:
    dispatcher = Dispatcher(desk.api, desk.limits)
    answers = [dispatcher.call("versions.trash") for _ in range(101)]
    assert [isinstance(answer, Success) for answer in answers].count(True) == 100
    last = answers[-1]
    assert isinstance(last, Refusal)
    assert last.error.code == "rate-limited"
    desk.clock.pass_by(last.error.details["retry_after"])
    assert isinstance(dispatcher.call("versions.trash"), Success)


def test_a_request_that_does_not_fit_takes_nothing_of_the_rate(desk: Desk) -> None:
    dispatcher = Dispatcher(desk.api, desk.limits)
    for _ in range(500):
        dispatcher.call("versions.trash", {"surprise": 1})
    assert isinstance(dispatcher.call("versions.trash"), Success)


def test_a_flood_of_reads_does_not_keep_anyone_from_cancelling(desk: Desk) -> None:
    dispatcher = Dispatcher(desk.api, desk.limits)
    for _ in range(300):
        dispatcher.call("versions.list")
        dispatcher.call("settings.reset", {"name": "log_level"})
    for _ in range(50):
        answer = dispatcher.call("operations.cancel", {"operation_id": "nothing"})
        assert isinstance(answer, Refusal)
        assert answer.error.code == "operation-not-found"


# --- What no one foresaw


def test_a_fault_is_an_incident_without_a_traceback(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def crash() -> None:
        raise LookupError(f"deep inside, with {SECRET}")

    desk.world.environments.on_look = crash
    desk.world.installed("v1")
    answer = desk.call("versions.check", {"tag": "v1"})
    assert isinstance(answer, Refusal)
    text = answer.model_dump_json()
    assert answer.error.code == "internal-error"
    for word in ("Traceback", "LookupError", "File ", ".py", "deep inside", SECRET):
        assert word not in text
    incident = answer.error.details["incident"]
    (record,) = [r for r in caplog.records if getattr(r, "incident", None) == incident]
    assert record.exc_text is not None
    assert "LookupError" in record.exc_text
    assert SECRET not in record.exc_text


# --- Asking again


def test_what_failed_is_asked_again_as_it_was_asked(desk: Desk) -> None:
    desk.world.sources.mirrored = desk.world.sources.reachable = False
    wish = {"reference": "v0.3.64", "torch_backend": "cpu"}
    first = desk.runner.wait(desk.value("versions.install", wish).operation_id, timeout=10)
    assert first.state is OperationState.FAILED
    desk.world.sources.mirrored = True
    again = desk.value("operations.retry", {"operation_id": first.id})
    assert (again.kind, again.subject) == ("versions.install", "v0.3.64")
    assert again.operation_id != first.id
    ended = desk.runner.wait(again.operation_id, timeout=10)
    assert ended.request == first.request
    assert ended.result is not None
    assert ended.result["torch"]["backend"] == "cpu"


@pytest.mark.parametrize(
    ("kind", "fields", "refusal"),
    [
        ("versions.uninstall", {"tag": "v1"}, "version-not-installed"),
        ("versions.stop", {"tag": "v1"}, "version-not-installed"),
    ],
)
def test_whatever_carries_its_request_can_be_asked_again(
    desk: Desk, kind: str, fields: dict[str, Any], refusal: str
) -> None:
    facts = {"state": OperationState.INTERRUPTED, "kind": kind, "request": fields}
    desk.world.journal.append(a_snapshot().model_copy(update=facts))
    answer = desk.call("operations.retry", {"operation_id": "20251101120000-aaaaaa"})
    if isinstance(answer, Refusal):
        assert answer.error.code == refusal
        return
    ended = desk.runner.wait(answer.value.operation_id, timeout=10)
    assert ended.error is not None
    assert ended.error.code == refusal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": OperationState.RUNNING}, "it has not ended yet"),
        ({"state": OperationState.SUCCEEDED}, "it has succeeded"),
        ({"request": None}, "what was asked is not on record"),
        ({"recovery": Recovery(outcome="finished", words="v0.3.64 is installed.")}, "was ended"),
        ({"kind": "versions.list"}, "what was asked is not on record"),
        ({"kind": "of.a.newer.launcher"}, "what was asked is not on record"),
        ({"request": {"reference": ""}}, "this launcher does not take what was asked then"),
        ({"request": {"unknown": 1}}, "this launcher does not take what was asked then"),
    ],
)
def test_what_cannot_be_asked_again_says_why(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    facts = {"state": OperationState.FAILED, "request": {"reference": "v0.3.64"}}
    desk.world.journal.append(a_snapshot().model_copy(update=facts | changes))
    error = desk.refused("operations.retry", {"operation_id": "20251101120000-aaaaaa"})
    assert error["code"] == "operation-not-repeatable"
    assert reason in error["message"]


def in_trash(desk: Desk, tag: str) -> str:
    store = desk.world.installed(tag, listed=False)
    return desk.world.trash.put(store, reason="removed", operation_id="op").id


def ended(desk: Desk, name: str, request: Any = None) -> Any:
    return desk.runner.wait(desk.value(name, request).operation_id, timeout=10)


def test_emptying_the_trash_again_deletes_nothing_that_was_removed_since(desk: Desk) -> None:
    old, gone = in_trash(desk, "v1"), in_trash(desk, "v2")
    first = ended(desk, "versions.empty_trash")
    assert first.request == {"entries": sorted([old, gone])}, "everything, and nothing more"
    desk.runner._live.clear()
    desk.world.journal.append(first.model_copy(update={"state": OperationState.INTERRUPTED}))
    since = in_trash(desk, "v3")
    error = desk.refused("operations.retry", {"operation_id": first.id})
    assert error["code"] == "operation-not-repeatable"
    assert [entry.id for entry in desk.world.trash.entries()] == [since]


@pytest.mark.parametrize("asked", [None, "ids"])
def test_asked_again_what_is_gone_is_passed_over_and_all_is_not_taken_for_more(
    desk: Desk, asked: str | None
) -> None:
    old, gone, since = (in_trash(desk, tag) for tag in ("v1", "v2", "v3"))
    entries = asked and [old, gone]
    facts = {"kind": "versions.empty_trash", "request": {"entries": entries}}
    failed = {"state": OperationState.FAILED} | facts
    desk.world.journal.append(a_snapshot().model_copy(update=failed))
    desk.world.trash.empty([gone], check=lambda: None)
    answer = desk.call("operations.retry", {"operation_id": "20251101120000-aaaaaa"})
    if asked is None:  # of a launcher that did not write down which
        assert isinstance(answer, Refusal)
        assert "what lay in the trash then is not on record" in answer.error.message
        assert {one.id for one in desk.world.trash.entries()} == {old, since}
    else:
        assert isinstance(answer, Success)
        done = desk.runner.wait(answer.value.operation_id, timeout=10)
        assert done.request == {"entries": [old]}
        assert done.state is OperationState.SUCCEEDED
        assert [one.id for one in desk.world.trash.entries()] == [since]


def test_what_comes_into_the_trash_while_its_emptying_waits_stays(desk: Desk) -> None:
    in_trash(desk, "v1")
    go = threading.Event()

    def busy(_operation: Operation) -> None:
        go.wait(10)

    for number in range(PARALLEL_OPERATIONS):
        desk.runner.submit("test", f"busy {number}", (), busy)
    queued = desk.value("versions.empty_trash")
    since = in_trash(desk, "v2")
    go.set()
    assert desk.runner.wait(queued.operation_id, timeout=10).state is OperationState.SUCCEEDED
    assert [one.id for one in desk.world.trash.entries()] == [since]


def test_what_a_start_was_asked_is_not_kept(desk: Desk) -> None:
    desk.world.installed("v1")
    wish = {"tag": "v1", "environment": {"HF_TOKEN": SECRET}}
    started = desk.value("versions.launch", wish)
    assert desk.runner.wait(started.operation_id, timeout=10).request is None


def test_a_record_of_an_operation_that_cannot_be_read_is_told(desk: Desk) -> None:
    (desk.world.paths.operations / "20251101120000-aaaaaa.jsonl").write_text("{")
    listing = desk.value("operations.list")
    assert listing.operations == ()
    assert [Path(one.path).name for one in listing.problems] == ["20251101120000-aaaaaa.jsonl"]


# --- Areas


def test_installing_answers_at_once_with_an_operation_to_follow(desk: Desk) -> None:
    reference = desk.value("versions.install", {"reference": "v0.3.64"})
    assert (reference.kind, reference.subject) == ("versions.install", "v0.3.64")
    ended = desk.runner.wait(reference.operation_id, timeout=10)
    assert ended.result is not None
    assert ended.result["tag"] == "v0.3.64"
    assert [v.tag for v in desk.value("versions.list").versions] == ["v0.3.64"]


def test_stopping_what_is_just_starting_cancels_its_start(desk: Desk) -> None:
    desk.world.installed("v1", active=True)
    waits = threading.Event()

    def wait(watch: Watch) -> None:
        waits.set()
        for _ in range(1000):
            watch.check()
            time.sleep(0.01)

    desk.world.processes.on_wait = wait
    launch = desk.value("versions.launch", {})
    assert waits.wait(10)
    assert desk.value("versions.stop", {}).operation_id == launch.operation_id
    assert desk.runner.wait(launch.operation_id, timeout=10).state == "cancelled"
    assert desk.world.processes.stopped == ["v1"]


def test_releases_are_asked_for_once_and_then_remembered(desk: Desk) -> None:
    unknown = desk.value("versions.releases")
    assert (unknown.fetched_at, unknown.releases, unknown.branches) == (None, (), ())
    assert unknown.stale
    desk.runner.wait(unknown.refreshing, timeout=10)
    first = desk.value("versions.releases")
    assert [release.tag for release in first.releases] == ["v0.3.64"]
    assert first.branches == ("master",)
    assert (first.stale, first.refreshing, first.problem) == (False, None, None)
    assert desk.value("versions.releases").fetched_at == first.fetched_at
    desk.runner.wait(desk.value("versions.refresh_releases").operation_id, timeout=10)
    assert desk.value("versions.releases").fetched_at > first.fetched_at


def test_a_list_that_nobody_knows_yet_is_answered_before_the_repository_does(desk: Desk) -> None:
    desk.repository.answers.clear()
    began = time.monotonic()
    asked = desk.value("versions.releases")
    assert time.monotonic() - began < 1
    assert desk.value("versions.releases").refreshing == asked.refreshing, "one question, not two"
    assert desk.value("versions.refresh_releases").operation_id == asked.refreshing
    desk.repository.answers.set()
    ended = desk.runner.wait(asked.refreshing, timeout=10)
    assert (ended.state, ended.progress.step_count) == ("succeeded", 2)
    assert desk.value("versions.releases").releases


def test_without_an_answer_the_list_says_why_and_is_not_asked_for_again_at_once(desk: Desk) -> None:
    desk.repository.fault = RepositoryUnreachable(NoNames.url, detail="no route")
    desk.runner.wait(desk.value("versions.releases").refreshing, timeout=10)
    seen = desk.value("versions.releases")
    assert (seen.fetched_at, seen.refreshing) == (None, None)
    assert seen.problem.code == "repository-unreachable"
    assert desk.repository.asked == 1
    desk.repository.fault = None
    again = desk.value("versions.refresh_releases")
    assert desk.runner.wait(again.operation_id, timeout=10).state == "succeeded"
    seen = desk.value("versions.releases")
    assert (len(seen.releases), seen.problem) == (1, None)


def test_what_is_known_stays_readable_when_the_next_question_has_no_answer(desk: Desk) -> None:
    desk.runner.wait(desk.value("versions.releases").refreshing, timeout=10)
    desk.repository.fault = RepositoryUnreachable(NoNames.url, detail="no route")
    desk.runner.wait(desk.value("versions.refresh_releases").operation_id, timeout=10)
    seen = desk.value("versions.releases")
    assert [release.tag for release in seen.releases] == ["v0.3.64"]
    assert seen.problem.code == "repository-unreachable"


def test_a_cancelled_question_ends_and_is_not_asked_again_by_reading(desk: Desk) -> None:
    desk.repository.answers.clear()
    asked = desk.value("versions.releases").refreshing
    while not desk.repository.asked:
        time.sleep(0.01)
    desk.value("operations.cancel", {"operation_id": asked})
    assert desk.runner.wait(asked, timeout=10).state == "cancelled"
    seen = desk.value("versions.releases")
    assert (seen.refreshing, seen.problem) == (None, None)


def test_folders_of_models_are_used_listed_and_forgotten(desk: Desk, tmp_path: Path) -> None:
    webui = tmp_path / "webui"
    (webui / "models" / "Lora").mkdir(parents=True)
    (webui / "models" / "Lora" / "one.safetensors").touch()
    used = desk.value("models.use", {"path": f"{webui}/"})
    assert [folder.shared for folder in used.folders] == [True, False]
    assert used.folders[1].kinds == {"loras": 1}
    assert used.model_count == 1
    assert desk.value("models.use", {"path": str(webui)}).folders == used.folders, "once is enough"
    for said in (f"{webui}/", used.folders[1].path):
        desk.value("models.use", {"path": str(webui)})
        assert len(desk.value("models.forget", {"path": said}).folders) == 1
    assert (webui / "models" / "Lora" / "one.safetensors").exists()


def test_a_folder_that_another_process_added_is_not_lost(desk: Desk, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder in (mine, theirs):
        (folder / "loras").mkdir(parents=True)
    desk.value("models.folders")
    other = SettingsStore(
        desk.world.paths.settings_file, {}, lock=FileLock(desk.world.paths.data / ".lock")
    )
    other.change("extra_model_folders", [str(theirs)])
    desk.value("models.use", {"path": str(mine)})
    assert {folder.path for folder in desk.value("models.folders").folders} >= {
        str(mine),
        str(theirs),
    }


def test_a_name_that_is_no_text_is_refused_before_anything_keeps_it(desk: Desk) -> None:
    """The command line hands over any bytes that it is given, as halves of surrogate pairs."""
    answer = desk.call("versions.empty_trash", {"entries": ["caf\udce9"]})
    assert isinstance(answer, Refusal)
    assert answer.error.code == "invalid-request"
    assert "no Unicode text" in answer.error.message


def test_settings_tell_value_default_source_and_variables(desk: Desk) -> None:
    listed = desk.value("settings.change", {"name": "grace_days", "value": 3})
    (row,) = [row for row in listed.settings if row.name == "grace_days"]
    assert (row.value, row.default, row.source) == (3, 7, "file")
    assert row.description
    (log,) = [row for row in listed.settings if row.name == "log_level"]
    assert log.variables == ("LOG_LEVEL", "DEBUG")
    assert desk.world.events.stream is not None
    reset = desk.value("settings.reset", {"name": "grace_days"})
    assert [row.source for row in reset.settings if row.name == "grace_days"] == ["default"]


def test_a_secret_is_kept_and_never_shown(desk: Desk) -> None:
    kept = desk.call("settings.keep_secret", {"name": "GITHUB_TOKEN", "value": SECRET})
    assert SECRET not in kept.model_dump_json()
    assert isinstance(kept, Success)
    places = {secret.name: secret.place for secret in kept.value.secrets}
    assert places["GITHUB_TOKEN"] in {"file", "keyring"}
    forgotten = desk.value("settings.forget_secret", {"name": "GITHUB_TOKEN"})
    assert {secret.place for secret in forgotten.secrets} == {"nowhere"}
