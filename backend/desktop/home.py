"""Where the user's own files are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path


def home_of(environment: Mapping[str, str]) -> Path | None:
    """The user's home; None where neither HOME nor the list of users names one, as in containers.

    `Path.home()` reads the environment of this process, and raises where there is none.
    """
    named = environment.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def name_of_user() -> str | None:
    """The name to log in with; None for a user whom the system does not list."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
