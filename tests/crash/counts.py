"""How far a crash test counts: a little in every run, all the way in `./launcher test --all`."""

from __future__ import annotations

import pytest


def quick_and_full(quick: int, full: int) -> list[object]:
    """The two counts of a test, for `@pytest.mark.parametrize("count", quick_and_full(5, 200))`."""
    return [
        pytest.param(quick, id=f"quick-{quick}"),
        pytest.param(full, id=f"full-{full}", marks=pytest.mark.long),
    ]
