"""What a caller's request begins with: its id and its trace context; where traces are wanted, its span as well.

The span ends where the request is recorded (``access_log``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import getrandbits
from typing import Protocol

from aiohttp import web

from gateway.observe import spans as spans_
from gateway.observe.spans import Spans
from gateway.plan import Call
from gateway.web.http.access_log import CallerMetrics

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}\Z")
_FAULT = 500


def open_call(request: web.BaseRequest) -> Call:
    """Return the call of a request, without a deadline yet."""
    call = Call(deadline=0.0, request_id=_request_id(request))
    traceparent = request.headers.get("traceparent")
    if traceparent is not None and _TRACEPARENT.match(traceparent):
        call.traceparent, call.tracestate = traceparent, _tracestate(request)
    return call


def traced_call(spans: Spans) -> Callable[[web.BaseRequest], Call]:
    """Return what opens a call with a span, which is from then on what the running task works for."""

    def open_traced(request: web.BaseRequest) -> Call:
        call = open_call(request)
        call.traceparent = spans.begin_request(call.traceparent, call.tracestate)
        return call

    return open_traced


class Exemplars(CallerMetrics, Protocol):
    """Metrics that take a trace as an example of what they count."""

    def exemplify(  # noqa: PLR0913 - the labels of one metric
        self, trace_id: str, *, route: str, method: str, status: int, engine: str, duration_s: float, outcome: str
    ) -> None:
        """Note the trace of a request that was counted."""


class TracedRequests:
    """Counts requests, and ends their spans.

    Args:
        metrics: counts them.
        spans: begins and ends spans.
    """

    def __init__(self, metrics: Exemplars, spans: Spans) -> None:
        self._metrics, self._spans = metrics, spans
        self.shed, self.throttled, self.failed_credentials = metrics.shed, metrics.throttled, metrics.failed_credentials

    def request(  # noqa: PLR0913 - the labels of one metric
        self, *, route: str, method: str, status: int, engine: str, duration_s: float, outcome: str, caller: str | None
    ) -> None:
        """Count one request, and end its span under the name of its route."""
        count = self._metrics
        count.request(
            route=route,
            method=method,
            status=status,
            engine=engine,
            duration_s=duration_s,
            outcome=outcome,
            caller=caller,
        )
        span = spans_.current()
        if span is None or not span.is_sampled:
            return
        span.name = f"{method} {route}"
        span.attributes = {
            "http.request.method": method if method != "other" else "_OTHER",
            "http.route": route,
            "http.response.status_code": status,
            "varbridge.outcome": outcome,
        }
        if engine:
            span.attributes["varbridge.engine"] = engine
        if caller is not None:
            span.attributes["enduser.id"] = caller
        if status >= _FAULT:
            span.failed, span.attributes["error.type"] = True, outcome
        self._spans.end(span)
        count.exemplify(
            f"{span.trace_id:032x}",
            route=route,
            method=method,
            status=status,
            engine=engine,
            duration_s=duration_s,
            outcome=outcome,
        )


def _request_id(request: web.BaseRequest) -> str:
    """Return the request's ``X-Request-Id`` if it is fit for a log line, else a new one."""
    given = request.headers.get("X-Request-Id")
    return given if given is not None and _REQUEST_ID.match(given) else f"{getrandbits(128):032x}"


def _tracestate(request: web.BaseRequest) -> str | None:
    """Return what vendors have added to the trace, if it can be handed on."""
    state = ",".join(request.headers.getall("tracestate", ()))
    return state if _TRACESTATE.match(state) else None
