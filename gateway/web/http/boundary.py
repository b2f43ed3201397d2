"""The boundary: every request that is not proxied enters and leaves here. One middleware, no more.

Errors become answers, answers get the headers that every one has, each request is counted and logged once. What must
not live here: what is asked for. A dialect answers that; the boundary is given it as a ``Dispatched`` request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from time import perf_counter
from typing import Protocol

import structlog
from aiohttp import web

from gateway.errors import Internal, InvalidRequest, VarbridgeError
from gateway.plan import Call
from gateway.web.http import access_log, cors
from gateway.web.http.access_log import SERVER_TIMING, RequestMetrics
from gateway.web.http.answers import SERVER_NAME, Answer
from gateway.web.http.buffered import BufferedResponse

_OK = 200
_log = structlog.get_logger("varbridge")


class Dispatched(Protocol):
    """One request in the hands of the dialect that answers it."""

    request: web.BaseRequest
    call: Call

    @property
    def template(self) -> str | None:
        """The route's path with its parameters in braces; None where no route is matched."""
        ...

    @property
    def engine(self) -> str:
        """The name of the engine that the request is about; empty while it is not known."""
        ...

    @property
    def caller_name(self) -> str | None:
        """Who calls; None while that is not known."""
        ...

    @property
    def rate_headers(self) -> tuple[tuple[str, str], ...]:
        """What the answer says of the caller's rate; empty where it is not bounded, or not known yet."""
        ...

    async def answer(self) -> Answer:
        """Return the answer, or raise the error that it becomes."""
        ...

    def problem(self, error: VarbridgeError) -> Answer:
        """Return an error's answer in the dialect's own shape."""
        ...


async def respond(dispatched: Dispatched, metrics: RequestMetrics, origins: frozenset[str]) -> web.StreamResponse:
    """Return the response to a request; no error gets past it.

    Args:
        dispatched: the request in the hands of its dialect.
        metrics: what counts it.
        origins: whose pages may read the answer.
    """
    started = perf_counter()
    try:
        answer = await dispatched.answer()
    except Exception as error:  # noqa: BLE001 - the boundary: nothing may reach the framework
        answer = dispatched.problem(_known(error, dispatched.call))
    headers = _record(dispatched, answer, perf_counter() - started, metrics, origins)
    if answer.stream is not None:
        return await _stream(dispatched, answer, headers)
    return _whole(answer, headers)


def shed(
    dispatched: Dispatched, error: VarbridgeError, metrics: RequestMetrics, origins: frozenset[str]
) -> web.StreamResponse:
    """Return the refusal of a request that is not looked at; arguments as for ``respond``."""
    answer = dispatched.problem(error)
    return _whole(answer, _record(dispatched, answer, 0.0, metrics, origins))


def _record(
    dispatched: Dispatched, answer: Answer, spent: float, metrics: RequestMetrics, origins: frozenset[str]
) -> dict[str, str]:
    """Count and log a request that was answered, and return the headers of its answer."""
    engine, template = dispatched.engine, dispatched.template
    access_log.record(
        metrics,
        dispatched.call,
        route="unmatched" if template is None else template,
        method="other" if template is None else dispatched.request.method,
        status=answer.status,
        outcome=answer.outcome,
        engine=engine,
        caller=dispatched.caller_name,
        duration_s=spent,
    )
    headers = _headers(dispatched, answer, spent, origins)
    if engine:
        headers["Gateway-Engine"] = engine
    return headers


def _whole(answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    return (
        _closing(answer, headers) if "Connection" in headers else BufferedResponse(answer.status, headers, answer.body)
    )


def _known(error: Exception, call: Call) -> VarbridgeError:
    match error:
        case VarbridgeError():
            return error
        case ConnectionError():
            return InvalidRequest("The request broke off.")
        case _:
            _log.error("request_failed", request_id=call.request_id, exc_info=error)
            return Internal()


def _headers(dispatched: Dispatched, answer: Answer, spent: float, origins: frozenset[str]) -> dict[str, str]:
    call = dispatched.call
    headers = {
        "X-Request-Id": call.request_id,
        "Cache-Control": "no-store",
        "Server": SERVER_NAME,
        "Server-Timing": SERVER_TIMING % ((spent - call.engine_s) * 1000, call.engine_s * 1000),
    }
    if origins:
        headers |= cors.response_headers(dispatched.request, origins)
    if dispatched.rate_headers:
        headers.update(dispatched.rate_headers)
    headers.update(answer.headers)
    if answer.body or answer.stream is not None or answer.status == _OK:
        headers["Content-Type"] = answer.media_type
    return headers


def _closing(answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    """Return an answer that says itself whether the connection ends with it."""
    closes = headers.pop("Connection") == "close"
    response = BufferedResponse(answer.status, headers, answer.body)
    if closes:
        response.force_close()
    return response


async def _stream(dispatched: Dispatched, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    """Send content as it comes; content that breaks off breaks the transfer, and never ends as if it were complete."""
    request, pieces = dispatched.request, answer.stream
    response = web.StreamResponse(status=answer.status, headers=headers)
    if pieces is None:
        return response
    try:
        _ = await response.prepare(request)
        if request.method != "HEAD":
            async for piece in pieces:
                await response.write(piece)
    except VarbridgeError as error:
        _log.warning("transfer_broken", request_id=dispatched.call.request_id, code=error.code)
        if request.transport is not None:
            request.transport.abort()
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    return response
