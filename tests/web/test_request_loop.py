"""The loop of a connection: its requests are answered one after the other, and what is left of a body is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.web.http.buffered import BufferedResponse
from gateway.web.http.server import Server
from gateway.web.v1 import problems

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@asynccontextmanager
async def connected(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], lingering_s: float = 5.0
) -> AsyncIterator[Streams]:
    runner = web.ServerRunner(Server(handler, problems.answer, lingering_s=lingering_s))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    try:
        yield reader, writer
    finally:
        writer.close()
        await runner.cleanup()


async def path(request: web.BaseRequest) -> web.StreamResponse:
    return BufferedResponse(200, {}, request.path.encode())


async def test_requests_sent_at_once_are_answered_in_order_by_one_task() -> None:
    tasks: list[asyncio.Task[object] | None] = []

    async def noted(request: web.BaseRequest) -> web.StreamResponse:
        tasks.append(asyncio.current_task())
        return await path(request)

    async with connected(noted) as (reader, writer):
        writer.write(b"".join(GET % number for number in range(80)))  # more than are parsed at once
        for number in range(80):
            head = await reader.readuntil(b"\r\n\r\n")
            body = b"/%d" % number
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(body)) == body
    assert len(tasks) == 80
    assert len(set(tasks)) == 1


async def test_body_that_nobody_has_read_is_dropped_before_the_next_request() -> None:
    async with connected(path) as (reader, writer):
        writer.write(POST)
        _ = await reader.readuntil(b"\r\n\r\n/")
        writer.write(b"rest" + GET % 1)
        assert (await reader.readuntil(b"\r\n\r\n/1")).startswith(b"HTTP/1.1 200 ")


async def test_body_that_never_comes_ends_the_connection() -> None:
    async with connected(path, lingering_s=0.01) as (reader, writer):
        writer.write(POST)
        _ = await reader.readuntil(b"\r\n\r\n/")
        assert await reader.read() == b""


async def test_error_of_a_handler_is_a_problem_and_ends_the_connection() -> None:
    async def broken(_request: web.BaseRequest) -> web.StreamResponse:
        raise LookupError

    async with connected(broken) as (reader, writer):
        writer.write(GET % 1)
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"application/problem+json" in answer
