"""When the page of the window counts as that of its sources."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.desktop.frontend_build import (
    bring_up_to_date,
    files_in,
    is_current,
    source_files,
    source_hash,
    write_record,
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Sources, and a page that was made from them."""
    frontend = tmp_path / "frontend"
    for name, content in {
        "src/app/main.tsx": b"line one\nline two\n",
        "src/ui/logo.png": b"\x89PNG\r\n\x1a\n\0",
        "public/icon.svg": b"<svg/>",
        "index.html": b"<html/>",
        "package.json": b"{}",
        "package-lock.json": b"{}",
        "vite.config.ts": b"export {}",
        "tsconfig.json": b"{}",
        "dist/index.html": b"<html>made</html>",
        "dist/assets/index.js": b"made()",
    }.items():
        (frontend / name).parent.mkdir(parents=True, exist_ok=True)
        (frontend / name).write_bytes(content)
    write_record(frontend / "dist", named(tmp_path))
    return tmp_path


def named(checkout: Path) -> str:
    return source_hash(source_files(checkout / "frontend"))


def test_a_page_is_current_until_one_of_its_sources_changes(checkout: Path) -> None:
    assert is_current(checkout)
    for name in source_files(checkout / "frontend"):
        source = checkout / "frontend" / name
        before = source.read_bytes()
        source.write_bytes(before + b" ")
        assert not is_current(checkout), name
        source.write_bytes(before)
    assert is_current(checkout)


def test_a_new_a_renamed_and_a_removed_source_count(checkout: Path) -> None:
    names = [named(checkout)]
    source = checkout / "frontend" / "src" / "app" / "main.tsx"
    names.append(named_after(checkout, lambda: source.with_name("new.tsx").write_bytes(b"")))
    names.append(named_after(checkout, lambda: source.rename(source.with_name("renamed.tsx"))))
    names.append(named_after(checkout, lambda: source.with_name("renamed.tsx").unlink()))
    assert len(set(names)) == 4


def named_after(checkout: Path, change: Callable[[], object]) -> str:
    change()
    return named(checkout)


def test_content_cannot_move_from_one_source_to_the_next_unseen() -> None:
    assert source_hash({"a": b"1", "b": b"2"}) != source_hash({"a": b"12", "b": b""})
    assert source_hash({"a": b"1:b1:2"}) != source_hash({"a": b"1", "b": b"2"})


def test_times_line_endings_and_an_editors_leftovers_do_not_count(checkout: Path) -> None:
    source = checkout / "frontend" / "src" / "app" / "main.tsx"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    os.utime(source, (0, 0))
    for name in (".main.tsx.swp", "main.tsx~", ".DS_Store"):
        source.with_name(name).write_text("left")
    assert is_current(checkout)


def test_what_is_no_text_is_taken_byte_by_byte(checkout: Path) -> None:
    picture = checkout / "frontend" / "src" / "ui" / "logo.png"
    picture.write_bytes(picture.read_bytes().replace(b"\r\n", b"\n"))
    assert not is_current(checkout)


@pytest.mark.parametrize(
    "record", [b"", b"{", b"[]", b'{"schema": 2}', b'{"schema": 1}', b"\xff", None]
)
def test_a_page_without_a_sound_record_is_not_current(checkout: Path, record: bytes | None) -> None:
    path = checkout / "frontend" / "dist" / "build.json"
    if record is None:
        path.unlink()
    else:
        path.write_bytes(record)
    assert not is_current(checkout)


def test_a_page_of_which_a_part_is_missing_is_not_current(checkout: Path) -> None:
    script = checkout / "frontend" / "dist" / "assets" / "index.js"
    script.write_bytes(script.read_bytes()[:3])
    assert not is_current(checkout)
    script.unlink()
    assert not is_current(checkout)
    shutil.rmtree(checkout / "frontend" / "dist")
    assert not is_current(checkout)


def test_where_there_are_no_sources_a_whole_page_is_current(checkout: Path) -> None:
    frontend = checkout / "frontend"
    for entry in frontend.iterdir():
        if entry.name == "dist":
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    assert is_current(checkout)
    assert files_in(frontend / "dist") == {"assets/index.js": 6, "index.html": 17}


def test_a_current_page_costs_no_process(checkout: Path) -> None:
    # This checkout has no builder: a call of it would fail.
    assert bring_up_to_date(checkout, {}) is None


def test_a_page_that_cannot_be_made_again_stays_and_a_sentence_says_why(checkout: Path) -> None:
    (checkout / "frontend" / "src" / "app" / "main.tsx").write_text("changed")
    heard: list[str] = []
    (checkout / "frontend" / "build.py").write_text(
        "import sys; print('looking', file=sys.stderr); sys.exit('Node 20.19 or newer is needed.')"
    )
    notice = bring_up_to_date(checkout, os.environ, on_line=heard.append)
    assert notice == (
        "The page of the window is not that of its sources: Node 20.19 or newer is needed."
        " `./launcher frontend build` makes it."
    )
    assert sorted(heard) == ["Node 20.19 or newer is needed.", "looking"]
    assert (checkout / "frontend" / "dist" / "index.html").read_bytes() == b"<html>made</html>"


def test_a_stale_page_is_made_again_at_the_start(checkout: Path) -> None:
    (checkout / "frontend" / "src" / "app" / "main.tsx").write_text("changed")
    (checkout / "frontend" / "build.py").write_text(
        "import pathlib, sys\npathlib.Path('frontend/asked').write_text(' '.join(sys.argv[1:]))\n"
    )
    assert bring_up_to_date(checkout) is None
    assert (checkout / "frontend" / "asked").read_text() == "--if-stale"
