from __future__ import annotations

import pytest

from backend.exceptions import NotWritable
from backend.processes.supervision import ProcessSupervisor
from tests.unit.processes.conftest import Bench, lives

FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"


def test_a_start_that_is_given_up_ends_and_says_why(bench: Bench) -> None:
    instance = bench.start(FOREVER)
    bench.said(instance, "up")
    processes = ProcessSupervisor(bench.instances)
    processes.give_up(instance, "It did not answer.", "Wait longer.")
    ended = bench.instances.refresh(instance)
    assert not ended.lives
    ending = processes.ending(ended)
    assert (ending.on_request, ending.cause) == (False, "It did not answer.")


def test_a_start_ends_also_where_the_reason_cannot_be_kept(bench: Bench) -> None:
    instance = bench.start(FOREVER)
    bench.said(instance, "up")
    (instance.folder / "given_up.json").mkdir()
    with pytest.raises(NotWritable):
        ProcessSupervisor(bench.instances).give_up(instance, "It did not answer.", "Wait longer.")
    assert instance.pid is not None
    assert not lives(instance.pid)
