"""Traces: a request, its plans and their exchanges as spans; what they say, what they never say, and where they go."""

from __future__ import annotations

import re
import subprocess
import sys
from contextvars import copy_context
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway.observe import tracing
from gateway.observe.metrics import Metrics
from gateway.observe.spans import Spans
from gateway.web.http.opening import open_call
from tests.until import until
from tests.web.site import site_of
from tests.wire.scripted import OK, Scripted, hangs_up, running, says

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLERS = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=a1,other=b2"}
ON = {"endpoint": "http://127.0.0.1:9"}
NATIVE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
INSTANCE = b'{"id":"1","definitionId":"d:1:1","suspended":false}'
DOOR = {"camunda7": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}}


def describes() -> Any:
    return says(NATIVE % (len(INSTANCE), INSTANCE))


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What gateways that are started from now on export; all of it is there when they have stopped."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "OTLPSpanExporter", lambda **_: exporter)
    return exporter


def shown(span: ReadableSpan) -> dict[str, Any]:
    return {"name": span.name, "kind": span.kind, "status": span.status.status_code, **span.attributes}


def by_kind(exporter: InMemorySpanExporter) -> dict[SpanKind, ReadableSpan]:
    return {span.kind: span for span in exporter.get_finished_spans()}


async def test_request_plan_and_exchange_are_spans_one_below_the_other(exported: InMemorySpanExporter) -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=ON) as site:
        assert (await site.get("/v1/instances/hr:1"))[0] == 200
        port = int(engine.url.split(":")[2].split("/")[0])
    assert [shown(span) for span in exported.get_finished_spans()] == [
        {
            "name": "GET",
            "kind": SpanKind.CLIENT,
            "status": StatusCode.UNSET,
            "varbridge.engine": "hr",
            "server.address": "127.0.0.1",
            "server.port": port,
            "http.request.method": "GET",
            "http.response.status_code": 200,
        },
        {
            "name": "describe_instance",
            "kind": SpanKind.INTERNAL,
            "status": StatusCode.UNSET,
            "varbridge.engine": "hr",
            "varbridge.outcome": "ok",
        },
        {
            "name": "GET /v1/instances/{instance}",
            "kind": SpanKind.SERVER,
            "status": StatusCode.UNSET,
            "http.request.method": "GET",
            "http.route": "/v1/instances/{instance}",
            "http.response.status_code": 200,
            "varbridge.outcome": "ok",
            "varbridge.engine": "hr",
            "enduser.id": "anonymous",
        },
    ]
    exchange, plan, request = exported.get_finished_spans()
    assert request.parent is None
    assert [span.parent.span_id for span in (exchange, plan)] == [plan.context.span_id, request.context.span_id]
    assert len({span.context.trace_id for span in (exchange, plan, request)}) == 1
    assert all(span.start_time <= span.end_time for span in (exchange, plan, request))
    assert request.resource.attributes["service.name"] == "varbridge"


async def test_trace_of_the_caller_goes_on_to_the_engine(exported: InMemorySpanExporter) -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=ON) as site:
        assert (await site.get("/v1/instances/hr:1", **CALLERS))[0] == 200
    spans = by_kind(exported)
    request, exchange = spans[SpanKind.SERVER], spans[SpanKind.CLIENT]
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, PARENT)
    assert (request.parent.is_remote, request.context.trace_state.to_header()) == (True, CALLERS["tracestate"])
    [heard] = engine.heard
    assert heard.header("traceparent") == f"00-{TRACE}-{exchange.context.span_id:016x}-01"
    assert heard.header("tracestate") == CALLERS["tracestate"]


async def test_request_of_a_front_door_carries_the_exchange_instead_of_what_came(
    exported: InMemorySpanExporter,
) -> None:
    async with running(Scripted(says(OK))) as engine:
        async with site_of({"hr": engine.url}, tracing=ON, dialects=DOOR) as site:
            assert (await site.get("/engine-rest/process-instance/1/variables?x=1", **CALLERS))[0] == 200
    spans = by_kind(exported)
    request, exchange = spans[SpanKind.SERVER], spans[SpanKind.CLIENT]
    assert set(spans) == {SpanKind.SERVER, SpanKind.CLIENT}
    assert (request.name, request.attributes["http.route"]) == (
        "GET /engine-rest variables:read",
        "/engine-rest variables:read",
    )
    assert exchange.parent.span_id == request.context.span_id
    [heard] = engine.heard
    contexts = [pair for pair in heard.headers if pair[0].lower() in {"traceparent", "tracestate"}]
    assert contexts == [
        ("traceparent", f"00-{TRACE}-{exchange.context.span_id:016x}-01"),
        ("tracestate", CALLERS["tracestate"]),
    ]


async def test_spans_hold_no_value_no_id_no_path_no_query_and_no_header(exported: InMemorySpanExporter) -> None:
    body = {"modifications": {"nameOfIt": {"type": "string", "value": "valueOfIt"}}}
    secrets = {"X-Api-Key": "headerOfIt", "X-Request-Id": "requestOfIt"}
    async with running(Scripted(says(b"HTTP/1.1 204 No Content\r\n\r\n"))) as engine:
        async with site_of({"hr": engine.url}, tracing=ON, dialects=DOOR) as site:
            status, _ = await site.ask("PATCH", "/v1/instances/hr:idOfIt/variables?dryRun=false", body, **secrets)
            assert status in {200, 204, 401}
            await site.ask("PATCH", "/v1/instances/hr:idOfIt/variables", body, **{"X-Request-Id": "requestOfIt"})
            await site.ask("POST", "/engine-rest/process-instance/idOfIt/variables?q=queryOfIt", body)
            await site.get("/v1/instances/hr:idOfIt/variables?names=nameOfIt&unknown=queryOfIt")
            await site.get("/nowhere/pathOfIt")
    assert any(b"valueOfIt" in heard.body for heard in engine.heard)
    text = encode_spans(exported.get_finished_spans()).SerializeToString()
    assert b"PATCH /v1/instances/{instance}/variables" in text
    assert re.findall(rb"\w+OfIt", text) == []


@pytest.mark.parametrize(
    ("sample", "flags", "spans"),
    [(1.0, None, 3), (0.0, None, 0), (0.0, "01", 3), (1.0, "00", 0)],
    ids=["all-begun-here", "none-begun-here", "caller-samples", "caller-does-not"],
)
async def test_who_begins_the_trace_decides_whether_it_is_sampled(
    exported: InMemorySpanExporter, sample: float, flags: str | None, spans: int
) -> None:
    callers = {} if flags is None else {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
    table = {**ON, "sample": sample}
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=table) as site:
        assert (await site.get("/v1/instances/hr:1", **callers))[0] == 200
    assert len(exported.get_finished_spans()) == spans
    handed = engine.heard[0].header("traceparent")
    assert handed[-2:] == ("01" if spans else "00")
    assert flags is None or handed.split("-")[1] == TRACE


@pytest.mark.parametrize("flags", [None, "00"], ids=["begun-here", "of-the-caller"])
async def test_request_of_a_front_door_that_is_not_sampled_says_so_to_the_engine(
    exported: InMemorySpanExporter, flags: str | None
) -> None:
    callers = {} if flags is None else {**CALLERS, "traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
    async with running(Scripted(says(OK))) as engine:
        async with site_of({"hr": engine.url}, tracing={**ON, "sample": 0.0}, dialects=DOOR) as site:
            assert (await site.get("/engine-rest/process-instance/1/variables", **callers))[0] == 200
    assert exported.get_finished_spans() == ()
    [heard] = engine.heard
    contexts = {name: value for name, value in heard.headers if name.lower() in CALLERS}
    if flags is None:
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", contexts.pop("traceparent"))
        assert contexts == {}
    else:
        assert contexts == callers


def test_half_of_the_traces_that_begin_here_are_sampled_where_half_is_asked_for() -> None:
    spans = Spans(lambda _span: None, 0.5)
    apart = copy_context()  # a span that begins is the current one of whoever began it
    sampled = sum(apart.run(spans.begin_request, None, None).endswith("01") for _ in range(2000))
    assert 800 < sampled < 1200  # five standard deviations are 112


async def test_request_that_is_sent_again_says_how_often(exported: InMemorySpanExporter) -> None:
    async with running(Scripted(hangs_up, hangs_up, hangs_up, describes())) as engine:
        async with site_of({"hr": engine.url}, each={"retry": {"backoff_s": 0.001}}, tracing=ON) as site:
            assert (await site.get("/v1/instances/hr:1"))[0] == 200
    exchanges = [span.attributes for span in exported.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert [
        (each.get("http.request.resend_count"), each.get("error.type"), each.get("http.response.status_code"))
        for each in exchanges
    ] == [(None, "engine-unavailable", None), (1, None, 200)]


async def test_engine_that_is_gone_fails_every_span_and_names_the_error(exported: InMemorySpanExporter) -> None:
    async with site_of({"hr": "http://127.0.0.1:1/api"}, tracing=ON) as site:
        assert (await site.ask("PUT", "/v1/instances/hr:1/variables/x", {"type": "null"}))[0] == 503
    failed = {
        span.kind: (span.status.status_code, span.attributes["error.type"]) for span in exported.get_finished_spans()
    }
    assert failed == dict.fromkeys(
        (SpanKind.CLIENT, SpanKind.INTERNAL, SpanKind.SERVER), (StatusCode.ERROR, "engine-unavailable")
    )


async def test_traces_are_switched_on_and_off_by_a_reload(exported: InMemorySpanExporter) -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}) as site:
        for tracing_table in ({}, ON, {}):
            await site.replace(tracing=tracing_table)
            await until(lambda: not site.application.is_retiring)
            assert (await site.get("/v1/instances/hr:1"))[0] == 200
        await until(lambda: not site.application.is_retiring)
        assert len(exported.get_finished_spans()) == 3  # exported when the generation that made them had ended
    assert [heard.header("traceparent") is None for heard in engine.heard] == [True, False, True]


async def test_without_traces_the_callers_context_goes_on_and_nothing_is_in_the_way() -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}) as site:
        assert (await site.get("/v1/instances/hr:1", **CALLERS))[0] == 200
        services = site.application.current().services
        assert (services.open_call, type(services.metrics)) == (open_call, Metrics)
    [heard] = engine.heard
    assert {name: heard.header(name) for name in CALLERS} == CALLERS


@pytest.mark.parametrize(
    "given",
    [
        {"traceparent": "00-zz-00f067aa0ba902b7-01"},
        {"traceparent": f"ff-{TRACE}-{PARENT}-01"},
        {"traceparent": f"00-{'0' * 32}-{PARENT}-01"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"tracestate": "vendor=a1"},
    ],
    ids=["no-hex", "version-ff", "trace-of-zeros", "parent-of-zeros", "state-without-parent"],
)
async def test_context_that_is_none_is_not_handed_on(given: dict[str, str]) -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}) as site:
        assert (await site.get("/v1/instances/hr:1", **given))[0] == 200
    assert [engine.heard[0].header(name) for name in CALLERS] == [None, None]


def test_library_is_not_even_imported_where_no_endpoint_is_named() -> None:
    code = (
        "import sys; from gateway import app, config\n"
        "app.Application(config.parse({'store': {'url': 'sqlite:///:memory:'}}, app.VENDORS))\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'opentelemetry', 'google', 'requests'}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


class Refusing(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.FAILURE


async def test_spans_that_the_endpoint_does_not_take_are_counted_and_no_request_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "OTLPSpanExporter", lambda **_: Refusing())
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=ON) as site:
        assert [(await site.get("/v1/instances/hr:1"))[0] for _ in range(5)] == [200] * 5
        metrics = site.application.metrics
    assert b'varbridge_spans_total{outcome="dropped"} 15.0' in metrics.render()[0]
    assert b"exported" not in metrics.render()[0]


def made(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch, processor: type) -> tracing.Tracing:
    def count(outcome: str, number: int) -> None:
        counts[outcome] = counts.get(outcome, 0) + number

    monkeypatch.setattr(tracing, "BatchSpanProcessor", processor)
    traces = tracing.Tracing("http://127.0.0.1:9", 1.0, count)
    traces.start()
    return traces


class Waiting:
    """A processor whose exporter never comes round to it."""

    def __init__(self, _exporter: SpanExporter, **_settings: Any) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def shutdown(self) -> None:
        """Leaves what waits."""


async def test_queue_that_is_full_takes_no_more_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, int] = {}
    traces = made(counts, monkeypatch, Waiting)
    for _ in range(2050):
        traces.spans.end(traces.spans.begin("request", "server"))
    assert counts == {"dropped": 2}
    await traces.close(5.0)
    assert counts == {"dropped": 2050}


class Collector:
    """An OTLP endpoint on loopback."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.names: list[str] = []

    async def take(self, request: web.BaseRequest) -> web.Response:
        said = ExportTraceServiceRequest.FromString(await request.read())
        self.paths.append(request.path)
        self.names += [span.name for each in said.resource_spans for scope in each.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"], ids=["host-alone", "slash", "whole-path"])
async def test_what_waits_when_the_gateway_stops_reaches_the_endpoint(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    collector = Collector()
    runner = web.ServerRunner(web.Server(collector.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    try:
        async with running(Scripted(describes())) as engine:
            async with site_of({"hr": engine.url}, tracing={"endpoint": endpoint}) as site:
                assert (await site.get("/v1/instances/hr:1"))[0] == 200
            assert b'varbridge_spans_total{outcome="exported"} 3.0' in site.application.metrics.render()[0]
    finally:
        await runner.cleanup()
    assert (collector.paths, collector.names) == (
        ["/v1/traces"],
        ["GET", "describe_instance", "GET /v1/instances/{instance}"],
    )


async def test_durations_show_traces_as_examples_to_whoever_takes_openmetrics(exported: InMemorySpanExporter) -> None:
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=ON) as site:
        assert (await site.get("/v1/instances/hr:1", **CALLERS))[0] == 200
        plain = await site.ask_admin("/metrics")
        rich = await site.ask_admin("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert TRACE not in plain[1]
    [line] = [line for line in rich[1].splitlines() if TRACE in line]
    assert line.startswith('varbridge_request_duration_seconds_bucket{engine="hr",')
    assert f'# {{trace_id="{TRACE}"}}' in line
    assert rich[1].endswith("# EOF\n")


async def test_line_of_a_request_names_its_trace(
    exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("gateway.web.http.access_log._log.info", lambda _event, **line: lines.append(line))
    async with running(Scripted(describes())) as engine, site_of({"hr": engine.url}, tracing=ON) as site:
        assert (await site.get("/v1/instances/hr:1", **CALLERS))[0] == 200
    assert [line["trace_id"] for line in lines] == [TRACE]
