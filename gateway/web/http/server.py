"""The HTTP server for callers. Bytes that are no readable request get a problem document too."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import structlog
from aiohttp import web
from aiohttp.helpers import reify
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from gateway.errors import Internal, InvalidRequest, VarbridgeError
from gateway.web.http.answers import SERVER_NAME, Answer
from gateway.web.http.connections import ConnectionLimits, Connections
from gateway.web.http.request_loop import RequestLoop

_log = structlog.get_logger("varbridge")
_OURS = 500
_CLOSE = (("Connection", "close"),)

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
ProblemAnswer: TypeAlias = Callable[[VarbridgeError, str], Answer]
"""Turns an error and the request id into an answer."""


class _Protocol(RequestLoop):
    """One connection. For bytes that are not HTTP, aiohttp calls ``handle_error`` and no handler."""

    __slots__ = ("_header_timer", "_send_timer", "connections", "idle_since_start", "problem_answer")

    problem_answer: ProblemAnswer
    connections: Connections
    idle_since_start: float
    _header_timer: asyncio.TimerHandle | None
    _send_timer: asyncio.TimerHandle | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection; one too many is closed at once, without an answer."""
        self._header_timer = self._send_timer = None
        self.idle_since_start = asyncio.get_running_loop().time()
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if not self.connections.add(self, str(peer[0]) if isinstance(peer, tuple) else ""):
            self.drop()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End a connection."""
        self.connections.remove(self)
        for timer in (self._header_timer, self._send_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    @property
    def idle_since(self) -> float | None:
        """Return when the last request ended, or the connection began; None while a request runs."""
        if not self._is_waiting():
            return None
        return max(self.idle_since_start, self._next_keepalive_close_time - self.keepalive_timeout)

    def _is_waiting(self) -> bool:
        """Return whether there is no whole head of a request."""
        return self._waiter is not None and not self._waiter.done()

    def drop(self) -> None:
        """Close the connection without an answer."""
        if self.transport is not None:
            self.transport.abort()
        self.force_close()

    def _cut_off(self, reason: str) -> None:
        self.connections.shed(reason)
        self.drop()

    def pause_writing(self) -> None:
        """Wait for a caller that does not take what is sent, but not for ever."""
        super().pause_writing()
        later = asyncio.get_running_loop().call_later
        self._send_timer = later(self.connections.limits.send_s, self._cut_off, "slow-reader")

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    @property
    def leaving(self) -> bool:
        """Return whether the connection closes after the answer although the caller would keep it open."""
        return isinstance(self._manager, Server) and self._manager.leaving

    def data_received(self, data: bytes) -> None:
        """Receive bytes; bound the time for a head; end a broken body at once (aiohttp would wait for the rest)."""
        super().data_received(data)
        if self._header_timer is not None:
            if not self._is_waiting():
                self._header_timer.cancel()
                self._header_timer = None
        elif self._waiter is not None and not self._waiter.done():
            later = asyncio.get_running_loop().call_later
            self._header_timer = later(self.connections.limits.header_s, self._cut_off, "slow-header")
        request = self._current_request
        if self._messages and request is not None and isinstance(self._messages[-1][0], _ErrInfo):
            content = request.content
            if not content.is_eof() and content.exception() is None:
                content.set_exception(InvalidRequest("The body is not as its framing says.", headers=_CLOSE))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = _OURS,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a problem; the parser's own message may repeat what was sent, so it is dropped."""
        del request, message
        request_id = os.urandom(16).hex()
        error = Internal() if status >= _OURS else InvalidRequest("This is not HTTP/1.1 that can be read.")
        _log.warning("unreadable_request", request_id=request_id, status=status, error=type(exc).__name__)
        answer = self.problem_answer(error, request_id)
        headers = {
            "X-Request-Id": request_id,
            "Content-Type": answer.media_type,
            "Cache-Control": "no-store",
            "Server": SERVER_NAME,
        }
        response = web.Response(status=error.status, body=answer.body, headers=headers)
        response.force_close()
        return response


class _Request(web.BaseRequest):
    """One request of a caller."""

    @reify
    def keep_alive(self) -> bool:
        """Return whether the connection stays open; every kind of response sends ``Connection: close`` if not."""
        protocol = self.protocol
        return super().keep_alive and not (isinstance(protocol, _Protocol) and protocol.leaving)


class Server(web.Server):
    """The server. Once it is ``leaving``, each answer closes its connection, so no caller sends into a closed one.

    Args:
        handler: of every request.
        problem_answer: the answer to what is no request at all, for which no handler is asked.
        limits: returns the limits on connections in use.
        shed: told why a connection is refused or cut off.
        lingering_s: how long what a caller still sends is read and dropped once it has its answer; closing at once
            would reset the connection and could take the answer away from it.
    """

    def __init__(
        self,
        handler: Handler,
        problem_answer: ProblemAnswer,
        *,
        limits: Callable[[], ConnectionLimits] = ConnectionLimits,
        shed: Callable[[str], None] = lambda _reason: None,
        lingering_s: float = 10.0,
    ) -> None:
        self.leaving = False
        self.grace_s: float | None = None
        """How long running requests may take when the server closes; None = as the runner was told."""
        self._problem_answer = problem_answer
        self._caller_connections = Connections(limits, shed)
        # bodies stay as they are: what is handed on must not be unpacked, and `/v1` refuses what is packed
        super().__init__(
            handler,
            access_log=None,
            lingering_time=lingering_s,
            auto_decompress=False,
        )

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the library's own
        """Let running requests end, then cut them off."""
        await super().shutdown(timeout if self.grace_s is None else self.grace_s)

    def _make_request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return _Request(message, payload, protocol, writer, task, self._loop)

    def __call__(self) -> RequestHandler:
        """Return the protocol of one connection."""
        connections = self._caller_connections
        protocol = _Protocol(self, loop=self._loop, keepalive_timeout=connections.limits.keepalive_s, **self._kwargs)
        protocol.problem_answer, protocol.connections = self._problem_answer, connections
        return protocol
