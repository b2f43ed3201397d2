"""Sends requests held in full, from plans and from front doors, over our own connections.

A write is never sent twice. A plan's read is sent once more where the connection ended before the head of an answer had
come; a raw one never: whoever sent it decides on that. What must not live here: bounds in time, credentials.
"""

from __future__ import annotations

import asyncio
import ssl

from yarl import URL

from gateway.errors import EngineUnavailable
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.failures import (
    NOTHING_SENT,
    AnswerTooLarge,
    ConnectionLost,
    NotConnected,
    UnreadableAnswer,
    name_failure,
)
from gateway.wire.http1.connection import Connection
from gateway.wire.http1.pool import Pool, PoolSettings
from gateway.wire.http1.raw_answer import Http1RawAnswer
from gateway.wire.http1.request import RequestWriter
from gateway.wire.leases import require_leases
from gateway.wire.settings import ClientSettings

_NO_LIMIT = 1 << 62
"""Raw answers are not held, so they may be of any size."""


class Http1Sender:
    """Sends to one engine.

    Args:
        engine: its name, for errors.
        settings: how to reach it.
        other_send: sends HEAD requests of plans.
        other_relay: sends what is not held: streams, polls, HEAD.
    """

    def __init__(
        self, engine: str, settings: ClientSettings, other_send: HeldExchange, other_relay: RawExchange
    ) -> None:
        self._engine, self._settings = engine, settings
        self._other_send, self._other_relay = other_send, other_relay
        self._url = URL(settings.url)
        self._writer = RequestWriter(self._url)
        self._limit = settings.max_answer_bytes
        self._pool: Pool | None = None

    def open(self, tls: ssl.SSLContext | None) -> None:
        """Be ready, with the TLS of an https URL; needs the running loop."""
        settings = self._settings
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(
            self._url,
            PoolSettings(
                most=settings.max_connections,
                keepalive_s=settings.keepalive_s,
                connect_timeout_s=settings.connect_timeout_s,
                tls=tls,
            ),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def send(self, request: VendorRequest, call: Call) -> VendorResponse:
        """Send one request and return its answer in full.

        Raises:
            InvalidRequest: what cannot be written; nothing was sent.
            EngineFailure: by the table of failures.
        """
        body = request.body
        if request.method == "HEAD" or not isinstance(body, bytes):
            return await self._other_send(request, call)
        pool = self._pool
        if pool is None:
            raise self._closed()
        connection = await self._ask(pool, self._writer.write_held(request, call, body), request, call)
        try:
            return connection.answer.response()
        finally:
            pool.release(connection)

    async def relay(self, request: RawRequest, call: Call) -> RawAnswer:
        """Send a request as it is, once, and return its answer as soon as its head is there.

        Raises:
            InvalidRequest: what cannot be written; nothing was sent.
            EngineFailure: by the table of failures.
        """
        body = request.body
        if request.polls or request.method == "HEAD" or not (body is None or isinstance(body, bytes)):
            return await self._other_relay(request, call)
        pool = self._pool
        if pool is None:
            raise self._closed()
        connection = await self._ask(pool, self._writer.write_raw(request, body or b""), request, call)
        return Http1RawAnswer(connection, pool.release, self._engine, request)

    def _closed(self) -> EngineUnavailable:
        return EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)

    async def _ask(self, pool: Pool, text: bytes, request: VendorRequest | RawRequest, call: Call) -> Connection:
        """Return a connection that has the answer, or for a raw request its head; the caller releases it."""
        raw = isinstance(request, RawRequest)
        once_more = not (raw or request.writes)
        while True:
            connection = pool.take_idle() or await self._connect(pool, request, call)
            waiter: asyncio.Future[None] = self._loop.create_future()
            connection.send(text, _NO_LIMIT if raw else self._limit, waiter, head_first=raw)
            try:
                await waiter
            except (ConnectionLost, UnreadableAnswer, AnswerTooLarge) as error:
                pool.release(connection)  # closes it
                if isinstance(error, ConnectionLost):
                    pool.close_idle()
                    if once_more and error.headless:
                        once_more = False
                        continue
                raise name_failure(error, self._engine, writes=request.writes) from error
            except BaseException:
                pool.release(connection)  # closes it, unless the answer is complete
                raise
            finally:
                del waiter  # it has the error, whose traceback has this frame: a cycle around the whole request
            return connection

    async def _connect(self, pool: Pool, request: VendorRequest | RawRequest, call: Call) -> Connection:
        """Wait for a connection. That takes time, so a write looks at its lease once more."""
        try:
            connection = await pool.open()
        except NotConnected as error:
            raise name_failure(error, self._engine, writes=request.writes) from error
        except asyncio.CancelledError:
            raise asyncio.CancelledError(NOTHING_SENT) from None
        try:
            if request.writes and call.leases:
                require_leases(call, self._engine)
        except BaseException:
            pool.release(connection)
            raise
        return connection
