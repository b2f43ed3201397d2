"""One question to two real engines at once, through a gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import msgspec
import pytest

from gateway import app, config
from gateway.model.condition import Condition
from gateway.model.query import Filter, Sort
from gateway.operations.paging import PageRequest, count_rows, read_page
from gateway.plan import Call
from tests.live.server import LiveEngine, delete_instance, start_instance

EACH = 30


@pytest.fixture
def engines(live_camunda: str) -> Iterator[dict[str, str]]:
    """Two engines, each with instances whose amounts count up from another number."""
    with LiveEngine() as second:
        urls = {"hr": live_camunda, "ops": second.url}
        started = [
            (url, start_instance(url, {"federated": {"type": "Long", "value": number + offset}}))
            for offset, url in enumerate(urls.values())
            for number in range(0, 2 * EACH, 2)
        ]
        yield urls
        for url, instance in started:
            delete_instance(url, instance)


async def test_both_engines_answer_in_one_walk_and_are_counted_together(
    engines: dict[str, str],
) -> None:
    tree = {"engines": {name: {"vendor": "camunda7", "url": url} for name, url in engines.items()}}
    running = app.Application(config.parse(tree, app.VENDORS))
    await running.routes.refresh()
    await running.current().start_clients()
    try:
        condition = Condition(name="federated", operator="gteq", value=msgspec.Raw(b"10"))
        for sorting in ((), (Sort(key="name"),)):
            asked = PageRequest(
                filter=Filter(variable_values=(condition,)), engines=("hr", "ops"), sorting=sorting, limit=7
            )
            values, engines_seen = await walked(running, asked)
            assert sorted(values) == list(range(10, 2 * EACH))
            if not sorting:
                assert engines_seen == sorted(engines_seen)
        counted = await count_rows(running.gateway, asked, call())
        assert [(share.engine, share.count) for share in counted] == [("hr", EACH - 5), ("ops", EACH - 5)]
    finally:
        for client in running.current().clients.values():
            await client.close()


async def walked(running: app.Application, asked: PageRequest) -> tuple[list[int], list[str]]:
    values: list[int] = []
    engines: list[str] = []
    positions = None
    for _ in range(2 * EACH):
        page = await read_page(running.gateway, asked, positions, call())
        assert [share.error for share in page.shares] == [None, None]
        values += [json.loads(row.variable.value.text) for _, row in page.rows]
        engines += [engine for engine, _ in page.rows]
        positions = page.positions
        if positions is None:
            break
    return values, engines


def call() -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + 60, request_id="federation")
