"""What was asked, as it may be kept on record so that it can be asked again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from backend.logging_config import scrub

_PRIVATE_URL: Final = re.compile(r"://.*[@?]", re.DOTALL)  # with user info, or a query


def as_kept(request: BaseModel | None) -> dict[str, Any] | None:
    """The request; None for one that may hold a secret: it cannot be asked again.

    A secret in a URL has many names (`?key=`, `?sig=`), so any query is taken for one.
    """
    if request is None:
        return None
    asked, text = request.model_dump(mode="json"), request.model_dump_json()
    is_private = scrub(text) != text or any(_PRIVATE_URL.search(one) for one in _texts(asked))
    return None if is_private else asked


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for one in pair for text in _texts(one))
    elif isinstance(value, Sequence):
        yield from (text for one in value for text in _texts(one))
