"""Plans over a real socket: names stay names, and every way an exchange can fail has its own error."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import EngineMisbehaved, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.plan import Multipart, Part, Stream, VendorRequest, VendorResponse
from gateway.port import Credentials, Engine, Session
from tests.wire.scripted import OK, Scripted, call, client_of, hangs_up, never_answers, running, says

ODD = [
    ".",
    "..",
    "a/b",
    "a;b",
    "%2F",
    "%",
    "+",
    "%2e%2e",
    "\\",
    "?",
    "#",
    "\x00",
    "\r\nX: y",
    '"',
    "'",
    "é",
    "😀",
    " ",
    "//",
]


def get(*path: str, **more) -> VendorRequest:
    return VendorRequest(method="GET", path=path, writes=False, idempotent=True, **more)


def put(*path: str, body: bytes = b"{}") -> VendorRequest:
    return VendorRequest(method="PUT", path=path, writes=True, idempotent=True, body=body)


def asking(request: VendorRequest):
    return (yield request)


async def targets(names: list[str]) -> list[str]:
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as client:
        for name in names:
            _ = await client.run(asking(get("instance", "1", "variables", name)), call())
        return [heard.target for heard in engine.heard]


def read_back(target: str) -> list[str]:
    return [unquote_to_bytes(part).decode() for part in target.removeprefix("/api/").split("/")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1) | st.sampled_from(ODD), min_size=1, max_size=20
    )
)
def test_any_name_arrives_as_one_segment(names: list[str]) -> None:
    for target, name in zip(asyncio.run(targets(names)), names, strict=True):
        assert read_back(target) == ["instance", "1", "variables", name]
        assert "." not in target.removeprefix("/api/")


FAULTS = {
    "hangs up": (hangs_up, EngineUnavailable, OutcomeUnknown),
    "cut head": (says(b"HTTP/1.1 200 OK\r\nContent-", close=True), EngineUnavailable, OutcomeUnknown),
    "cut body": (says(OK[:-1], close=True), EngineUnavailable, OutcomeUnknown),
    "garbage": (says(b"\x00\x01garbage\r\n\r\n", close=True), EngineMisbehaved, OutcomeUnknown),
    "silence": (never_answers, EngineTimeout, OutcomeUnknown),
    "too large": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000),
        EngineMisbehaved,
        EngineMisbehaved,
    ),
    "too large in chunks": (
        says(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"400\r\n" + b"x" * 1024 + b"\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
        ),
        EngineMisbehaved,
        EngineMisbehaved,
    ),
}


AGAIN = {"hangs up", "cut head"}  # a read is asked once more: the connection may have been an old one


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.usefixtures("idle_time")
async def test_fault_has_its_error_and_the_next_request_works(name: str, writes: bool) -> None:
    script, read_error, write_error = FAULTS[name]
    request = put("x") if writes else get("x")
    times = 1 if writes or name not in AGAIN else 2
    async with running(Scripted(*[script] * times, says(OK))) as engine:
        async with client_of(engine.url, timeout_s=0.3, max_answer_bytes=1500) as client:
            with pytest.raises(write_error if writes else read_error) as failed:
                _ = await client.run(asking(request), call())
            assert failed.value.engine == "hr"
            if failed.type is OutcomeUnknown:
                assert (failed.value.outcome, failed.value.retryable) == ("unknown", False)
            answer = await client.run(asking(get("y")), call())
            assert (answer.status, answer.body) == (200, b"{}")


async def test_refused_connection_is_unavailable_even_for_a_write() -> None:
    async with running(Scripted(says(OK))) as engine:
        url = engine.url
    async with client_of(url) as client:
        with pytest.raises(EngineUnavailable) as failed:
            _ = await client.run(asking(put("x")), call())
        assert failed.value.outcome == "not_applied"


async def test_write_that_is_not_answered_is_sent_once() -> None:
    async with running(Scripted(hangs_up)) as engine, client_of(engine.url) as client:
        with pytest.raises(OutcomeUnknown):
            _ = await client.run(asking(put("x")), call())
        assert len(engine.heard) == 1


async def test_redirection_is_handed_back_and_never_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with running(Scripted(says(moved))) as engine, client_of(engine.url) as client:
        answer = await client.run(asking(get("x")), call())
        assert (answer.status, answer.header("location"), len(engine.heard)) == (302, "/elsewhere", 1)


@pytest.mark.usefixtures("idle_time")
async def test_deadline_is_one_for_all_calls_of_a_plan() -> None:
    def plan():
        _ = yield get("first")
        return (yield get("second"))

    async with running(Scripted(says(OK), never_answers)) as engine, client_of(engine.url) as client:
        with pytest.raises(EngineTimeout):
            _ = await client.run(plan(), call(0.3))
        assert len(engine.heard) == 2
        with pytest.raises(EngineTimeout):
            _ = await client.run(asking(get("x")), call(-1))
        assert len(engine.heard) == 2


async def test_cancellation_from_outside_is_not_an_engine_failure() -> None:
    async with running(Scripted(never_answers)) as engine, client_of(engine.url) as client:
        task = asyncio.ensure_future(client.run(asking(put("x")), call()))
        while not engine.heard:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            _ = await task


async def test_failure_of_the_road_is_thrown_into_the_plan() -> None:
    def plan():
        try:
            _ = yield put("first")
        except OutcomeUnknown:
            return (yield get("second")).status

    async with running(Scripted(hangs_up, says(OK))) as engine, client_of(engine.url) as client:
        assert await client.run(plan(), call()) == 200


async def test_request_id_and_trace_reach_the_engine() -> None:
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as client:
        traced = call()
        traced.traceparent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        _ = await client.run(asking(get("x", query=(("a b", "c&d"),))), traced)
        (heard,) = engine.heard
        assert (heard.target, heard.header("X-Request-Id")) == ("/api/x?a%20b=c%26d", "rid-1")
        assert heard.header("traceparent") == traced.traceparent
        assert traced.engine_calls == 1


class Sessioned(Engine):
    needs_session = True

    def log_in(self):
        answer = yield VendorRequest(method="POST", path=("login",), writes=False, idempotent=True)
        return Session((("Cookie", answer.header("set-cookie")),))

    def expired(self, answer: VendorResponse) -> bool:
        return answer.status == 401


def session_engine(good: set[str]):
    logins: list[int] = []

    async def script(request, writer) -> None:
        if request.target == "/api/login":
            logins.append(1)
            writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: s=%d\r\nContent-Length: 0\r\n\r\n" % len(logins))
        elif request.header("Cookie") in good:
            writer.write(OK)
        else:
            writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    return script, logins


async def test_session_is_opened_once_for_all_who_wait() -> None:
    script, logins = session_engine({"s=1"})
    async with (
        running(Scripted(script)) as engine,
        client_of(engine.url, Sessioned("hr", None, Credentials())) as client,
    ):
        answers = await asyncio.gather(*(client.run(asking(get("x")), call()) for _ in range(8)))
        assert ([answer.status for answer in answers], len(logins)) == ([200] * 8, 1)


@pytest.mark.parametrize(("good", "status"), [({"s=2"}, 200), (set(), 401)])
async def test_session_that_is_over_is_opened_once_more_and_no_more(good: set[str], status: int) -> None:
    script, logins = session_engine(good)
    async with (
        running(Scripted(script)) as engine,
        client_of(engine.url, Sessioned("hr", None, Credentials())) as client,
    ):
        answer = await client.run(asking(get("x")), call())
        assert (answer.status, len(logins)) == (status, 2)


async def test_forward_hands_on_the_callers_own_credentials_only() -> None:
    async with running(Scripted(says(OK))) as engine, client_of(engine.url, auth_kind="forward") as client:
        theirs = call()
        theirs.authorization = "Bearer theirs"
        _ = await client.run(asking(get("x")), theirs)
        _ = await client.run(asking(get("x")), call())
        assert [heard.header("Authorization") for heard in engine.heard] == ["Bearer theirs", None]


async def test_stream_of_megabytes_goes_up_and_comes_down() -> None:
    block = bytes(range(256)) * 256

    async def content():
        for _ in range(64):
            yield block

    async def echo(request, writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)

    async with running(Scripted(echo)) as engine, client_of(engine.url) as client:
        mine = call()
        mine.streams = {"up": content()}
        form = Multipart(
            (Part("data", Stream("up"), filename='q"\r\nX: y', content_type="text/plain"), Part("kind", b"File"))
        )
        request = VendorRequest(
            method="POST", path=("data",), writes=True, idempotent=True, body=form, streams_answer=True
        )
        answer = await client.run(asking(request), mine)
        assert isinstance(answer.body, Stream)
        came = b"".join([piece async for piece in mine.streams[answer.body.token]])
        assert came == engine.heard[0].body
        assert came.count(block) == 64
        assert b'filename="q%22%0D%0AX: y"' in came


async def test_streamed_answer_that_is_cut_off_is_an_error() -> None:
    cut = says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", close=True)
    async with running(Scripted(cut)) as engine, client_of(engine.url) as client:
        mine = call()
        answer = await client.run(asking(get("x", streams_answer=True)), mine)
        with pytest.raises(EngineUnavailable):
            _ = [piece async for piece in mine.streams[answer.body.token]]
