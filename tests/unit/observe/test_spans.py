"""Spans: their times."""

from __future__ import annotations

import itertools

import pytest

from gateway.observe import spans
from gateway.observe.spans import Span, Spans

NOON = 1_700_000_000_000_000_000


def test_spans_keep_their_lengths_and_their_order_when_the_clock_runs_backwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks, backwards = itertools.count(1000, 10), itertools.count(NOON, -3_600_000_000_000)
    monkeypatch.setattr(spans, "monotonic_ns", lambda: next(ticks))
    monkeypatch.setattr(spans, "time_ns", lambda: next(backwards))
    exported: list[Span] = []
    made = Spans(exported.append)
    outer = made.begin("outer", "internal")
    token = spans.enter(outer)
    inner = made.begin("inner", "client")
    made.end(inner)
    spans.leave(token)
    made.end(outer)
    times = [(span.name, span.began_ns - NOON, span.ended_ns - NOON) for span in exported]
    assert times == [("inner", 10, 20), ("outer", 0, 30)]
