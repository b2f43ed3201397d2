"""The innermost sender for requests held in full, both ways, and what each of its failures means.

A write is never sent twice. A plan's read is sent once more where the connection ended before the head of an answer had
come; a raw one never: whoever sent it decides on that.
"""

from __future__ import annotations

import asyncio

from yarl import URL

from gateway.errors import EngineFailure, EngineMisbehaved, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.relay import Watch
from gateway.wire.socket import ClientSettings, Socket
from gateway.wire.thin.answer import TooLarge, Unreadable
from gateway.wire.thin.connection import Connection, Lost
from gateway.wire.thin.flowing import Flowing
from gateway.wire.thin.pool import Bounds, Pool, Unreached
from gateway.wire.thin.text import Writer

_NO_LIMIT = 1 << 62
"""Raw answers are not held, so they may be of any size."""


class Thin:
    """Sends to one engine.

    Args:
        engine: its name, for errors.
        settings: how to reach it.
        other: sends what is not held: streams, forms, polls, and HEAD.
    """

    def __init__(self, engine: str, settings: ClientSettings, other: Socket) -> None:
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
            return await self._other.send(request, call)
        if self._pool is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        text = self._writer.text(request, call, body)
        pool = self._pool
        connection = await self._asked(pool, text, request)
        try:
            return connection.answer.response()
        finally:
            pool.release(connection)

    async def relay(self, request: RawRequest) -> RawAnswer:
        """Send a request as it came and give its answer as soon as the head of it is there.

        Raises:
            InvalidRequest, EngineUnavailable, EngineTimeout, OutcomeUnknown, EngineMisbehaved: as for any request.
            asyncio.CancelledError: the caller of a read has gone.
        """
        body = request.body
        if request.polls or not (body is None or isinstance(body, bytes)) or request.method == "HEAD":
            return await self._other.relay.ask(request)
        if self._pool is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        text = self._writer.raw(request, body or b"")
        watch = Watch(request)
        pool = self._pool
        try:
            connection = await self._asked(pool, text, request)
        except asyncio.CancelledError:
            if watch.silent and watch.settled():
                raise self._silent(request) from None
            raise
        finally:
            watch.stop()
        return Flowing(connection, pool.release, self._engine, request)

    async def _asked(self, pool: Pool, text: bytes, request: VendorRequest | RawRequest) -> Connection:
        """Give a connection that has the answer, or for a raw request its head; the caller releases it."""
        raw = isinstance(request, RawRequest)
        once_more = not (raw or request.writes)
        while True:
            try:
                connection = pool.kept() or await pool.opened()
            except Unreached as error:
                raise self._failure(error, request) from error
            waiter: asyncio.Future[None] = self._loop.create_future()
            connection.ask(text, _NO_LIMIT if raw else self._limit, waiter, head_first=raw)
            try:
                await waiter
            except (Lost, Unreadable, TooLarge) as error:
                pool.release(connection)  # closes it
                if isinstance(error, Lost):
                    pool.distrust()
                    if once_more and error.headless:
                        once_more = False
                        continue
                raise self._failure(error, request) from error
            except BaseException:
                pool.release(connection)  # closes it, unless the answer is complete
                raise
            finally:
                del waiter  # it has the error, whose traceback has this frame: a cycle around the whole request
            return connection

    def _silent(self, request: RawRequest) -> EngineFailure:
        if request.writes:
            return OutcomeUnknown("The write was sent and not answered in time.", engine=self._engine)
        return EngineTimeout("The engine did not answer in time.", engine=self._engine)

    def _failure(self, error: Exception, request: VendorRequest | RawRequest) -> EngineFailure:
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
