"""Connections: what each of the two databases must be told before it is used."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import StaticPool

from gateway.errors import StoreUnavailable
from gateway.store import migrate

_PAUSE_S = 0.01
"""Between two tries to turn write-ahead logging on; the other one needs a millisecond."""
_USED_AT = "used_at"
_IDLE_S = 1.0
"""A connection that was idle for longer is tried before it is used: the database may have been started again since."""
_LEAST_CONNECT_S = 2
"""libpq takes no less."""


class Tuning(Protocol):
    """What can be set."""

    @property
    def timeout_s(self) -> float:
        """Return the longest wait, seconds."""
        ...

    @property
    def connections(self) -> int:
        """Return the most connections."""
        ...

    @property
    def synchronous(self) -> str:
        """Return when SQLite waits for the disk."""
        ...


def is_sqlite(url: str) -> bool:
    """Return whether the store is a file of this machine."""
    return url.startswith("sqlite:")


def database_path(url: str) -> Path | None:
    """Return the path of a SQLite database; None where it is in no file, as in memory or on PostgreSQL."""
    path = make_url(url).database if is_sqlite(url) else None
    return None if path in {None, "", ":memory:"} else Path(str(path))


def require_there(url: str) -> None:
    """Refuse a SQLite database that is not there, since opening it would create it empty.

    Raises:
        StoreUnavailable: there is no such file, or it is in the memory of a process.
    """
    path = database_path(url)
    if path is not None and not path.is_file():
        raise StoreUnavailable(f"There is no file {path.absolute()}.")
    if path is None and is_sqlite(url):
        raise StoreUnavailable("This store is in the memory of the gateway, where nobody else can read it.")


def file_of(url: str) -> tuple[str, int, int] | None:
    """Return the file that a database is in, as path, device and inode number; None where it is in no file.

    Raises:
        OSError: the file is not there.
    """
    path = database_path(url)
    return None if path is None else (str(path), *_numbers(path))


def is_still(file: tuple[str, int, int] | None) -> bool:
    """Return whether that file is still there: SQLite writes on to a removed one, and everything would be lost."""
    try:
        return file is None or (file[1], file[2]) == _numbers(Path(file[0]))
    except OSError:
        return False


def _numbers(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def connected(url: str, tuning: Tuning) -> Engine:
    """Connect to the database and bring its tables up to date.

    Raises:
        SQLAlchemyError: it cannot be reached, or it is of a later version than this program.
    """
    engine = _sqlite(url, tuning) if is_sqlite(url) else _postgresql(url, tuning)
    try:
        with transactional(engine).begin() as connection:
            migrate.upgrade(connection)
        if engine.dialect.name == "postgresql":
            _upgrade_job_queue(engine)
    except migrate.CommandError as error:
        engine.dispose()
        raise OperationalError("migrate", {}, error) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _upgrade_job_queue(engine: Engine) -> None:
    from gateway.store.job_queue import schema  # noqa: PLC0415 - takes 0.2 s, for nothing on SQLite

    there_was_one = True
    while there_was_one:
        with transactional(engine).begin() as connection:
            migrate.exclude_others(connection)
            there_was_one = schema.take_step(connection)


def transactional(engine: Engine) -> Engine:
    """Return an engine whose connections commit at the end only; to PostgreSQL they commit each statement otherwise."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="READ COMMITTED")


def _sqlite(url: str, tuning: Tuning) -> Engine:
    in_memory = database_path(url) is None
    engine = create_engine(
        url,
        connect_args={"timeout": tuning.timeout_s, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {"pool_size": 1, "max_overflow": 0}),
    )

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver begins transactions when it likes
        _write_ahead(connection, tuning.timeout_s)
        _ = connection.execute(f"PRAGMA synchronous = {tuning.synchronous}")
        _ = connection.execute("PRAGMA secure_delete = ON")  # what is forgotten does not stay in the file

    def begin(connection: Connection) -> None:
        _ = connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that turns writer could not wait its turn

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _write_ahead(connection: Any, timeout_s: float) -> None:
    """Turn write-ahead logging on; SQLite itself does not wait where others open a new file at the same moment.

    Raises:
        OperationalError: others kept the file locked for too long.
    """
    end = time.monotonic() + timeout_s
    while True:
        try:
            _ = connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= end:
                raise
            _ = threading.Event().wait(_PAUSE_S)
        else:
            return


def _postgresql(url: str, tuning: Tuning) -> Engine:
    milliseconds = int(tuning.timeout_s * 1000)
    engine = create_engine(
        url,
        pool_size=tuning.connections,
        max_overflow=0,
        pool_timeout=tuning.timeout_s,
        isolation_level="AUTOCOMMIT",  # setting it for each statement costs more than the statement
        connect_args={
            "connect_timeout": max(_LEAST_CONNECT_S, int(tuning.timeout_s)),
            "tcp_user_timeout": milliseconds,
            "prepare_threshold": None,  # prepared statements break under poolers
        },
    )

    def connect(connection: Any, _record: Any) -> None:
        was, connection.autocommit = connection.autocommit, True
        _ = connection.execute(f"SET statement_timeout = {milliseconds}")
        _ = connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
        connection.autocommit = was

    def checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get(_USED_AT, math.inf) > _IDLE_S and not _answers(engine, connection):
            raise DisconnectionError

    def checkin(_connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    event.listen(engine, "connect", connect)
    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)
    return engine


def _answers(engine: Engine, connection: Any) -> bool:
    """Return whether a connection that was idle is still good."""
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
