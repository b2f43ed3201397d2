"""Prometheus metrics: requests by route template, exchanges with engines. Label children are cached.

Workers that share the ports write to files in one folder (``PROMETHEUS_MULTIPROC_DIR``, which prometheus-client reads
when it is imported), each once a second; the worker that is asked for metrics sums up the files of all workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.observe.durations import Cell, Durations
from gateway.observe.worker_durations import WorkerDurations

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds in seconds, from the time of an answer over loopback to the longest default deadline."""

_STATES = ("closed", "half-open", "open")
_FLUSH_S = 1.0
"""How far the counts of other workers may lag; Prometheus itself asks every 15 seconds or so."""


class Metrics:
    """The gateway's metrics. A histogram's ``_count`` is the counter of requests; there is no separate one."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry or CollectorRegistry()
        self._shared: list[WorkerDurations] = []
        self._timer: asyncio.TimerHandle | None = None
        self._requests = self._durations(
            "varbridge_request_duration_seconds",
            "Requests of callers.",
            ("route", "method", "status", "engine", "outcome"),
        )
        self._exchanges = self._durations(
            "varbridge_engine_request_duration_seconds", "Requests to engines.", ("engine", "method", "result")
        )
        self._repetitions = Counter(
            "varbridge_engine_retries", "Requests sent to engines again.", ("engine",), registry=self._registry
        )
        self._breakers = Gauge(
            "varbridge_engine_breaker_state",
            "0 closed, 1 half-open, 2 open; of several workers the worst.",
            ("engine",),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._openings = Counter(
            "varbridge_engine_breaker_openings", "Times a breaker opened.", ("engine",), registry=self._registry
        )
        self._refusals = Counter(
            "varbridge_engine_refusals",
            "Requests to engines that were not sent, to protect them.",
            ("engine", "reason"),
            registry=self._registry,
        )
        self._in_flight = self._gauge("varbridge_engine_in_flight", "Requests that engines work on.", "engine")
        self._queued = self._gauge("varbridge_engine_queue", "Requests that wait for their turn.", "engine")
        self._requests_in_flight = self._gauge("varbridge_requests_in_flight", "Requests of callers that are answered.")
        self._retiring = self._gauge("varbridge_configurations_retiring", "Earlier configurations that are in use.")
        self._jobs = Gauge(
            "varbridge_jobs",
            "Jobs that wait and run; on PostgreSQL of all processes, of workers on SQLite in the one that has most.",
            ("kind", "state"),
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._oldest_job = Gauge(
            "varbridge_job_oldest_waiting_seconds",
            "How long the oldest job has waited that could be carried out.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._job_runs = Counter(
            "varbridge_job_runs", "Times a job was carried out here.", ("kind", "outcome"), registry=self._registry
        )
        self._job_kinds: set[str] = set()
        self._sample: Callable[[], None] = lambda: None
        self._reloads = Counter(
            "varbridge_reloads", "Attempts to replace the configuration.", ("outcome",), registry=self._registry
        )
        if not _has_workers():  # memory, CPU and descriptors; of several workers one would stand for all
            _ = ProcessCollector(registry=self._registry)
        self._spans = Counter(
            "varbridge_spans", "Spans of traces that left the queue.", ("outcome",), registry=self._registry
        )
        self._bridge_items = Counter(
            "varbridge_bridge_items",
            "Instances that bridge jobs have ended with, by kind of job and outcome.",
            ("kind", "outcome"),
            registry=self._registry,
        )
        self._verdicts = Counter(
            "varbridge_bridge_verdicts",
            "Verdicts on variables by bridge jobs: `lossless`, the rule of a loss, or why a variable was not copied.",
            ("kind", "code"),
            registry=self._registry,
        )
        self._links = self._of_store("varbridge_links", "Links of instance pairs, by state.", "state")
        self._stale_links = self._of_store("varbridge_links_stale", "Links whose copy may be out of date.")
        self._sheds = Counter(
            "varbridge_sheds", "Requests and connections of callers turned away.", ("reason",), registry=self._registry
        )
        self._throttled = Counter(
            "varbridge_throttled_requests", "Requests over their caller's rate.", ("caller",), registry=self._registry
        )
        self._failed_credentials = Counter(
            "varbridge_failed_credentials",
            "Wrong passwords and keys; slowed: their refusal had to wait.",
            ("kind", "slowed"),
            registry=self._registry,
        )
        self._linked = Counter(
            "varbridge_linked_requests",
            "Requests of callers about linked instances, by the engine that decides.",
            ("engine",),
            registry=self._registry,
        )
        self._linked_before: dict[str, int] = {}
        self._request_children: dict[tuple[str, str, int, str, str], Cell] = {}
        self._exchange_children: dict[tuple[str, str, int | str | None], Cell] = {}

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        """Return what is looked at when somebody asks for it; of several workers it is the sum."""
        return Gauge(name, documentation, labels, registry=self._registry, multiprocess_mode="livesum")

    def _of_store(self, name: str, documentation: str, *labels: str) -> Gauge:
        """Return what every process reads from the store, so that all show the same: the highest counts, no sum."""
        note = " The same from every replica."
        return Gauge(name, documentation + note, labels, registry=self._registry, multiprocess_mode="livemax")

    def start(self, sample: Callable[[], None]) -> None:
        """Begin to share the counts with the other workers, if there are any; needs the running loop.

        Args:
            sample: notes what can only be looked at (``note_work``, ``note_engine``); called before others see it.
        """
        self._sample = sample
        self._share_later()

    def _share_later(self) -> None:
        if self._shared:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_S, self._share)

    def stop(self) -> None:
        """Share what is left."""
        if self._timer is not None:
            self._timer.cancel()
        for each in self._shared:
            each.flush()

    def _share(self) -> None:
        self._sample()
        for each in self._shared:
            each.flush()
        self._share_later()

    def _durations(self, name: str, documentation: str, labels: tuple[str, ...]) -> WorkerDurations | Durations:
        if _has_workers():
            shared = WorkerDurations(name, documentation, labels, _BUCKETS, self._registry)
            self._shared.append(shared)
            return shared
        durations = Durations(name, documentation, labels, _BUCKETS)
        self._registry.register(durations)
        return durations

    def request(  # noqa: PLR0913 - the labels of one metric
        self,
        *,
        route: str,
        method: str,
        status: int,
        engine: str,
        duration_s: float,
        outcome: str,
        caller: str | None = None,
    ) -> None:
        """Count one request of a caller; ``route`` is a template, never a path. Callers are many, and no label."""
        del caller
        key = (route, method, status, engine, outcome)
        child = self._request_children.get(key)
        if child is None:
            child = self._requests.labels(route, method, str(status), engine, outcome)
            self._request_children[key] = child
        child.observe(duration_s)

    def exemplify(  # noqa: PLR0913 - the labels of one metric
        self, trace_id: str, *, route: str, method: str, status: int, engine: str, duration_s: float, outcome: str
    ) -> None:
        """Show the trace of a request, which was counted, beside the bucket that it fell into."""
        self._request_children[route, method, status, engine, outcome].exemplify(trace_id, duration_s)

    def exchange(self, engine: str, method: str, status: int | None, error_code: str | None, duration_s: float) -> None:
        """Count one request to an engine: by the status of its answer, or by the code of its error."""
        key = (engine, method, status if status is not None else error_code)
        child = self._exchange_children.get(key)
        if child is None:
            child = self._exchange_children[key] = self._exchanges.labels(engine, method, str(key[2]))
        child.observe(duration_s)

    def repeated(self, engine: str) -> None:
        """Count one request that is sent to an engine again."""
        self._repetitions.labels(engine).inc()

    def refused(self, engine: str, reason: str) -> None:
        """Count one request that was not sent to an engine, to protect it."""
        self._refusals.labels(engine, reason).inc()

    def note_engine(self, engine: str, in_flight: int, queued: int) -> None:
        """Note how many requests an engine works on, and how many wait for it."""
        self._in_flight.labels(engine).set(in_flight)
        self._queued.labels(engine).set(queued)

    def note_work(self, running: int, retiring: int) -> None:
        """Note how many requests of callers are running, and on how many earlier configurations."""
        self._requests_in_flight.set(running)
        self._retiring.set(retiring)

    def note_jobs(self, waiting: Mapping[str, int], running: Mapping[str, int], oldest_s: float) -> None:
        """Note how many jobs wait and run, by kind, and how long the oldest one has waited, seconds."""
        self._job_kinds.update(waiting, running)
        for kind in self._job_kinds:  # one of which there is none any more is at 0
            self._jobs.labels(kind, "waiting").set(waiting.get(kind, 0))
            self._jobs.labels(kind, "running").set(running.get(kind, 0))
        self._oldest_job.set(oldest_s)

    def job_run(self, kind: str, outcome: str) -> None:
        """Count one run of a job: ``done``, ``again`` (paused), ``busy`` (another process has it), ``failed``."""
        self._job_runs.labels(kind, outcome).inc()

    def breaker(self, engine: str, state: str) -> None:
        """Note the state of an engine's breaker: ``closed``, ``half-open`` or ``open``."""
        self._breakers.labels(engine).set(_STATES.index(state))
        if state == "open":
            self._openings.labels(engine).inc()

    def bridge_item(self, kind: str, outcome: str, verdicts: Mapping[str, int]) -> None:
        """Count an instance of a bridge job that has ended, and the verdicts on its variables."""
        self._bridge_items.labels(kind, outcome).inc()
        for code, number in verdicts.items():
            self._verdicts.labels(kind, code).inc(number)

    def note_links(self, states: Mapping[str, int], stale: int) -> None:
        """Note how many links there are in each state, and how many are stale."""
        for state, number in states.items():
            self._links.labels(state).set(number)
        self._stale_links.set(stale)

    def shed(self, reason: str) -> None:
        """Count one request or connection that was turned away, or cut off."""
        self._sheds.labels(reason).inc()

    def throttled(self, caller: str) -> None:
        """Count one request that was over the rate of its caller, by the name that the configuration has for it."""
        self._throttled.labels(caller).inc()

    def linked(self, engine: str, total: int) -> None:
        """Note how many requests about linked instances have gone to the engine that decides, in all."""
        self._linked.labels(engine).inc(total - self._linked_before.get(engine, 0))
        self._linked_before[engine] = total

    def failed_credentials(self, kind: str, *, slowed: bool) -> None:
        """Count wrong credentials: ``basic`` or ``key``, and whether the refusal had to wait."""
        self._failed_credentials.labels(kind, "yes" if slowed else "no").inc()

    def reloaded(self, *, applied: bool) -> None:
        """Count one attempt to replace the configuration: applied, or refused."""
        self._reloads.labels("applied" if applied else "refused").inc()

    def spans(self, outcome: str, number: int) -> None:
        """Count spans that were ``exported`` or ``dropped``; called from any thread."""
        self._spans.labels(outcome).inc(number)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the metrics, summed over all workers, and the content type.

        Args:
            accept: what the reader takes; OpenMetrics, where it does, has the traces of durations beside them.
        """
        self._sample()
        for each in self._shared:
            each.flush()
        encode, content_type = choose_encoder(accept)
        return encode(_sum_of_workers() if _has_workers() else self._registry), content_type


def forget_worker(pid: int, folder: str) -> None:
    """Let a worker that is gone no longer count among those that work; for the process that starts them."""
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call] # the library has none here


def _has_workers() -> bool:
    return values.ValueClass is not values.MutexValue


def _sum_of_workers() -> CollectorRegistry:
    registry = CollectorRegistry()
    _ = MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library has none here
    return registry
