"""Exports spans by OpenTelemetry: OTLP over HTTP, in batches, from a thread of its own. The one module that imports it.

Requests never wait for it: what does not fit into the queue, and what the endpoint does not take, is dropped and
counted. Needs the extra ``otel``.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gateway.observe.spans import Span, Spans

_PATH = "/v1/traces"
_QUEUE = 2048
"""Spans that wait to be exported, at most; one has some 2 KiB."""
_BATCH = 512
_EVERY_MS = 1000.0
_TIMEOUT_S = 5.0
"""Longest time that one batch is tried for; meanwhile the queue fills."""
_KINDS = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NO_STATE = TraceState()
_SCOPE = InstrumentationScope("varbridge", version("varbridge"))
_ERROR, _UNSET = Status(StatusCode.ERROR), Status(StatusCode.UNSET)


class Tracing:
    """The road of spans out of this process.

    Args:
        endpoint: base URL of a collector; ``/v1/traces`` is added unless it is there.
        sample: as for ``Spans``.
        count: is told how many spans were ``exported`` or ``dropped``, from any thread.
    """

    def __init__(self, endpoint: str, sample: float, count: Callable[[str, int], None]) -> None:
        base = endpoint.rstrip("/").removesuffix(_PATH)
        self._exporter = _Counted(OTLPSpanExporter(endpoint=base + _PATH, timeout=_TIMEOUT_S), count)
        self._processor: BatchSpanProcessor | None = None
        self._resource = Resource.create({"service.name": "varbridge", "service.version": version("varbridge")})
        self._count = count
        self._accepted = 0
        self.spans = Spans(self._export, sample)

    def start(self) -> None:
        """Start the thread that exports, unless it runs; what ends before is dropped."""
        if self._processor is None:
            self._processor = BatchSpanProcessor(
                self._exporter, max_queue_size=_QUEUE, max_export_batch_size=_BATCH, schedule_delay_millis=_EVERY_MS
            )

    @property
    def _waiting(self) -> int:
        return self._accepted - self._exporter.left

    def _export(self, span: Span) -> None:
        """Queue a span that has ended, or drop it."""
        if self._processor is None or self._waiting >= _QUEUE:
            self._count("dropped", 1)
            return
        self._accepted += 1
        self._processor.on_end(_converted(span, self._resource))

    async def close(self, within_s: float) -> None:
        """Export what waits, as far as there is time; the rest is dropped."""
        loop, ended, processor = asyncio.get_running_loop(), asyncio.Event(), self._processor
        if processor is None:
            return

        def shut_down() -> None:
            processor.shutdown()  # type: ignore[no-untyped-call] # the library has no type here
            with contextlib.suppress(RuntimeError):  # the loop has not waited so long
                _ = loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=shut_down, daemon=True, name="spans-flush").start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                _ = await ended.wait()
        if left := self._waiting:
            self._count("dropped", left)


class _Counted(SpanExporter):
    """An exporter whose results are counted.

    Attributes:
        left: spans that have left the queue, whatever became of them; written by the thread that exports.
    """

    def __init__(self, inner: SpanExporter, count: Callable[[str, int], None]) -> None:
        self._inner, self._count = inner, count
        self.left = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch."""
        result = SpanExportResult.FAILURE
        try:
            result = self._inner.export(spans)
        finally:
            self.left += len(spans)
            self._count("exported" if result is SpanExportResult.SUCCESS else "dropped", len(spans))
        return result

    def shutdown(self) -> None:
        """Stop trying."""
        self._inner.shutdown()


def _converted(span: Span, resource: Resource) -> ReadableSpan:
    """Return a span as the library has it. Its own are made before their work begins, and cost ten times as much."""
    state = _NO_STATE if span.state is None else TraceState.from_header([span.state])
    parent = None
    if span.parent_id is not None:
        parent = SpanContext(span.trace_id, span.parent_id, span.is_remote, _SAMPLED, state)
    return ReadableSpan(
        name=span.name,
        context=SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=_SAMPLED, trace_state=state),
        parent=parent,
        resource=resource,
        attributes=span.attributes,
        kind=_KINDS[span.kind],
        status=_ERROR if span.failed else _UNSET,
        start_time=span.began_ns,
        end_time=span.ended_ns,
        instrumentation_scope=_SCOPE,
    )
