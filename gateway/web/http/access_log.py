"""Records each request: its metrics and its one canonical log line. Names of things, never a value."""

from __future__ import annotations

from typing import Protocol

import structlog

from gateway.plan import Call

_TRACE_ID = slice(3, 35)
"""Where a ``traceparent`` has it."""
SERVER_TIMING = "gw;dur=%.2f, engine;dur=%.2f"
"""The header of this name: milliseconds in the gateway itself, and in exchanges with engines."""
_log = structlog.get_logger("varbridge")


class RequestMetrics(Protocol):
    """What counts callers' requests."""

    def request(  # noqa: PLR0913 - the labels of one metric
        self, *, route: str, method: str, status: int, engine: str, duration_s: float, outcome: str, caller: str | None
    ) -> None:
        """Count one request, in the task that answers it."""


class CallerMetrics(RequestMetrics, Protocol):
    """What counts requests, and what is refused for the sake of others."""

    def shed(self, reason: str) -> None:
        """Count one request or connection that was turned away, or cut off, for one of a few reasons."""

    def throttled(self, caller: str) -> None:
        """Count one request that was over the rate of its caller; ``caller`` is a name of the configuration."""

    def failed_credentials(self, kind: str, *, slowed: bool) -> None:
        """Count wrong credentials: of which kind, and whether the refusal had to wait."""


def record(  # noqa: PLR0913 - one flat record
    metrics: RequestMetrics,
    call: Call,
    *,
    route: str,
    method: str,
    status: int,
    outcome: str,
    engine: str,
    caller: str | None,
    duration_s: float,
) -> None:
    """Count one request that was answered and write its log line; ``route`` is a template, never a path."""
    metrics.request(
        route=route,
        method=method,
        status=status,
        engine=engine,
        duration_s=duration_s,
        outcome=outcome,
        caller=caller,
    )
    trace = {} if call.traceparent is None else {"trace_id": call.traceparent[_TRACE_ID]}
    _log.info(
        "request",
        request_id=call.request_id,
        route=route,
        method=method,
        status=status,
        outcome=outcome,
        duration_s=round(duration_s, 6),
        engine=engine,
        engine_calls=call.engine_calls,
        engine_s=round(call.engine_s, 6),
        caller=caller,
        **trace,
    )
