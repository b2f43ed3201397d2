"""What is kept of a request: its metrics and the one canonical log line. Names of things, never a value."""

from __future__ import annotations

import msgspec
import structlog

from gateway.plan import Call
from gateway.web.front import RequestMetrics

_log = structlog.get_logger("varbridge")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was answered. ``route`` is a template, never a path."""

    route: str
    method: str
    status: int
    outcome: str
    engine: str
    caller: str | None
    duration_s: float


def kept(metrics: RequestMetrics, record: Record, call: Call) -> None:
    """Count a request and write its line."""
    metrics.request(
        route=record.route,
        method=record.method,
        status=record.status,
        engine=record.engine,
        duration_s=record.duration_s,
        outcome=record.outcome,
    )
    _log.info(
        "request",
        request_id=call.request_id,
        route=record.route,
        method=record.method,
        status=record.status,
        outcome=record.outcome,
        duration_s=round(record.duration_s, 6),
        engine=record.engine,
        engine_calls=call.engine_calls,
        engine_s=round(call.engine_s, 6),
        caller=record.caller,
    )
