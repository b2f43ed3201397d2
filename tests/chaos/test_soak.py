"""Memory, descriptors and tasks stay what they are, however many requests there were, and however an engine failed.

A round is the same work each time: requests of every kind, each way in which an engine fails, and a reload. What a
round leaves behind is measured in blocks of Python's allocator, which know nothing of arenas and fragments. It takes
a minute; `make soak` goes on for ten, or for `VARBRIDGE_SOAK` seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.chaos.troubled import MOODS, Troubled
from tests.cli.programs import LONGEST_S, ROOT

SECONDS = float(os.environ.get("VARBRIDGE_SOAK", "60"))
WARM_UP, ROUNDS = 2, 4
CALLERS, STEPS, ILL_STEPS = 4, 25, 3
REQUESTS = CALLERS * STEPS * 7
"""Of one round, to the engine that is well; those to the other one are fewer."""
LEAK = 0.03 if SECONDS > 300 else 0.3
"""Blocks a request that would be a leak; a round ends with some hundred blocks more or less, which few rounds do not level."""
PROTECTED = {
    "timeout_s": 0.2, "connect_timeout_s": 0.2, "breaker": {"least_calls": 4, "open_s": 0.1, "probes": 1},
    "limits": {"concurrency": 2, "queue": 1, "queue_s": 0.1}, "retry": {"backoff_s": 0.01},
}  # fmt: skip
VALUE = {"value": 7, "type": "integer", "format": "int64"}


class Soaked:
    """The gateway, as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.port = process, port

    async def ask(self, what: str) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n".encode())
        async with asyncio.timeout(LONGEST_S):
            answer: dict[str, int] = json.loads(await self._process.stdout.readline())
            return answer


@asynccontextmanager
async def soaked(tree: dict[str, Any], lines: Path) -> AsyncIterator[Soaked]:
    with lines.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.soaked", json.dumps(tree),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(LONGEST_S):
                said = await process.stdout.readline()
            assert said, lines.read_text()[-2000:]
            yield Soaked(process, json.loads(said)[0])
        finally:
            process.stdin.close()
            try:
                async with asyncio.timeout(LONGEST_S):
                    await process.wait()
            except TimeoutError:
                process.kill()


class Work:
    """What callers do in a round."""

    def __init__(self, session: aiohttp.ClientSession, base: str, ill: str, well: str) -> None:
        self._session, self._base = session, base
        self._ill, self._well = f"/v1/instances/ill:{ill}/variables", f"/v1/instances/well:{well}/variables"
        self._native = f"/well/process-instance/{well}/variables"
        self._keys = 0

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> int:
        async with self._session.request(method, self._base + path, json=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def call(self, name: str) -> None:
        """Ask for what the engine that is well can do: seven requests a step."""
        for _ in range(STEPS):
            self._keys += 1
            patch, key = {"modifications": {name: VALUE}}, {"Idempotency-Key": f"key-{self._keys}"}
            told = [
                await self.ask("PUT", f"{self._well}/{name}", VALUE),
                await self.ask("GET", f"{self._well}/{name}"),
                await self.ask("PATCH", self._well, patch),
                await self.ask("PATCH", self._well, patch, **key),
                await self.ask("GET", self._native),
                await self.ask("POST", self._native, {"modifications": {name: {"value": 7, "type": "Long"}}}),
                await self.ask("GET", f"{self._well}/nobody"),
            ]
            assert told == [204, 200, 204, 204, 200, 204, 404]

    async def call_ill(self, name: str) -> None:
        for _ in range(ILL_STEPS):
            await self.ask("PUT", f"{self._ill}/{name}", VALUE)
            await self.ask("GET", f"{self._ill}/{name}")

    async def until_served(self) -> None:
        async with asyncio.timeout(LONGEST_S):
            while await self.ask("PUT", f"{self._ill}/v0", VALUE) != 204:
                await asyncio.sleep(0.02)

    async def round(self, engine: Troubled) -> None:
        for mood in MOODS:
            await engine.become(mood)
            await asyncio.gather(*(self.call_ill(f"v{number}") for number in range(CALLERS)))
            await engine.become(None)
            await self.until_served()
        await asyncio.gather(*(self.call(f"v{number}") for number in range(CALLERS)))


def slope(figures: list[int]) -> float:
    """By how much each figure is more than the one before, by the straight line that fits them best."""
    middle = (len(figures) - 1) / 2
    mean = sum(figures) / len(figures)
    return sum((index - middle) * (each - mean) for index, each in enumerate(figures)) / sum(
        (index - middle) ** 2 for index in range(len(figures))
    )


def test_slope_is_that_of_the_line() -> None:
    assert (slope([5, 7, 9, 11]), slope([4, 4, 4]), slope([3, 0, 3])) == (2.0, 0.0, 0.0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="figures of a process are read as Linux has them")
async def test_rounds_of_requests_faults_and_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    ill, well = Troubled(), Troubled()
    await ill.start()
    await well.start()
    tree = {
        "server": {"port": 0, "admin_port": 0, "grace_s": 1.0},
        "auth": {"open": True},
        "store": {"url": f"sqlite:///{tmp_path}/store.db"},
        "engines": {
            "ill": {"vendor": "camunda7", "url": ill.url, **PROTECTED},
            "well": {"vendor": "camunda7", "url": well.url},
        },
        "dialects": {"well": {"vendor": "camunda7", "prefix": "/well", "engine": "well"}},
    }
    figures: list[dict[str, int]] = []
    try:
        async with soaked(tree, tmp_path / "lines") as gateway, aiohttp.ClientSession() as session:
            work = Work(session, f"http://127.0.0.1:{gateway.port}", ill.fake.showcase(), well.fake.showcase())
            until = time.monotonic() + SECONDS
            while len(figures) < WARM_UP + ROUNDS or time.monotonic() < until:
                await work.round(ill)
                figures.append(await gateway.ask("reload"))
    finally:
        await ill.stop()
        await well.stop()
    print(*figures, sep="\n")
    settled = figures[WARM_UP:]
    assert slope([each["blocks"] for each in settled]) < LEAK * REQUESTS
    assert len({each["tasks"] for each in settled}) == 1
    assert max(each["descriptors"] for each in settled) - min(each["descriptors"] for each in settled) <= CALLERS
    half = len(settled) // 2
    resident = [each["resident_kib"] for each in settled]
    assert min(resident[half:]) - max(resident[:half]) < 1024
