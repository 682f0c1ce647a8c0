from __future__ import annotations

from pathlib import Path

from backend.config import PathsConfig
from backend.desktop.browsers import Signpost
from backend.desktop.door import Door


def test_the_launcher_of_a_root_clears_away_what_a_killed_one_left_there(tmp_path: Path) -> None:
    paths = PathsConfig(tmp_path)
    paths.data.mkdir()
    left = Signpost(paths.data, "http://127.0.0.1:1/#code=X").path
    first = Door(paths, log_file=tmp_path / "window.log")
    assert first.claim() is None
    assert not left.exists()
    ours = Signpost(paths.data, "http://127.0.0.1:1/#code=Y").path
    assert Door(paths, log_file=tmp_path / "window.log").claim() is not None
    assert ours.exists()
    first.end()
    assert not paths.window_file.exists()
