"""Our histogram shows what the library's own shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.observe.durations import Durations
from gateway.observe.metrics import Metrics

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
