from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from backend.platform.subprocesses import (
    TOKEN_VARIABLE,
    Completed,
    ProcessIdentity,
    creation_time,
    is_same_process,
    prove,
    reap,
    run,
    scrubbed_environment,
    spawn_detached,
)
from tests.helpers.processes import run_python

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def shell(script: str, **options: object) -> Completed:
    return run(["sh", "-c", script], environment=ENVIRONMENT, **options)  # type: ignore[arg-type]


def python(code: str, **options: object) -> Completed:
    command = [sys.executable, "-c", code]
    return run(command, environment=ENVIRONMENT, **options)  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def reaped(pid: int) -> bool:
    reap(pid)
    return not psutil.pid_exists(pid)


# --- Run to its end


def test_what_it_said_and_how_it_ended() -> None:
    said: list[str] = []
    done = shell("echo one; echo two >&2; exit 3", on_line=said.append)
    assert (done.returncode, done.output) == (3, "one")
    assert sorted(done.lines) == sorted(said) == ["one", "two"]


def test_an_end_by_a_signal_is_a_negative_number() -> None:
    assert shell("kill -9 $$").returncode == -9


def test_a_megabyte_of_output_arrives_whole() -> None:
    done = python("print('\\n'.join(str(n) for n in range(200_000)))")
    assert done.output == "\n".join(str(number) for number in range(200_000))


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        run(["/nowhere/program"], environment=ENVIRONMENT)


def test_a_short_program_is_not_waited_for_longer_than_it_runs() -> None:
    start = time.monotonic()
    for _ in range(20):
        shell("exit 0")
    assert time.monotonic() - start < 1


# --- What it leaves behind


@pytest.mark.parametrize("words", ["sleep 12 & exit 0", "trap '' TERM; sleep 12 & exit 0"])
def test_a_grandchild_that_keeps_a_pipe_open_is_ended(words: str) -> None:
    start = time.monotonic()
    done = shell(f"echo before; {words}")
    assert time.monotonic() - start < 8
    assert (done.returncode, done.output) == (0, "before")


def test_a_grandchild_in_a_session_of_its_own_holds_nobody_up(tmp_path: Path) -> None:
    """It is not in our group, so it is not ours to end."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(12)'],\n"
        "                         start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
    )
    start = time.monotonic()
    done = python(code)
    assert time.monotonic() - start < 9
    assert done.returncode == 0
    grandchild = psutil.Process(int(done.output))
    assert grandchild.is_running()
    grandchild.kill()


def test_a_grandchild_without_our_pipes_may_live_on() -> None:
    done = shell("sleep 12 >/dev/null 2>&1 & echo $!")
    grandchild = psutil.Process(int(done.output))
    assert grandchild.status() != psutil.STATUS_ZOMBIE
    grandchild.kill()


def test_the_whole_group_ends_when_the_time_is_over() -> None:
    pids: list[str] = []
    with pytest.raises(TimeoutError):
        shell("sleep 60 & echo $!; sleep 60", timeout_seconds=0.3, on_line=pids.append)
    until(lambda: gone(int(pids[0])))


def test_the_whole_group_ends_when_the_check_raises() -> None:
    pids: list[str] = []

    def check() -> None:
        if pids:
            raise KeyError("stop")

    start = time.monotonic()
    with pytest.raises(KeyError):
        shell("trap '' TERM; sleep 60 & echo $!; wait", check=check, on_line=pids.append)
    assert time.monotonic() - start < 6
    until(lambda: gone(int(pids[0])))


def test_it_runs_also_where_an_exit_can_only_be_reaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS before Python 3.13 has no waitid."""
    monkeypatch.delattr(os, "waitid")
    assert shell("echo one; exit 3").returncode == 3
    with pytest.raises(TimeoutError):
        shell("sleep 60", timeout_seconds=0.2)


# --- Who is who


def test_a_step_of_the_clock_makes_nobody_another(monkeypatch: pytest.MonkeyPatch) -> None:
    born = creation_time(os.getpid())
    token = "a token"
    child = spawn_detached(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        environment={TOKEN_VARIABLE: token},
    )
    until(lambda: psutil.Process(child).environ().get(TOKEN_VARIABLE) == token)
    identity = ProcessIdentity(child, creation_time(child) or "", token)
    now = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: now + 3600)  # as after such a step
    assert born is not None
    assert is_same_process(os.getpid(), born)
    assert prove(identity)
    psutil.Process(child).kill()
    os.waitpid(child, 0)
    assert not prove(identity)


def test_a_birth_names_the_boot_and_no_time_of_day() -> None:
    boot, _, ticks = (creation_time(os.getpid()) or "").partition(":")
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert 0 < int(ticks) <= time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")


def test_a_name_with_brackets_and_blanks_does_not_blur_a_birth(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as process:
        until(lambda: "a) Z 1" in Path(f"/proc/{process.pid}/stat").read_text())
        expected = psutil.Process(process.pid).create_time() - psutil.boot_time()
        ticks = int((creation_time(process.pid) or "").partition(":")[2])
        assert ticks / os.sysconf("SC_CLK_TCK") == pytest.approx(expected, abs=0.02)
        process.kill()


def test_the_ended_and_the_zombie_are_not_there() -> None:
    with subprocess.Popen(["true"]) as process:
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        assert creation_time(process.pid) is None
    assert creation_time(process.pid) is None


NO_DESCRIPTOR = """
    import os, resource, sys
    from backend.exceptions import ComfyUILauncherError
    from backend.platform.leftovers import carriers, users_of
    from backend.platform.subprocesses import ProcessIdentity, creation_time, is_same_process, prove
    from pathlib import Path

    born = creation_time(os.getppid())
    psutil = __import__("psutil")
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", 0))
    except OSError:
        pass
    print(is_same_process(os.getppid(), born))
    asked = (
        lambda: creation_time(os.getppid()),
        lambda: prove(ProcessIdentity(os.getppid(), born, "token")),
        lambda: list(carriers("ANY")),
        lambda: users_of(Path("/")),
    )
    for ask in asked:
        try:
            print("said", ask())
        except OSError as error:
            print(error.strerror)
"""


def test_without_a_free_descriptor_nobody_is_taken_for_dead() -> None:
    done = run_python(NO_DESCRIPTOR)
    assert done.stdout.splitlines() == ["True", *["Too many open files"] * 4], done.stderr


def test_what_is_started_does_not_get_the_token_of_the_terminal_that_we_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launcher in a ComfyUI's terminal has that one's token: what it starts is no ComfyUI."""
    monkeypatch.setenv(TOKEN_VARIABLE, "of another")
    told = ["/bin/sh", "-c", f'echo "[${TOKEN_VARIABLE}]" > "$0"', str(tmp_path / "said")]
    for start in (
        lambda: run(told, environment=os.environ),
        lambda: os.waitpid(spawn_detached(told, environment=os.environ), 0),
    ):
        start()
        assert (tmp_path / "said").read_text() == "[]\n"
    assert TOKEN_VARIABLE not in scrubbed_environment(os.environ)
    os.waitpid(spawn_detached(told, environment=os.environ | {TOKEN_VARIABLE: "its own"}), 0)
    assert (tmp_path / "said").read_text() == "[its own]\n"


# --- Reaping


def test_the_exit_status_of_another_child_is_left_to_who_started_it() -> None:
    """A stale record may name the pid that git has now: its failure must stay a failure."""
    with subprocess.Popen(["false"]) as process:
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        reap(process.pid)
        assert process.wait() == 1


def test_what_was_spawned_is_reaped_once_it_has_ended() -> None:
    child = spawn_detached([sys.executable, "-c", "input()"], environment=ENVIRONMENT)
    until(lambda: reaped(child))
    reap(child)  # again: there is nothing to do


def test_what_was_spawned_and_runs_is_not_waited_for() -> None:
    child = spawn_detached(
        [sys.executable, "-c", "import time; time.sleep(60)"], environment=ENVIRONMENT
    )
    start = time.monotonic()
    reap(child)
    assert time.monotonic() - start < 1
    assert not gone(child)
    psutil.Process(child).kill()
    until(lambda: reaped(child))
