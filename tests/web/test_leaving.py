"""A server that is about to stop says so on every connection, so that nobody sends another request into a closed one."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from gateway.web.http.buffered import BufferedResponse
from gateway.web.http.server import Server
from gateway.web.v1 import problems


async def whole(_request: web.BaseRequest) -> web.StreamResponse:
    return BufferedResponse(200, {}, b"all")


async def streamed(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    _ = await response.prepare(request)
    await response.write(b"all")
    return response


@pytest.mark.parametrize("handler", [whole, streamed])
async def test_answers_of_a_leaving_server_close_their_connections(handler) -> None:
    server = Server(handler, problems.answer)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    heads = []
    for leaving in (False, True):
        server.leaving = leaving
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        _ = await reader.readuntil(b"all") if handler is whole else await reader.readuntil(b"0\r\n\r\n")
    assert ["Connection: close" in head.decode() for head in heads] == [False, True]
    assert await reader.read() == b""
    writer.close()
    await runner.cleanup()
