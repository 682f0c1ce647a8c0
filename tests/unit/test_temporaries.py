from __future__ import annotations

import os
import time
from pathlib import Path

from backend.file_utils import atomic_write_bytes
from backend.temporaries import OLD_SECONDS, is_temporary, sweep_temporaries, temporary_beside
from tests.helpers.processes import run_python, start_python

LEAVE_ONE = """
    import sys
    from pathlib import Path
    from backend.temporaries import temporary_beside
    left = temporary_beside(Path(sys.argv[1]) / "state.json")
    left.write_text("half")
    print(left.name, flush=True)
    sys.stdin.read()
"""


def left_by_the_dead(folder: Path) -> Path:
    name = run_python(LEAVE_ONE, folder).stdout.strip()
    return folder / name


def aged(path: Path, seconds: float = OLD_SECONDS + 60) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def test_temporary_names_are_short_hidden_different_and_known(tmp_path: Path) -> None:
    found = {temporary_beside(tmp_path / ("x" * 255)) for _ in range(100)}
    assert len(found) == 100
    assert {path.parent for path in found} == {tmp_path}
    assert all(path.name.startswith(".") and path.name.endswith(".tmp") for path in found)
    assert all(is_temporary(path.name) for path in found)
    assert max(len(path.name) for path in found) < 32


def test_what_a_dead_process_left_goes_and_nothing_else(tmp_path: Path) -> None:
    left = left_by_the_dead(tmp_path)
    others = {
        "notes.tmp", ".hidden.tmp", f"{left.name}.png", f"x{left.name}", left.name[:-1],
        ".abc-1-00000000.tmp", "settings.json", ".0123456789abcdef.tmp.png",
    }  # fmt: skip
    for name in others:
        (tmp_path / name).touch()
        aged(tmp_path / name)
    assert sweep_temporaries([tmp_path]) == [left]
    assert {path.name for path in tmp_path.iterdir()} == others


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    writer = start_python(LEAVE_ONE, tmp_path)
    assert writer.stdout is not None
    left = aged(tmp_path / writer.stdout.readline().strip())
    mine = temporary_beside(tmp_path / "state.json")
    mine.write_text("half")
    assert sweep_temporaries([tmp_path]) == []
    writer.communicate("", timeout=30)
    assert sweep_temporaries([tmp_path]) == [left]
    assert mine.exists()


def test_what_a_process_left_goes_also_while_nobody_has_asked_how_it_ended(tmp_path: Path) -> None:
    with start_python(
        """
        import sys
        from pathlib import Path
        from backend.temporaries import temporary_beside
        temporary_beside(Path(sys.argv[1]) / "file").write_text("half")
        """,
        tmp_path,
    ) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended: a zombie
        assert len(sweep_temporaries([tmp_path])) == 1
        child.communicate()


def test_where_a_pid_means_nothing_age_decides(tmp_path: Path) -> None:
    """Another container or boot, an older launcher, and an earlier process with our own pid."""
    elsewhere = f".000000-{2**22 - 1}-00000000.tmp"
    names = [
        elsewhere, ".0123456789abcdef.tmp", f"{'0' * 24}.01234567.in",
        f"{'0' * 24}.01234567.overrides", temporary_beside(tmp_path / "x").name,
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    assert sweep_temporaries([tmp_path]) == []
    for name in names:
        aged(tmp_path / name)
    assert {path.name for path in sweep_temporaries([tmp_path])} == set(names)


def test_a_link_goes_itself_and_a_folder_or_pipe_of_that_name_stays(tmp_path: Path) -> None:
    target = tmp_path / "mine.safetensors"
    target.write_text("yours")
    link = tmp_path / ".0123456789abcde0.tmp"
    link.symlink_to(target)
    aged(link)
    folder = tmp_path / ".0123456789abcde1.tmp"
    folder.mkdir()
    (folder / "art.png").touch()
    aged(folder)
    os.mkfifo(tmp_path / ".0123456789abcde2.tmp")
    aged(tmp_path / ".0123456789abcde2.tmp")
    assert sweep_temporaries([tmp_path]) == [link]
    assert target.read_text() == "yours"
    assert (folder / "art.png").exists()


def test_only_the_named_folders_are_looked_at_and_one_that_is_gone_is_no_fault(
    tmp_path: Path,
) -> None:
    (tmp_path / "below").mkdir()
    left = left_by_the_dead(tmp_path / "below")
    assert sweep_temporaries([tmp_path, tmp_path / "never"]) == []
    assert left.exists()


def test_a_write_that_is_killed_leaves_only_what_the_next_start_sweeps(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from backend.file_utils import atomic_write_bytes
        os.fsync = lambda _: os.kill(os.getpid(), 9)
        atomic_write_bytes(Path(sys.argv[1]) / "state.json", b"new")
    """
    atomic_write_bytes(tmp_path / "state.json", b"old")
    assert run_python(code, tmp_path).returncode == -9
    [left] = [path for path in tmp_path.iterdir() if path.name != "state.json"]
    assert is_temporary(left.name)
    assert sweep_temporaries([tmp_path]) == [left]
    assert (tmp_path / "state.json").read_bytes() == b"old"
