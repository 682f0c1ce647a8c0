"""Writes docs/reference, the types of the page and the figures of what we promise, so that they
cannot disagree with the code and with what was counted.

`python -m docs.generate` writes the files; `--check` writes nothing, names the files that are
stale and exits with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs.generator import contract, pages, promises, typescript

ROOT: Final = Path(__file__).parents[1]
REFERENCE: Final = "docs/reference"
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
TYPES: Final = "frontend/src/transport/contract.generated.ts"


def rendered() -> dict[str, str]:
    """Each generated file by its path below the root, as the code wants it now."""
    written = {
        f"{REFERENCE}/{name}": HEADER + page().rstrip() + "\n" for name, page in PAGES.items()
    }
    return written | {
        f"{REFERENCE}/contract.json": contract.as_json(),
        TYPES: typescript.contract_types(),
        promises.PAGE: promises.page(),
    }


def stale(root: Path = ROOT) -> list[str]:
    """The paths of the files that are absent, out of date, or no longer generated."""
    wanted = rendered()
    present = {name: (root / name).read_text("utf-8") for name in _present(root, wanted)}
    return sorted(name for name in wanted | present if wanted.get(name) != present.get(name))


def write(root: Path = ROOT) -> None:
    """Writes every generated file; docs/reference then holds these and nothing else."""
    wanted = rendered()
    for name in _present(root, wanted) - wanted.keys():
        (root / name).unlink()
    for name, text in wanted.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """The exit status of the program."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look; 1 if a file is stale")
    if not parser.parse_args().check:
        write()
        return 0
    names = stale()
    if names:
        sys.stderr.write(f"Stale: {', '.join(names)}. Run: python -m docs.generate\n")
    return 1 if names else 0


def _present(root: Path, wanted: Mapping[str, str]) -> set[str]:
    """The wanted files that are there, and all that lies in the folder that is ours alone."""
    ours = {f"{REFERENCE}/{path.name}" for path in (root / REFERENCE).glob("*") if path.is_file()}
    return ours | {name for name in wanted if (root / name).is_file()}


if __name__ == "__main__":
    sys.exit(main())
