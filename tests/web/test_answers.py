"""How answers that are held in full stand on the wire, and callers that read slowly or have gone."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest
from aiohttp import HttpVersion11

from gateway.web.http.buffered import BufferedResponse
from tests.until import steady, until

GET = "GET /v1/instances/{} HTTP/1.1\r\nHost: x\r\n"
HEAD = "HEAD /v1/instances/{} HTTP/1.1\r\nHost: x\r\n"
CLOSE = "Connection: close\r\n\r\n"


def parts(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = [line.split(": ", 1) for line in lines[1:]]
    assert len({name.lower() for name, _ in fields}) == len(fields)
    return lines[0], dict((name, value) for name, value in fields), body


async def sent(site, text: bytes) -> bytes:
    """Return all that comes until the gateway closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(text)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def test_answer_has_length_date_and_no_trace_of_what_is_inside(site) -> None:
    line, fields, body = parts(await sent(site, (GET + CLOSE).format(site.hr).encode()))
    assert line == "HTTP/1.1 200 OK"
    assert int(fields["Content-Length"]) == len(body) > 0
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", fields["Date"])
    assert (fields["Server"], fields["Connection"]) == ("varbridge", "close")


async def test_head_is_that_of_get_without_the_body(site) -> None:
    _, asked, _ = parts(await sent(site, (GET + CLOSE).format(site.hr).encode()))
    _, fields, body = parts(await sent(site, (HEAD + CLOSE).format(site.hr).encode()))
    assert body == b""
    varying = {"X-Request-Id", "Date", "Server-Timing"}
    assert {name: asked[name] for name in asked.keys() - varying} == {n: fields[n] for n in fields.keys() - varying}


async def test_no_content_has_no_length_and_the_connection_is_used_on(site) -> None:
    body = b'{"modifications":{"note":{"value":"x"}}}'
    target = f"PATCH /v1/instances/{site.hr}/variables HTTP/1.1\r\nHost: x\r\n"
    head = f"{target}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    both = (head + "\r\n").encode() + body + (head + CLOSE).encode() + body
    first, _, rest = (await sent(site, both)).partition(b"\r\n\r\n")
    line, fields, _ = parts(first)
    assert line == "HTTP/1.1 204 No Content"
    assert not fields.keys() & {"Content-Length", "Content-Type", "Connection"}
    assert rest.startswith(b"HTTP/1.1 204 No Content\r\n")


@pytest.mark.parametrize(("said", "answered"), [("", "close"), ("Connection: keep-alive\r\n", "keep-alive")])
async def test_old_callers_are_told_whether_they_may_go_on(site, said: str, answered: str) -> None:
    sent = f"GET /v1/instances/{site.hr} HTTP/1.0\r\nHost: x\r\n{said}\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(sent)
    line, fields, _ = parts(await reader.readuntil(b"\r\n\r\n"))
    writer.close()
    assert line == "HTTP/1.0 200 OK"
    assert fields.get("Connection", "close") == answered


async def test_unmodified_answer_has_neither_body_nor_length(site) -> None:
    _, fields, _ = parts(await sent(site, (GET.replace("{}", "{}/variables") + CLOSE).format(site.hr).encode()))
    asked = f"GET /v1/instances/{site.hr}/variables HTTP/1.1\r\nHost: x\r\nIf-None-Match: {fields['ETag']}\r\n{CLOSE}"
    line, again, body = parts(await sent(site, asked.encode()))
    assert (line, body) == ("HTTP/1.1 304 Not Modified", b"")
    assert again["ETag"] == fields["ETag"]
    assert "Content-Length" not in again


class Request:
    """As much of a request as an answer asks of it."""

    method = "GET"
    keep_alive = True
    transport = None
    version = HttpVersion11


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\0b", "a\x7fb"])
def test_header_that_would_end_its_line_is_not_sent(value: str) -> None:
    asked = Request()
    with pytest.raises(ValueError, match="Gateway-Rules"):
        BufferedResponse(204, {"Gateway-Rules": value})._head(asked)
    assert b"Gateway-Rules: \xc3\xa9\tb" in BufferedResponse(204, {"Gateway-Rules": "\xe9\tb"})._head(asked)


async def test_caller_that_has_gone_is_no_error_of_ours() -> None:
    with pytest.raises(ConnectionError):
        await BufferedResponse(204, {}).prepare(Request())


async def test_caller_that_reads_slowly_gets_all_of_a_long_answer(site) -> None:
    long = b'{"type":"json","value":["%s"]}' % (b"x" * 8_000_000)
    assert (await site.ask("PUT", "instances", site.hr, "variables", "long", body=long))[0] == 204
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    writer.write((GET.replace("{}", "{}/variables/long") + CLOSE).format(site.hr).encode())
    await steady(lambda: len(reader._buffer))  # what is not read fills every buffer on the way
    pieces = [piece async for piece in read(reader)]
    writer.close()
    _, fields, body = parts(b"".join(pieces))
    assert len(body) == int(fields["Content-Length"]) > 8_000_000


async def test_caller_that_asks_on_and_reads_nothing_is_not_asked_for_more(site) -> None:
    asked = GET.replace("{}", "{}/variables").format(site.hr).encode() + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    writer.write(asked * 20_000)
    await until(lambda: len(site.sent) > 0)
    await steady(
        lambda: len(site.sent), looks=150
    )  # it goes on until what is written has filled every buffer on the way
    assert len(site.sent) < 10_000
    writer.transport.abort()
    assert reader.at_eof() is False


@pytest.mark.parametrize("version", ["0.9", "2.0"])
async def test_other_versions_are_refused_in_our_own(site, version: str) -> None:
    line, fields, _ = parts(await sent(site, f"GET /v1/engines HTTP/{version}\r\nHost: x\r\n\r\n".encode()))
    assert (line, fields["Connection"]) == ("HTTP/1.1 400 Bad Request", "close")


async def read(reader: asyncio.StreamReader):
    while piece := await reader.read(65536):
        yield piece
