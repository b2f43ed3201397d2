"""Procrastinate's road to the database: the store's own connections, and one more that listens.

So the connections of a process are bounded by ``[store] connections``, each statement by its time-out, and a failure is
``StoreUnavailable`` as everywhere. Statements stand alone (autocommit) and are not prepared, so poolers may share
connections among transactions; listening needs a session, and is left out where there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import psycopg
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult, UniqueViolation
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from gateway.store.store import Store

_PAUSE_S = 1.0
"""Before listening again after a connection was lost; jobs are fetched by polling meanwhile."""
_SILENCE_S = 30.0
"""After so long without a notice the connection is tried: one that is dead would be silent for ever."""
_UNIQUE, _RAISED = "23505", "P0001"
"""States that PostgreSQL reports for a second row of its kind, and for a refusal by a function of the queue."""


class StoreConnector(BaseAsyncConnector):
    """Runs procrastinate's statements on a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open_async(self, pool: Any = None) -> None:
        """Do nothing: the store opens itself when it is needed."""

    async def close_async(self) -> None:
        """Do nothing: whoever made the store closes it."""

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Run a statement.

        Raises:
            StoreUnavailable: it may or may not have run.
            ConnectorException: the database refuses it.
        """
        _ = await self._run(query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        """Run a statement and return its first row.

        Raises:
            StoreUnavailable: it may or may not have run.
            ConnectorException: the database refuses it, or there is no row.
        """
        rows = await self._run(query, arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """Run a statement and return its rows.

        Raises:
            StoreUnavailable: it may or may not have run.
            ConnectorException: the database refuses it.
        """
        return await self._run(query, arguments)

    async def _run(self, query: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        adapted = {name: _adapted(argument) for name, argument in arguments.items()}
        return await self._store.once(lambda connection: _rows(connection, query, adapted))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Hand on notices until cancelled; a lost connection is made again."""
        wanted = list(channels)
        while True:
            try:
                await self._listen(on_notification, wanted)
            except (psycopg.Error, OSError):
                await asyncio.sleep(_PAUSE_S)

    async def _listen(self, on_notification: Notify, channels: list[str]) -> None:
        async with await psycopg.AsyncConnection.connect(**self._address(), autocommit=True) as connection:
            for channel in channels:
                _ = await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            while True:
                async for notice in connection.notifies(timeout=_SILENCE_S):
                    await on_notification(channel=notice.channel, payload=notice.payload)
                _ = await connection.execute("SELECT 1")

    def _address(self) -> dict[str, Any]:
        """Return where and as whom to connect, as libpq has it."""
        url = make_url(self._store.settings.url)
        _, address = url.get_dialect()().create_connect_args(url)
        timeout_s = max(2, int(self._store.settings.timeout_s))
        return {**address, "connect_timeout": timeout_s, "tcp_user_timeout": timeout_s * 1000}


def _rows(connection: Connection, query: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a statement and return its rows.

    Raises:
        UniqueViolation: there is such a row. ConnectorException: a function of the queue refuses it.
        SQLAlchemyError: anything else.
    """
    try:
        result = connection.exec_driver_sql(query, arguments)
    except DBAPIError as error:
        original: Any = error.orig
        if original.sqlstate == _UNIQUE:
            constraint = original.diag.constraint_name
            raise UniqueViolation(constraint_name=constraint, queueing_lock=None) from error
        if original.sqlstate == _RAISED:
            raise ConnectorException from error
        raise
    return [dict(row) for row in result.mappings()] if result.returns_rows else []


def _adapted(argument: Any) -> Any:
    """Return an argument as the driver takes it: maps are JSON, also inside lists and rows."""
    if isinstance(argument, dict):
        return Jsonb(argument)
    if isinstance(argument, list):
        return [_adapted(each) for each in argument]
    if isinstance(argument, tuple):
        return tuple(_adapted(each) for each in argument)
    return argument
