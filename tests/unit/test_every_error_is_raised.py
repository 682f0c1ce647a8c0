"""The list of errors holds nothing that cannot happen."""

from __future__ import annotations

from backend.exceptions import all_errors
from tests.helpers.errors_in_source import used_names


def test_every_error_is_raised_somewhere() -> None:
    assert {error.__name__ for error in all_errors().values()} - used_names() == set()
