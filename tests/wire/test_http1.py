"""The http1 sender against a scripted engine: each of its duties, and what it says is what the other client says."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import EngineFailure, EngineMisbehaved, EngineUnavailable, InvalidRequest, OutcomeUnknown
from gateway.plan import VendorRequest
from tests.wire.scripted import OK, Heard, Scripted, call, client_of, running, says

CLIENTS = ("http1", "aiohttp")


def request(method: str = "GET", *path: str, writes: bool = False, **more) -> VendorRequest:
    return VendorRequest(method=method, path=path or ("x",), writes=writes, idempotent=True, **more)


def asking(given: VendorRequest):
    return (yield given)


async def asked(script, given: VendorRequest | None = None, client: str = "http1", **settings):
    async with running(Scripted(script)) as engine, client_of(engine.url, client=client, **settings) as sender:
        return await sender.run(asking(given or request()), call())


REQUESTS = {
    "read": request("GET", "instance", "1", query=(("deserialize", "false"), ("ü", "a+b&c"))),
    "write": request("PUT", "x", writes=True, body=b'{"a":1}', headers=(("Content-Type", "application/json"),)),
    "write without body": request("POST", "x", writes=True),
    "deletion": request("DELETE", "x", writes=True),
    "odd names": request("GET", "..", "a/b", "%2F", "é;"),
    "above": request("GET", "login", above=1),
    "own defaults": request("GET", "x", headers=(("accept", "text/xml"), ("User-Agent", "mine"))),
    "utf-8 in a header": request("GET", "x", headers=(("X-Name", "Zoë"),)),
    "bytes that are no utf-8": request("GET", "x", headers=(("X-Name", "a\udcff"),)),
}


def shape(heard: Heard) -> tuple[object, ...]:
    ignored = {"host"} if heard.body else {"host", "content-type"}  # aiohttp names a type of no body
    headers = sorted((name.lower(), value) for name, value in heard.headers if name.lower() not in ignored)
    return heard.method, heard.target, heard.body, headers


@pytest.mark.parametrize("name", REQUESTS)
async def test_request_is_the_one_that_the_other_client_sends(name: str) -> None:
    heard: dict[str, Heard] = {}
    for client in CLIENTS:
        if name == "bytes that are no utf-8" and client == "aiohttp":
            continue  # it refuses them
        async with running(Scripted(says(OK))) as engine, client_of(engine.url, client=client) as sender:
            assert (await sender.run(asking(REQUESTS[name]), call())).status == 200
            (heard[client],) = engine.heard
    ours = heard["http1"]
    if name == "bytes that are no utf-8":
        assert ours.header("X-Name") == "a\xff"
        return
    assert shape(ours) == shape(heard["aiohttp"])
    assert ours.headers[0][0] == "Host"


ANSWERS = {
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "headers twice, any case": b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nX: \xc3\xa9\xff\r\nContent-Length: 0\r\n\r\n",
    "chunks and trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer-Field: z\r\n\r\n",
    "interim first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nall of it",
    "old version": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "packed stays packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    "failure": b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops",
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_answer_is_read_as_the_other_client_reads_it(name: str) -> None:
    script = says(ANSWERS[name], close=name == "until the end")
    ours, other = [await asked(script, client=client) for client in CLIENTS]
    assert ours == other


async def test_answer_in_single_bytes_is_one_answer() -> None:
    async def slowly(_request, writer) -> None:
        for byte in ANSWERS["interim first"]:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)

    assert (await asked(slowly)).body == b"{}"


BROKEN = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "folded header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "bad chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "another protocol, unnamed": b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + OK,
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "head without end": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    "interim answers without end": b"HTTP/1.1 102 Processing\r\n\r\n" * 5000,
    "no http": b"\x16\x03\x01garbage\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_answer_that_cannot_be_read_is_refused(name: str, writes: bool) -> None:
    with pytest.raises(OutcomeUnknown if writes else EngineMisbehaved):
        _ = await asked(says(BROKEN[name]), request("PUT" if writes else "GET", writes=writes))


CUT = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    "interim only": b"HTTP/1.1 100 Continue\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
async def test_half_an_answer_is_no_answer(name: str, writes: bool) -> None:
    with pytest.raises(OutcomeUnknown if writes else EngineUnavailable):
        _ = await asked(says(CUT[name], close=True), request("PUT" if writes else "GET", writes=writes))


@pytest.mark.parametrize("size", [1000, 1001])
@pytest.mark.parametrize("framing", ["length", "chunks", "until the end"])
async def test_body_over_the_limit_is_refused(size: int, framing: str) -> None:
    body = b"x" * size
    raw = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, body),
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body),
        "until the end": b"HTTP/1.1 200 OK\r\n\r\n" + body,
    }[framing]
    script = says(raw, close=framing == "until the end")
    if size <= 1000:
        assert (await asked(script, max_answer_bytes=1000)).body == body
        return
    with pytest.raises(EngineMisbehaved, match="larger than 1000"):
        _ = await asked(script, max_answer_bytes=1000)


@pytest.mark.parametrize("text", ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\x00b", "a\ud800"])
@pytest.mark.parametrize("where", ["value", "name", "method", "request id"])
async def test_line_break_in_a_head_is_refused_before_anything_is_sent(text: str, where: str) -> None:
    given = {
        "value": request(headers=(("X-Name", text),)),
        "name": request(headers=((text, "x"),)),
        "method": request(text),
        "request id": request(),
    }[where]
    async with running(Scripted(says(OK))) as engine, client_of(engine.url) as client:
        about = call()
        if where == "request id":
            about.request_id = text
        with pytest.raises(InvalidRequest):
            _ = await client.run(asking(given), about)
        assert engine.heard == []


async def test_head_request_has_no_body_whatever_its_length_says() -> None:
    answer = await asked(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), request("HEAD"))
    assert (answer.status, answer.body) == (200, b"")


async def test_client_that_was_not_opened_or_is_closed_sends_nothing() -> None:
    async with running(Scripted(says(OK))) as engine:
        async with client_of(engine.url) as client:
            pass
        with pytest.raises(EngineFailure):
            _ = await client.run(asking(request("PUT", writes=True)), call())
        assert engine.heard == []
