from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from backend.exceptions import NotWritable
from backend.processes.endings import Ending, Endings
from tests.fakes.ports import an_instance
from tests.unit.processes.conftest import Bench

MISSING = "import not_there\n"
FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"


def test_a_crash_has_the_cause_that_its_log_names(bench: Bench) -> None:
    ended = bench.ended(bench.start(MISSING))
    ending = Endings().of(ended)
    assert not ending.on_request
    assert ending.cause == "the Python package not_there is missing from its environment."
    assert ending.advice


def test_a_kill_from_outside_has_a_cause(bench: Bench) -> None:
    instance = bench.start(FOREVER)
    bench.said(instance, "up")
    assert instance.pid is not None
    os.kill(instance.pid, signal.SIGKILL)
    assert "the system killed it" in (Endings().of(bench.ended(instance)).cause or "")


def test_who_stops_it_need_not_be_told_why(bench: Bench) -> None:
    instance = bench.start(FOREVER)
    bench.said(instance, "up")
    assert Endings().of(bench.instances.stop(instance)) == Ending(on_request=True)


def test_an_end_without_a_fault_has_no_cause(bench: Bench) -> None:
    assert Endings().of(bench.ended(bench.start("print('bye')\n"))) == Ending(on_request=False)


def test_the_log_is_read_once_a_run(bench: Bench) -> None:
    endings = Endings()
    first = bench.ended(bench.start(MISSING))
    cause = endings.of(first).cause
    first.log_file.unlink()
    assert endings.of(bench.instances.refresh(first)).cause == cause
    assert Endings().of(first).cause == "its log names no cause."
    second = bench.ended(bench.start("import also_missing\n"))
    assert "also_missing" in (endings.of(second).cause or "")


def test_what_looked_for_a_moment_as_if_it_had_vanished_is_looked_at_again(tmp_path: Path) -> None:
    endings = Endings()
    vanished, ended = an_instance(tmp_path), an_instance(tmp_path, alive=False)
    assert endings.of(vanished).cause == "its log names no cause."
    assert endings.of(ended) == Ending(on_request=False)


def test_why_a_start_was_given_up_outlives_the_launcher(bench: Bench) -> None:
    instance = bench.start(FOREVER)
    bench.said(instance, "up")
    Endings().give_up(instance, "It took too long.", "Wait longer.")
    ended = bench.instances.stop(instance)
    assert Endings().of(ended) == Ending(False, "It took too long.", "Wait longer.")


def test_a_note_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(NotWritable):
        Endings().give_up(an_instance(tmp_path), "a", "b")
