"""Real processes under real supervisors; each test leaves none behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from backend.platform.ports import free_port
from backend.platform.subprocesses import TOKEN_VARIABLE, scrubbed_environment
from backend.processes.instances import Instance, Instances, LaunchPlan


class Bench:
    """A store in which small Python programs are started as if they were ComfyUI."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.logs = folder / "logs"
        self.source = self.store / "source"
        self.source.mkdir(parents=True)
        self.instances = Instances()
        self.started: list[Instance] = []

    def plan(self, code: str, *arguments: str, port: int = 0, grace: float = 0.5) -> LaunchPlan:
        (self.source / "main.py").write_text(code, encoding="utf-8")
        return LaunchPlan(
            tag="v0.3.64",
            store=self.store,
            command=(sys.executable, "main.py", *arguments),
            cwd=self.source,
            environment=scrubbed_environment(os.environ, PYTHONUNBUFFERED="1"),
            log_folder=self.logs,
            port=port or free_port(None),
            listen="127.0.0.1",
            grace_seconds=grace,
        )

    def start(self, code: str, *arguments: str, port: int = 0, grace: float = 0.5) -> Instance:
        instance = self.instances.start(self.plan(code, *arguments, port=port, grace=grace))
        self.started.append(instance)
        return instance

    def said(self, instance: Instance, word: str, seconds: float = 10) -> None:
        """Returns once the log holds `word`."""
        self.until(lambda: word in self.log_of(instance), seconds, f"{word!r} in the log")

    def ended(self, instance: Instance, seconds: float = 15) -> Instance:
        """The instance once it has ended."""
        self.until(lambda: not self.instances.refresh(instance).lives, seconds, "its end")
        return self.instances.refresh(instance)

    def log_of(self, instance: Instance) -> str:
        return instance.log_file.read_text("utf-8", "replace") if instance.log_file.exists() else ""

    @staticmethod
    def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            time.sleep(0.01)

    def clean_up(self) -> None:
        """Kills what carries a token of an instance of this test, and nothing else."""
        tokens = {instance.launch.token for instance in self.started}
        for process in psutil.process_iter():
            try:
                if process.environ().get(TOKEN_VARIABLE) in tokens:
                    process.kill()
            except psutil.Error:
                continue
        for instance in self.started:
            if instance.process is not None:
                try:
                    os.waitpid(instance.process.supervisor_pid, 0)
                except ChildProcessError:
                    continue


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.clean_up()


def lives(pid: int) -> bool:
    """Whether that process is there and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
