"""Our histogram shows what the library's own shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.observe.durations import Durations
from gateway.observe.metrics import Metrics

ROOT = Path(__file__).parents[3]
BOUNDS = (0.001, 0.25, 1.0, 60.0)
LABELS = st.tuples(st.sampled_from(["a", 'quo"ted', "line\nbreak"]), st.sampled_from(["ok", "bad"]))
SECONDS = st.floats(0, 100) | st.sampled_from(BOUNDS)


def shown(registry: CollectorRegistry) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples = [sample for family in families for sample in family.samples if not sample.name.endswith("_created")]
    return {(each.name, frozenset(each.labels.items())): each.value for each in samples}


@given(st.lists(st.tuples(LABELS, SECONDS), max_size=30))
def test_same_observations_show_the_same(observed) -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    library = Histogram("d", "Durations.", ("who", "how"), buckets=BOUNDS, registry=theirs)
    own = Durations("d", "Durations.", ("who", "how"), BOUNDS)
    ours.register(own)
    for labels, seconds in observed:
        library.labels(*labels).observe(seconds)
        own.labels(*labels).observe(seconds)
    assert shown(ours) == shown(theirs)


SHARED = """
import json, sys
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from gateway.observe.worker_durations import WorkerDurations
bounds, observed = json.loads(sys.argv[1])
library = Histogram("theirs", "Durations.", ("who",), buckets=bounds)
ours = WorkerDurations("ours", "Durations.", ("who",), bounds)
cells = {who: ours.labels(who) for who, _ in observed}
for index, (who, seconds) in enumerate(observed):
    library.labels(who).observe(seconds)
    cells[who].observe(seconds)
    if index % 3 == 0:
        ours.flush()
ours.flush()
ours.flush()
registry = CollectorRegistry()
MultiProcessCollector(registry)
shown = {"theirs": {}, "ours": {}}
for family in registry.collect():
    for sample in family.samples:
        kind = sample.name.removeprefix(family.name)
        shown[family.name][kind + str(sorted(sample.labels.items()))] = round(sample.value, 9)
print(json.dumps(shown))
"""


def test_counts_of_a_worker_that_are_written_now_and_then_show_the_same(tmp_path: Path) -> None:
    observed = [("a", 0.0005), ("a", 0.25), ("b", 61.0), ("a", 0.3), ("b", 0.001), ("a", 59.0), ("a", 0.25)]
    done = subprocess.run(
        [sys.executable, "-c", SHARED, json.dumps([BOUNDS, observed])],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True, check=True, text=True, cwd=ROOT,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    assert shown["ours"] == shown["theirs"] != {}


def test_metrics_tell_requests_and_exchanges_by_their_labels() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.request(route="/v1/x", method="GET", status=200, engine="hr", duration_s=0.004, outcome="ok")
    metrics.exchange("hr", "GET", None, "engine-timeout", 2.0)
    text = metrics.render()[0].decode()
    labels = 'engine="hr",method="GET",outcome="ok",route="/v1/x",status="200"'
    assert f"varbridge_request_duration_seconds_count{{{labels}}} 2.0" in text
    assert (
        'varbridge_engine_request_duration_seconds_count{engine="hr",method="GET",result="engine-timeout"} 1.0' in text
    )
    assert 'le="0.005"' in text


def test_metrics_tell_breakers_and_repetitions_of_each_engine() -> None:
    metrics = Metrics()
    for state in ("open", "half-open", "open"):
        metrics.breaker("hr", state)
    metrics.repeated("hr")
    metrics.breaker("claims", "closed")
    lines = metrics.render()[0].decode().splitlines()
    assert {line for line in lines if "breaker" in line and line[0] != "#" and "_created" not in line} == {
        'varbridge_engine_breaker_state{engine="hr"} 2.0',
        'varbridge_engine_breaker_state{engine="claims"} 0.0',
        'varbridge_engine_breaker_openings_total{engine="hr"} 2.0',
    }
    assert 'varbridge_engine_retries_total{engine="hr"} 1.0' in lines


WORKER = """
from gateway.observe.metrics import Metrics
metrics = Metrics()
metrics.note_engine("hr", 3, 2)
metrics.note_work(5, 0)
"""
READER = """
import sys
from gateway.observe.metrics import Metrics, forget_worker
print(Metrics().render()[0].decode())
if len(sys.argv) > 1:
    forget_worker(int(sys.argv[1]), sys.argv[2])
    print("FORGOTTEN", Metrics().render()[0].decode())
"""


def test_work_of_several_workers_is_their_sum_until_one_is_gone(tmp_path: Path) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = [subprocess.Popen([sys.executable, "-c", WORKER], env=environ, cwd=ROOT) for _ in range(2)]
    assert [each.wait(60) for each in workers] == [0, 0]
    done = subprocess.run(
        [sys.executable, "-c", READER, str(workers[0].pid), str(tmp_path)],
        env=environ, capture_output=True, check=True, text=True, cwd=ROOT,
    )  # fmt: skip
    both, one = done.stdout.split("FORGOTTEN")
    assert ("varbridge_requests_in_flight 10.0" in both, 'varbridge_engine_queue{engine="hr"} 4.0' in both) == (
        True,
        True,
    )
    assert ("varbridge_requests_in_flight 5.0" in one, 'varbridge_engine_queue{engine="hr"} 2.0' in one) == (True, True)
