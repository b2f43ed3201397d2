"""Group commit: statements that wait at the same moment are carried out together, in one turn of a thread.

The first one starts a turn; while it runs, others gather for the next. So a statement that comes alone waits for none,
and under load dozens share one commit. On PostgreSQL the rows of a kind are one statement. On SQLite, where a statement
is no round trip, they are one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from gateway.errors import StoreUnavailable
from gateway.store.store import Store, unavailable, unstorable

P = TypeVar("P")
R = TypeVar("R")
_FAULTS = (DataError, IntegrityError, ProgrammingError, ValueError)
"""Faults of a row, e.g. text that the database cannot hold (ValueError: that is no Unicode); others may be fine."""
_PATIENCE_S = 0.003
"""How long a row waits that nobody waits for; less than the pause of a process that waits for a lock."""
_GATHER_S = 0.002
"""How long the next turn on PostgreSQL waits for more rows under load; a turn costs the gateway some 0.4 ms of CPU."""
_LOAD = 3
"""Rows of the turn before that mean load."""
_Outcomes: TypeAlias = list[Any]
"""For each row its result, or the error that it fails with."""


class Kind(Generic[P, R]):
    """A kind of statement.

    Args:
        many: carries out rows as one statement on PostgreSQL, all or none; returns what came of each, in order.
        one: carries out one row on SQLite; None = this kind is for PostgreSQL only.
    """

    def __init__(
        self,
        many: Callable[[Connection, Sequence[P]], Sequence[R]],
        one: Callable[[Connection, P], R] | None = None,
    ) -> None:
        self._many, self._one = many, one

    def carry_out(self, connection: Connection, rows: Sequence[P]) -> _Outcomes:
        """Carry out rows; return for each its result or the error it fails with. A bad row does not harm the others."""
        if self._one is not None and connection.dialect.name == "sqlite":
            return [_alone(self._one, connection, row) for row in rows]
        try:
            return list(self._many(connection, rows))
        except (SQLAlchemyError, OSError, ValueError) as error:
            fault = unstorable(error) or (error if isinstance(error, _FAULTS) else None)
            if fault is None:
                return [unavailable(error)] * len(rows)  # earlier kinds of this turn are committed all the same
            return [fault] if len(rows) == 1 else [self.carry_out(connection, [row])[0] for row in rows]


def _alone(one: Callable[[Connection, P], R], connection: Connection, row: P) -> R | Exception:
    try:
        return one(connection, row)
    except _FAULTS as fault:  # SQLite undoes this statement only; the transaction goes on
        return fault


class Groups:
    """What waits for one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[Kind[Any, Any], list[tuple[Any, asyncio.Future[Any]]]] = {}
        self._is_urgent = False
        self._turns: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def join(self, kind: Kind[P, R], row: P, *, patient: bool = False) -> asyncio.Future[R]:
        """Carry out one row with all that wait at this moment; a patient row waits a little for one that is not.

        Raises (when awaited):
            StoreUnavailable: the row may or may not have been carried out.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        self._waiting.setdefault(kind, []).append((row, done))
        if not patient:
            self._begin()
        elif self._timer is None:
            self._timer = loop.call_later(_PATIENCE_S, self._begin)
        return done

    def _begin(self) -> None:
        """Begin a turn with all that waits, or have one follow the turn that runs."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_urgent = bool(self._waiting)
        if self._turns is None and self._is_urgent:
            self._turns = asyncio.get_running_loop().create_task(self._take_turns())

    async def _take_turns(self) -> None:
        busy = False
        try:
            while self._is_urgent:
                if busy and not self._store.is_sqlite:
                    await asyncio.sleep(_GATHER_S)
                waiting, self._waiting, self._is_urgent = self._waiting, {}, False
                busy = await self._turn(waiting) >= _LOAD
        finally:
            self._turns = None

    async def _turn(self, waiting: dict[Kind[Any, Any], list[tuple[Any, asyncio.Future[Any]]]]) -> int:
        rows = {kind: [row for row, _ in entries] for kind, entries in waiting.items()}
        futures = [done for entries in waiting.values() for _, done in entries]
        try:
            outcomes = await self._store.once(lambda connection: _carry_out(connection, rows))
        except BaseException as error:
            for done in futures:
                _settle(done, error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
        else:
            for done, outcome in zip(futures, outcomes, strict=True):
                _settle(done, outcome)
        return len(futures)


def _carry_out(connection: Connection, rows: dict[Kind[Any, Any], list[Any]]) -> _Outcomes:
    return [outcome for kind, asked in rows.items() for outcome in kind.carry_out(connection, asked)]


def _settle(done: asyncio.Future[Any], outcome: object) -> None:
    if done.done():
        return  # the caller has gone
    if isinstance(outcome, StoreUnavailable):
        done.set_exception(StoreUnavailable(outcome.detail))  # each caller adds its own traceback to it
    elif isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
