"""What is wrong with what is shown, as far as a machine can say; and pictures for people."""

from __future__ import annotations

from typing import Final

from tests.helpers.browser import SIZES, THEMES
from tests.helpers.stage import Stage

Look = tuple[str, str]

EVERY_LOOK: Final[tuple[Look, ...]] = tuple((theme, size) for theme in THEMES for size in SIZES)
# Both themes and both sizes, without each with each.
TWO_LOOKS: Final[tuple[Look, ...]] = (("dark", "1440x900"), ("light", "1024x640"))


def findings(stage: Stage, name: str, looks: tuple[Look, ...] = TWO_LOOKS) -> list[str]:
    """What is wrong with what is shown now, in each look; a picture of each is written."""
    shown = stage.shown
    found = []
    for theme, size in looks:
        shown.dress(theme, size)
        stage.shoot(f"{name}-{theme}-{size}")
        if (wide := shown.overflow()) > 0:
            found.append(f"{size}: the page is {wide} px too wide")
        # In another look only colours and places are new.
        alone = (theme, size) != looks[0]
        found += [f"{theme} {size}: {one}" for one in shown.axe(only_colours=alone)]
    return found + shown.faults
