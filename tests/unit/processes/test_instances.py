from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from backend.exceptions import NotWritable, StopFailed
from backend.platform.leftovers import users_of
from backend.platform.subprocesses import creation_time
from backend.processes.instances import (
    KEPT_RUNS,
    SCAN_SECONDS,
    Instance,
    Instances,
    LaunchRecord,
)
from backend.processes.notes import write_launch
from backend.seals import sealed, unsealed
from tests.fakes.ports import NOW
from tests.helpers.processes import run_python
from tests.helpers.volumes import fill, mounted
from tests.unit.processes.conftest import Bench, kill, lives

WAIT = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
SILENT = "import time\nopen('up', 'w').close()\ntime.sleep(60)"


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of someone else, which must outlive every test."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        assert process.poll() is None, "a stranger was signalled"
        process.kill()


def edit(file: Path, **changes: object) -> None:
    file.write_bytes(sealed(json.dumps(json.loads(unsealed(file.read_bytes())) | changes).encode()))


def supervisor_of(bench: Bench) -> int:
    instance = bench.instances.refresh(bench.started[-1])
    assert instance.process is not None
    return instance.process.supervisor_pid


def child_of(bench: Bench) -> int:
    instance = bench.instances.refresh(bench.started[-1])
    assert instance.pid is not None
    return instance.pid


# --- Starting and finding


def test_a_started_process_runs_is_found_and_writes_its_log(bench: Bench) -> None:
    instance = bench.start(WAIT)
    bench.said(instance, "up")
    assert (instance.state, instance.lives) == ("running", True)
    found = Instances().current(bench.store)
    assert found is not None
    assert found.launch == instance.launch
    assert found.pid == instance.pid
    assert found.ready is None


def test_what_was_started_can_be_read_by_its_owner_only(bench: Bench) -> None:
    instance = bench.start(WAIT)
    assert (instance.folder / "launch.json").stat().st_mode & 0o777 == 0o600


def test_the_token_is_in_the_environment_of_the_child_and_nowhere_in_its_arguments(
    bench: Bench,
) -> None:
    instance = bench.start("import os; print(os.environ['COMFYUI_LAUNCHER_TOKEN'], flush=True)")
    bench.said(instance, instance.launch.token)
    assert instance.launch.token not in " ".join(instance.launch.command)


def test_a_store_where_nothing_ran_has_no_instance(bench: Bench) -> None:
    assert bench.instances.current(bench.store) is None
    assert bench.instances.latest(bench.store) is None


def test_the_child_gets_the_arguments_folder_and_environment_of_the_plan(bench: Bench) -> None:
    code = "import os, sys; print(sys.argv[1:], os.getcwd(), os.getsid(0) == os.getpid())"
    instance = bench.start(code, "--name", "ä b'\"$HOME")
    bench.said(instance, f"{['--name', 'ä b' + chr(39) + chr(34) + '$HOME']} {bench.source} True")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pass", "exit code 0"),
        ("raise SystemExit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 3)", "signal 37"),
    ],
)
def test_how_it_ended_is_recorded(bench: Bench, code: str, words: str) -> None:
    instance = bench.ended(bench.start(code))
    assert instance.exit_words == words
    assert instance.process is not None
    assert not instance.process.stop_requested
    assert instance.process.ended_at == pytest.approx(time.time(), abs=30)
    assert bench.instances.current(bench.store) is None
    latest = bench.instances.latest(bench.store)
    assert latest is not None
    assert latest.launch == instance.launch


def test_the_last_words_before_an_end_are_in_the_log(bench: Bench) -> None:
    instance = bench.ended(bench.start("raise ValueError('the very last words')"))
    assert "ValueError: the very last words" in bench.log_of(instance)


def test_a_program_that_is_missing_is_told_and_not_waited_for(bench: Bench) -> None:
    plan = bench.plan("")
    start = time.monotonic()
    missing = bench.instances.start(
        type(plan)(
            tag=plan.tag,
            store=plan.store,
            command=("/nowhere/python", "main.py"),
            cwd=plan.cwd,
            environment=plan.environment,
            log_folder=plan.log_folder,
            port=plan.port,
            listen=plan.listen,
            grace_seconds=1,
        )
    )
    assert time.monotonic() - start < 5
    assert not missing.lives
    assert missing.exit_words == "exit code 127"
    assert "/nowhere/python" in bench.log_of(missing)


def test_old_runs_are_forgotten_with_their_logs(bench: Bench) -> None:
    for _ in range(KEPT_RUNS + 3):
        bench.ended(bench.start("print('up')"))
    last = [instance.launch.id for instance in bench.started[-KEPT_RUNS:]]
    assert sorted(path.name for path in (bench.store / "run").iterdir()) == last
    assert sorted(bench.logs.iterdir()) == [i.log_file for i in bench.started[-KEPT_RUNS:]]


def test_the_latest_is_the_latest_also_within_one_second(bench: Bench) -> None:
    for number in range(3):
        bench.ended(bench.start(f"raise SystemExit({number})"))
        latest = bench.instances.latest(bench.store)
        assert latest is not None
        assert latest.exit_words == f"exit code {number}"


# --- When the supervisor does not report


def test_a_supervisor_that_dies_at_once_is_not_waited_for(bench: Bench) -> None:
    bench.logs.write_text("a file where the folder of the logs should be")
    start = time.monotonic()
    instance = bench.start(WAIT)
    assert time.monotonic() - start < 5
    assert (instance.state, instance.exit_words) == ("exited", "it vanished")


def late(bench: Bench, monkeypatch: pytest.MonkeyPatch, before: str) -> Instance:
    """An instance whose supervisor runs `before` in a shell first, and is not waited for."""
    program = bench.store / "python"
    program.write_text(f'#!/bin/sh\n{before}\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o700)
    plan = bench.plan(WAIT)
    monkeypatch.setattr(sys, "executable", str(program))
    instance = Instances(spawn_seconds=0.1).start(plan)
    bench.started.append(instance)
    assert instance.process is None
    return instance


def test_a_supervisor_that_is_late_is_known_and_comes_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = late(bench, monkeypatch, "sleep 0.5")
    assert instance.state == "running"
    found = Instances().current(bench.store)
    assert found is not None
    assert found.pid is None
    bench.said(instance, "up")
    bench.until(lambda: bench.instances.refresh(instance).pid is not None, 5, "its report")
    assert not bench.instances.stop(bench.instances.refresh(instance)).lives


def test_a_supervisor_that_is_late_can_be_stopped_before_it_has_begun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = late(bench, monkeypatch, "sleep 0.7")
    assert instance.spawned_pid is not None
    assert not bench.instances.stop(instance).lives
    assert not lives(instance.spawned_pid)
    time.sleep(1)
    assert bench.log_of(instance) == "", "it came up after it was stopped"


def test_a_supervisor_that_hangs_before_its_report_is_killed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = late(bench, monkeypatch, "trap '' TERM; while :; do sleep 0.1; done")
    time.sleep(0.3)  # until the signal is ignored
    assert found.spawned_pid is not None
    hurried = found.launch.model_copy(update={"grace_seconds": -4.5})  # not the whole five seconds
    assert not bench.instances.stop(replace(found, launch=hurried)).lives
    assert not lives(found.spawned_pid)


@pytest.fixture
def short_of_room(tmp_path: Path) -> Iterator[tuple[Bench, Path]]:
    """A bench on a small volume of its own."""
    with mounted(tmp_path) as volume:
        bench = Bench(volume)
        yield bench, volume
        bench.clean_up()


def test_on_a_full_disk_it_is_found_and_can_be_stopped(
    short_of_room: tuple[Bench, Path],
) -> None:
    """When it was born cannot be noted then: that is found out anew each time."""
    bench, volume = short_of_room
    instance = bench.start(SILENT)
    bench.until((bench.source / "up").exists, 10, "its start")
    (instance.folder / "births.json").unlink()
    fill(volume)
    found = Instances().current(bench.store)
    assert found is not None
    assert found.state == "running"
    assert not (instance.folder / "births.json").exists(), "there was room for it"
    child = child_of(bench)
    Instances().stop(found)
    assert not lives(child)


def test_nothing_runs_after_a_start_that_raised(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the report of the supervisor cannot be read, for a folder lies in its place."""
    program = bench.store / "python"
    program.write_text(
        '#!/bin/sh\nfor last; do :; done\nmkdir "$last/process.json"\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    program.chmod(0o700)
    plan = bench.plan(SILENT)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(NotWritable):
        bench.instances.start(plan)
    [folder] = (bench.store / "run").iterdir()
    supervisor = json.loads((folder / "supervisor.json").read_bytes())["pid"]
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    assert users_of(bench.store) == []


def test_a_store_that_may_not_be_read_is_not_taken_for_one_where_nothing_runs(
    tmp_path: Path,
) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from backend.exceptions import NotWritable
        from backend.processes.instances import Instances
        from backend.version_manager_components.layout import missing_parts
        os.chdir(sys.argv[1])
        store = Path("store")
        store.mkdir(mode=0)
        if os.geteuid() == 0:
            os.setresuid(12345, 12345, 12345)
        for look in (Instances().current, Instances().latest, Instances().problems, missing_parts):
            try:
                look(store)
            except NotWritable as error:
                print(error.code)
    """
    tmp_path.chmod(0o755)
    done = run_python(code, tmp_path)
    assert done.stdout == "not-writable\n" * 4, done.stderr


def test_runs_without_a_report_are_looked_for_all_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = bench.ended(bench.start("pass"))
    launch = ended.launch.model_copy(update={"started_at": NOW})
    for number in range(20):
        folder = bench.store / "run" / f"2025-{number}"
        write_launch(folder, launch.model_copy(update={"id": folder.name, "token": f"{number}"}))
    looks: list[list[int]] = []
    pids = psutil.pids

    def counted() -> list[int]:
        looks.append(pids())
        return looks[-1]

    monkeypatch.setattr(psutil, "pids", counted)
    fresh = Instances()
    assert fresh.current(bench.store) is None
    assert len(looks) == 1
    time.sleep(SCAN_SECONDS)
    assert fresh.current(bench.store) is None
    assert len(looks) == 1, "what is gone stays gone"


# --- Copies and moves


@pytest.mark.parametrize("lost", [(), ("births.json",), ("process.json", "supervisor.json")])
def test_the_copy_of_a_store_has_nothing_to_do_with_what_runs_in_the_original(
    bench: Bench, lost: tuple[str, ...]
) -> None:
    """The copy has every note, with token, pids and births."""
    instance = bench.start(WAIT)
    bench.said(instance, "up")
    child = child_of(bench)
    copy = bench.store.with_name("copy")
    shutil.copytree(bench.store, copy)
    for name in lost:
        (copy / "run" / instance.folder.name / name).unlink()
    assert Instances().current(copy) is None
    assert Instances().users_of(copy) == []
    seen = Instances().latest(copy)
    assert seen is not None
    Instances().stop(replace(seen, state="running"))
    assert lives(child)
    stopped(bench, instance)


def test_what_runs_in_a_store_that_was_renamed_can_be_stopped_there(bench: Bench) -> None:
    instance = bench.start(SILENT)
    bench.until((bench.source / "up").exists, 10, "its start")
    child = child_of(bench)
    moved = bench.store.rename(bench.store.with_name("moved"))
    found = Instances().current(moved)
    assert found is not None
    assert found.pid == child
    assert found.launch == instance.launch
    assert not Instances().stop(found).lives
    bench.until(lambda: not lives(child), 5, "the end of the child")


# --- Stopping


def test_a_stop_ends_it_and_is_recorded_as_wished(bench: Bench) -> None:
    bench.said(bench.start(WAIT), "up")
    ended = bench.instances.stop(bench.started[-1])
    assert not ended.lives
    assert ended.exit_words == "signal SIGTERM"
    assert ended.process is not None
    assert ended.process.stop_requested


def test_what_ignores_sigterm_is_killed_after_its_grace(bench: Bench) -> None:
    bench.said(bench.start(STUBBORN, grace=0.5), "up")
    start = time.monotonic()
    ended = bench.instances.stop(bench.started[-1])
    assert 0.4 < time.monotonic() - start < 5
    assert ended.exit_words == "signal SIGKILL"


def test_a_program_gets_its_grace_to_put_things_in_order(bench: Bench) -> None:
    code = (
        "import signal, sys, time\n"
        "def tidy(*_):\n"
        "    time.sleep(0.5)\n"
        "    print('tidied', flush=True)\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, tidy)\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    bench.said(bench.start(code, grace=10), "up")
    ended = bench.instances.stop(bench.started[-1])
    assert ended.exit_words == "exit code 0"
    assert "tidied" in bench.log_of(ended)


@pytest.mark.parametrize("ignores", [False, True])
def test_grandchildren_in_the_group_end_with_it(bench: Bench, ignores: bool) -> None:
    grandchild = STUBBORN if ignores else WAIT
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        "print(f'grandchild {child.pid}', flush=True)\n"
        "time.sleep(60)\n"
    )
    instance = bench.start(code)
    bench.said(instance, "up")
    pid = int(bench.log_of(instance).split("grandchild ")[1].split()[0])
    assert lives(pid)
    bench.instances.stop(instance)
    bench.until(lambda: not lives(pid), 5, "the end of the grandchild")


def test_a_helper_that_outlives_a_crash_is_ended_too(bench: Bench) -> None:
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n"
        "print(f'grandchild {child.pid}', flush=True)\n"
        "import time; time.sleep(0.3)\n"
        "os._exit(1)\n"
    )
    ended = bench.ended(bench.start(code))
    pid = int(bench.log_of(ended).split("grandchild ")[1].split()[0])
    assert not lives(pid)
    assert ended.exit_words == "exit code 1"


def test_stopping_what_has_ended_is_no_trouble(bench: Bench) -> None:
    ended = bench.ended(bench.start("pass"))
    assert bench.instances.stop(ended).exit_words == "exit code 0"


def test_a_stop_from_another_launcher_process_works(bench: Bench) -> None:
    bench.said(bench.start(WAIT), "up")
    found = Instances().current(bench.store)
    assert found is not None
    assert not Instances().stop(found).lives


# --- When the supervisor is killed


def test_without_its_supervisor_it_is_orphaned_and_can_still_be_stopped(bench: Bench) -> None:
    bench.start(SILENT)
    bench.until((bench.source / "up").exists, 10, "its start")
    kill(supervisor_of(bench))
    bench.until(
        lambda: bench.instances.refresh(bench.started[-1]).state == "orphaned", 5, "orphaned"
    )
    child = child_of(bench)
    found = bench.instances.current(bench.store)
    assert found is not None
    ended = bench.instances.stop(found)
    assert not ended.lives
    assert ended.exit_words == "it vanished"
    bench.until(lambda: not lives(child), 5, "the end of the child")


def test_a_stubborn_orphan_is_killed_after_its_grace(bench: Bench) -> None:
    bench.start(SILENT.replace("import time", "import signal, time; "
                "signal.signal(signal.SIGTERM, signal.SIG_IGN)"))  # fmt: skip
    bench.until((bench.source / "up").exists, 10, "its start")
    supervisor, child = supervisor_of(bench), child_of(bench)
    kill(supervisor)
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    assert not bench.instances.stop(bench.instances.refresh(bench.started[-1])).lives
    bench.until(lambda: not lives(child), 5, "the end of the child")


def test_a_supervisor_that_dies_during_the_stop_does_not_keep_it_from_ending(
    bench: Bench,
) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open('asked', 'w').close(), time.sleep(60)))\n"
        "open('up', 'w').close()\n"
        "time.sleep(60)\n"
    )
    bench.start(code, grace=1)
    bench.until((bench.source / "up").exists, 10, "its start")
    supervisor, child = supervisor_of(bench), child_of(bench)

    def murder() -> None:
        bench.until((bench.source / "asked").exists, 5, "the stop")
        kill(supervisor)

    murderer = threading.Thread(target=murder)
    murderer.start()
    start = time.monotonic()
    assert not bench.instances.stop(bench.instances.refresh(bench.started[-1])).lives
    murderer.join()
    assert time.monotonic() - start < 5
    assert not lives(child)


def test_with_both_killed_it_has_vanished(bench: Bench) -> None:
    bench.said(bench.start(WAIT), "up")
    child, supervisor = child_of(bench), supervisor_of(bench)
    kill(supervisor)
    kill(child)
    bench.until(lambda: not lives(child) and not lives(supervisor), 5, "the end of both")
    seen = bench.instances.refresh(bench.started[-1])
    assert (seen.state, seen.exit_words) == ("exited", "it vanished")


# --- Never a stranger


def test_a_stranger_with_the_pid_of_our_records_is_neither_ours_nor_signalled(
    bench: Bench, stranger: subprocess.Popen[bytes]
) -> None:
    bench.said(bench.start(WAIT), "up")
    instance = bench.started[-1]
    supervisor, child = supervisor_of(bench), child_of(bench)
    kill(supervisor)
    kill(child)
    bench.until(lambda: not lives(supervisor) and not lives(child), 5, "their end")
    edit(instance.folder / "process.json", pid=stranger.pid, supervisor_pid=stranger.pid)
    seen = bench.instances.refresh(instance)
    assert seen.state == "exited"
    assert bench.instances.current(bench.store) is None
    bench.instances.stop(seen)
    bench.instances.stop(instance)  # as it was known before
    assert stranger.poll() is None


def test_a_stranger_whose_birth_was_noted_as_ours_is_not_signalled(
    bench: Bench, stranger: subprocess.Popen[bytes]
) -> None:
    """Pid reuse to the letter: the pid and even the birth agree; the token does not."""
    bench.said(bench.start(WAIT), "up")
    instance = bench.started[-1]
    edit(instance.folder / "process.json", pid=stranger.pid)
    born = creation_time(stranger.pid)
    (instance.folder / "births.json").write_text(json.dumps({"created": {str(stranger.pid): born}}))
    supervisor = supervisor_of(bench)
    kill(supervisor)
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    seen = bench.instances.refresh(instance)
    assert seen.state == "exited"
    bench.instances.stop(seen)
    assert stranger.poll() is None


def test_a_process_with_our_token_but_another_birth_is_not_ours(bench: Bench) -> None:
    """A child of the instance that got the pid anew has the token, but was born later."""
    bench.start(SILENT)
    bench.until((bench.source / "up").exists, 10, "its start")
    instance, child = bench.started[-1], child_of(bench)
    kill(supervisor_of(bench))
    born = creation_time(child)
    assert born is not None
    (instance.folder / "births.json").write_text(json.dumps({"created": {str(child): born + "0"}}))
    bench.instances.stop(bench.instances.refresh(instance))
    assert lives(child)


def test_the_birth_is_noted_when_it_was_first_proved(bench: Bench) -> None:
    bench.said(bench.start(WAIT), "up")
    noted = json.loads((bench.started[-1].folder / "births.json").read_text())["created"]
    supervisor = supervisor_of(bench)
    assert noted[str(supervisor)] == creation_time(supervisor)


def test_what_cannot_be_ended_is_told(bench: Bench) -> None:
    bench.said(bench.start(WAIT, grace=0), "up")
    found = bench.instances.refresh(bench.started[-1])
    hurried = found.launch.model_copy(update={"grace_seconds": -4.9})  # not the whole five seconds
    instance = replace(found, launch=hurried)

    class Immortal(Instances):
        """Every signal is lost, as on a process that hangs in a driver."""

        def refresh(self, _instance: object) -> object:  # type: ignore[override]
            return instance

    with pytest.raises(StopFailed) as caught:
        Immortal().stop(instance)
    assert caught.value.context["tag"] == "v0.3.64"


# --- Records

DAMAGE = (b"", b"{", b"\x00" * 64, b"[]")
ALL_NOTES = ("launch.json", "supervisor.json", "process.json", "births.json", "ready.json")


def stopped(bench: Bench, instance: Instance) -> None:
    """It is found as what it is, and can be stopped."""
    fresh = Instances()
    found = fresh.current(bench.store)
    assert found is not None, "a living ComfyUI is taken for a stopped one"
    assert found.launch == instance.launch
    assert not fresh.stop(found).lives
    assert fresh.current(bench.store) is None


@pytest.mark.parametrize("name", ALL_NOTES)
def test_whatever_note_is_damaged_a_living_one_is_found_and_can_be_stopped(
    bench: Bench, name: str
) -> None:
    instance = bench.start(WAIT)
    bench.said(instance, "up")
    bench.instances.mark_ready(instance, 1)
    child = child_of(bench)
    for content in DAMAGE:
        (instance.folder / name).write_bytes(content)
        [damaged] = Instances().problems(bench.store)
        assert damaged.path == instance.folder / name
        assert damaged.reason
        found = Instances().current(bench.store)
        assert found is not None
        assert found.state == "running"
    stopped(bench, instance)
    bench.until(lambda: not lives(child), 5, "the end of the child")


@pytest.mark.parametrize("lost", [("process.json",), ("process.json", "supervisor.json")])
def test_without_its_supervisor_and_its_reports_it_is_known_by_its_token(
    bench: Bench, lost: tuple[str, ...]
) -> None:
    """As after a kill between the start of the child and the first report."""
    instance = bench.start(SILENT)
    bench.until((bench.source / "up").exists, 10, "its start")
    supervisor, child = supervisor_of(bench), child_of(bench)
    kill(supervisor)
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    for name in lost:
        (instance.folder / name).unlink()
    found = Instances().current(bench.store)
    assert found is not None
    assert (found.state, found.pid) == ("orphaned", child)
    stopped(bench, instance)
    assert not lives(child)


def test_a_supervisor_that_was_never_noted_is_known_by_its_token(bench: Bench) -> None:
    """As after a kill of the launcher between the start and the note of it."""
    instance = bench.start(WAIT)
    bench.said(instance, "up")
    for name in ("process.json", "supervisor.json"):
        (instance.folder / name).unlink()
    found = Instances().current(bench.store)
    assert found is not None
    assert found.state == "running"
    stopped(bench, instance)


def test_what_only_has_the_token_from_it_is_not_taken_for_it(bench: Bench) -> None:
    """A browser that it opened, for example: in a group of its own, and none of our business."""
    code = (
        "import subprocess, sys, time\n"
        "browser = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "print(f'browser {browser.pid}', flush=True)\n"
        "time.sleep(60)\n"
    )
    instance = bench.start(code)
    bench.said(instance, "browser")
    browser = int(bench.log_of(instance).split()[1])
    supervisor, child = supervisor_of(bench), child_of(bench)
    kill(supervisor)
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    assert not bench.instances.stop(bench.instances.refresh(instance)).lives
    (instance.folder / "process.json").unlink()
    assert Instances().current(bench.store) is None
    assert not lives(child)
    assert lives(browser)


def test_a_helper_of_an_orphan_that_ignores_its_stop_is_ended_too(bench: Bench) -> None:
    code = (
        "import subprocess, sys, time\n"
        f"helper = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}], stdout=sys.stdout)\n"
        "print(f'helper {helper.pid}', flush=True)\n"
        "time.sleep(60)\n"
    )
    instance = bench.start(code)
    bench.said(instance, "up")
    helper = int(bench.log_of(instance).split("helper ")[1].split()[0])
    supervisor = supervisor_of(bench)
    kill(supervisor)
    bench.until(lambda: not lives(supervisor), 5, "the end of the supervisor")
    assert not bench.instances.stop(bench.instances.refresh(instance)).lives
    bench.until(lambda: not lives(helper), 5, "the end of the helper")


def test_a_run_of_which_nothing_can_be_read_is_told_and_seen_by_its_folder(bench: Bench) -> None:
    instance = bench.start(WAIT)
    bench.said(instance, "up")
    assert bench.instances.problems(bench.store) == []
    child = child_of(bench)
    whole = (instance.folder / "launch.json").read_bytes()
    for name in ("launch.json", "launch.json.previous"):
        (instance.folder / name).write_bytes(b"{")
    assert Instances().current(bench.store) is None
    assert [one.path.name for one in Instances().problems(bench.store)] == ["launch.json"]
    assert Instances().users_of(bench.store) == [child]
    for name in ("launch.json", "launch.json.previous"):
        (instance.folder / name).unlink()
    [missing] = Instances().problems(bench.store)
    assert missing.reason == "the file is missing"
    (instance.folder / "launch.json").write_bytes(whole)
    stopped(bench, instance)


def test_the_notes_are_sealed_and_private(bench: Bench) -> None:
    instance = bench.ended(bench.start("print('up')"))
    for name in ("launch.json", "launch.json.previous", "supervisor.json", "process.json"):
        content = (instance.folder / name).read_bytes()
        assert unsealed(content) != content, name
    assert (instance.folder / "launch.json.previous").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8188"),
        ("0.0.0.0", "http://127.0.0.1:8188"),
        ("::", "http://127.0.0.1:8188"),
        ("0.0.0.0,::", "http://127.0.0.1:8188"),
        ("::1", "http://[::1]:8188"),
        ("192.168.1.20", "http://192.168.1.20:8188"),
        ("127.0.0.1,::1", "http://127.0.0.1:8188"),
        ("::1,127.0.0.1", "http://[::1]:8188"),
        ("::,0.0.0.0", "http://127.0.0.1:8188"),
    ],
)
def test_the_address_that_a_person_opens(listen: str, url: str) -> None:
    record = LaunchRecord(
        id="one", tag="v1", command=("python",), cwd="/", log="/log", grace_seconds=1,
        port=8188, listen=listen, token="t", started_at=NOW,
    )  # fmt: skip
    assert record.url == url
