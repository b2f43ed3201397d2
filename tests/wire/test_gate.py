"""Every road to an engine passes the gate: counted, inside its lease, inside its deadline, and failing by one table."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.errors import ConcurrentUpdate, EngineMisbehaved, EngineTimeout, InvalidRequest, OutcomeUnknown
from gateway.plan import Call, Multipart, Part, Stream, VendorRequest, VendorResponse, WriteLease
from gateway.port import Credentials, Engine, Session
from gateway.raw import RawRequest
from gateway.wire import EngineClient
from tests.until import until
from tests.wire.scripted import OK, Scripted, call, client_of, never_answers, running, says

CLIENTS = ("http1", "aiohttp")
Road = Callable[[EngineClient, Call], Awaitable[object]]


async def content():
    yield b"some"
    yield b"thing"


async def answers(request, writer) -> None:
    writer.write(OK[:-2] if request.method == "HEAD" else OK)


def plan(request: VendorRequest):
    return (yield request)


def vendor(method: str, *path: str, **more) -> VendorRequest:
    writes = method in {"POST", "PUT"}
    return VendorRequest(method=method, path=path or ("x",), writes=writes, idempotent=True, **more)


def raw(method: str, **more) -> RawRequest:
    given = {"target": "/x", "headers": [], "body": None, "idle_s": 5.0, "gone": lambda: False, **more}
    return RawRequest(method=method, writes=method in {"POST", "PUT"}, **given)


def running_plan(request: VendorRequest) -> Road:
    async def road(client: EngineClient, about: Call) -> object:
        about.streams = {"up": content()}
        return await client.run(plan(request), about)

    return road


def relaying(**given) -> Road:
    async def road(client: EngineClient, about: Call) -> object:
        more = {"body": content()} if given.pop("upload", False) else {}
        answer = await client.relay(raw(**given, **more), about)
        answer.close()
        return answer

    return road


UPLOAD = Multipart((Part("data", Stream("up"), filename="f"),))
WRITES: dict[str, Callable[[], Road]] = {
    "plan's write": lambda: running_plan(vendor("PUT", body=b"{}")),
    "plan's upload": lambda: running_plan(vendor("POST", body=UPLOAD)),
    "plan's bare upload": lambda: running_plan(vendor("PUT", body=Stream("up"))),
    "relayed write": lambda: relaying(method="POST", body=b"{}"),
    "relayed upload": lambda: relaying(method="POST", upload=True),
    "long poll": lambda: relaying(method="POST", body=b"{}", polls=True),
}
READS: dict[str, Callable[[], Road]] = {
    "plan's read": lambda: running_plan(vendor("GET")),
    "plan's HEAD": lambda: running_plan(vendor("HEAD")),
    "plan's download": lambda: running_plan(vendor("GET", streams_answer=True)),
    "relayed read": lambda: relaying(method="GET"),
    "relayed HEAD": lambda: relaying(method="HEAD"),
}
ROADS = WRITES | READS


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", ROADS)
async def test_exchange_is_counted_once_whatever_its_road(road: str, client: str) -> None:
    async with running(Scripted(answers)) as engine, client_of(engine.url, client=client) as sender:
        about = call()
        _ = await ROADS[road]()(sender, about)
        (heard,) = engine.heard
        assert sender.observer.exchanges == [("hr", heard.method, 200, None)]
        assert about.engine_calls == 1
        assert about.engine_s > 0


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", WRITES)
async def test_write_whose_lease_ran_out_is_not_sent_whatever_its_road(road: str, client: str) -> None:
    async with running(Scripted(answers)) as engine, client_of(engine.url, client=client) as sender:
        about = call()
        about.leases = (WriteLease(until=about.deadline), WriteLease(until=about.deadline - 5.0))
        with pytest.raises(ConcurrentUpdate) as failed:
            _ = await WRITES[road]()(sender, about)
        assert (failed.value.outcome, failed.value.engine, engine.heard) == ("not_applied", "hr", [])
        assert [each[3] for each in sender.observer.exchanges] == ["concurrent-update"]


@pytest.mark.parametrize("road", READS)
async def test_read_needs_no_lease(road: str) -> None:
    async with running(Scripted(answers)) as engine, client_of(engine.url) as sender:
        about = call()
        about.leases = (WriteLease(until=0.0),)
        _ = await READS[road]()(sender, about)
        assert len(engine.heard) == 1


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", ROADS)
async def test_nothing_is_sent_after_the_deadline_whatever_the_road(road: str, client: str) -> None:
    async with running(Scripted(answers)) as engine, client_of(engine.url, client=client) as sender:
        with pytest.raises(EngineTimeout) as failed:
            _ = await ROADS[road]()(sender, call(0.0))
        assert (failed.value.outcome, failed.value.engine, engine.heard) == ("not_applied", "hr", [])
        assert [each[3] for each in sender.observer.exchanges] == ["engine-timeout"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", ["plan's write", "relayed write", "plan's read", "plan's download", "relayed read"])
@pytest.mark.usefixtures("idle_time")
async def test_deadline_ends_the_wait_for_the_head_of_an_answer(road: str, client: str) -> None:
    async with running(Scripted(never_answers)) as engine, client_of(engine.url, client=client) as sender:
        with pytest.raises(OutcomeUnknown if road in WRITES else EngineTimeout):
            _ = await ROADS[road]()(sender, call(0.1))
        assert len(engine.heard) == 1


SURROGATE = {
    "plan's read": running_plan(vendor("GET", "a\ud800")),
    "plan's write": running_plan(vendor("PUT", "a\ud800", body=b"{}")),
    "plan's query": running_plan(vendor("GET", query=(("a", "\udfff"),))),
    "plan's download": running_plan(vendor("GET", "a\ud800", streams_answer=True)),
    "plan's upload": running_plan(vendor("POST", "a\ud800", body=UPLOAD)),
    "file name of an upload": running_plan(vendor("POST", body=Multipart((Part("a\ud800", Stream("up")),)))),
    "part of a form": running_plan(vendor("POST", body=Multipart((Part("a\ud800", b""),)))),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", SURROGATE)
async def test_lone_surrogate_is_an_invalid_request_whatever_the_road(road: str, client: str) -> None:
    async with running(Scripted(says(OK))) as engine, client_of(engine.url, client=client) as sender:
        with pytest.raises(InvalidRequest):
            _ = await SURROGATE[road](sender, call())
        assert engine.heard == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("road", ["plan's read", "plan's download"])
async def test_resource_beside_the_api_is_asked_there_whatever_the_road(road: str, client: str) -> None:
    request = vendor("GET", "login", query=(("a b", "c"),), above=1, streams_answer=road == "plan's download")
    async with running(Scripted(says(OK))) as engine, client_of(engine.url, client=client) as sender:
        _ = await sender.run(plan(request), call())
        assert [heard.target for heard in engine.heard] == ["/login?a%20b=c"]


BROKEN = {
    "cut off": (says(OK[:-1], close=True), OutcomeUnknown),
    "too large": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"x" * 99), EngineMisbehaved),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("road", ["plan's write", "plan's upload"])
async def test_write_whose_answer_breaks_in_the_middle_is_never_said_to_be_undone(road: str, fault: str) -> None:
    script, error = BROKEN[fault]
    async with running(Scripted(script)) as engine, client_of(engine.url, max_answer_bytes=50) as sender:
        with pytest.raises(error) as failed:
            _ = await WRITES[road]()(sender, call())
        assert failed.value.outcome == "unknown"


async def test_form_without_a_stream_goes_as_one_that_is_held() -> None:
    form = Multipart((Part("data", b"some"), Part("kind", b"File")))
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as sender:
        _ = await sender.run(plan(vendor("POST", body=form)), call())
        (heard,) = engine.heard
        assert heard.header("Content-Length") == str(len(heard.body))
        assert heard.body.count(b"some") == 1


@pytest.mark.usefixtures("idle_time")
async def test_write_that_waited_for_a_connection_in_vain_was_not_sent() -> None:
    async with (
        running(Scripted(never_answers)) as engine,
        client_of(engine.url, max_connections=1) as sender,
    ):
        first = asyncio.ensure_future(WRITES["plan's write"]()(sender, call()))
        await until(lambda: engine.heard)
        for road in ("plan's write", "relayed write"):
            with pytest.raises(EngineTimeout) as failed:
                _ = await WRITES[road]()(sender, call(0.05))
            assert failed.value.outcome == "not_applied"
        _ = first.cancel()
        assert len(engine.heard) == 1


@pytest.mark.parametrize("road", ["plan's write", "relayed write"])
async def test_write_whose_lease_runs_out_while_it_waits_for_a_connection_is_not_sent(road: str) -> None:
    let_go = asyncio.Event()

    async def held_up(_request, writer) -> None:
        await let_go.wait()
        writer.write(OK)

    async with running(Scripted(held_up, says(OK))) as engine, client_of(engine.url, max_connections=1) as sender:
        first = asyncio.ensure_future(READS["plan's read"]()(sender, call()))
        await until(lambda: engine.heard)
        about = call()
        about.leases = (lease := WriteLease(until=about.deadline),)
        second = asyncio.ensure_future(WRITES[road]()(sender, about))
        for _ in range(3):
            await asyncio.sleep(0)
        lease.until = 0.0
        let_go.set()
        with pytest.raises(ConcurrentUpdate):
            _ = await second
        _ = await first
        _ = await READS["plan's read"]()(sender, call())
        assert [heard.method for heard in engine.heard] == ["GET", "GET"]


class Sessioned(Engine):
    needs_session = True

    def log_in(self):
        answer = yield VendorRequest(method="POST", path=("login",), writes=False, idempotent=True)
        return Session((("Cookie", answer.header("set-cookie")),))

    def expired(self, answer: VendorResponse) -> bool:
        return answer.status == 401


def engine_whose_first_session_is_over():
    logins: list[int] = []

    async def script(request, writer) -> None:
        if request.target == "/api/login":
            logins.append(1)
            writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: s=%d\r\nContent-Length: 0\r\n\r\n" % len(logins))
        elif request.header("Cookie") != "s=1":
            writer.write(OK)
        else:
            writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    return script


@pytest.mark.parametrize("road", ["plan's read", "plan's write", "relayed read", "relayed write", "long poll"])
async def test_log_in_and_repetition_are_exchanges_of_their_own(road: str) -> None:
    async with (
        running(Scripted(engine_whose_first_session_is_over())) as engine,
        client_of(engine.url, Sessioned("hr", None, Credentials())) as sender,
    ):
        about = call()
        answer = await ROADS[road]()(sender, about)
        method = engine.heard[1].method
        assert answer.status == 200
        assert [(each[1], each[2]) for each in sender.observer.exchanges] == [
            ("POST", 200),
            (method, 401),
            ("POST", 200),
            (method, 200),
        ]
        assert about.engine_calls == 4


@pytest.mark.parametrize("road", ["plan's upload", "plan's bare upload", "relayed upload"])
async def test_upload_in_a_session_that_is_over_fails_once_and_the_next_logs_in(road: str) -> None:
    async with (
        running(Scripted(engine_whose_first_session_is_over())) as engine,
        client_of(engine.url, Sessioned("hr", None, Credentials())) as sender,
    ):
        statuses = [(await WRITES[road]()(sender, call())).status for _ in range(3)]
        assert statuses == [401, 200, 200]
        assert [heard.target for heard in engine.heard].count("/api/login") == 2


@pytest.mark.parametrize("road", ["plan's write", "relayed write"])
async def test_repetition_after_a_log_in_is_inside_its_lease_as_well(road: str) -> None:
    about = call()
    about.leases = (lease := WriteLease(until=about.deadline),)
    script = engine_whose_first_session_is_over()

    async def slow_log_in(request, writer) -> None:
        if request.target == "/api/login" and len(engine.heard) > 1:
            lease.until = 0.0
        await script(request, writer)

    async with (
        running(Scripted(slow_log_in)) as engine,
        client_of(engine.url, Sessioned("hr", None, Credentials())) as sender,
    ):
        with pytest.raises(ConcurrentUpdate):
            _ = await WRITES[road]()(sender, about)
        assert [heard.target for heard in engine.heard] == ["/api/login", "/api/x", "/api/login"]


@pytest.mark.parametrize("road", ["plan's read", "plan's upload", "relayed read"])
async def test_exchange_that_nobody_waits_for_any_more_is_counted_as_abandoned(road: str) -> None:
    async with running(Scripted(never_answers)) as engine, client_of(engine.url) as sender:
        task = asyncio.ensure_future(ROADS[road]()(sender, call()))
        await until(lambda: engine.heard)
        _ = task.cancel()
        with pytest.raises(asyncio.CancelledError):
            _ = await task
        assert [each[2:4] for each in sender.observer.exchanges] == [(None, "abandoned")]
