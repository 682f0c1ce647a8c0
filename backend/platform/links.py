"""Symbolic links that are swapped in one step and never mistaken for what they lead to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from backend.exceptions import ForeignFolder
from backend.file_utils import storage_errors, sync_folder
from backend.temporaries import temporary_beside


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


def leads_to(link: Path, place: Path) -> bool:
    """Whether the link leads to that place, by whatever name its folder is reached.

    The place itself need not be there any more. Raises: NotWritable.
    """
    target = link_target(link)
    if target is None or target.name != place.name:
        return False
    return os.path.realpath(target.parent) == os.path.realpath(place.parent)


def _refuse_other_than_link(link: Path) -> None:
    if os.path.lexists(link) and not link.is_symlink():
        raise ForeignFolder(link)


@contextlib.contextmanager
def opened_below(root: Path, way: str, *, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `way` (with slashes) below `root`, reached through no link.

    What is done by it is done there, even if a name on the way is swapped for a link meanwhile.
    With `make` the folders that are missing are made.
    Raises: FileNotFoundError when one is missing, another OSError when one is not a real folder.
    """
    if make:
        root.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY
    descriptor = os.open(root, flags)
    try:
        for part in filter(None, way.split("/")):
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            outer, descriptor = descriptor, os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(outer)
        yield descriptor
    finally:
        os.close(descriptor)
