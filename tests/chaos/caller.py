"""Callers that write and read a variable each, as long as a test lets them, and know what they were told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.cli.programs import LONGEST_S


class Caller:
    """Writes a variable of its own, 1, 2, 3 …, reads it in between, and remembers what it was told."""

    def __init__(
        self, session: aiohttp.ClientSession, base: str, instance: str, name: str, headers: Mapping[str, str] = {}
    ) -> None:
        self._headers = headers
        self.session, self.url, self.name = session, f"{base}/v1/instances/{instance}/variables/{name}", name
        self.engine = instance.partition(":")[0]
        self.told: Counter[str] = Counter()
        self.sent = self.acknowledged = 0
        self.possible = {0}
        self.stopping = False

    async def call(self) -> None:
        while not self.stopping:
            self.sent += 1
            outcome, where = await self._ask("PUT", {"value": self.sent, "type": "integer", "format": "int64"})
            self.told[outcome] += 1
            if outcome == "ok":
                self.acknowledged, self.possible = self.sent, {self.sent}
            elif where != "not_applied":
                self.possible.add(self.sent)
            outcome, _ = await self._ask("GET")
            self.told[outcome] += outcome not in {"ok", "variable-not-found"}
            await asyncio.sleep(0.002)

    async def _ask(self, method: str, body: Any = None) -> tuple[str, str]:
        async with self.session.request(method, self.url, json=body, headers=self._headers) as answer:
            content = await answer.read()
        if answer.status < 300:
            return "ok", "applied"
        problem = json.loads(content)
        return problem["code"], problem["outcome"]

    async def reads(self) -> str:
        """Read once; return what was told."""
        return (await self._ask("GET"))[0]

    async def is_served(self) -> bool:
        return (await self._ask("PUT", {"value": -1, "type": "integer", "format": "int64"}))[0] == "ok"


@asynccontextmanager
async def calling(*callers: Caller) -> AsyncIterator[None]:
    """Let callers call until the end of the block."""
    tasks = [asyncio.ensure_future(caller.call()) for caller in callers]
    try:
        yield
    finally:
        for caller in callers:
            caller.stopping = True
        _ = await asyncio.gather(*tasks)


async def until_served(caller: Caller) -> None:
    """Wait until a caller's write is carried out."""
    async with asyncio.timeout(LONGEST_S):
        while not await caller.is_served():
            await asyncio.sleep(0.05)


async def until_told(callers: Sequence[Caller], more: int) -> None:
    """Wait until each caller has been told of so many more writes."""
    wanted = {caller: caller.sent + more for caller in callers}
    async with asyncio.timeout(LONGEST_S):
        while any(caller.sent < number for caller, number in wanted.items()):
            await asyncio.sleep(0.01)


def told_of(callers: Sequence[Caller]) -> set[str]:
    """Return everything that some callers were told."""
    return {outcome for caller in callers for outcome, count in caller.told.items() if count}
