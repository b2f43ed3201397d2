"""The clock of tests that wait for time-outs: it jumps when everybody waits, and stands still while there is work."""

from __future__ import annotations

import asyncio

import pytest

WEEK_S = 604_800.0


@pytest.mark.usefixtures("idle_time")
async def test_time_out_of_a_week_comes_at_once_when_everybody_waits() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(WEEK_S):
            await asyncio.Event().wait()
    # the loop waits a day at most at once, so the sum is rounded seven times
    assert asyncio.get_running_loop().time() - began == pytest.approx(WEEK_S, abs=1e-3)


@pytest.mark.usefixtures("idle_time")
async def test_time_stands_still_while_there_is_work() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(1e-6):
        for _ in range(1000):
            await asyncio.sleep(0)
    assert loop.time() == began


@pytest.mark.usefixtures("idle_time")
async def test_bytes_on_a_socket_come_before_a_time_out() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    async with asyncio.timeout(1e-3):
        writer.write(b"here\n")
        assert await reader.readline() == b"here\n"
    writer.close()
    server.close()


async def test_loop_has_its_own_clock_again_afterwards() -> None:
    assert asyncio.get_running_loop().time.__name__ == "time"
