"""Front doors and whoever breaks the rules, a caller or an engine: what is seen, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.web import ConnectionLimits, RequestLimits
from tests.until import until
from tests.web.gate import Gate, gate
from tests.wire.scripted import OK, Heard, says

VARIABLE = "/door/process-instance/1/variables/a"
GET = b"GET /door/a HTTP/1.1\r\nHost: x\r\n"
PUT = f"PUT {VARIABLE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
WAIT_S = 4


def held() -> tuple[int, int]:
    """Tasks and file descriptors."""
    return len(asyncio.all_tasks()), len(os.listdir("/dev/fd"))


async def settled(door: Gate, before: tuple[int, int]) -> None:
    """Waits until nothing is held that was not held before."""
    await until(lambda: held() <= before and not len(door.locks), most_s=WAIT_S)
    assert held()[0] <= before[0]
    assert held()[1] <= before[1]


@asynccontextmanager
async def unhurt(*scripts, **settings) -> AsyncIterator[Gate]:
    """A gateway that must answer the next request as ever, with no task, connection or descriptor left."""
    async with gate(says(OK), *scripts, says(OK), **{"idle_s": WAIT_S, **settings}) as door:
        assert (await door.ask("/door/first"))[0] == 200
        await settled(door, (1000, 1000))
        await asyncio.sleep(0)
        before = held()
        yield door
        await settled(door, before)
        while len(door.engine.scripts) > 1:
            door.engine.scripts.pop(0)
        assert (await door.ask(VARIABLE, "PUT", "Content-Length: 2\r\n", b"{}"))[::2] == (200, b"{}")
        assert door.engine.heard[-1].target == "/api/process-instance/1/variables/a"
        await settled(door, before)


async def exchanged(door: Gate, *pieces: bytes, closes: bool = False) -> bytes:
    """Sends pieces and gives all that comes back until the gateway closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        async with asyncio.timeout(WAIT_S):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if closes:
                return b""
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


REFUSED = rb"HTTP/\d\.\d 4\d\d |\Z"
CLOSE = b"Connection: close\r\n"
AMBIGUOUS = {
    "length and chunks": PUT
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /door/x HTTP/1.1\r\n\r\n",
    "chunks and length": PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": PUT + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "two equal lengths": PUT + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": PUT + b"Content-Length: 2, 2\r\n\r\n{}",
    "signed length": PUT + b"Content-Length: +2\r\n\r\n{}",
    "length in hex": PUT + b"Content-Length: 0x2\r\n\r\n{}",
    "length with a space": PUT + b"Content-Length : 2\r\n\r\n{}",
    "not chunked at last": PUT + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in disguise": PUT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "unknown coding": PUT + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": PUT.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"GET /door/a HTTP/1.1\nHost: x\n\n",
    "bare line feed in a header": GET + b"X-A: b\nContent-Length: 3\r\n\r\n",
    "bare carriage return": GET + b"X-A: b\rX-B: c\r\n\r\n",
    "folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "null in a header": GET + b"X-A: b\x00c\r\n\r\n",
    "space before the colon": GET + b"X-A : b\r\n\r\n",
    "no colon": GET + b"X-A\r\n\r\n",
    "HTTP/2.0": b"GET /door/a HTTP/2.0\r\nHost: x\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /door/a\r\n\r\n",
    "foreign absolute target": b"GET http://other/door/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "own absolute target": b"GET http://x/door/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority": b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n",
    "no host": b"GET /door/a HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "upgrade": GET + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "upgrade to two": GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n",
    "100 KB target": b"GET /door/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "100 KB header": GET + b"X-A: " + b"b" * 100_000 + b"\r\n\r\n",
    "100 KB header name": GET + b"X" * 100_000 + b": a\r\n\r\n",
    "10000 headers": GET + b"".join(b"X-%d: b\r\n" % number for number in range(10_000)) + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_request_that_could_be_read_two_ways_never_reaches_the_engine(name: str) -> None:
    async with unhurt() as door:
        answer = await exchanged(door, AMBIGUOUS[name])
        assert re.match(REFUSED, answer), answer[:200]
        assert len(re.findall(rb"(?m)^HTTP/", answer)) <= 1
        assert len(door.engine.heard) == 1


async def test_offer_of_http_2_ends_here() -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
    async with unhurt() as door:
        assert (await exchanged(door, GET + offer)).startswith(b"HTTP/1.1 200")
        names = {name.lower() for name, _ in door.engine.heard[-1].headers}
        assert not names & {"upgrade", "http2-settings", "connection"}


BAD_CHUNKS = {
    "no number": b"xyz\r\n{}\r\n0\r\n\r\n",
    "negative": b"-2\r\n{}\r\n0\r\n\r\n",
    "in hex": b"0x2\r\n{}\r\n0\r\n\r\n",
    "too short": b"1\r\n{}\r\n0\r\n\r\n",
    "too long": b"3\r\n{}\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff2\r\n{}\r\n0\r\n\r\n",
    "bare line feeds": b"2\n{}\n0\n\n",
    "space": b"2 \r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("after", [False, True], ids=["first chunk", "later chunk"])
@pytest.mark.parametrize("name", BAD_CHUNKS)
async def test_chunk_that_is_not_as_it_says_breaks_the_upload_off(name: str, after: bool) -> None:
    head = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
    async with unhurt() as door:
        begun = (head, b"5\r\nbegun\r\n") if after else (head,)
        answer = await exchanged(door, *begun, BAD_CHUNKS[name] + GET + CLOSE + b"\r\n")
        assert re.match(REFUSED, answer), answer[:200]
        assert [heard.method for heard in door.engine.heard] == ["GET"]


SLOW = RequestLimits(body_read_timeout_s=0.2)


@pytest.mark.usefixtures("idle_time")
@pytest.mark.parametrize("before", [0, 1], ids=["first request", "later request"])
@pytest.mark.parametrize(
    "limits", [ConnectionLimits(keepalive_s=0.2), ConnectionLimits(header_s=0.2)], ids=["idle", "head"]
)
async def test_head_that_trickles_is_cut_off(limits: ConnectionLimits, before: int) -> None:
    async with unhurt(connections=limits) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        if before:
            writer.write(GET + b"\r\n")
            _ = await reader.readuntil(b"{}")
        writer.write(GET + b"X-A: ")
        closed = lambda: reader.at_eof() or reader.exception() is not None  # noqa: E731
        await until(closed, most_s=WAIT_S, step=lambda: writer.write(b"x"))
        writer.close()
        assert (bytes(reader._buffer), len(door.engine.heard)) == (b"", 1 + before)


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"], ids=["length", "chunks"]
)
@pytest.mark.parametrize("target", [VARIABLE, "/door/external-task/fetchAndLock"], ids=["write", "poll"])
@pytest.mark.usefixtures("idle_time")
async def test_body_that_stops_is_cut_off(framing: bytes, target: str) -> None:
    async with unhurt(limits=SLOW) as door:
        answer = await exchanged(door, PUT.replace(VARIABLE.encode(), target.encode()) + framing + b"1\r\n{")
        assert answer.startswith(b"HTTP/1.1 400")
        assert [heard.method for heard in door.engine.heard] == ["GET"]


@pytest.mark.usefixtures("idle_time")
async def test_body_that_trickles_is_cut_off() -> None:
    async with unhurt(limits=SLOW) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(PUT + b"Content-Length: 1000\r\n\r\n")
        answered = lambda: bool(reader._buffer) or reader.exception() is not None  # noqa: E731
        await until(answered, most_s=WAIT_S, step=lambda: writer.write(b"x"))
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400")
        assert [heard.method for heard in door.engine.heard] == ["GET"]


@pytest.mark.parametrize(
    "sent",
    [b"Content-Length: 1000\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ids=["length", "chunks"],
)
async def test_caller_that_goes_in_the_middle_of_an_upload_leaves_no_short_body(sent: bytes) -> None:
    async with unhurt() as door:
        assert await exchanged(door, PUT + sent, closes=True) == b""
        await asyncio.sleep(0)
        assert [heard.method for heard in door.engine.heard] == ["GET"]


async def test_caller_that_goes_in_the_middle_of_a_download_frees_the_engine() -> None:
    ended = asyncio.Event()

    async def endless(_request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                await writer.drain()
        finally:
            ended.set()

    async with unhurt(endless) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(GET + b"\r\n")
        _ = await reader.readexactly(100_000)
        writer.close()
        async with asyncio.timeout(WAIT_S):
            await ended.wait()


BROKEN = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nxyz\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_answer_that_breaks_off_is_a_broken_transfer(name: str) -> None:
    async with unhurt(says(BROKEN[name], close=True)) as door:
        answer = await exchanged(door, GET + CLOSE + b"\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200"):
            assert b"Content-Length: 100" in head or not body.endswith(b"0\r\n\r\n")
            assert b"Content-Length: 5\r\n" not in head + b"\r\n"
        else:
            assert head == b"" or head.startswith(b"HTTP/1.1 50")


HEADS = {
    "hangs up": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "garbage": b"\x00\x00\r\n\r\n",
    "100 KB header": b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 100_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", HEADS)
async def test_answer_without_a_readable_head_is_the_gateways_error(name: str) -> None:
    async with unhurt(says(HEADS[name], close=True)) as door:
        answer = await exchanged(door, GET + CLOSE + b"\r\n")
        assert answer.startswith((b"HTTP/1.1 502", b"HTTP/1.1 503")), answer[:300]
        assert b'"code":null' in answer


async def test_more_than_an_answer_says_is_no_answer_to_the_next_request() -> None:
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"
    async with unhurt(says(OK + extra)) as door:
        assert (await exchanged(door, GET + CLOSE + b"\r\n")).endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("at_once", [False, True], ids=["in pieces", "at once"])
async def test_more_than_a_request_says_is_no_body(at_once: bool) -> None:
    pieces = (PUT + b"Content-Length: 2\r\n\r\n{}", b"EXTRA\r\n\r\n")
    async with unhurt() as door:
        answer = await exchanged(door, *([b"".join(pieces)] if at_once else pieces))
        assert [heard.body for heard in door.engine.heard[1:]] in ([b"{}"], [])
        assert b" 400 " in re.split(rb"(?m)^HTTP/", answer)[-1]


async def test_answer_before_the_upload_is_read_reaches_the_caller() -> None:
    full = b"HTTP/1.1 413 Too Big\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

    async with unhurt(limits=SLOW) as door:
        door.engine.early = {"/api/process-instance/1/variables/a": full}
        answer = await exchanged(door, PUT + b"Content-Length: 50000000\r\n\r\n" + b"x" * 300_000)
        assert answer.startswith(b"HTTP/1.1 413 Too Big"), answer[:300]
        assert answer.endswith(b"{}")
        door.engine.early = {}


async def test_versions_of_what_is_inside_are_not_told_at_a_door() -> None:
    async with gate(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), says(b"no head\r\n\r\n")) as door:
        status, headers, _ = await door.ask("/door/a")
        assert (status, headers["server"]) == (200, "varbridge")
        status, headers, _ = await door.ask("/door/a")
        assert (status, headers["server"]) == (502, "varbridge")
