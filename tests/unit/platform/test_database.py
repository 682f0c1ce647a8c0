from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.exceptions import (
    DiskFull,
    MetadataCorrupt,
    MetadataFromTheFuture,
    NotWritable,
    OperationConflict,
    PathNotFound,
)
from backend.platform.database import Migration, connect, migrate, schema_version, transaction
from tests.helpers.processes import python_that_said, run_python
from tests.helpers.volumes import fill, mounted

FIRST = Migration(1, ["CREATE TABLE a(x INTEGER)", "INSERT INTO a VALUES (1)"])
SECOND = Migration(2, ["CREATE TABLE b(y)", "ALTER TABLE a ADD COLUMN z", "UPDATE a SET z = 2"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library" / "models.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


def value(connection: sqlite3.Connection, question: str) -> object:
    return connection.execute(question).fetchone()[0]


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def run(
    connection: sqlite3.Connection, *statements: str, then: type[BaseException] | None = None
) -> None:
    """A transaction of these statements, ended by raising `then`."""
    with transaction(connection):
        for statement in statements:
            connection.execute(statement)
        if then is not None:
            raise then


def test_a_connection_is_durable_and_strict(database: sqlite3.Connection) -> None:
    assert value(database, "PRAGMA journal_mode") == "wal"
    assert value(database, "PRAGMA foreign_keys") == 1
    assert value(database, "PRAGMA busy_timeout") == 5000
    assert value(database, "PRAGMA synchronous") == 2  # FULL


def test_a_broken_reference_is_refused(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE parent(id INTEGER PRIMARY KEY)")
    database.execute("CREATE TABLE child(parent REFERENCES parent(id))")
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("INSERT INTO child VALUES (7)")


def test_a_path_with_odd_characters_is_opened_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "50%20 off?mode=memory#é" / "models.db"
    with closing(connect(odd)) as connection:
        connection.execute("CREATE TABLE a(x)")
    assert odd.is_file()


def test_what_ends_well_is_kept(database: sqlite3.Connection, path: Path) -> None:
    with transaction(database):
        database.execute("CREATE TABLE a(x)")
        database.execute("INSERT INTO a VALUES (1)")
    with closing(connect(path, read_only=True)) as other:
        assert value(other, "SELECT x FROM a") == 1


def test_what_fails_leaves_neither_rows_nor_tables(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE a(x)")
    statements = ("INSERT INTO a VALUES (1)", "CREATE TABLE b(y)", "DROP TABLE a")
    with pytest.raises(KeyError):
        run(database, *statements, then=KeyError)
    assert tables(database) == {"a"}
    assert value(database, "SELECT count(*) FROM a") == 0


def test_an_interrupt_undoes_too(database: sqlite3.Connection) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(database, "CREATE TABLE a(x)", then=KeyboardInterrupt)
    assert not tables(database)
    assert not database.in_transaction


def test_an_inner_part_that_fails_leaves_the_outer_one(database: sqlite3.Connection) -> None:
    with transaction(database):
        database.execute("CREATE TABLE a(x)")
        with pytest.raises(KeyError):
            run(database, "CREATE TABLE b(x)", then=KeyError)
        with transaction(database):
            run(database, "CREATE TABLE c(x)")
    assert tables(database) == {"a", "c"}


def test_an_inner_part_that_went_well_goes_with_the_outer_one(
    database: sqlite3.Connection,
) -> None:
    def outer() -> None:
        with transaction(database):
            run(database, "CREATE TABLE a(x)")
            raise KeyError

    with pytest.raises(KeyError):
        outer()
    assert not tables(database)


def test_a_reader_sees_only_what_is_committed(database: sqlite3.Connection, path: Path) -> None:
    database.execute("CREATE TABLE a(x)")
    with closing(connect(path, read_only=True)) as reader, transaction(database):
        database.execute("INSERT INTO a VALUES (1)")
        assert value(reader, "SELECT count(*) FROM a") == 0


def test_a_writer_waits_for_another_and_then_says_so(
    database: sqlite3.Connection, path: Path
) -> None:
    database.execute("CREATE TABLE a(x)")
    database.execute("PRAGMA busy_timeout = 50")
    code = """
        import sys
        from pathlib import Path
        from backend.platform.database import connect, transaction
        with transaction(connect(Path(sys.argv[1]))):
            print("writing", flush=True)
            sys.stdin.read()
    """
    with python_that_said("writing", code, path) as writer:
        with pytest.raises(OperationConflict, match="Another process"), transaction(database):
            pass
        writer.kill()
    with transaction(database):
        database.execute("INSERT INTO a VALUES (1)")


def test_a_full_disk_is_told_and_what_was_committed_stays(tmp_path: Path) -> None:
    with (
        mounted(tmp_path, size="2m") as volume,
        closing(connect(volume / "models.db")) as connection,
    ):
        with transaction(connection):
            connection.execute("CREATE TABLE a(x)")
            connection.execute("INSERT INTO a VALUES ('kept')")
        fill(volume)
        with pytest.raises(DiskFull), transaction(connection):
            connection.execute("INSERT INTO a VALUES (randomblob(3000000))")
        assert not connection.in_transaction
        assert connection.execute("SELECT x FROM a").fetchall() == [("kept",)]


def test_reading_only_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound):
        connect(tmp_path / "absent" / "models.db", read_only=True)
    assert not list(tmp_path.iterdir())


def test_reading_only_cannot_write(database: sqlite3.Connection, path: Path) -> None:
    database.execute("CREATE TABLE a(x)")
    with (
        closing(connect(path, read_only=True)) as reader,
        pytest.raises(NotWritable),
        transaction(reader),
    ):
        reader.execute("INSERT INTO a VALUES (1)")


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "models.db"
    path.write_bytes(b"this is no database, whatever its name may say " * 40)
    before = path.read_bytes()
    with pytest.raises(MetadataCorrupt, match=r"models\.db is damaged"):
        connect(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_a_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotWritable):
        connect(tmp_path)


def test_mistakes_of_our_own_pass_unchanged(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), transaction(database):
        database.execute("SELECT * FROM nowhere")


def test_migrations_are_applied_in_order_and_once(database: sqlite3.Connection) -> None:
    migrate(database, [SECOND, FIRST])
    migrate(database, [FIRST, SECOND])
    assert schema_version(database) == 2
    assert database.execute("SELECT x, z FROM a").fetchall() == [(1, 2)]


def test_only_the_missing_migrations_are_applied(database: sqlite3.Connection) -> None:
    migrate(database, [FIRST])
    database.execute("INSERT INTO a VALUES (5)")
    migrate(database, [FIRST, SECOND])
    assert database.execute("SELECT x, z FROM a").fetchall() == [(1, 2), (5, 2)]


@pytest.mark.parametrize("broken_at", range(4))
def test_a_migration_that_fails_at_any_statement_leaves_the_version_before(
    database: sqlite3.Connection, broken_at: int
) -> None:
    migrate(database, [FIRST])
    statements = list(SECOND.statements)
    statements.insert(broken_at, "THIS IS NO SQL")
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, [FIRST, Migration(2, statements)])
    assert schema_version(database) == 1
    assert tables(database) == {"a"}
    migrate(database, [FIRST, SECOND])
    assert schema_version(database) == 2


@pytest.mark.parametrize("killed_at", range(4))
def test_a_kill_at_any_statement_leaves_the_version_before(path: Path, killed_at: int) -> None:
    code = """
        import os, signal, sys
        from pathlib import Path
        from backend.platform.database import connect, migrate
        from tests.unit.platform.test_database import FIRST, SECOND, Migration
        connection = connect(Path(sys.argv[1]))
        migrate(connection, [FIRST])
        connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
        statements = list(SECOND.statements)
        statements.insert(int(sys.argv[2]), "SELECT die()")
        migrate(connection, [FIRST, Migration(2, statements)])
    """
    done = run_python(code, path, killed_at)
    assert done.returncode == -9, done.stderr
    with closing(connect(path)) as database:
        assert schema_version(database) == 1
        assert tables(database) == {"a"}
        migrate(database, [FIRST, SECOND])
        assert schema_version(database) == 2


def test_a_database_from_the_future_is_refused_and_left_untouched(path: Path) -> None:
    with closing(connect(path)) as database:
        migrate(database, [FIRST, SECOND])
    before = path.read_bytes()
    with closing(connect(path)) as database:
        with pytest.raises(MetadataFromTheFuture) as caught:
            migrate(database, [FIRST])
        assert caught.value.context == {"path": str(path), "schema": 2}
    assert path.read_bytes() == before


def test_two_processes_that_migrate_at_once_apply_each_step_once(path: Path) -> None:
    slow = Migration(1, ["CREATE TABLE a(x)", "INSERT INTO a VALUES (1)"])
    code = """
        import sys
        from pathlib import Path
        from backend.platform.database import Migration, connect, migrate, transaction
        connection = connect(Path(sys.argv[1]))
        with transaction(connection):
            print("ready", flush=True)
            sys.stdin.readline()
            connection.execute("CREATE TABLE a(x)")
            connection.execute("INSERT INTO a VALUES (1)")
            connection.execute("PRAGMA user_version = 1")
        print("done", flush=True)
    """
    with (
        python_that_said("ready", code, path) as other,
        closing(connect(path)) as database,
    ):
        assert schema_version(database) == 0
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.close()
        migrate(database, [slow])
        assert value(database, "SELECT count(*) FROM a") == 1
