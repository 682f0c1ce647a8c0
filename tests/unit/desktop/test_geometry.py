from __future__ import annotations

from pathlib import Path

import pytest

from backend.desktop.geometry import (
    DEFAULT_SIZE,
    FRAME,
    LEAST_SIZE,
    Placement,
    Rectangle,
    WindowState,
    keep,
    placement,
    remembered,
)

SCREEN = Rectangle(0, 0, 1920, 1080)
RIGHT = Rectangle(1920, 0, 2560, 1440)


def state(
    x: int = 100, y: int = 80, width: int = 1400, height: int = 900, *, maximized: bool = False
) -> WindowState:
    return WindowState(x=x, y=y, width=width, height=height, maximized=maximized)


def test_a_window_comes_back_where_it_was(tmp_path: Path) -> None:
    keep(tmp_path / "w.json", state(maximized=True))
    assert placement(remembered(tmp_path / "w.json"), [SCREEN]) == Placement(
        1400, 900, (100, 80), maximized=True
    )


def test_the_first_window_stands_where_the_desktop_puts_it(tmp_path: Path) -> None:
    assert remembered(tmp_path / "w.json") is None
    assert placement(None, [SCREEN]) == Placement(*DEFAULT_SIZE, None, maximized=False)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 2}', b'{"schema":1,"x":"a"}'])
def test_a_damaged_file_is_as_if_there_were_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.json").write_bytes(content)
    assert remembered(tmp_path / "w.json") is None


@pytest.mark.parametrize(
    ("x", "y"), [(-1390, 0), (1900, 0), (0, -50), (0, 1075), (99_999, 99_999), (-99_999, 5)]
)
def test_a_place_where_nobody_could_take_hold_of_it_is_not_used(x: int, y: int) -> None:
    assert placement(state(x, y), [SCREEN]).position is None


def test_a_place_on_the_second_screen_is_used_while_that_is_there() -> None:
    assert placement(state(2000, 50), [SCREEN, RIGHT]).position == (2000, 50)
    assert placement(state(2000, 50), [SCREEN]).position is None


def test_a_window_is_never_smaller_than_its_page_nor_larger_than_the_screens() -> None:
    small = placement(state(width=10, height=10), [SCREEN])
    assert (small.width, small.height) == LEAST_SIZE
    large = placement(state(width=90_000, height=90_000), [SCREEN])
    assert (large.width, large.height) == (1920, 1080 - FRAME)


def test_on_a_small_screen_the_window_fits_and_may_be_as_small() -> None:
    small = Rectangle(0, 27, 800, 573)
    for known in (None, state(0, 30)):
        place = placement(known, [small])
        assert (place.width, place.height) == (800, 573 - FRAME)
        assert place.least == (800, 573 - FRAME)


def test_a_window_is_as_large_as_the_screen_that_it_stands_on() -> None:
    small = Rectangle(1920, 0, 1280, 720)
    place = placement(state(2000, 10, 1900, 1000), [SCREEN, small])
    assert (place.width, place.height) == (1280, 720 - FRAME)


def test_a_place_that_cannot_be_kept_keeps_nobody_from_closing(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file")
    keep(tmp_path / "no folder" / "w.json", state())
    assert not (tmp_path / "no folder" / "w.json").exists()
