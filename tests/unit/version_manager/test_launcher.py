from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.exceptions import (
    AlreadyRunning,
    ComfyUILauncherError,
    InstallationDamaged,
    NotReadyInTime,
    NotRunning,
    NotWritable,
    OperationCancelled,
    PortTaken,
    StartFailed,
    StopFailed,
    VersionInUse,
    VersionNotInstalled,
)
from backend.installation_progress_tracker import LAUNCH_STEPS, STOP_STEPS
from backend.metadata_manager import TorchChoice
from backend.operations.events import InstanceChanged
from backend.operations.operation import Operation
from backend.processes.notes import NoteProblem
from backend.processes.readiness import Watch
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.launcher import (
    LEAST_SECONDS,
    NO_MODELS_ADVICE,
    LauncherMixin,
)
from backend.version_manager_components.models import LaunchOptions, LaunchResult
from tests.fakes.ports import (
    NOW,
    FakePreparedStart,
    FakeResources,
    World,
    an_instance,
    start_failed,
)

TAG = "v0.3.64"
DEFAULTS = LaunchOptions()


class Only(LauncherMixin):
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def _context(self) -> VersionContext:
        return self.world.context()


def launch(
    world: World, options: LaunchOptions = DEFAULTS, operation: Operation | None = None
) -> LaunchResult:
    return Only(world).launch(TAG, options, operation or world.operation(LAUNCH_STEPS))


def told(world: World) -> list[str]:
    changes = world.events.of_type("instance.changed")
    return [change.state for change in changes if isinstance(change, InstanceChanged)]


def test_a_launched_version_answers_and_the_launch_is_remembered(world: World) -> None:
    world.installed(TAG)
    world.store.change_active(lambda now: now.model_copy(update={"active": "v0.3.1"}))
    result = launch(world)
    assert (result.instance.state, result.instance.port) == ("running", 8188)
    assert result.instance.url == "http://127.0.0.1:8188"
    assert told(world) == ["starting", "running"]
    assert world.store.active().active == "v0.3.1"  # chosen by activate, not by a launch
    version = world.store.version(TAG)
    assert version is not None
    assert version.last_launched_at == NOW
    assert world.processes.stopped == []


def test_it_starts_from_the_resolved_store_and_never_through_the_link(world: World) -> None:
    store = world.installed(TAG)
    launch(world)
    (plan,) = world.processes.plans
    assert plan.cwd == store / "source"
    assert plan.command[0] == str(store / "venv" / "bin" / "python")
    assert str(world.paths.versions / TAG) not in " ".join(plan.command)


def test_the_command_tells_place_device_folders_and_last_what_the_person_wants(
    world: World,
) -> None:
    world.installed(TAG)
    options = LaunchOptions(
        port=9000, listen="0.0.0.0", cpu=True, arguments=("--preview-method", "auto")
    )
    launch(world, options)
    (plan,) = world.processes.plans
    assert plan.command[1:] == (
        "main.py", "--listen", "0.0.0.0", "--port", "9000", "--cpu",
        "--output-directory", "/shared/output", "--preview-method", "auto",
    )  # fmt: skip
    assert (plan.port, plan.listen) == (9000, "0.0.0.0")


@pytest.mark.parametrize(
    ("torch", "has_gpu", "wish", "without_gpu"),
    [
        ("2.13.0+cpu", False, None, True),
        ("2.13.0+cpu", True, None, True),  # a GPU that torch cannot use
        ("2.13.0+cu130", True, None, False),
        ("2.13.0+xpu", False, None, False),  # Intel's cards are not looked for
        ("2.13.0+cu130", True, True, True),
        ("2.13.0+cpu", False, False, False),
    ],
)
def test_it_runs_without_a_gpu_where_it_could_not_start_with_one(
    world: World, torch: str, has_gpu: bool, wish: bool | None, without_gpu: bool
) -> None:
    world.has_gpu = has_gpu
    world.installed(TAG, torch=TorchChoice(version=torch))
    launch(world, LaunchOptions(cpu=wish))
    (plan,) = world.processes.plans
    assert ("--cpu" in plan.command) is without_gpu


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every torch knows its GPU")
def test_a_build_for_a_gpu_runs_without_one_where_there_is_none(world: World) -> None:
    world.installed(TAG, torch=TorchChoice(version="2.13.0+cu130"))
    launch(world)
    assert "--cpu" in world.processes.plans[0].command


def test_the_environment_is_ours_then_the_persons_then_what_keeps_the_checkout_clean(
    world: World,
) -> None:
    store = world.installed(TAG)
    wanted = {"HF_HOME": "/models", "PYTHONPYCACHEPREFIX": "/tmp", "PATH": "/opt/bin"}
    launch(world, LaunchOptions(environment=wanted))
    (plan,) = world.processes.plans
    assert plan.environment == {
        "PATH": "/opt/bin",
        "HF_HOME": "/models",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPYCACHEPREFIX": str(store / "pycache"),
    }


@pytest.mark.parametrize(("models", "advice"), [(0, NO_MODELS_ADVICE), (1, None), (500, None)])
def test_without_a_model_it_says_where_to_put_one(
    world: World, models: int, advice: str | None
) -> None:
    world.installed(TAG)
    world.resources = FakeResources(FakePreparedStart(model_count=models))
    result = launch(world)
    assert (result.model_count, result.advice) == (models, advice)


def test_a_running_version_is_not_started_twice(world: World) -> None:
    store = world.installed(TAG)
    world.processes.instances[store] = an_instance(store, ready=True)
    with pytest.raises(AlreadyRunning) as caught:
        launch(world)
    assert "http://127.0.0.1:8188" in caught.value.message
    assert world.processes.plans == []


@pytest.mark.parametrize("part", ["source/main.py", "venv/bin/python"])
def test_a_damaged_version_is_not_started(world: World, part: str) -> None:
    store = world.installed(TAG)
    (store / part).unlink()
    with pytest.raises(InstallationDamaged):
        launch(world)
    assert world.processes.plans == []


def test_what_is_not_installed_is_not_started(world: World) -> None:
    with pytest.raises(VersionNotInstalled):
        launch(world)


def test_resources_that_cannot_be_prepared_keep_it_from_starting(world: World) -> None:
    world.installed(TAG)
    world.resources = FakeResources(fault=NotWritable(Path("/shared"), reason="read-only"))
    with pytest.raises(NotWritable):
        launch(world)
    assert world.processes.plans == []


@pytest.mark.parametrize(
    "failure",
    [
        start_failed(TAG),
        NotReadyInTime(TAG, seconds=600, log=[]),
        OperationCancelled("20251101120000-aaaaaa"),
        ZeroDivisionError(),
    ],
    ids=["it ended", "never ready", "cancelled", "unexpected"],
)
def test_nothing_of_a_failed_start_runs_on_and_why_it_was_given_up_is_kept(
    world: World, failure: Exception
) -> None:
    store = world.installed(TAG)
    world.processes.ready_fault = failure
    with pytest.raises(type(failure)):
        launch(world)
    assert world.processes.stopped == [TAG]
    given_up = [failure.message] if isinstance(failure, NotReadyInTime) else []
    assert world.processes.given_up == given_up
    assert world.processes.current(store) is None
    assert told(world) == ["starting", "stopped"]
    version = world.store.version(TAG)
    assert version is not None
    assert version.last_launched_at is None
    assert world.store.active().active is None


@pytest.mark.parametrize("moment", ["start", "wait", "answered"])
def test_a_cancel_at_any_moment_of_the_start_stops_it(world: World, moment: str) -> None:
    store = world.installed(TAG)
    operation = world.operation(LAUNCH_STEPS)
    if moment == "start":
        world.processes.on_start = operation.token.set
    elif moment == "wait":

        def wait(watch: object) -> None:
            operation.token.set()
            watch.check()  # type: ignore[attr-defined]

        world.processes.on_wait = wait
    else:
        world.processes.on_wait = lambda _: operation.token.set()
    with pytest.raises(OperationCancelled):
        launch(world, operation=operation)
    assert world.processes.current(store) is None
    assert told(world)[-1] == "stopped"


def test_a_comfyui_that_runs_is_not_stopped_because_its_launch_cannot_be_noted(
    world: World, tmp_path: Path
) -> None:
    store = world.installed(TAG)
    records = world.paths.metadata / "versions"

    def take_the_folder_away(_watch: object) -> None:
        records.rename(tmp_path / "away")
        records.write_text("no folder")

    world.processes.on_wait = take_the_folder_away
    launch(world)
    assert world.processes.current(store) is not None


def test_a_port_that_was_lost_at_the_last_moment_is_replaced_by_another(world: World) -> None:
    world.installed(TAG)
    taken = [PortTaken(8188, holder="other"), PortTaken(8189, holder="other")]

    def lose(_watch: object) -> None:
        if taken:
            world.processes.port += 1
            raise taken.pop(0)

    world.processes.on_wait = lose
    operation = world.operation(LAUNCH_STEPS)
    fractions: list[float] = []
    world.events.stream.listen(lambda _: fractions.append(operation.snapshot.progress.fraction))
    result = launch(world, operation=operation)
    assert result.instance.port == 8190
    assert world.processes.stopped == [TAG, TAG]
    assert fractions == sorted(fractions)


def test_a_port_that_was_asked_for_is_not_replaced(world: World) -> None:
    world.installed(TAG)
    world.processes.ready_fault = PortTaken(9000, holder="other")
    with pytest.raises(PortTaken):
        launch(world, LaunchOptions(port=9000))
    assert world.processes.stopped == [TAG]


# --- What a killed launcher left starting


def starting(world: World, *, since: float = 0, operation_id: str = "", **launch: object) -> Path:
    """The store of a version that was started so many seconds ago, and is not ready."""
    store = world.installed(TAG)
    instance = an_instance(store)
    changes = {"started_at": datetime.now(UTC) - timedelta(seconds=since), **launch}
    changed = instance.launch.model_copy(update={"operation_id": operation_id, **changes})
    world.processes.instances[store] = replace(instance, launch=changed)
    return store


def test_what_has_come_up_since_its_launcher_was_killed_counts_as_running(world: World) -> None:
    starting(world)
    assert Only(world).adopt_answering() == [
        f"{TAG}: its launcher ended while it started; it runs."
    ]
    assert told(world) == ["running"]
    assert world.processes.probes[0] <= 0.5
    assert world.store.versions().versions[TAG].last_launched_at is not None


def test_what_does_not_answer_yet_is_left_to_come_up(world: World) -> None:
    starting(world)
    world.processes.answers = False
    assert Only(world).adopt_answering() == []
    assert Only(world).interrupted_starts() == [TAG]
    assert (told(world), world.processes.stopped) == ([], [])


def test_what_another_launcher_is_starting_is_left_to_that_one(world: World) -> None:
    starting(world, operation_id="20251101115900-dddddd")
    world.operations.running.add("20251101115900-dddddd")
    assert Only(world).interrupted_starts() == []
    assert Only(world).adopt_answering() == []
    assert world.processes.probes == []


def test_what_is_ready_or_has_ended_is_no_interrupted_start(world: World) -> None:
    store = world.installed(TAG)
    world.processes.instances[store] = an_instance(store, ready=True)
    assert Only(world).interrupted_starts() == []
    world.processes.instances[store] = an_instance(store, alive=False)
    assert Only(world).interrupted_starts() == []


def test_that_one_runs_is_told_also_where_it_cannot_be_noted(world: World) -> None:
    starting(world)
    world.processes.adopt_fault = NotWritable(Path("/run"), reason="read-only")
    assert "could not be noted" in Only(world).adopt_answering()[0]


def test_an_adopted_start_has_what_is_left_of_its_time(world: World) -> None:
    starting(world, since=20, ready_timeout_seconds=60.0)
    result = Only(world).adopt(TAG, world.operation(LAUNCH_STEPS))
    assert (result.instance.state, result.model_count) == ("running", 3)
    assert told(world) == ["running"]
    [(timeout, waited)] = world.processes.waits
    assert timeout == pytest.approx(40, abs=2)
    assert waited == pytest.approx(20, abs=2)


def test_one_whose_time_was_over_long_ago_gets_a_last_chance(world: World) -> None:
    starting(world, since=86_400)
    Only(world).adopt(TAG, world.operation(LAUNCH_STEPS))
    assert world.processes.waits[0][0] == LEAST_SECONDS


@pytest.mark.parametrize(
    "failure",
    [
        NotReadyInTime(TAG, seconds=600, log=[]),
        PortTaken(8188, holder="nginx (process 1)"),
        NotWritable(Path("/run/ready.json"), reason="read-only"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_an_adopted_start_that_does_not_answer_is_left_as_it_is_and_says_so(
    world: World, failure: ComfyUILauncherError
) -> None:
    """It may have come up hours ago, and someone may work in it: it is only busy."""
    store = starting(world, since=3600)
    world.processes.ready_fault = failure
    with pytest.raises(type(failure)) as caught:
        Only(world).adopt(TAG, world.operation(LAUNCH_STEPS))
    assert (world.processes.stopped, world.processes.given_up, told(world)) == ([], [], [])
    assert world.processes.current(store) is not None
    assert "and was stopped" not in caught.value.message
    if not isinstance(failure, NotWritable):
        assert "It was left as it is" in caught.value.message
        assert f"./launcher versions stop {TAG}" in caught.value.hint
    assert Only(world).adopt_answering() != [], "and it counts as running once it answers"


def test_an_adopted_start_that_has_ended_is_told_as_stopped(world: World) -> None:
    store = starting(world)

    def end(_watch: object) -> None:
        world.processes.instances[store] = an_instance(store, alive=False)
        raise start_failed(TAG)

    world.processes.on_wait = end
    with pytest.raises(StartFailed) as caught:
        Only(world).adopt(TAG, world.operation(LAUNCH_STEPS))
    assert "left as it is" not in caught.value.message
    assert told(world) == ["stopped"]


@pytest.mark.parametrize("moment", ["waiting", "answered"])
def test_an_adoption_that_ends_with_its_launcher_stops_nothing(world: World, moment: str) -> None:
    starting(world)
    operation = world.operation(LAUNCH_STEPS)

    def close(watch: Watch) -> None:
        operation.token.set(closing=True)
        if moment == "waiting":
            watch.check()

    world.processes.on_wait = close
    with pytest.raises(OperationCancelled):
        Only(world).adopt(TAG, operation)
    assert (world.processes.stopped, told(world)) == ([], [])


def test_a_version_that_may_not_be_read_is_told_and_the_others_are_asked(world: World) -> None:
    other = world.installed("v0.3.65", operation_id="20251002120000-bbbbbb")
    world.processes.unreadable.add(other)
    starting(world)
    runs, not_known = sorted(Only(world).adopt_answering())
    assert not_known.startswith("v0.3.65: whether it runs is not known.")
    assert runs.startswith(f"{TAG}: its launcher ended")
    world.processes.answers = False
    assert Only(world).interrupted_starts() == [TAG]


def test_an_adopted_start_that_someone_cancels_is_stopped(world: World) -> None:
    starting(world)
    operation = world.operation(LAUNCH_STEPS)

    def cancel(watch: Watch) -> None:
        operation.token.set()
        watch.check()

    world.processes.on_wait = cancel
    with pytest.raises(OperationCancelled):
        Only(world).adopt(TAG, operation)
    assert world.processes.stopped == [TAG]


def test_what_has_ended_meanwhile_is_not_adopted(world: World) -> None:
    store = starting(world)
    world.processes.instances[store] = an_instance(store, alive=False)
    with pytest.raises(NotRunning):
        Only(world).adopt(TAG, world.operation(LAUNCH_STEPS))


def test_what_may_run_though_its_notes_are_damaged_is_not_started_again(world: World) -> None:
    store = world.installed(TAG)
    world.processes.damaged[store] = [NoteProblem(store / "run" / "1" / "launch.json", "torn")]
    world.processes.users[store] = [4711]
    with pytest.raises(VersionInUse, match="4711"):
        launch(world)
    world.processes.users[store] = []
    launch(world)


def test_a_start_notes_its_operation_and_its_patience(world: World) -> None:
    world.installed(TAG)
    operation = world.operation(LAUNCH_STEPS)
    launch(world, LaunchOptions(ready_timeout_seconds=77), operation)
    (plan,) = world.processes.plans
    assert (plan.operation_id, plan.ready_timeout_seconds) == (operation.id, 77)


# --- Stopping, and the log


def test_stopping_tells_how_it_ended(world: World) -> None:
    store = world.installed(TAG)
    world.processes.instances[store] = an_instance(store, ready=True)
    ended = Only(world).stop(TAG, world.operation(STOP_STEPS))
    assert (ended.tag, ended.words) == (TAG, "exit code 0")
    assert told(world) == ["stopped"]


def test_what_does_not_run_cannot_be_stopped(world: World) -> None:
    world.installed(TAG)
    with pytest.raises(NotRunning):
        Only(world).stop(TAG, world.operation(STOP_STEPS))


def test_a_stop_that_fails_is_not_told_as_stopped(world: World) -> None:
    store = world.installed(TAG)
    world.processes.instances[store] = an_instance(store, ready=True)
    world.processes.stop_fault = StopFailed(TAG, pids=[3])
    with pytest.raises(StopFailed):
        Only(world).stop(TAG, world.operation(STOP_STEPS))
    assert told(world) == []


def with_log(world: World, content: bytes) -> Path:
    store = world.installed(TAG)
    log = world.paths.logs / "run.log"
    log.write_bytes(content)
    world.processes.instances[store] = an_instance(store, alive=False, log=log)
    return log


def test_the_log_is_read_from_where_one_left_off(world: World) -> None:
    log = with_log(world, b"one\ntwo\n")
    first = Only(world).logs(TAG)
    assert first.lines == ("one", "two")
    with log.open("ab") as file:
        file.write(b"three\n")
    second = Only(world).logs(TAG, after=first.next)
    assert second.lines == ("three",)
    assert Only(world).logs(TAG, after=second.next).lines == ()


def test_only_the_last_lines_are_shown(world: World) -> None:
    with_log(world, b"".join(b"%d\n" % number for number in range(500)))
    assert Only(world).logs(TAG, limit=3).lines == ("497", "498", "499")


def test_a_long_log_is_followed_without_a_loss(world: World) -> None:
    log = with_log(world, b"")
    lines = Only(world)
    seen: list[str] = []
    after = 0
    for part in range(30):  # far beyond what one look takes in
        with log.open("ab") as file:
            for number in range(500):
                file.write(b"%d %s\n" % (part * 500 + number, b"x" * 100))
        answer = lines.logs(TAG, after=after, limit=2000)
        seen += [line.partition(" ")[0] for line in answer.lines]
        after = answer.next
    assert seen == [str(number) for number in range(30 * 500)]


def test_a_version_that_never_ran_has_no_log(world: World) -> None:
    world.installed(TAG)
    answer = Only(world).logs(TAG)
    assert (answer.lines, answer.next, answer.file) == ((), 0, "")


def test_a_log_that_was_deleted_has_no_lines(world: World) -> None:
    with_log(world, b"one\n").unlink()
    assert Only(world).logs(TAG).lines == ()


def test_the_log_of_another_run_begins_at_its_beginning(world: World) -> None:
    store_log = with_log(world, b"one\ntwo\nthree\n")
    first = Only(world).logs(TAG)
    store = world.paths.store / f"{TAG}-20251001120000-bbbbbb"
    other = world.paths.logs / "other.log"
    other.write_bytes(b"new\n")
    world.processes.instances[store] = an_instance(store, alive=False, log=other)
    assert Only(world).logs(TAG, after=first.next).lines == ("new",)
    assert store_log.exists()
