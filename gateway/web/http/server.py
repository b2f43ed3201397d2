"""The HTTP server for callers. Bytes that are no readable request get a problem document too."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import structlog
from aiohttp import web
from aiohttp.helpers import reify
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from gateway.errors import Internal, InvalidRequest, VarbridgeError
from gateway.web.http.answers import SERVER_NAME, Answer

_log = structlog.get_logger("varbridge")
_OURS = 500
_CLOSE = (("Connection", "close"),)

Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
ProblemAnswer: TypeAlias = Callable[[VarbridgeError, str], Answer]
"""Turns an error and the request id into an answer."""


class _Protocol(RequestHandler):
    """One connection. For bytes that are not HTTP, aiohttp calls ``handle_error`` and no handler."""

    __slots__ = ("problem_answer",)

    problem_answer: ProblemAnswer

    @property
    def leaving(self) -> bool:
        """Return whether the connection closes after the answer although the caller would keep it open."""
        return isinstance(self._manager, Server) and self._manager.leaving

    def data_received(self, data: bytes) -> None:
        """Receive bytes; end a broken body at once (aiohttp would wait for the rest of it)."""
        super().data_received(data)
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
        keepalive_s: how long a connection may be idle; also bounds how long the head of a request may take.
        lingering_s: how long what a caller still sends is read and dropped once it has its answer; closing at once
            would reset the connection and could take the answer away from it.
    """

    def __init__(
        self,
        handler: Handler,
        problem_answer: ProblemAnswer,
        *,
        keepalive_s: float = 75.0,
        lingering_s: float = 10.0,
    ) -> None:
        self.leaving = False
        self.grace_s: float | None = None
        """How long running requests may take when the server closes; None = as the runner was told."""
        self._problem_answer = problem_answer
        # bodies stay as they are: what is handed on must not be unpacked, and `/v1` refuses what is packed
        super().__init__(
            handler,
            access_log=None,
            keepalive_timeout=keepalive_s,
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
        protocol = _Protocol(self, loop=self._loop, **self._kwargs)
        protocol.problem_answer = self._problem_answer
        return protocol
