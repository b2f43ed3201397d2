"""Engines are protected on every road: places for so many exchanges, a queue, a rate, and the breaker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.errors import CircuitOpen, ConcurrentUpdate, EngineTimeout, EngineUnavailable, Overloaded
from gateway.plan import WriteLease
from gateway.wire.settings import BreakerSettings, LimitSettings, RetrySettings
from tests.simulated_clock import let_pass
from tests.until import until
from tests.wire.scripted import OK, Scripted, call, client_of, hangs_up, running, says
from tests.wire.test_gate import CLIENTS, READS, ROADS, answers, plan, raw, vendor

POLL = "long poll"
ONE = LimitSettings(concurrency=1, queue=2, queue_s=0.3)
NONE_WAITS = LimitSettings(concurrency=1, queue=0, queue_s=0.3)
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


class Held:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, request, writer) -> None:
        await self.go.wait()
        writer.write(OK[:-2] if request.method == "HEAD" else OK)


@pytest.fixture
async def held() -> AsyncIterator[tuple[Scripted, Held]]:
    script = Held()
    async with running(Scripted(script)) as engine:
        yield engine, script
        script.go.set()


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("road", sorted(set(ROADS) - {POLL}))
async def test_exchange_without_a_place_waits_for_its_turn_and_is_refused_if_too_many_do(
    road: str, kind: str, held: tuple[Scripted, Held]
) -> None:
    engine, script = held
    async with client_of(engine.url, client=kind, limits=ONE) as client:
        running_ones = [asyncio.create_task(ROADS[road]()(client, call())) for _ in range(3)]
        await until(lambda: len(engine.heard) == 1 and client.gate.places.queued == 2)
        with pytest.raises(Overloaded) as refused:
            await ROADS[road]()(client, call())
        assert (refused.value.engine, refused.value.headers) == ("hr", (("Retry-After", "1"),))
        assert len(engine.heard) == 1
        assert client.observer.refusals == [("hr", "queue-full")]
        script.go.set()
        _ = await asyncio.gather(*running_ones)
        assert (len(engine.heard), client.gate.places.queued) == (3, 0)


@pytest.mark.usefixtures("idle_time")
async def test_wait_for_a_place_ends_after_its_time(held: tuple[Scripted, Held]) -> None:
    engine, script = held
    async with client_of(engine.url, limits=ONE) as client:
        first = asyncio.create_task(client.run(plan(vendor("GET")), call(60)))
        await until(lambda: len(engine.heard) == 1)
        with pytest.raises(Overloaded):
            await client.run(plan(vendor("PUT", body=b"{}")), call(60))
        assert (len(engine.heard), client.gate.places.queued) == (1, 0)
        assert client.observer.refusals == [("hr", "waited")]
        script.go.set()
        _ = await first


@pytest.mark.usefixtures("idle_time")
async def test_deadline_that_ends_while_a_write_waits_for_its_place_has_sent_nothing(
    held: tuple[Scripted, Held],
) -> None:
    engine, script = held
    async with client_of(engine.url, limits=ONE) as client:
        first = asyncio.create_task(client.run(plan(vendor("GET")), call(60)))
        await until(lambda: len(engine.heard) == 1)
        for send in (
            lambda: client.run(plan(vendor("PUT", body=b"{}")), call(0.1)),
            lambda: client.relay(raw("POST", body=b"{}"), call(0.1)),
        ):
            with pytest.raises(EngineTimeout) as late:
                await send()
            assert late.value.outcome == "not_applied"
        assert (len(engine.heard), client.gate.places.queued) == (1, 0)
        script.go.set()
        _ = await first


async def test_lease_that_ran_out_while_a_write_waited_for_its_place_stops_it(held: tuple[Scripted, Held]) -> None:
    engine, script = held
    async with client_of(engine.url, limits=ONE) as client:
        first = asyncio.create_task(client.run(plan(vendor("GET")), call()))
        await until(lambda: len(engine.heard) == 1)
        about = call()
        lease = WriteLease(until=about.deadline)
        about.leases = (lease,)
        waiting = asyncio.create_task(client.run(plan(vendor("PUT", body=b"{}")), about))
        await until(lambda: client.gate.places.queued == 1)
        lease.until = 0.0
        script.go.set()
        with pytest.raises(ConcurrentUpdate):
            await waiting
        _ = await first
        assert [heard.method for heard in engine.heard] == ["GET"]


async def test_caller_that_goes_away_gives_its_place_in_the_queue_up(held: tuple[Scripted, Held]) -> None:
    engine, script = held
    async with client_of(engine.url, limits=ONE) as client:
        first, second, third = (asyncio.create_task(client.run(plan(vendor("GET")), call())) for _ in range(3))
        await until(lambda: client.gate.places.queued == 2)
        _ = second.cancel()
        await until(lambda: client.gate.places.queued == 1)
        script.go.set()
        assert [(await each).status for each in (first, third)] == [200, 200]
        assert len(engine.heard) == 2


@pytest.mark.parametrize("kind", CLIENTS)
async def test_relayed_answer_keeps_its_place_until_it_is_closed(kind: str) -> None:
    async with running(Scripted(says(OK))) as engine, client_of(engine.url, client=kind, limits=NONE_WAITS) as client:
        answer = await client.relay(raw("GET"), call())
        with pytest.raises(Overloaded):
            await client.run(plan(vendor("GET")), call())
        answer.close()
        answer.close()
        assert (await client.run(plan(vendor("GET")), call())).status == 200
        with_stream = call()
        _ = await client.run(plan(vendor("GET", streams_answer=True)), with_stream)
        with pytest.raises(Overloaded):
            await client.run(plan(vendor("GET")), call())
        with_stream.streams = {}  # nobody has asked for the first piece, and nobody can any more
        assert (await client.run(plan(vendor("GET")), call())).status == 200


async def test_long_polls_take_no_place(held: tuple[Scripted, Held]) -> None:
    engine, script = held
    async with client_of(engine.url, limits=NONE_WAITS) as client:
        polls = [asyncio.create_task(ROADS[POLL]()(client, call())) for _ in range(3)]
        await until(lambda: len(engine.heard) == 3)
        script.go.set()
        assert (await client.run(plan(vendor("GET")), call())).status == 200
        _ = await asyncio.gather(*polls)


@pytest.mark.usefixtures("idle_time")
async def test_rate_lets_a_seconds_worth_begin_at_once_and_the_rest_in_turn() -> None:
    loop = asyncio.get_running_loop()
    async with running(Scripted(says(OK))) as engine:
        limits = LimitSettings(requests_per_s=4, queue_s=1.0)
        async with client_of(engine.url, limits=limits) as client:
            began = loop.time()
            outcomes = await asyncio.gather(
                *(client.run(plan(vendor("GET")), call(60)) for _ in range(10)), return_exceptions=True
            )
            spent = loop.time() - began
            refused = [each for each in outcomes if isinstance(each, Overloaded)]
            assert (len(engine.heard), len(refused)) == (8, 2)
            assert client.observer.refusals == [("hr", "rate")] * 2
            assert 0.75 <= spent <= 1.1


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("road", ROADS)
async def test_open_breaker_sends_nothing_on_any_road(road: str, kind: str) -> None:
    settings = BreakerSettings(least_calls=2, open_s=60.0)
    async with (
        running(Scripted(says(BUSY), says(BUSY), says(OK))) as engine,
        client_of(engine.url, client=kind, breaker=settings) as client,
    ):
        for _ in range(2):
            _ = await client.run(plan(vendor("GET")), call())
        assert client.observer.breakers == [("hr", "open")]
        with pytest.raises(CircuitOpen):
            await ROADS[road]()(client, call())
        assert len(engine.heard) == 2
        assert client.observer.exchanges[-1][2:] == (None, "engine-unavailable")
        assert client.observer.refusals == [("hr", "breaker")]


@pytest.mark.usefixtures("idle_time")
async def test_breaker_opens_for_an_engine_that_hangs_up_and_closes_when_probes_go_well() -> None:
    settings = BreakerSettings(least_calls=2, open_s=5.0, probes=1)
    async with running(Scripted(hangs_up)) as engine, client_of(engine.url, breaker=settings) as client:
        for _ in range(2):
            with pytest.raises(EngineUnavailable):
                await client.run(plan(vendor("GET")), call(60))
        with pytest.raises(CircuitOpen):
            await client.run(plan(vendor("GET")), call(60))
        engine.scripts = [says(OK)]
        await let_pass(5.0)
        assert (await client.run(plan(vendor("GET")), call(60))).status == 200
        assert [state for _, state in client.observer.breakers] == ["open", "half-open", "closed"]


async def test_breaker_of_share_zero_never_opens() -> None:
    settings = BreakerSettings(failures=0, least_calls=1)
    async with running(Scripted(says(BUSY))) as engine, client_of(engine.url, breaker=settings) as client:
        for _ in range(5):
            _ = await client.run(plan(vendor("GET")), call())
        assert (len(engine.heard), client.gate.breaker.state) == (5, "closed")


@pytest.mark.parametrize("road", READS)
async def test_plans_reads_are_sent_again_and_relayed_requests_are_not(road: str) -> None:
    async with running(Scripted(says(BUSY), answers)) as engine:
        async with client_of(engine.url, retry=RetrySettings(backoff_s=0.001)) as client:
            _ = await ROADS[road]()(client, call())
            again = int(road in {"plan's read", "plan's HEAD", "plan's download"})
            assert (len(engine.heard), client.observer.repetitions) == (1 + again, ["hr"] * again)
