"""The sender on aiohttp's client: streams, polls and HEAD, and everything else where an engine is configured so.

What must not live here: credentials, retries, bounds in time, meaning of an answer.
"""

from __future__ import annotations

import re
import ssl

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import EngineUnavailable, InvalidRequest
from gateway.plan import Call, VendorRequest, VendorResponse, cut_base
from gateway.raw import RawRequest
from gateway.wire.aiohttp_answer import AiohttpRawAnswer
from gateway.wire.failures import AIOHTTP_ERRORS, AnswerTooLarge, ProxyRefused, name_failure
from gateway.wire.proxies import passed_headers, proxy_arguments
from gateway.wire.settings import ClientSettings
from gateway.wire.target import build_target

_CHUNK_BYTES = 64 * 1024
_PROXY_AUTHENTICATION = 407
_DNS_S = 30
"""How long an address that was looked up counts."""
_SURROGATE = re.compile("[\udc80-\udcff]")
_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that aiohttp would add to a request that is handed on as it came."""
_OURS = {"Accept-Encoding": "identity", "User-Agent": "varbridge"}


class AiohttpSender:
    """Sends to one engine.

    Args:
        engine: its name, for errors.
        settings: how to reach it.
    """

    def __init__(self, engine: str, settings: ClientSettings) -> None:
        self._engine, self._settings = engine, settings
        base = URL(settings.url)
        self._origin, self._prefix = str(base.origin()), base.raw_path.rstrip("/")
        self._proxy = proxy_arguments(settings.proxy)
        self._for_proxy = passed_headers(settings.proxy, settings.url)
        self._held: aiohttp.ClientSession | None = None
        self._raw: aiohttp.ClientSession | None = None
        self._polls: aiohttp.ClientSession | None = None

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Open the sessions, with the TLS of an https URL; needs the running loop. Polls have their own connections."""
        settings, checked = self._settings, True if tls is None else tls
        connector = aiohttp.TCPConnector(
            limit=settings.max_connections, keepalive_timeout=settings.keepalive_s, ttl_dns_cache=_DNS_S, ssl=checked
        )
        polls = aiohttp.TCPConnector(limit=settings.max_polls, ssl=checked)
        self._held = self._session(connector, headers=_OURS)
        self._raw = self._session(connector, connector_owner=False, skip_auto_headers=_NOT_ADDED)
        self._polls = self._session(polls, skip_auto_headers=_NOT_ADDED)

    def _session(
        self,
        connector: aiohttp.BaseConnector,
        *,
        connector_owner: bool = True,
        headers: dict[str, str] | None = None,
        skip_auto_headers: tuple[str, ...] = (),
    ) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=connector_owner,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=headers,
            skip_auto_headers=skip_auto_headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.connect_timeout_s),
        )
        # aiohttp would send a PUT or DELETE a second time, unasked, when a connection breaks. There is no public way.
        session._retry_connection = False  # noqa: SLF001
        return session

    async def close(self) -> None:
        """Close every connection."""
        for session in (self._raw, self._polls, self._held):
            if session is not None:
                await session.close()

    async def send(self, request: VendorRequest, call: Call) -> VendorResponse:
        """Send one request and return its answer in full; a read is sent once more if no answer had begun.

        Raises:
            InvalidRequest: what cannot be written; nothing was sent.
            EngineFailure: by the table of failures.
        """
        try:
            try:
                return await self._exchange(request, call)
            except aiohttp.ServerDisconnectedError:
                if request.writes:
                    raise
                return await self._exchange(request, call)  # a kept connection that the engine had closed
        except AIOHTTP_ERRORS as error:
            # aiohttp keeps the error at the answer, which stands in the frames of its traceback
            raise name_failure(error, self._engine, writes=request.writes) from error.with_traceback(None)

    async def _exchange(self, request: VendorRequest, call: Call) -> VendorResponse:
        headers = CIMultiDict(request.headers)
        headers["X-Request-Id"] = call.request_id
        if call.traceparent is not None:
            headers["traceparent"] = call.traceparent
        if call.tracestate is not None:
            headers["tracestate"] = call.tracestate
        headers.update(self._for_proxy)
        answer = await self._require_open(self._held).request(
            request.method,
            URL(self._origin + build_target(request, self._prefix), encoded=True),
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
            **self._proxy,
        )
        try:
            self._check_proxy(answer)
            body = await self._read(answer)
        except BaseException:
            answer.close()
            raise
        return VendorResponse(
            answer.status, tuple((name.lower(), value) for name, value in answer.headers.items()), body
        )

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        most = self._settings.max_answer_bytes
        length = answer.content_length
        if length is not None and length <= most:
            return await answer.read()
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.content.iter_chunked(_CHUNK_BYTES):
            size += len(piece)
            if size > most:
                raise AnswerTooLarge(most)
            pieces.append(piece)
        return b"".join(pieces)

    async def relay(self, request: RawRequest, call: Call) -> AiohttpRawAnswer:
        """Send a request as it is, once, and return its answer as soon as its head is there.

        Raises:
            InvalidRequest: target or headers have bytes that are no UTF-8, which aiohttp cannot write.
            EngineFailure: by the table of failures.
        """
        del call
        if any(_SURROGATE.search(text) for text in (request.target, *(value for _, value in request.headers))):
            raise InvalidRequest("The head of a streamed request has bytes that are no UTF-8.")
        try:
            answer = await self._require_open(self._polls if request.polls else self._raw).request(
                request.method,
                URL(self._origin + cut_base(self._prefix, request.above) + request.target, encoded=True),
                headers=CIMultiDict([*request.headers, *self._for_proxy.items()]),
                data=request.body,
                allow_redirects=False,
                **self._proxy,
            )
            self._check_proxy(answer)
        except AIOHTTP_ERRORS as error:
            raise name_failure(error, self._engine, writes=request.writes) from error.with_traceback(None)
        return AiohttpRawAnswer(answer, self._engine, request)

    def _check_proxy(self, answer: aiohttp.ClientResponse) -> None:
        """Refuse an answer of the proxy itself, which wants other credentials.

        Raises:
            ProxyRefused: it is one.
        """
        if self._proxy and answer.status == _PROXY_AUTHENTICATION:
            answer.close()
            raise ProxyRefused

    def _require_open(self, session: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
        if session is None:
            raise EngineUnavailable("The gateway has not opened this engine's session.", engine=self._engine)
        return session
