"""The end of the door, with one that hangs and one that does not."""

from __future__ import annotations

import pytest

from tests.helpers.processes import run_python

END = """
    import sys, time
    from backend.desktop.application import and_end
    from backend.exceptions import NoWindow
    class Ending:
        def end(self):
            time.sleep({hangs})
    def task():
        {task}
    status = and_end(Ending(), task, 0.3)
    time.sleep(0.6)
    print("went on")
    sys.exit(status)
"""


@pytest.mark.parametrize(("task", "status"), [("return 7", 7), ("raise NoWindow", 1)])
def test_a_door_that_hangs_does_not_hide_how_it_went(task: str, status: int) -> None:
    done = run_python(END.format(hangs=30, task=task))
    assert (done.returncode, done.stdout) == (status, "")


def test_who_ends_in_time_is_not_ended_later() -> None:
    done = run_python(END.format(hangs=0, task="return 7"))
    assert (done.returncode, done.stdout.strip()) == (7, "went on")
