"""10,000 slow callers at once: others are served as before, each slow one is answered in the end, and nothing is left of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.chaos import slow
from tests.chaos.caller import calling, told_of, until_served, until_told
from tests.chaos.site import site_of
from tests.cli.programs import LONGEST_S

LONG_S = 600.0
"""So that none is cut off, however long it takes a machine to connect all of them."""
PATIENT = dict.fromkeys(("header_read_timeout_s", "body_read_timeout_s", "send_timeout_s", "max_timeout_s"), LONG_S)


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def test_slow_callers_are_answered_and_others_are_served_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with slow.descriptors() as count:
        if count < slow.WANTED:
            with capsys.disabled():
                print(f"\n{count} slow callers instead of {slow.WANTED}: this machine has no more descriptors")
        server = {"max_connections": count + 100, "keepalive_s": LONG_S}
        async with site_of(tmp_path, server=server, changes={"limits": PATIENT}) as site:
            others = [*site.callers("ill", 2), *site.callers("well", 2)]
            async with calling(*others):
                await until_told(others, 20)
                before = open_descriptors(site.pid)
                async with slow.crowd(count, site.port, f"well:{site.instances['well']}") as crowd:
                    async with asyncio.timeout(LONGEST_S):
                        while open_descriptors(site.pid) < before + count:
                            await asyncio.sleep(0.05)
                    await until_told(others, 20)
                    told = await crowd.finish()
                await until_told(others, 20)
                async with asyncio.timeout(LONGEST_S):
                    while open_descriptors(site.pid) > before + 20:
                        await asyncio.sleep(0.05)
            await until_served(site.callers("ill", 1)[0])
            stored = [site.well.stored(site.instances["well"], f"s{number}") for number in range(1, count, 2)]
    assert told == {(200, 200): count // 2, (204, 204): count // 2}
    assert stored == list(range(1, count, 2))
    assert told_of(others) == {"ok"}
    assert site.lost(*others[1:]) == []
