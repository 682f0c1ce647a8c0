"""What the page says about the backend's names is held against the backend."""

from __future__ import annotations

import re
from pathlib import Path

from backend.config import Settings

SOURCE = Path(__file__).parents[2] / "frontend" / "src"


def test_every_setting_has_its_place_and_its_words_in_the_window() -> None:
    catalogue = (SOURCE / "features" / "settings" / "catalogue.ts").read_text("utf-8")
    entries = catalogue[catalogue.index("ENTRIES") : catalogue.index("SHOWN_ELSEWHERE")]
    shown = re.findall(r'name: "(\w+)"', entries)
    elsewhere = re.search(r"SHOWN_ELSEWHERE[^=]*= \[(.*?)\];", catalogue)
    assert elsewhere is not None
    assert sorted(shown + re.findall(r'"(\w+)"', elsewhere[1])) == sorted(Settings.model_fields)
