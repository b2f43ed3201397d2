"""What is kept of a request: its metrics and the one canonical log line. Names of things, never a value."""

from __future__ import annotations

import structlog

from gateway.plan import Call
from gateway.web.front import RequestMetrics

_log = structlog.get_logger("varbridge")


def kept(  # noqa: PLR0913 - one flat record
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
    """Count one request that was answered, and write its line; ``route`` is a template, never a path."""
    metrics.request(route=route, method=method, status=status, engine=engine, duration_s=duration_s, outcome=outcome)
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
    )
