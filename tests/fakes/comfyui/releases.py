"""The releases the fakes know, in one place, so that the repository and the API agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

TAGS: Final = ("v0.3.61", "v0.3.62", "v0.3.63", "v0.3.64")

_DAYS: Final[Mapping[str, datetime]] = {
    "v0.3.61": datetime(2025, 9, 29, 4, 12, 30, tzinfo=UTC),
    "v0.3.62": datetime(2025, 9, 30, 5, 26, 58, tzinfo=UTC),
    "v0.3.63": datetime(2025, 10, 6, 21, 42, 5, tzinfo=UTC),
    "v0.3.64": datetime(2025, 10, 8, 6, 1, 17, tzinfo=UTC),
}
_STEP: Final = timedelta(days=7)


def release_dates(tags: Sequence[str]) -> dict[str, datetime]:
    """When each tag was released: the true day where there is one, else a week after the last."""
    dates: dict[str, datetime] = {}
    latest = min(_DAYS.values()) - _STEP
    for tag in tags:
        latest = dates[tag] = _DAYS.get(tag, latest + _STEP)
    return dates
