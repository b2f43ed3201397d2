"""The one way to the database: a few threads, each statement bounded in time, every failure one error.

SQLAlchemy is used synchronously, in threads of its own: its asynchronous interface costs far more (289 µs a statement
on SQLite, against 37 µs). The event loop never waits for a disk or a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from gateway.errors import InvalidRequest, StoreUnavailable
from gateway.store import tables
from gateway.store.connect import connected, file_of, is_sqlite, is_still, transactional
from gateway.store.statements import insert

R = TypeVar("R")
_SECRET_BYTES = 32
_PAUSE_S = 1.0
"""Between two tries to open a database that is not there: callers are refused at once, not one time-out each."""
_OURS = (IntegrityError, ProgrammingError)
"""Faults of a statement, not of the road."""
_TOO_LONG = "54000"
"""SQLSTATE of PostgreSQL for a text that is longer than an index can hold."""

__all__ = ["Settings", "Store", "is_sqlite"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the store is, and how long it may take.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql+psycopg://…``; may hold a password.
        timeout_s: longest wait for the database, seconds.
        connections: to PostgreSQL, at most; SQLite has one writer anyway, so it gets one.
        synchronous: of SQLite: ``normal`` survives the end of a process at any point, ``full`` a power cut as well.
    """

    url: str
    timeout_s: float = 5.0
    connections: int = 4
    synchronous: str = "normal"

    def __repr__(self) -> str:
        """Name no secret."""
        return "Settings(…)"


class Store:
    """A database that may come and go."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._threads = ThreadPoolExecutor(
            1 if is_sqlite(settings.url) else settings.connections, thread_name_prefix="varbridge-store"
        )
        self._lock = threading.Lock()
        self._failed_at = -_PAUSE_S
        self._engine: Engine | None = None
        self._file: tuple[str, int, int] | None = None
        self._secrets: dict[str, bytes] = {}

    @property
    def is_sqlite(self) -> bool:
        """Return whether it is a file of this machine; else PostgreSQL."""
        return is_sqlite(self.settings.url)

    async def open(self) -> StoreUnavailable | None:
        """Bring the tables up to date; return the error that prevents it, if any: it is tried again when needed."""
        try:
            await self.run(lambda _connection: None)
        except StoreUnavailable as error:
            return error
        return None

    async def reachable(self) -> bool:
        """Return whether the store can be used now."""
        try:
            return await self.once(lambda connection: connection.execute(select(1)).scalar_one() == 1)
        except StoreUnavailable:
            return False

    async def close(self) -> None:
        """Close every connection; a statement that hangs is waited for no longer than any other.

        They are closed in the threads that use them: SQLite breaks the process when another one closes them.
        """
        if self._engine is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.timeout_s):
                    await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.dispose)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[Connection], R]) -> R:
        """Do some work in one transaction, in a thread.

        Raises:
            StoreUnavailable: the database cannot be reached, or not in time; whether the work was committed is then
                not known.
        """
        return await self._bounded(lambda: self._transaction(work))

    async def once(self, work: Callable[[Connection], R]) -> R:
        """Do a single statement, in a thread: on PostgreSQL one round trip instead of three.

        Raises:
            StoreUnavailable: as for ``run``.
        """
        return await self._bounded(lambda: self._statement(work))

    async def secret(self, name: str) -> bytes:
        """Return a secret of 32 bytes, made when it is first asked for; it is the same for every replica, for ever.

        Raises:
            StoreUnavailable: it was not asked for before in this process, and the database cannot be reached.
        """
        if name not in self._secrets:
            made = secrets.token_bytes(_SECRET_BYTES)
            self._secrets[name] = await self.run(lambda connection: _kept(connection, name, made))
        return self._secrets[name]

    async def _bounded(self, work: Callable[[], R]) -> R:
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise StoreUnavailable("The store did not answer in time.") from error
        except _OURS:
            raise
        except DBAPIError as error:
            raise unstorable(error) or unavailable(error) from error
        except (SQLAlchemyError, OSError, RuntimeError) as error:  # RuntimeError: the threads are shut down
            raise unavailable(error) from error

    def _transaction(self, work: Callable[[Connection], R]) -> R:
        with transactional(self._database()).begin() as connection:
            return work(connection)

    def _statement(self, work: Callable[[Connection], R]) -> R:
        if self.is_sqlite:
            return self._transaction(work)
        with self._database().connect() as connection:
            return work(connection)

    def _database(self) -> Engine:
        """Return the database, connected and up to date."""
        if self._engine is not None:
            if not is_still(self._file):
                raise StoreUnavailable("There is not the file that was opened: it was removed or replaced.")
            return self._engine
        with self._lock:
            if self._engine is None:
                engine = self._connected()
                self._file, self._engine = file_of(self.settings.url), engine
            return self._engine

    def _connected(self) -> Engine:
        if time.monotonic() - self._failed_at < _PAUSE_S:
            raise StoreUnavailable("The store could not be opened a moment ago.")
        try:
            return connected(self.settings.url, self.settings)
        except BaseException:
            self._failed_at = time.monotonic()
            raise


def unavailable(error: Exception) -> StoreUnavailable:
    """Return the error that callers are told for a failure of the database or of the road to it."""
    return StoreUnavailable(f"The store cannot be used ({type(error).__name__}).")


def unstorable(error: Exception) -> InvalidRequest | None:
    """Return the refusal of a text that the database cannot hold; None for every other failure."""
    if isinstance(error, DataError):
        return InvalidRequest("A text has a character that the store cannot hold, such as NUL.")
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _TOO_LONG:
        return InvalidRequest("An id is longer than the store can hold.")
    return None


def _kept(connection: Connection, name: str, made: bytes) -> bytes:
    table = tables.secrets
    _ = connection.execute(insert(connection, table).values(name=name, secret=made).on_conflict_do_nothing())
    found: bytes = connection.execute(select(table.c.secret).where(table.c.name == name)).scalar_one()
    return found
