"""A Camunda fake on a socket that counts what is done to it, and gateways before it in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self

import aiohttp

from adapters import camunda7
from gateway.cli.served import Served
from gateway.plan import VendorRequest, VendorResponse
from tests.cli.programs import LONGEST_S, ROOT, free_port


class Counting:
    """The fake; ``applied`` counts how often each variable was set."""

    def __init__(self) -> None:
        self.fake = camunda7.VENDOR.fake()
        self.base_path = self.fake.base_path
        self.applied: Counter[str] = Counter()
        self.after_write = lambda: None

    def answer(self, request: VendorRequest) -> VendorResponse:
        answer = self.fake.answer(request)
        if request.method == "POST" and request.path[-1:] == ("variables",) and answer.status < 300:
            self.applied.update(list(json.loads(bytes(request.body))["modifications"]))
            self.after_write()
        return answer

    def value(self, instance: str, name: str) -> Any:
        path = ("process-instance", instance, "variables", name)
        asked = VendorRequest(
            method="GET", path=path, query=(("deserializeValue", "false"),), writes=False, idempotent=True
        )
        return json.loads(self.fake.answer(asked).content())["value"]


class Slow(Served):
    """On a socket, and as slow as a quick engine is: writes are under way for a while.

    ``after(n)`` waits for the n-th thing that happens from now on: a request arrives, or is carried out.
    """

    def __init__(self, counting: Counting, takes_s: float) -> None:
        super().__init__(counting)
        self.counting = counting
        self._takes_s = takes_s
        self._left, self._happened = 0, asyncio.Event()

    async def after(self, count: int) -> None:
        self._left, self._happened = count, asyncio.Event()
        async with asyncio.timeout(LONGEST_S):
            await self._happened.wait()

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happened.set()

    async def _handle(self, request):
        self._step()
        await asyncio.sleep(self._takes_s)
        answer = await super()._handle(request)
        self._step()
        await asyncio.sleep(self._takes_s)
        return answer


class Gateways:
    """Gateways on one store, forked off one process that has everything imported: a start takes a few milliseconds."""

    def __init__(self, folder: Path, engine: str, store: dict[str, Any], **environ: str) -> None:
        self.folder, self.engine, self.store, self._environ = folder, engine, store, environ
        self.pids: set[int] = set()

    async def __aenter__(self) -> Self:
        self._nursery = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.nursery",
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **self._environ},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_raised: object) -> None:
        for pid in tuple(self.pids):
            self.kill(pid)
        self._nursery.stdin.close()
        await self._nursery.wait()

    def config(self, workers: int = 1) -> dict[str, Any]:
        """Of one process among so many on the store; each has a port of its own, so that a test can choose."""
        return {
            "server": {"port": free_port(), "admin_port": 0, "grace_s": 1.0, "workers": workers},
            "auth": {"open": True},
            "store": self.store,
            "engines": {"hr": {"vendor": "camunda7", "url": self.engine}},
            "log": {"level": "error"},
        }

    async def start(self, config: dict[str, Any]) -> int:
        self._nursery.stdin.write(json.dumps(config).encode() + b"\n")
        async with asyncio.timeout(LONGEST_S):
            pid = int(await self._nursery.stdout.readline())
            self.pids.add(pid)
            assert await self._nursery.stdout.readline() == b"ready\n"
        return pid

    def kill(self, pid: int) -> None:
        self.pids.discard(pid)
        os.kill(pid, signal.SIGKILL)


async def ask(session: aiohttp.ClientSession, port: int, instance: str, body: Any, kind: str, **headers: str):
    url = f"http://127.0.0.1:{port}/v1/instances/hr:{instance}/variables"
    shown = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with session.patch(url, data=json.dumps(body).encode(), headers=shown) as answer:
        return answer.status, await answer.read(), answer.headers
