"""Links in the metrics: all states, and stale ones; counted only after a change, and as they were while the store is away."""

from __future__ import annotations

import pytest

from gateway.bridge.linking import new_link
from gateway.errors import StoreUnavailable
from gateway.link_counting import LinkCounting
from gateway.model.bridge import LinkCounts, Side
from gateway.observe.metrics import Metrics
from gateway.operations.bridge.links import Links
from gateway.store import LinkRecords, PlanRecords, Settings, Store


def shown(metrics: Metrics) -> dict[str, float]:
    lines = metrics.render()[0].decode().splitlines()
    return {
        name: float(value) for name, value in (line.split() for line in lines if line.startswith("varbridge_links"))
    }


async def test_links_are_shown_by_state_and_counted_again_only_after_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    store, metrics, counted = Store(Settings(url="sqlite://")), Metrics(), 0
    records = LinkRecords(store)
    links, counting = Links(records, PlanRecords(store)), LinkCounting(records, metrics.note_links)
    count = records.count

    async def counting_count(plan: str | None = None) -> LinkCounts:
        nonlocal counted
        counted += 1
        return await count(plan)

    monkeypatch.setattr(records, "count", counting_count)
    await counting.look()
    assert set(shown(metrics).values()) == {0.0}
    assert len(shown(metrics)) == 10
    made = [await links.create(new_link(Side("hr", str(n)), Side("claims", str(n))), "ops") for n in range(3)]
    await links.mark_stale((await links.apply(made[0], "copy", "ops")).id, "a task")
    for _ in range(3):
        await counting.look()
    assert counted == 2
    found = {name: number for name, number in shown(metrics).items() if number}
    copied, linked = 'varbridge_links{state="copied"}', 'varbridge_links{state="linked"}'
    assert found == {copied: 1.0, linked: 2.0, "varbridge_links_stale": 1.0}
    await links.remove(made[1], "ops")

    async def away() -> int:
        raise StoreUnavailable

    with monkeypatch.context() as gone:
        gone.setattr(records, "last_change", away)
        await counting.look()
    assert shown(metrics)[linked] == 2.0
    await counting.look()
    assert shown(metrics)[linked] == 1.0
    await store.close()
