"""The other way to an engine: bytes as they are. One request of a caller goes out and its answer comes back, streamed.

Nothing is parsed here. What must not live here: who may ask (``access``), which lane (``operations.lane``).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterable, AsyncIterator

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import (
    EngineFailure,
    EngineMisbehaved,
    EngineTimeout,
    EngineUnavailable,
    InvalidRequest,
    OutcomeUnknown,
)
from gateway.raw import RawRequest

TICK_S = 1.0
"""How often a waiting request looks whether its caller is still there."""
_SURROGATE = re.compile("[\udc80-\udcff]")
_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Streamed:
    """An answer on an open connection (a ``RawAnswer``)."""

    def __init__(self, answer: aiohttp.ClientResponse, engine: str, request: RawRequest) -> None:
        self._answer, self._engine, self._request = answer, engine, request
        self.status = answer.status
        self.reason = answer.reason
        self.headers = [(_text(name), _text(value)) for name, value in answer.raw_headers]

    def close(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        self._answer.release() if self._answer.content.is_eof() else self._answer.close()

    def ended(self) -> bool:
        """Tell whether all of the body has been given."""
        return self._answer.content.at_eof()

    def at_once(self) -> bytes | None:
        """Give the whole body if it is there already, None if it is still to come."""
        content = self._answer.content
        return content.read_nowait(-1) if content.is_eof() else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body as it comes.

        Raises:
            EngineUnavailable: the engine broke off, or was silent for too long, or the caller has gone.
        """
        content = self._answer.content
        try:
            while not content.at_eof():
                if piece := content.read_nowait(-1) or await self._waited():
                    yield piece
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            bare = error.with_traceback(None)  # aiohttp keeps it at the answer, which stands in its traceback's frames
            raise EngineUnavailable("The engine broke its answer off.", engine=self._engine) from bare

    async def _waited(self) -> bytes:
        """Wait for the next piece, no longer than the engine may be silent and the caller is there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._request.idle_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(TICK_S, until - loop.time())):
                    return await self._answer.content.readany()
            if self._request.gone():
                raise ConnectionResetError
            if loop.time() >= until:
                raise TimeoutError


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def never_again(session: aiohttp.ClientSession) -> None:
    """Switch off that aiohttp sends a PUT or DELETE a second time, unasked, when a connection breaks.

    There is no public way; what is sent twice, and when, is decided in this room alone.
    """
    session._retry_connection = False  # noqa: SLF001


class Relay:
    """The raw way to one engine, on connections shared with the other way; polls have their own."""

    def __init__(self, engine: str, base_url: str, connect_timeout_s: float, most_polls: int) -> None:
        self._engine, self._base = engine, base_url
        self._connect_timeout_s, self._most_polls = connect_timeout_s, most_polls
        self._session: aiohttp.ClientSession | None = None
        self._polling: aiohttp.ClientSession | None = None

    async def open(self, connector: aiohttp.BaseConnector) -> None:
        """Open the sessions; needs the running loop."""
        self._session = self._opened(connector, owns=False)
        self._polling = self._opened(aiohttp.TCPConnector(limit=self._most_polls), owns=True)

    def _opened(self, connector: aiohttp.BaseConnector, *, owns: bool) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=owns,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=_NOT_ADDED,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
        )
        never_again(session)
        return session

    async def close(self) -> None:
        """Close what is open."""
        for session in (self._session, self._polling):
            if session is not None:
                await session.close()

    async def ask(self, request: RawRequest) -> Streamed:
        """Send a request and give its answer as soon as the head of it is there.

        Raises:
            EngineUnavailable, EngineTimeout, OutcomeUnknown, EngineMisbehaved: as for any request.
            InvalidRequest: a header has bytes that are no UTF-8, which aiohttp would drop (``thin`` would not).
            asyncio.CancelledError: the caller of a read has gone.
        """
        session = self._polling if request.polls else self._session
        if session is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        if any(_SURROGATE.search(value) for _, value in request.headers):
            raise InvalidRequest("A header of a streamed request has bytes that are no UTF-8.")
        watch = Watch(request)
        data = request.body
        if data is not None and not isinstance(data, bytes):
            data = watch.watched(data)
        try:
            url = URL(self._base + request.target, encoded=True)
            answer = await session.request(
                request.method, url, headers=CIMultiDict(request.headers), data=data, allow_redirects=False
            )
        except asyncio.CancelledError:
            if watch.silent and watch.settled():
                raise self._silent(request) from None
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if watch.broken is not None:
                raise watch.broken from error
            raise self._failure(error, request) from error
        finally:
            watch.stop()
        return Streamed(answer, self._engine, request)

    def _silent(self, request: RawRequest) -> EngineFailure:
        if request.writes:
            return OutcomeUnknown("The write was sent and not answered in time.", engine=self._engine)
        return EngineTimeout("The engine did not answer in time.", engine=self._engine)

    def _failure(self, error: Exception, request: RawRequest) -> EngineFailure:
        match error:
            case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
                return EngineUnavailable("No connection to the engine could be made.", engine=self._engine)
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
                return EngineUnavailable("The engine's URL cannot be used.", engine=self._engine)
            case _ if request.writes:
                return OutcomeUnknown("The write was sent and not answered.", engine=self._engine)
            case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | OSError():
                return EngineUnavailable("The engine closed the connection without an answer.", engine=self._engine)
            case _:
                return EngineMisbehaved("The engine's answer is no HTTP that can be read.", engine=self._engine)


class Watch:
    """Ends the wait for an answer when nothing moves for too long, or when the caller of a read or poll has gone."""

    __slots__ = ("_before", "_handle", "_idle_until", "_loop", "_request", "_task", "broken", "silent")

    def __init__(self, request: RawRequest) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0
        self._request = request
        self._idle_until = self._loop.time() + request.idle_s
        self.silent = False
        self.broken: Exception | None = None
        self._handle = self._loop.call_later(min(TICK_S, request.idle_s), self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        self.silent = now >= self._idle_until
        gone = (self._request.polls or not self._request.writes) and self._request.gone()
        if self._task is not None and (self.silent or gone):
            _ = self._task.cancel()
            return
        self._handle = self._loop.call_later(min(TICK_S, self._idle_until - now), self._tick)

    def settled(self) -> bool:
        """Take the cancellation back; tell whether it was the only one."""
        return self._task is not None and self._task.uncancel() <= self._before

    async def watched(self, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Give a body piece by piece; each piece is a sign of life, and a caller that breaks off is remembered."""
        try:
            async for piece in body:
                self._idle_until = self._loop.time() + self._request.idle_s
                yield piece
        except Exception as error:
            self.broken = error
            raise

    def stop(self) -> None:
        """Stop watching."""
        self._handle.cancel()
