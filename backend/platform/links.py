"""Symbolic links that are swapped in one step and never mistaken for what they lead to."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from backend.exceptions import ForeignFolder
from backend.file_utils import storage_errors, sync_folder, temporary_beside


def replace_link(link: Path, target: Path) -> None:
    """After this returns, `link` leads to `target` for good; at no moment is it absent.

    Raises: ForeignFolder when something that is not a link stands there, NotWritable, DiskFull.
    """
    temporary = temporary_beside(link)
    with storage_errors(link):
        _refuse_other_than_link(link)
        link.parent.mkdir(parents=True, exist_ok=True)
        temporary.symlink_to(target)
        try:
            temporary.replace(link)
        except IsADirectoryError as error:  # made since we looked
            raise ForeignFolder(link) from error
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(link.parent)


def remove_link(link: Path) -> None:
    """After this returns, there is no such link; what it led to is untouched.

    Raises: ForeignFolder when something that is not a link stands there, NotWritable.
    """
    with storage_errors(link):
        _refuse_other_than_link(link)
        if link.is_symlink():
            link.unlink(missing_ok=True)
            sync_folder(link.parent)


def link_target(link: Path) -> Path | None:
    """Where the link leads, one step, absolute (it may not exist); None if there is no link.

    Raises: NotWritable when the folder may not be read.
    """
    with storage_errors(link), contextlib.suppress(FileNotFoundError):
        if link.is_symlink():
            return Path(os.path.normpath(link.parent.absolute() / link.readlink()))
    return None


def _refuse_other_than_link(link: Path) -> None:
    if os.path.lexists(link) and not link.is_symlink():
        raise ForeignFolder(link)
