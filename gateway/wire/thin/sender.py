"""The innermost sender for small exchanges, and what each of its failures means.

A write is never sent twice. A read is sent once more where the connection ended before the head of an answer had come.
"""

from __future__ import annotations

import asyncio

from yarl import URL

from gateway.errors import EngineFailure, EngineMisbehaved, EngineUnavailable, OutcomeUnknown
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.wire.credentials import Sender
from gateway.wire.socket import ClientSettings
from gateway.wire.thin.answer import TooLarge, Unreadable
from gateway.wire.thin.connection import Lost
from gateway.wire.thin.pool import Bounds, Pool, Unreached
from gateway.wire.thin.text import Writer


class Thin:
    """Sends to one engine.

    Args:
        engine: its name, for errors.
        settings: how to reach it.
        other: sends what is not small: streams, forms, and HEAD.
    """

    def __init__(self, engine: str, settings: ClientSettings, other: Sender) -> None:
        self._engine, self._settings, self._other = engine, settings, other
        self._url = URL(settings.url)
        self._writer = Writer(self._url)
        self._limit = settings.max_answer_bytes
        self._pool: Pool | None = None

    def open(self) -> None:
        """Be ready; needs the running loop."""
        settings = self._settings
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(
            self._url,
            Bounds(
                most=settings.max_connections,
                keepalive_s=settings.keepalive_s,
                connect_timeout_s=settings.connect_timeout_s,
            ),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def send(self, request: VendorRequest, call: Call) -> VendorResponse:
        """Send one request and give the answer in full.

        Raises:
            InvalidRequest: what cannot be written; nothing was sent.
            EngineUnavailable: nothing was sent, or a read was cut off.
            OutcomeUnknown: a write may have been sent and was not answered.
            EngineMisbehaved: the answer is no HTTP, or larger than the limit.
        """
        body = request.body
        if not isinstance(body, bytes) or request.streams_answer or request.method == "HEAD":
            return await self._other(request, call)
        if self._pool is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        text = self._writer.text(request, call, body)
        try:
            try:
                return await self._exchanged(self._pool, text)
            except Lost as lost:
                self._pool.distrust()
                if request.writes or not lost.headless:
                    raise
                return await self._exchanged(self._pool, text)
        except (Unreached, Lost, Unreadable, TooLarge) as error:
            raise self._failure(error, request) from error

    async def _exchanged(self, pool: Pool, text: bytes) -> VendorResponse:
        connection = pool.kept() or await pool.opened()
        waiter: asyncio.Future[VendorResponse] = self._loop.create_future()
        connection.ask(text, self._limit, waiter)
        try:
            return await waiter
        finally:
            pool.release(connection)  # closes it, unless the answer is complete

    def _failure(self, error: Exception, request: VendorRequest) -> EngineFailure:
        """Say what a failed exchange means; the same table as for the other client."""
        name = self._engine
        match error:
            case Unreached():
                return EngineUnavailable("No connection to the engine could be made.", engine=name)
            case TooLarge():
                return EngineMisbehaved(f"The answer is larger than {self._limit} bytes.", engine=name)
            case _ if request.writes:
                return OutcomeUnknown("The write was sent and not answered.", engine=name)
            case Lost():
                return EngineUnavailable(
                    "The engine closed the connection before its answer was complete.", engine=name
                )
            case _:
                return EngineMisbehaved("The engine's answer is no HTTP that can be read.", engine=name)
