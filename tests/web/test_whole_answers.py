"""An engine's answer that is there as a whole goes to the caller in one write, its head as it came."""

from __future__ import annotations

import pytest
from aiohttp import web
from multidict import CIMultiDict

from gateway.web.proxy.response import ProxiedResponse
from tests.web.test_request_loop import connected

LATIN = b"caf\xe9.txt".decode("utf-8", "surrogateescape")
OK = (200, {"content-type": "text/x", "X-Name": LATIN})
TOLD = (200, {**OK[1], "Content-Length": "3"})


def answering(status: int, headers: dict[str, str], body: bytes):
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = ProxiedResponse(status=status, reason="As It Came", headers=CIMultiDict(headers))
        await response.send_whole(request, body)
        return response

    return answer


@pytest.mark.parametrize(
    ("status", "headers", "body", "request_line", "expected"),
    [
        (*TOLD, b"abc", b"GET / HTTP/1.1", [b"HTTP/1.1 200 As It Came", b"Content-Length: 3"]),
        (*OK, b"abc", b"GET / HTTP/1.0", [b"HTTP/1.0 200 As It Came", b"Content-Length: 3"]),
        (*OK, b"abc", b"GET / HTTP/1.0\r\nConnection: keep-alive", [b"Content-Length: 3", b"Connection: keep-alive"]),
        (*TOLD, b"abc", b"GET / HTTP/1.1\r\nConnection: close", [b"Content-Length: 3", b"Connection: close"]),
        (200, {"Content-Length": "9"}, b"abc", b"GET / HTTP/1.1", [b"Content-Length: 3"]),
        (204, {"Content-Length": "0"}, b"", b"GET / HTTP/1.1", [b"HTTP/1.1 204 As It Came"]),
        (304, {"Content-Length": "9"}, b"", b"GET / HTTP/1.1", [b"HTTP/1.1 304 As It Came", b"Content-Length: 9"]),
    ],
    ids=["1.1", "1.0", "1.0 that stays", "1.1 that ends", "changed length", "no content", "not modified"],
)
async def test_head_is_as_it_came_with_its_framing(status, headers, body, request_line, expected) -> None:
    async with connected(answering(status, headers, body)) as (reader, writer):
        writer.write(request_line + b"\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(body)) == body
    lines = head.split(b"\r\n")[:-2]
    framing = [line for line in lines if line.startswith((b"Content-Length", b"Connection", b"Transfer-Encoding"))]
    assert [line for line in expected if line not in lines] == []
    assert len(framing) == len([line for line in expected if not line.startswith(b"HTTP/")])
    assert [line for line in lines if line.startswith(b"X-Name")] == [b"X-Name: caf\xe9.txt"] * ("X-Name" in headers)


@pytest.mark.parametrize(
    ("body", "sent"), [(b"abc", b"3\r\nabc\r\n0\r\n\r\n"), (b"", b"0\r\n\r\n")], ids=["some", "none"]
)
async def test_no_length_is_made_up_where_the_engine_told_none(body: bytes, sent: bytes) -> None:
    async with connected(answering(*OK, body)) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(sent)) == sent
    assert b"Content-Length" not in head
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"], ids=["line feed", "return", "nul"])
async def test_header_that_would_break_the_head_is_not_sent(value: str) -> None:
    async with connected(answering(200, {"X-Name": value}, b"abc")) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"X-Name" not in answer
