"""Traces plans and exchanges, where traces are wanted: layers that are not there otherwise.

The engine sees the exchange's span as its parent. What must not live here: spans themselves (``observe.spans``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from gateway.errors import VarbridgeError
from gateway.observe import spans as spans_
from gateway.observe.spans import Span, Spans
from gateway.plan import Call, Plan, VendorRequest, VendorResponse
from gateway.raw import RawRequest
from gateway.wire.exchange import A, Exchange, Q

R = TypeVar("R")
_CONTEXT = frozenset({"traceparent", "tracestate"})
_BAD = 400
_FAULT = 500
_ABANDONED = "abandoned"


class Drive(Protocol):
    """Carries a plan out; as ``drive.drive``."""

    def __call__(
        self, plan: Plan[R], send: Callable[[VendorRequest], Awaitable[VendorResponse]], engine: str | None = None
    ) -> Awaitable[R]:
        """Return the plan's result."""
        ...


def trace_plans(inner: Drive, spans: Spans) -> Drive:
    """Make each plan a span, named by its command; unless nothing of the request is exported."""

    def drive(
        plan: Plan[R], send: Callable[[VendorRequest], Awaitable[VendorResponse]], engine: str | None = None
    ) -> Awaitable[R]:
        if spans_.is_unsampled():
            return inner(plan, send, engine)
        return drive_traced(plan, send, engine)

    async def drive_traced(
        plan: Plan[R], send: Callable[[VendorRequest], Awaitable[VendorResponse]], engine: str | None = None
    ) -> R:
        span = spans.begin(_command(plan), "internal")
        span.attributes = {"varbridge.engine": engine or ""}

        def send_first(request: VendorRequest) -> Awaitable[VendorResponse]:
            span.resends = 0
            return send(request)

        code, token = _ABANDONED, spans_.enter(span)
        try:
            result: R = await inner(plan, send_first, engine)
            code = ""
        except VarbridgeError as error:
            code, span.failed = error.code, error.status >= _FAULT
            raise
        else:
            return result
        finally:
            spans_.leave(token)
            span.attributes["varbridge.outcome"] = code or "ok"
            if span.failed:
                span.attributes["error.type"] = code
            spans.end(span)

    return drive


def _command(plan: Plan[R]) -> str:
    """Return the name of the command that a plan carries out: that of the method that made it."""
    return str(getattr(plan, "__name__", "plan")).strip("_")


def note_repetition() -> None:
    """Note that the plan that runs sends its request once more."""
    if (span := spans_.current()) is not None:
        span.resends += 1


def trace_exchanges(
    inner: Exchange[Q, A],
    spans: Spans,
    engine: str,
    url: str,
    hand_on: Callable[[Q, Call, Span | None], tuple[Q, Call]],
) -> Exchange[Q, A]:
    """Make each exchange that the breaker lets through a span; a raw one up to the head of its answer.

    Args:
        inner: carries it out.
        spans: begins and ends them.
        engine: its name.
        url: base URL of its API.
        hand_on: returns request and call with the span as what the engine is to see; None = with the call's own.
    """
    address = urlsplit(url)
    named: dict[str, str | int] = {
        "varbridge.engine": engine,
        "server.address": address.hostname or "",
        "server.port": address.port or (443 if address.scheme == "https" else 80),
    }

    def send(request: Q, call: Call) -> Awaitable[A]:
        if spans_.is_unsampled():
            return inner(*hand_on(request, call, None))
        return send_traced(request, call)

    async def send_traced(request: Q, call: Call) -> A:
        span = spans.begin(request.method, "client")
        span.attributes = {**named, "http.request.method": request.method}
        if (above := spans_.current()) is not None and above.resends:
            span.attributes["http.request.resend_count"] = above.resends
        code = _ABANDONED
        try:
            answer = await inner(*hand_on(request, call, span))
            span.attributes["http.response.status_code"] = answer.status
            code = str(answer.status) if answer.status >= _BAD else ""
        except VarbridgeError as error:
            code = error.code
            raise
        else:
            return answer
        finally:
            if code:
                span.failed, span.attributes["error.type"] = True, code
            spans.end(span)

    return send


def hand_on_held(request: VendorRequest, call: Call, span: Span | None) -> tuple[VendorRequest, Call]:
    """Return a request that is held, with a copy of its call: below the gate nobody writes to it."""
    if span is None:
        return request, call
    return request, msgspec.structs.replace(call, traceparent=span.traceparent, tracestate=span.state)


def hand_on_raw(request: RawRequest, call: Call, span: Span | None) -> tuple[RawRequest, Call]:
    """Return a request that flows, with the context in its headers instead of what the caller sent."""
    traceparent = call.traceparent if span is None else span.traceparent
    if traceparent is None:
        return request, call
    state = call.tracestate if span is None else span.state
    headers = [(name, value) for name, value in request.headers if name.lower() not in _CONTEXT]
    headers.append(("traceparent", traceparent))
    if state is not None:
        headers.append(("tracestate", state))
    return msgspec.structs.replace(request, headers=headers), call
