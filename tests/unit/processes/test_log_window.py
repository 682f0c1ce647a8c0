from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from backend.platform.supervisor import BoundedLog
from backend.processes.log_window import READ_BYTES, WINDOW_LINES, LogWindow, read_after


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def texts(window: LogWindow) -> list[str]:
    return [line.text for line in window.refresh()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "comfyui.log"


def test_a_log_that_is_not_there_yet_has_no_lines(log: Path) -> None:
    window = LogWindow(log)
    assert texts(window) == []
    append(log, b"one\n")
    assert texts(window) == ["one"]


def test_each_refresh_gives_what_is_new_with_running_numbers(log: Path) -> None:
    window = LogWindow(log)
    append(log, b"one\ntwo\n")
    assert [(line.number, line.text) for line in window.refresh()] == [(1, "one"), (2, "two")]
    assert window.refresh() == []
    append(log, b"three\n")
    assert [(line.number, line.text) for line in window.refresh()] == [(3, "three")]


def test_a_line_counts_when_it_is_whole_and_shows_in_the_tail_before(log: Path) -> None:
    window = LogWindow(log)
    append(log, b"one\nStarting ser")
    assert texts(window) == ["one"]
    assert window.tail() == ["one", "Starting ser"]
    append(log, b"ver\n")
    assert texts(window) == ["Starting server"]
    assert window.tail() == ["one", "Starting server"]


def test_a_character_that_comes_in_two_pieces_stays_whole(log: Path) -> None:
    window = LogWindow(log)
    content = "Модель: 模型 🎨\n".encode()
    for position in range(len(content)):
        append(log, content[position : position + 1])
        seen = texts(window)
    assert seen == ["Модель: 模型 🎨"]


def test_bytes_that_are_no_text_do_not_break_it(log: Path) -> None:
    append(log, b"\xff\xfe\x00ok\r\n\x1b[31mred\x1b[0m\n")
    assert texts(LogWindow(log)) == ["\ufffd\ufffd\x00ok", "\x1b[31mred\x1b[0m"]


def test_nothing_is_lost_or_repeated_over_a_rotation(log: Path) -> None:
    window, bounded = LogWindow(log), BoundedLog(log, 1000)
    seen: list[str] = []
    for number in range(300):
        bounded.write(b"%03d %s\n" % (number, b"x" * 40))
        if number % 7 == 0:
            seen += texts(window)
    bounded.close()
    seen += texts(window)
    assert [line[:3] for line in seen] == [f"{number:03}" for number in range(300)]
    assert (log.with_name(log.name + ".1")).exists()


def test_a_line_that_a_rotation_cuts_is_put_together(log: Path) -> None:
    window = LogWindow(log)
    append(log, b"one\nStarting ser")
    texts(window)
    log.rename(log.with_name(log.name + ".1"))
    append(log, b"ver\ntwo\n")
    assert texts(window) == ["Starting server", "two"]


def test_memory_stays_bounded_in_a_flood(log: Path) -> None:
    append(log, b"a line of an ordinary length, more or less\n" * 1_000_000)  # 43 MB
    tracemalloc.start()
    try:
        window = LogWindow(log)
        window.refresh()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16_000_000
    assert len(window.tail(10**6)) <= WINDOW_LINES
    assert window.tail(1) == ["a line of an ordinary length, more or less"]


def test_one_endless_line_does_not_fill_the_memory(log: Path) -> None:
    window = LogWindow(log)
    for _ in range(20):
        append(log, b"#" * READ_BYTES)
        window.refresh()
    assert len(window.tail()[0]) <= 3 * READ_BYTES


def test_an_empty_log_has_an_empty_tail(log: Path) -> None:
    log.touch()
    window = LogWindow(log)
    assert (texts(window), window.tail()) == ([], [])


# --- Reading on from a position


def test_reading_on_gives_each_line_once(log: Path) -> None:
    append(log, b"one\n\ntwo\nthr")
    lines, end = read_after(log, 0, 100)
    assert lines == ["one", "", "two"]
    append(log, b"ee\n")
    lines, end = read_after(log, end, 100)
    assert (lines, end) == (["three"], log.stat().st_size)
    assert read_after(log, end, 100) == ([], end)


def test_the_last_lines_are_kept_and_the_end_is_the_end(log: Path) -> None:
    append(log, b"".join(b"%d\n" % number for number in range(100)))
    assert read_after(log, 0, 2) == (["98", "99"], log.stat().st_size)


def test_what_is_too_far_back_is_left_out_with_the_line_that_is_cut(log: Path) -> None:
    append(log, b"".join(b"%09d\n" % number for number in range(READ_BYTES // 5)))
    lines, end = read_after(log, 0, 10**6)
    assert end == log.stat().st_size
    assert [int(line) for line in lines] == list(range(int(lines[0]), READ_BYTES // 5))
    assert {len(line) for line in lines} == {9}


def test_reading_on_over_a_rotation_takes_the_rest_of_the_older_half(log: Path) -> None:
    append(log, b"one\ntwo\nthree\n")
    _, end = read_after(log, 0, 100)
    append(log, b"four\n")
    log.rename(log.with_name(log.name + ".1"))
    append(log, b"five\n")
    assert read_after(log, end, 100) == (["four", "five"], 5)


def test_the_last_words_without_a_line_break_are_a_line_once_the_process_has_ended(
    log: Path,
) -> None:
    append(log, b"one\nSegmentation fault")
    assert read_after(log, 0, 100) == (["one"], 4)
    assert read_after(log, 4, 100, ended=True) == (["Segmentation fault"], log.stat().st_size)
    assert read_after(log, log.stat().st_size, 100, ended=True) == ([], log.stat().st_size)
    assert LogWindow(log).tail() == []
    window = LogWindow(log)
    window.refresh()
    assert window.tail() == ["one", "Segmentation fault"]


def test_the_last_words_behind_an_endless_line_are_shown(log: Path) -> None:
    append(log, b"#" * READ_BYTES + b"\rSegmentation fault")
    lines, end = read_after(log, 0, 100, ended=True)
    assert (len(lines), lines[0][-18:], end) == (1, "Segmentation fault", log.stat().st_size)


def test_no_log_gives_no_lines_and_the_same_position(log: Path) -> None:
    assert read_after(log, 7, 100) == ([], 7)
