"""Raw requests through the http1 sender: byte for byte what the other client sends and gives, and never held in full."""

from __future__ import annotations

import pytest

from gateway.errors import EngineMisbehaved, EngineTimeout, EngineUnavailable, InvalidRequest, OutcomeUnknown
from gateway.raw import RawRequest
from tests.until import steady
from tests.wire.scripted import OK, Scripted, call, client_of, hangs_up, running, says
from tests.wire.test_http1 import ANSWERS, BROKEN, CLIENTS, CUT

HEADERS = [("Host", "given:1"), ("X-ODD-Case", "1"), ("X-ODD-Case", "2"), ("Accept", "text/*"), ("Cookie", "a=b; c")]


def raw(
    method: str = "GET", target: str = "/x", *, writes: bool = False, body: bytes | None = None, **more
) -> RawRequest:
    given = {"headers": list(HEADERS), "idle_s": 5.0, "gone": lambda: False, **more}
    return RawRequest(method=method, target=target, writes=writes, body=body, **given)


REQUESTS = {
    "read": raw(target="/a%2Fb//c;d=1/%zz?x=+&y=%20&&z"),
    "nothing below": raw(target=""),
    "only a query": raw(target="?a=b"),
    "write": raw(
        "POST", writes=True, body=b'{"a":1}', headers=[*HEADERS, ("Content-Length", "7"), ("Content-Type", "a/b")]
    ),
    "write that came in chunks": raw("PUT", writes=True, body=b"abc"),
    "write without body": raw("POST", writes=True),
    "own verb": raw("PROPFIND", writes=True),
    "no host": raw(headers=[("X", "y")]),
    "utf-8": raw(target="/\u00fc", headers=[*HEADERS, ("X-Name", "Zoë")]),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_raw_request_is_the_one_that_the_other_client_sends(name: str) -> None:
    shapes = []
    for client in CLIENTS:
        async with running(Scripted(says(OK))) as engine, client_of(engine.url, client=client) as sender:
            (await sender.relay(REQUESTS[name], call())).close()
            (heard,) = engine.heard
            headers = [pair for pair in heard.headers if name != "no host" or pair[0] != "Host"]
            shapes.append((heard.method, heard.target, headers, heard.body))
    assert shapes[0] == shapes[1]


async def test_header_twice_in_two_spellings_stays_twice() -> None:
    twice = [("Host", "a"), ("X-Tag", "1"), ("x-tag", "2")]  # the other client loses the first
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as sender:
        (await sender.relay(raw(headers=twice), call())).close()
        assert engine.heard[0].headers == twice


async def given(answer) -> tuple[object, ...]:
    at_once = answer.buffered()
    body = at_once if at_once is not None else b"".join([piece async for piece in answer.pieces()])
    return answer.status, answer.reason, answer.headers, body, answer.ended()


@pytest.mark.parametrize("name", ANSWERS)
async def test_raw_answer_is_given_as_the_other_client_gives_it(name: str) -> None:
    found = []
    for client in CLIENTS:
        script = says(ANSWERS[name], close=name == "until the end")
        async with running(Scripted(script)) as engine, client_of(engine.url, client=client) as sender:
            answer = await sender.relay(raw(), call())
            found.append(await given(answer))
            answer.close()
    assert found[0] == found[1]


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_raw_answer_that_cannot_be_read_is_refused(name: str, writes: bool) -> None:
    async with running(Scripted(says(BROKEN[name]))) as engine, client_of(engine.url) as sender:
        with pytest.raises((OutcomeUnknown if writes else EngineMisbehaved, EngineUnavailable)) as failed:
            answer = await sender.relay(raw("PUT" if writes else "GET", writes=writes), call())
            _ = await given(answer)
        assert name == "bad chunk size" or failed.type is (OutcomeUnknown if writes else EngineMisbehaved)


@pytest.mark.parametrize("name", ["length", "chunks", "trailers"])
async def test_raw_answer_that_is_cut_is_broken_off(name: str) -> None:
    async with running(Scripted(says(CUT[name], close=True), says(OK))) as engine, client_of(engine.url) as sender:
        answer = await sender.relay(raw(), call())
        with pytest.raises(EngineUnavailable):
            _ = [piece async for piece in answer.pieces()]
        answer.close()
        assert (await given(await sender.relay(raw(), call())))[3] == b"{}"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_raw_request_is_never_sent_twice(writes: bool, client: str) -> None:
    """aiohttp would send the PUT again by itself, were that not switched off by a private member."""
    async with (
        running(Scripted(says(OK), hangs_up, says(OK))) as engine,
        client_of(engine.url, client=client) as sender,
    ):
        answer = await sender.relay(raw(), call())
        _ = await given(answer)
        answer.close()
        with pytest.raises(OutcomeUnknown if writes else EngineUnavailable):
            _ = await sender.relay(raw("PUT" if writes else "GET", writes=writes), call())
        assert len(engine.heard) == 2


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\x00b"])
@pytest.mark.parametrize("where", ["target", "value", "name"])
async def test_line_break_in_a_raw_head_is_refused(text: str, where: str) -> None:
    request = {
        "target": raw(target="/" + text),
        "value": raw(headers=[("X", text)]),
        "name": raw(headers=[(text, "x")]),
    }[where]
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as sender:
        with pytest.raises(InvalidRequest):
            _ = await sender.relay(request, call())
        assert engine.heard == []


async def test_long_answer_waits_for_its_reader_and_its_connection_is_used_again() -> None:
    size, sent = 24 * 1024 * 1024, []

    async def much(_request, writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            writer.write(bytes(65536))
            await writer.drain()
            sent.append(65536)

    async with running(Scripted(much, says(OK))) as engine, client_of(engine.url, max_connections=1) as sender:
        answer = await sender.relay(raw(), call())
        assert answer.buffered() is None
        await steady(lambda: sum(sent))  # until the engine can send no more
        before = sum(sent)
        held = [connection.answer.held_bytes() for connection in sender._http1._pool._members]
        assert before < size
        assert max(held) < 1024 * 1024
        assert sum([len(piece) async for piece in answer.pieces()]) == size
        answer.close()
        assert (await given(await sender.relay(raw(), call())))[3] == b"{}"


async def test_answer_that_is_not_read_to_its_end_ends_its_connection() -> None:
    begun = says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    async with running(Scripted(begun, says(OK))) as engine, client_of(engine.url, max_connections=1) as sender:
        (await sender.relay(raw(), call())).close()
        assert (await given(await sender.relay(raw(), call())))[3] == b"{}"


@pytest.mark.usefixtures("idle_time")
async def test_silence_in_an_answer_ends_it() -> None:
    begun = says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    async with running(Scripted(begun)) as engine, client_of(engine.url) as sender:
        answer = await sender.relay(raw(idle_s=0.05), call())
        with pytest.raises(EngineTimeout):
            _ = [piece async for piece in answer.pieces()]
        answer.close()
