"""What the window is asked for on behalf of the page, before the window is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from backend.api.areas.window import WindowApi
from backend.api.contract.window import ChooseFolder


class Host:
    """A window whose person takes the folder in which the dialog begins."""

    def ready(self) -> None: ...
    def show(self) -> None: ...
    def choose_folder(self, start: Path) -> Path | None:
        return start

    def dropped(self, names: Sequence[str]) -> list[Path]:
        return [Path(name) for name in names]

    def open_link(self, url: str) -> None: ...
    def reveal(self, folder: Path) -> None: ...
    def close(self, running: Literal["keep", "stop"]) -> None: ...


@pytest.mark.parametrize("start", [None, "", "~nosuch-user/x", "/no/such/folder", "~/nowhere", "x"])
def test_the_dialog_begins_at_home_where_the_page_names_no_folder_that_is_there(
    start: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    chosen = WindowApi(Host()).choose_folder(ChooseFolder(start=start))
    assert chosen.path == str(tmp_path)


@pytest.mark.parametrize("start", ["~/models", "{home}/models"])
def test_the_dialog_begins_in_the_folder_that_the_page_names(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    chosen = WindowApi(Host()).choose_folder(ChooseFolder(start=start.format(home=tmp_path)))
    assert chosen.path == str(tmp_path / "models")
