"""How many requests and connections there may be, and what becomes of those beyond."""

from __future__ import annotations

import asyncio
import json
import resource
from contextlib import AsyncExitStack

import pytest

from adapters import camunda7, ibm_bpm
from gateway.assembly import connection_limits
from gateway.web import ConnectionLimits, within_descriptors
from gateway.web.http.connections import Connections
from tests.until import until
from tests.web.gate import Gate, gate
from tests.web.site import parsed, site_of
from tests.web.test_rates import counted
from tests.wire.scripted import OK, Heard, Scripted, running

GET = b"GET /door/a HTTP/1.1\r\nHost: x\r\n\r\n"


class Held:
    """An engine that answers when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, _heard: Heard, writer: asyncio.StreamWriter) -> None:
        await self.may.wait()
        writer.write(OK)


def is_problem(body: bytes) -> bool:
    return json.loads(body)["code"] == "overloaded"


def is_camundas(body: bytes) -> bool:
    return list(json.loads(body)) == ["type", "message", "code"]


def is_ibms(body: bytes) -> bool:
    return json.loads(body)["Data"]["errorNumber"].startswith("VBG")


@pytest.mark.parametrize(
    ("vendor", "asked", "is_refusal"),
    [
        pytest.param(camunda7.VENDOR, ("/v1/engines",), is_problem, id="v1"),
        pytest.param(camunda7.VENDOR, ("/v1/engines", "OPTIONS"), is_problem, id="OPTIONS"),
        pytest.param(camunda7.VENDOR, ("/openapi.json",), is_problem, id="the document"),
        pytest.param(camunda7.VENDOR, ("/docs",), is_problem, id="the page"),
        pytest.param(camunda7.VENDOR, ("/door/process-instance/2",), is_camundas, id="camunda7"),
        pytest.param(ibm_bpm.VENDOR, ("/door/process/2?parts=data",), is_ibms, id="ibm_bpm"),
    ],
)
async def test_request_too_many_is_503_at_once_in_its_dialect(vendor, asked: tuple[str, ...], is_refusal) -> None:
    held = Held()
    async with gate(held, vendor=vendor, services_more={"max_in_flight": 1}) as door:
        first = asyncio.create_task(door.ask("/door/process/1"))
        await until(lambda: door.engine.heard)
        status, headers, body = await door.ask(*asked)
        assert (status, headers["retry-after"], is_refusal(body)) == (503, "1", True)
        assert counted(door, "varbridge_sheds_total") == ['varbridge_sheds_total{reason="in-flight"} 1.0']
        held.may.set()
        assert (await first)[0] == 200
        assert (await door.ask(*asked))[0] in {200, 204}


async def test_health_and_admin_are_answered_where_no_request_more_is() -> None:
    held = Held()

    async def answers(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if "/variables/" in heard.target:
            await held(heard, writer)
        else:
            writer.write(OK)

    server = {"port": 0, "admin_port": 0, "max_in_flight": 1}
    async with running(Scripted(answers)) as engine, site_of({"hr": engine.url}, server=server) as site:
        first = asyncio.create_task(site.get("/v1/instances/hr:1/variables/amount"))
        await until(lambda: engine.heard)
        assert (await site.get("/v1/engines"))[0] == 503
        paths = ("/healthz", "/readyz", "/metrics", "/config")
        assert [(await site.ask_admin(path))[0] for path in paths] == [200] * 4
        held.may.set()
        _ = await first


@pytest.mark.parametrize("path", [b"/v1/variables/batch", b"/door/process-instance/1/variables"], ids=["v1", "door"])
async def test_request_too_many_is_refused_before_its_body_comes(path: bytes) -> None:
    held = Held()
    async with gate(held, services_more={"max_in_flight": 1}) as door:
        first = asyncio.create_task(door.ask("/door/process/1"))
        await until(lambda: door.engine.heard)
        head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        assert (await door.send(head, whole=False)).startswith(b"HTTP/1.1 503 ")
        held.may.set()
        _ = await first


async def opened(stack: AsyncExitStack, door: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    stack.callback(writer.close)
    return reader, writer


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Return whether a request on a connection is answered; it is not where the connection was closed."""
    try:
        writer.write(GET)
        return (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
    except (asyncio.IncompleteReadError, ConnectionError):
        return False


async def test_connections_too_many_of_one_address_are_closed_without_an_answer() -> None:
    async with gate(connections=ConnectionLimits(per_address=2)) as door, AsyncExitStack() as stack:
        first, second = [await opened(stack, door) for _ in range(2)]
        assert [await asked(*each) for each in (first, second)] == [True, True]
        assert await asked(*await opened(stack, door)) is False
        assert [await asked(*each) for each in (first, second)] == [True, True]
        assert counted(door, "varbridge_sheds_total") == ['varbridge_sheds_total{reason="connections-per-address"} 1.0']
        first[1].close()
        await until(lambda: opened_and_asked(stack, door))


async def opened_and_asked(stack: AsyncExitStack, door: Gate) -> bool:
    return await asked(*await opened(stack, door))


async def test_connection_that_has_been_idle_longest_makes_room() -> None:
    async with gate(connections=ConnectionLimits(most=3)) as door, AsyncExitStack() as stack:
        first, second, third = [await opened(stack, door) for _ in range(3)]
        for each in (second, third, first):
            assert await asked(*each)
        assert await asked(*await opened(stack, door))
        assert [await asked(*each) for each in (first, third, second)] == [True, True, False]


async def test_connection_too_many_is_closed_where_all_others_are_at_work() -> None:
    held = Held()
    async with gate(held, connections=ConnectionLimits(most=2)) as door, AsyncExitStack() as stack:
        running = [asyncio.create_task(asked(*await opened(stack, door))) for _ in range(2)]
        await until(lambda: len(door.engine.heard) == 2)
        assert await asked(*await opened(stack, door)) is False
        held.may.set()
        assert await asyncio.gather(*running) == [True, True]


async def test_hundreds_of_callers_that_send_half_a_head_starve_nobody() -> None:
    async with gate(connections=ConnectionLimits(most=100)) as door, AsyncExitStack() as stack:
        for number in range(400):
            _, writer = await opened(stack, door)
            writer.write(b"GET /door/slow HTTP/1.1\r\nX-A: ")
            if number % 50 == 0:
                assert await asked(*await opened(stack, door))
        assert (await door.ask("/door/process-instance/1"))[0] == 200
        (line,) = counted(door, "varbridge_sheds_total")
        assert line.startswith('varbridge_sheds_total{reason="idle"} ')


async def test_hundreds_of_callers_whose_bodies_trickle_starve_nobody() -> None:
    async with gate() as door, AsyncExitStack() as stack:
        for _ in range(300):
            _, writer = await opened(stack, door)
            writer.write(b"POST /v1/variables/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert [(await door.ask("/door/process-instance/1"))[0] for _ in range(5)] == [200] * 5


@pytest.mark.usefixtures("idle_time")
async def test_head_that_does_not_end_is_cut_off_and_counted() -> None:
    async with gate(connections=ConnectionLimits(header_s=10.0)) as door, AsyncExitStack() as stack:
        slow = await opened(stack, door)
        assert await asked(*slow)
        loop = asyncio.get_running_loop()
        slow[1].write(b"GET /door/a HTTP/1.1\r\nX-A: ")
        began = loop.time()
        assert await slow[0].read() == b""
        assert 10 <= loop.time() - began < 75
        assert counted(door, "varbridge_sheds_total") == ['varbridge_sheds_total{reason="slow-header"} 1.0']


@pytest.mark.usefixtures("idle_time")
async def test_caller_that_takes_nothing_of_its_answer_is_cut_off() -> None:
    broken = asyncio.Event()

    async def endless(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            for _ in range(1000):
                writer.write(bytes(1_000_000))
                await writer.drain()
        finally:
            broken.set()

    async with gate(endless, connections=ConnectionLimits(send_s=60.0), idle_s=3600.0) as door:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
        writer.write(GET)
        _ = await broken.wait()
        assert counted(door, "varbridge_sheds_total") == ['varbridge_sheds_total{reason="slow-reader"} 1.0']
        writer.close()


class Fixed:
    """A connection that has been idle since a time; None while a request runs."""

    def __init__(self, since: float | None) -> None:
        self.idle_since, self.is_dropped = since, False

    def drop(self) -> None:
        self.is_dropped = True


def test_room_is_made_for_many_at_once_of_many() -> None:
    shed: list[str] = []
    connections = Connections(lambda: ConnectionLimits(most=500), shed.append)
    made = [Fixed(None if number % 2 else -number) for number in range(500)]
    assert all(connections.add(each, "192.0.2.1") for each in made)
    assert connections.add(Fixed(None), "192.0.2.2")
    assert [number for number, each in enumerate(made) if each.is_dropped] == [490, 492, 494, 496, 498]
    assert shed == ["idle"] * 5


def test_bound_that_is_lowered_holds_for_the_next_connection() -> None:
    limits = ConnectionLimits(most=10)
    connections = Connections(lambda: limits, lambda _reason: None)
    made = [Fixed(number) for number in range(10)]
    assert all(connections.add(each, "192.0.2.1") for each in made)
    limits = ConnectionLimits(most=4)
    assert connections.add(Fixed(None), "192.0.2.1")
    assert [each.is_dropped for each in made] == [True] * 7 + [False] * 3


def test_addresses_without_connections_are_forgotten() -> None:
    connections = Connections(lambda: ConnectionLimits(per_address=1), lambda _reason: None)
    for number in range(1000):
        each = Fixed(None)
        assert connections.add(each, f"192.0.2.{number}")
        connections.remove(each)
        connections.remove(each)
    assert connections._addresses == {}


@pytest.mark.parametrize(
    ("most", "wanted", "fit"),
    [(1024, 10_000, 768), (65_536, 10_000, 10_000), (resource.RLIM_INFINITY, 10_000, 10_000), (1, 10_000, 1)],
    ids=["few", "many", "any number", "one"],
)
def test_connections_leave_descriptors_for_engines_and_store(
    most: int, wanted: int, fit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (most, most))
    assert within_descriptors(wanted) == fit
    assert connection_limits(parsed({"server": {"max_connections": wanted}})).most == fit
