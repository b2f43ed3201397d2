"""The innermost sender: one HTTP exchange over one ``aiohttp.ClientSession``, and the table of what can go wrong.

What must not live here: credentials, retries, meaning of an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import aiohttp
import msgspec
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
from gateway.plan import Call, Multipart, Stream, VendorRequest, VendorResponse, encode_target
from gateway.wire import multipart
from gateway.wire.relay import Relay, never_again

_CHUNK = 64 * 1024
_OK = 200
_REDIRECT = 300


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one engine.

    Args:
        url: base URL of its API, without a trailing slash.
        timeout_s: longest wait for one answer; the caller's deadline may be nearer.
        auth_kind: ``forward`` hands the caller's own ``Authorization`` on.
        max_connections: sockets to this engine; further requests wait for one.
        max_answer_bytes: larger answers are refused; protects the gateway's memory.
        connect_timeout_s: longest wait for a connection.
        max_polls: sockets for requests that wait for work (long polls).
        keepalive_s: how long an idle connection is kept; less than the engine's own (Tomcat: 60 s).
        client: what sends requests held in full: ``thin`` (our own) or ``aiohttp``, which streams go through anyhow.
    """

    url: str
    timeout_s: float = 30.0
    auth_kind: str = "none"
    max_connections: int = 100
    max_answer_bytes: int = 64 * 1024 * 1024
    connect_timeout_s: float = 5.0
    keepalive_s: float = 15.0
    max_polls: int = 1000
    client: Literal["thin", "aiohttp"] = "thin"


class Socket:
    """The session of one engine."""

    def __init__(self, engine: str, settings: ClientSettings) -> None:
        self._engine = engine
        self._settings = settings
        base = URL(settings.url)
        self._origin = str(base.origin())
        self._prefix = base.raw_path.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self.relay = Relay(engine, settings.url, settings.connect_timeout_s, settings.max_polls)

    async def open(self) -> None:
        """Open the session; needs the running loop."""
        settings = self._settings
        connector = aiohttp.TCPConnector(
            limit=settings.max_connections, keepalive_timeout=settings.keepalive_s, ttl_dns_cache=30
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            raise_for_status=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout_s),
            headers={"Accept-Encoding": "identity", "User-Agent": "varbridge"},
        )
        never_again(self._session)
        await self.relay.open(connector)

    async def close(self) -> None:
        """Close every connection."""
        await self.relay.close()
        if self._session is not None:
            await self._session.close()

    def _url(self, request: VendorRequest) -> URL:
        try:
            return URL(self._origin + encode_target(request, self._prefix), encoded=True)
        except UnicodeEncodeError as error:
            raise InvalidRequest("A name has a lone surrogate, which no URL can carry.") from error

    async def send(self, request: VendorRequest, call: Call) -> VendorResponse:
        """Send one request and give the answer, in full or as a stream.

        Raises:
            EngineUnavailable: nothing was sent, or a read was cut off.
            OutcomeUnknown: a write may have been sent and was not answered.
            EngineMisbehaved: the answer is no HTTP, or larger than the limit.
        """
        headers = CIMultiDict(request.headers)
        headers["X-Request-Id"] = call.request_id
        if call.traceparent is not None:
            headers["traceparent"] = call.traceparent
        data = self._body(request, call, headers)
        try:
            try:
                answer = await self._asked(request, headers, data)
            except aiohttp.ServerDisconnectedError:
                if request.writes:
                    raise
                answer = await self._asked(request, headers, data)  # a kept connection that the engine had closed
            return await self._taken(answer, request, call)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # aiohttp keeps the error at the answer, which stands in the frames of its traceback
            raise self._failure(error, request) from error.with_traceback(None)

    async def _asked(self, request: VendorRequest, headers: CIMultiDict[str], data: Any) -> aiohttp.ClientResponse:
        if self._session is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        return await self._session.request(
            request.method, self._url(request), headers=headers, data=data, allow_redirects=False
        )

    @staticmethod
    def _body(request: VendorRequest, call: Call, headers: CIMultiDict[str]) -> Any:
        body = request.body
        if isinstance(body, Multipart):
            mark = multipart.boundary()
            headers["Content-Type"] = f"multipart/form-data; boundary={mark}"
            return multipart.encoded(body, mark, call.streams)
        if isinstance(body, Stream):
            return call.streams[body.token]
        return body or None

    async def _taken(self, answer: aiohttp.ClientResponse, request: VendorRequest, call: Call) -> VendorResponse:
        headers = tuple((key.lower(), value) for key, value in answer.headers.items())
        if request.streams_answer and _OK <= answer.status < _REDIRECT:
            token = f"answer-{len(call.streams)}"
            call.streams = {**call.streams, token: _pumped(answer, self._engine)}
            return VendorResponse(answer.status, headers, Stream(token))
        try:
            body = await self._read(answer)
        except BaseException:
            answer.close()
            raise
        return VendorResponse(answer.status, headers, body)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.max_answer_bytes
        length = answer.content_length
        if length is not None and length <= limit:
            return await answer.read()
        pieces: list[bytes] = []
        size = 0
        async for chunk in answer.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > limit:
                answer.close()
                raise EngineMisbehaved(f"The answer is larger than {limit} bytes.", engine=self._engine)
            pieces.append(chunk)
        return b"".join(pieces)

    def _failure(self, error: Exception, request: VendorRequest) -> EngineFailure:
        """Say what a failed exchange means; the one table for it."""
        name = self._engine
        match error:
            case (
                aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError() | aiohttp.ServerFingerprintMismatch()
            ):
                return EngineUnavailable("No connection to the engine could be made.", engine=name)
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
                return EngineUnavailable("The engine's URL cannot be used.", engine=name)
            case _ if request.writes:
                return OutcomeUnknown("The write was sent and not answered.", engine=name)
            case asyncio.TimeoutError():
                return EngineTimeout("The engine did not answer in time.", engine=name)
            case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | OSError():
                return EngineUnavailable(
                    "The engine closed the connection before its answer was complete.", engine=name
                )
            case _:
                return EngineMisbehaved("The engine's answer is no HTTP that can be read.", engine=name)


async def _pumped(answer: aiohttp.ClientResponse, engine: str) -> AsyncIterator[bytes]:
    """Give an answer's bytes as they come; a cut-off answer is an error, never a short success."""
    try:
        async for chunk in answer.content.iter_chunked(_CHUNK):
            yield chunk
    except (aiohttp.ClientError, OSError) as error:
        raise EngineUnavailable("The engine closed the connection in the middle.", engine=engine) from error
    finally:
        answer.close()
