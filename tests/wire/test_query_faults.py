"""A query over engines that are down, slow, lying or talkative: the others' rows come, and the status says who failed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters import camunda7
from gateway.model.query import Filter, Sort
from gateway.operations import Gateway, WriteLocks
from gateway.operations.paging import Page, PageRequest, read_page
from gateway.plan import Call
from gateway.port import Credentials
from gateway.routing import Routing
from tests.wire.scripted import Script, Scripted, client_of, hangs_up, never_answers, running, says

SLOW_S = 0.2


def row(number: int) -> dict[str, Any]:
    return {"id": f"{number:07}", "name": "v", "type": "String", "value": "x" * 100, "processInstanceId": "i"}


def answer(body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: "
    return head + str(len(body)).encode() + b"\r\n\r\n" + body


def rows(*numbers: int) -> Script:
    return says(answer(json.dumps([row(number) for number in numbers]).encode()))


@contextlib.asynccontextmanager
async def beside(bad: Script, **settings: Any) -> AsyncIterator[Gateway]:
    """A gateway before an engine that does as the script says (``bad``) and one that has three rows (``good``)."""
    async with (
        running(Scripted(bad)) as first,
        running(Scripted(rows(1, 2, 3))) as second,
        client_of(first.url, engine("bad"), **{"timeout_s": SLOW_S, **settings}) as one,
        client_of(second.url, engine("good")) as other,
    ):
        clients = {"bad": one, "good": other}

        async def run(name: str, plan: Any, call: Call) -> Any:
            return await clients[name].run(plan, call)

        yield Gateway({name: engine(name) for name in clients}, run, WriteLocks(), Routing())


def engine(name: str) -> Any:
    return camunda7.VENDOR.engine(name, camunda7.VENDOR.settings(), Credentials())


async def asked(gateway: Gateway, *sorting: Sort) -> Page:
    call = Call(deadline=asyncio.get_running_loop().time() + 30, request_id="faults")
    question = PageRequest(filter=Filter(), engines=("bad", "good"), sorting=sorting, limit=100)
    return await read_page(gateway, question, None, call)


def told(page: Page) -> list[tuple[str, int, str | None]]:
    return [(share.engine, share.count, share.error.code if share.error else None) for share in page.shares]


FAULTS: dict[str, tuple[Script, str]] = {
    "down": (hangs_up, "engine-unavailable"),
    "slow": (never_answers, "engine-timeout"),
    "a login page": (says(answer(b"<html>Log in</html>", b"text/html")), "engine-misbehaved"),
    "cut off": (says(answer(b'[{"id": "1", "na')), "engine-misbehaved"),
    "no list": (says(answer(b'{"rows": []}')), "engine-misbehaved"),
    "rows of numbers": (says(answer(b"[1, 2, 3]")), "engine-misbehaved"),
    "rows without ids": (says(answer(b'[{"name": "v"}]')), "engine-misbehaved"),
    "rows with wrong types": (says(answer(b'[{"id": 5, "name": "v"}]')), "engine-misbehaved"),
    "more rows than asked for": (rows(*range(200)), "engine-misbehaved"),
    "an error of its own": (says(b"HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}"), "engine-error"),
}


@pytest.mark.parametrize("sorting", [(), (Sort(key="name"),)], ids=["unsorted", "sorted"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_other_rows_come_and_the_status_says_who_failed(fault: str, sorting: tuple[Sort, ...]) -> None:
    script, code = FAULTS[fault]
    async with beside(script) as gateway:
        page = await asked(gateway, *sorting)
    assert [(name, found.id) for name, found in page.rows] == [("good", row(number)["id"]) for number in (1, 2, 3)]
    assert told(page) == [("bad", 0, code), ("good", 3, None)]
    assert page.positions is None


async def test_hundred_thousand_rows_at_once_are_refused_without_being_made() -> None:
    async with beside(rows(*range(100_000)), timeout_s=30) as gateway:
        tracemalloc.start()
        page = await asked(gateway)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert told(page) == [("bad", 0, "engine-misbehaved"), ("good", 3, None)]
    size = len(json.dumps([row(number) for number in range(100_000)]))
    assert peak < 3 * size  # the body as it comes, whole, and where its rows are; made, they would be ten times it


async def test_engine_that_gives_the_same_page_for_ever_is_found_out() -> None:
    same = json.dumps([row(number) for number in range(101)]).encode()
    async with beside(says(answer(same))) as gateway:
        call = Call(deadline=asyncio.get_running_loop().time() + 30, request_id="faults")
        question = PageRequest(filter=Filter(), engines=("bad",), limit=100)
        first = await read_page(gateway, question, None, call)
        assert told(first) == [("bad", 100, None)]
        second = await read_page(gateway, question, first.positions, call)
    assert told(second)[0][1:] in {(1, None), (0, "engine-misbehaved")}
    assert len(second.rows) <= 1
