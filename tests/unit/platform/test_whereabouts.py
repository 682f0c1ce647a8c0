"""A pid counts where it was given; of a process elsewhere, nobody here says that it has ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.platform.subprocesses import creation_time
from backend.platform.whereabouts import Fate, Whereabouts, fate_of, this_process

ROOT = Path(__file__).parents[3]
NOBODY = 2**22 + 1
SAYS_WHO_IT_IS = """
import dataclasses, json
from backend.platform.whereabouts import Whereabouts, fate_of, this_process
print(json.dumps(dataclasses.asdict(this_process())))
print(fate_of(Whereabouts(**json.loads(input()))).name)
"""


def test_this_process_lives_and_one_that_is_not_there_is_gone() -> None:
    here = this_process()
    assert (here.pid, here.created) == (os.getpid(), creation_time(os.getpid()))
    assert fate_of(here) is Fate.LIVES
    assert fate_of(replace(here, pid=NOBODY)) is Fate.GONE
    assert fate_of(replace(here, created=f"{here.created}0")) is Fate.GONE


@pytest.mark.parametrize(
    ("elsewhere", "fate"),
    [
        ({"machine": "another"}, Fate.UNKNOWN),
        ({"machine": "another", "created": "00000000-0000:1"}, Fate.UNKNOWN),
        ({"place": "pid:[1]"}, Fate.UNKNOWN),
        ({"place": "pid:[1]", "created": "00000000-0000:1"}, Fate.GONE),
        ({"created": "00000000-0000:1"}, Fate.GONE),
        ({"machine": "", "place": ""}, Fate.GONE),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="boots and pid namespaces are Linux's")
def test_of_a_process_elsewhere_only_a_boot_since_then_tells_that_it_is_gone(
    elsewhere: dict[str, str], fate: Fate
) -> None:
    """The last one is as an older launcher noted it: judged as if it were of this place."""
    assert fate_of(replace(this_process(), pid=NOBODY, **elsewhere)) is fate


def test_what_is_written_down_names_no_machine() -> None:
    assert len(this_process().machine) == 16
    assert os.uname().nodename not in this_process().machine


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_launchers_in_two_containers_do_not_take_each_other_for_dead() -> None:
    """They see the same folder, and not each other's processes."""
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", SAYS_WHO_IT_IS]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stderr is not None
        said = other.stdout.readline()
        if not said:
            pytest.skip(f"needs the right to make a pid namespace: {other.stderr.read().strip()}")
        there = Whereabouts(**json.loads(said))
        assert there.pid == 1
        assert fate_of(there) is Fate.UNKNOWN
        here = this_process()
        print(json.dumps({name: getattr(here, name) for name in here.__slots__}), file=other.stdin)
        other.stdin.close()
        assert other.stdout.read().strip() == Fate.UNKNOWN.name
