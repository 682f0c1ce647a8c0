"""Writes docs/reference from the code, so that the two cannot disagree.

`python -m docs.generate` writes the pages; `--check` writes nothing, names the pages that are
stale and exits with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs.generator import contract, pages

REFERENCE: Final = Path(__file__).parent / "reference"
HEADER: Final = "<!-- Made by `python -m docs.generate`. Change the code, not this page. -->\n\n"
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "api.md": pages.api,
    "cli.md": pages.command_line,
    "errors.md": pages.errors,
    "exit-codes.md": pages.exit_codes,
    "files.md": pages.files,
    "http.md": pages.http,
    "settings.md": pages.settings,
}


def rendered() -> dict[str, str]:
    """Each file of docs/reference by its name, as the code wants it now."""
    written = {name: HEADER + page().rstrip() + "\n" for name, page in PAGES.items()}
    return written | {"contract.json": contract.as_json()}


def stale(folder: Path = REFERENCE) -> list[str]:
    """The names of the files that are absent, out of date, or no longer generated."""
    wanted = rendered()
    present = {path.name: path.read_text("utf-8") for path in folder.glob("*") if path.is_file()}
    return sorted(name for name in wanted | present if wanted.get(name) != present.get(name))


def write(folder: Path = REFERENCE) -> None:
    """Makes `folder` hold the generated files and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = rendered()
    for path in folder.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main() -> int:
    """The exit status of the program."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look; 1 if a page is stale")
    if not parser.parse_args().check:
        write()
        return 0
    names = stale()
    if names:
        files = ", ".join(f"docs/reference/{name}" for name in names)
        sys.stderr.write(f"Stale: {files}. Run: python -m docs.generate\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
