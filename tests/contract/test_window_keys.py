"""The page about the window names every shortcut that the window has."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_shortcut_of_the_window_is_on_its_page() -> None:
    sources = [
        *(ROOT / "frontend" / "src").rglob("*.ts"),
        *(ROOT / "frontend" / "src").rglob("*.tsx"),
    ]
    found = {
        keys
        for source in sources
        for keys in re.findall(r'shortcut: "([^"]+)"', source.read_text("utf-8"))
    }
    page = (ROOT / "docs" / "how-to" / "the-window.md").read_text("utf-8")
    told = page[page.index("## Keyboard") :]

    def written(keys: str) -> str:
        if keys.startswith("mod+"):
            return f"`Ctrl+{keys[4:].upper()}`"
        return " ".join(f"`{key}`" for key in keys.split())

    assert len(found) > 10
    assert {keys for keys in found if written(keys) not in told} == set()
