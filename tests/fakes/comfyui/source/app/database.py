"""The database file of ComfyUI: one SQLite file, at --database-url or in user/."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from comfy.cli_args import SOURCE, args

log = logging.getLogger(__name__)

PREFIX = "sqlite:///"
PARTS = (
    "autogenerate.schemas",
    "autogenerate.tables",
    "autogenerate.types",
    "autogenerate.constraints",
    "autogenerate.defaults",
    "autogenerate.comments",
    "ext.checkconstraint_byname",
)


def database_path():
    if not args.database_url.startswith(PREFIX):
        raise ValueError(f"Unsupported database URL '{args.database_url}'.")
    return Path(args.database_url.removeprefix(PREFIX))


def _create(path):
    if path.parent == SOURCE / "user":
        path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.commit()


def set_up():
    """Makes the database file; a failure is logged and the start goes on without it."""
    for part in PARTS:
        log.info("setup plugin alembic.%s", part)
    try:
        _create(database_path())
    except (OSError, ValueError, sqlite3.Error) as error:
        log.error("Failed to initialize database: %s", error)
        return
    log.info("Context impl SQLiteImpl.")
    log.info("Will assume non-transactional DDL.")
    log.info("No target revision found.")
