"""Spans: the pieces of a caller's request that are traced, while they are under way, in W3C's trace context.

Attributes name routes, engines, callers, statuses and codes. No value of a variable, no id of an instance, no path, no
query and no header is ever one. What must not live here: how spans leave the process (``tracing``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from random import getrandbits
from time import monotonic_ns, time_ns
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["server", "internal", "client"]
_RATIO_BITS = 64
"""How many bits of a trace id decide whether it is sampled, as OpenTelemetry's ratio sampler does it."""
_current: ContextVar[Span | None] = ContextVar("span", default=None)


class Span(msgspec.Struct, kw_only=True, eq=False):
    """One piece of work.

    Args:
        name: of few different ones: a route, a command, a verb.
        trace_id, span_id, parent_id: as numbers; no parent = the first span of its trace.
        is_remote: whether the parent is the caller's.
        is_sampled: whether the span is exported; all spans of a trace are, or none is.
        state: the trace's ``tracestate``, which is handed on as it came.
        began_ns, ended_ns: nanoseconds since 1970. The wall clock is asked once a trace, so that spans keep their
            lengths and their order when it is set.
        ticks_ns: when it began, on a clock that only goes forward.
        attributes: by the names of OpenTelemetry's semantic conventions, as far as they have one.
        failed: whether it counts as an error.
        resends: how often the request that it sends now was sent before.
    """

    name: str
    kind: Kind
    trace_id: int
    span_id: int
    parent_id: int | None
    is_sampled: bool
    is_remote: bool = False
    state: str | None = None
    began_ns: int = 0
    ended_ns: int = 0
    ticks_ns: int = 0
    attributes: dict[str, str | int] = {}
    failed: bool = False
    resends: int = 0

    @property
    def traceparent(self) -> str:
        """Return the span as the parent of what is asked of others."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.is_sampled:02x}"


class Spans:
    """Begins spans and ends them.

    Args:
        export: is given each sampled span when it has ended.
        sample: share of the traces that begin here and are exported; where the caller has decided, that counts.
    """

    def __init__(self, export: Callable[[Span], None], sample: float = 1.0) -> None:
        self._export = export
        self._bound = round(sample * (1 << _RATIO_BITS))

    def begin_request(self, traceparent: str | None, tracestate: str | None) -> str:
        """Begin the span of a caller's request; whatever its task does from now on is below it.

        Return the ``traceparent`` to hand on. Where nothing is sampled, no span is made, and the caller's goes on.

        Args:
            traceparent: the caller's, well-formed; None = a new trace begins.
            tracestate: the caller's.
        """
        if traceparent is None:
            (trace_id, is_sampled), parent_id = self._new_trace(), None
        else:
            trace_id, parent_id, is_sampled = _parse(traceparent)
        if not is_sampled:
            trace_nothing()
            return traceparent or f"00-{trace_id:032x}-{_new_id():016x}-00"
        span = Span(
            name="request",
            kind="server",
            trace_id=trace_id,
            span_id=_new_id(),
            parent_id=parent_id,
            is_remote=parent_id is not None,
            is_sampled=True,
            state=tracestate,
            began_ns=time_ns(),
            ticks_ns=monotonic_ns(),
        )
        _ = _current.set(span)
        return span.traceparent

    def begin(self, name: str, kind: Kind) -> Span:
        """Begin a span below the current one, or one that begins a trace where there is none."""
        above, ticks_ns = _current.get(), monotonic_ns()
        if above is None:
            (trace_id, is_sampled), began_ns = self._new_trace(), time_ns()
        else:
            trace_id, is_sampled = above.trace_id, above.is_sampled
            began_ns = above.began_ns + ticks_ns - above.ticks_ns
        return Span(
            name=name,
            kind=kind,
            trace_id=trace_id,
            span_id=_new_id(),
            parent_id=None if above is None else above.span_id,
            is_sampled=is_sampled,
            state=None if above is None else above.state,
            began_ns=began_ns,
            ticks_ns=ticks_ns,
        )

    def end(self, span: Span) -> None:
        """End a span."""
        if span.is_sampled:
            span.ended_ns = span.began_ns + monotonic_ns() - span.ticks_ns
            self._export(span)

    def _new_trace(self) -> tuple[int, bool]:
        """Return the id of a new trace, and whether it is sampled."""
        trace_id = getrandbits(128) or 1
        return trace_id, trace_id & ((1 << _RATIO_BITS) - 1) < self._bound


UNSAMPLED = Span(name="", kind="internal", trace_id=1, span_id=1, parent_id=None, is_sampled=False)
"""Stands for all work that is not exported."""


def current() -> Span | None:
    """Return the span that the running task works for."""
    return _current.get()


def is_unsampled() -> bool:
    """Return whether it is known that nothing is exported of what the running task does."""
    return _current.get() is UNSAMPLED


def enter(span: Span) -> Token[Span | None]:
    """Let the running task work for a span until ``leave``."""
    return _current.set(span)


def leave(token: Token[Span | None]) -> None:
    """Let the running task work for the span that it worked for before."""
    _current.reset(token)


def trace_nothing() -> None:
    """Let nothing that the running task does from now on be exported: probes would fill every trace store."""
    _ = _current.set(UNSAMPLED)


def _parse(traceparent: str) -> tuple[int, int, bool]:
    """Return the ids of the trace and of the parent, and whether the trace is sampled."""
    _, trace, parent, flags = traceparent.split("-")
    return int(trace, 16), int(parent, 16), bool(int(flags, 16) & 1)


def _new_id() -> int:
    return getrandbits(64) or 1  # 0 stands for none
