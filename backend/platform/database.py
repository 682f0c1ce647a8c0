"""SQLite the way we use it: durable, with transactions that cover everything, and migrations.

A connection belongs to one thread. Outside `transaction` each statement stands for itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from backend.exceptions import (
    ComfyUILauncherError,
    DiskFull,
    MetadataCorrupt,
    MetadataFromTheFuture,
    NotWritable,
    OperationConflict,
    PathNotFound,
)
from backend.file_utils import free_bytes, storage_errors

BUSY_TIMEOUT_MILLISECONDS: Final = 5000

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_REFUSED: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM}
)


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that lead from the version before to `version` (1 is the first)."""

    version: int
    statements: Sequence[str]


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """An open database: write-ahead log, foreign keys on, waits 5 s for other writers.

    What was committed survives a power cut (synchronous = FULL).
    Raises: PathNotFound (read_only and absent), MetadataCorrupt, NotWritable, DiskFull.
    """
    if read_only and not path.exists():
        raise PathNotFound(path, wanted="a database")
    if not read_only:
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    address = f"file:{quote(str(path.absolute()))}?mode={'ro' if read_only else 'rwc'}"
    with database_errors(path):
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            if not read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM sqlite_schema")  # reads it: damage shows here
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that happens inside is kept, or none of it, changes of the schema included.

    Inside another transaction it is a savepoint: only the inner part is undone when it raises.
    (`with connection:` does neither.) Raises: DiskFull, NotWritable, MetadataCorrupt,
    OperationConflict when another process writes for longer than 5 s.
    """
    nested = connection.in_transaction
    begin, keep, undo = (
        ("SAVEPOINT inner_part", "RELEASE inner_part", "ROLLBACK TO inner_part")
        if nested
        else ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
    )
    with database_errors(_path_of(connection)):
        connection.execute(begin)
        try:
            yield connection
            connection.execute(keep)
        except BaseException:
            if connection.in_transaction:  # a full disk has ended it already
                connection.execute(undo)
                if nested:
                    connection.execute(keep)
            raise


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Brings the schema to the last of `migrations`, each one whole or not at all.

    Raises: MetadataFromTheFuture, before anything is touched, when a newer launcher made it; what
    `transaction` raises.
    """
    ordered = sorted(migrations, key=lambda migration: migration.version)
    newest = ordered[-1].version if ordered else 0
    if (present := schema_version(connection)) > newest:
        raise MetadataFromTheFuture(_path_of(connection), schema=present)
    for migration in ordered:
        if migration.version > present:
            _apply(connection, migration)


def schema_version(connection: sqlite3.Connection) -> int:
    """The version of the last migration that was applied; 0 for a new database."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@contextlib.contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors about the file below this line into ours; others pass unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if ours := _translate(error, path):
            raise ours from error
        raise


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    with transaction(connection):
        if schema_version(connection) >= migration.version:
            return  # another process was faster
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {migration.version:d}")


def _translate(error: sqlite3.DatabaseError, path: Path) -> ComfyUILauncherError | None:
    # The low byte is the kind of error; the rest tells variants of it apart.
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return DiskFull(path, needed=None, free=free_bytes(path))
    if kind in _DAMAGED:
        return MetadataCorrupt(path, reason=str(error))
    if kind in _BUSY:
        return OperationConflict(str(path), kind="Another process", operation_id="")
    if kind in _REFUSED:
        return NotWritable(path, reason=str(error))
    return None


def _path_of(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2] or ":memory:")
