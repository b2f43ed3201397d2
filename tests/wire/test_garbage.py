"""What failed is gone at once: an error that its own traceback holds would keep the whole request until a collection."""

from __future__ import annotations

import asyncio
import gc
from types import FrameType

import pytest

from gateway.errors import InvalidRequest, VarbridgeError
from gateway.plan import VendorRequest
from gateway.raw import RawRequest
from tests.until import rounds
from tests.wire.scripted import Scripted, call, client_of, hangs_up, never_answers, running, says

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"
FAILURES = {
    "closed": hangs_up,
    "broken off": says(HALF, close=True),
    "no http": says(b"garbage\r\n\r\n"),
    "too large": says(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    "silent": never_answers,
}


def asking(given: VendorRequest):
    return (yield given)


def frames() -> list[str]:
    """The functions of this room whose frames something holds."""
    found = [each for each in gc.get_objects() if isinstance(each, FrameType)]
    return [each.f_code.co_qualname for each in found if "gateway/wire" in each.f_code.co_filename]


async def code_of(work) -> str:
    try:
        await work
    except VarbridgeError as failure:
        return failure.code
    return ""


@pytest.fixture
def uncollected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("client", ["http1", "aiohttp"])
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("name", FAILURES)
async def test_request_that_failed_is_held_by_nothing(name: str, writes: bool, client: str, uncollected) -> None:
    given = VendorRequest(method="PUT", path=("x",), writes=writes, idempotent=True, body=b"x" * 1000)
    settings = {"timeout_s": 0.05 if name == "silent" else 5.0, "max_answer_bytes": 1000}
    async with (
        running(Scripted(FAILURES[name])) as engine,
        client_of(engine.url, client=client, **settings) as sender,
    ):
        assert await code_of(sender.run(asking(given), call()))
        await rounds(100)
        assert frames() == []


async def pieces_of(sender, head_read: asyncio.Event) -> bytes:
    asked = RawRequest(method="GET", target="/x", headers=[], body=None, idle_s=5.0, writes=False, gone=lambda: False)
    answer = await sender.relay(asked, call())
    head_read.set()
    try:
        return b"".join([piece async for piece in answer.pieces()])
    finally:
        answer.close()


@pytest.mark.parametrize("client", ["http1", "aiohttp"])
async def test_raw_answer_that_broke_off_is_held_by_nothing(client: str, uncollected) -> None:
    async def slowly(_request, writer) -> None:
        writer.write(HALF)
        await writer.drain()
        await head_read.wait()
        writer.close()

    head_read = asyncio.Event()
    async with running(Scripted(slowly)) as engine, client_of(engine.url, client=client) as sender:
        assert await code_of(pieces_of(sender, head_read)) == "engine-unavailable"
        await rounds(100)
        assert frames() == []


async def breaks_off():
    yield b"some"
    raise InvalidRequest("too slow")


async def test_upload_that_its_caller_broke_off_is_held_by_nothing(uncollected) -> None:
    asked = RawRequest(
        method="PUT", target="/x", headers=[], body=breaks_off(), idle_s=5.0, writes=True, gone=lambda: False
    )
    async with running(Scripted(hangs_up)) as engine, client_of(engine.url) as sender:
        assert await code_of(sender.relay(asked, call())) == "invalid-request"
        del asked
        await rounds(100)
        assert frames() == []
