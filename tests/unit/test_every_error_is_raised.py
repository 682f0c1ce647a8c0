"""The list of errors holds nothing that cannot happen."""

from __future__ import annotations

from backend.exceptions import all_errors
from tests.helpers.errors_in_source import used_names

# Errors whose code is still being written. It must shrink to empty and then go.
NOT_RAISED_YET: frozenset[str] = frozenset(
    {"ForeignOrigin", "NotAuthenticated", "RequestTooLarge", "ServiceAlreadyRunning"}
)


def names() -> set[str]:
    return {error.__name__ for error in all_errors().values()}


def test_every_error_is_raised_somewhere() -> None:
    assert names() - used_names() <= NOT_RAISED_YET


def test_what_is_raised_by_now_is_no_longer_excused() -> None:
    assert not NOT_RAISED_YET & used_names()
    assert names() >= NOT_RAISED_YET
