"""A gateway with a store, several callers and a fake of each vendor, whose exchanges can be made to fail."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from gateway.access import Access, CallerEntry
from gateway.errors import EngineUnavailable, OutcomeUnknown
from gateway.operations.idempotency import Idempotency
from gateway.plan import VendorResponse, encode_path
from gateway.store import KeyRecords, Settings, Store
from gateway.web import public_server
from gateway.web.v1.idempotency import unsettled
from gateway.wire import drive
from tests.web.conftest import Site

OWNERS = {"hr": "camunda7", "claims": "ibm_bpm"}
CALLERS = {"portal": ("*",), "batch": ("*",), "clerk": ("note", "count")}
"""Who calls, and which variables each may touch."""
_BASIC = {name: "Basic " + base64.b64encode(f"{name}:x".encode()).decode() for name in CALLERS}
_encoder = msgspec.json.Encoder(decimal_format="number")
_HTML = ("content-type", "text/html")
_OPTIMISTIC = b'{"type":"OptimisticLockingException","message":"ENGINE-03005","code":1}'
_WRONG_STATE = b'{"status":"error","Data":{"status":"error","errorNumber":"CWTBG0014E"}}'
ANSWERS: dict[str, VendorResponse] = {
    "500": VendorResponse(500, (_HTML,), b"<html>broken</html>"),
    "502": VendorResponse(502, (_HTML,), b"<html>lost</html>"),
    "503": VendorResponse(503, (_HTML,), b"<html>down</html>"),
    "page": VendorResponse(200, (_HTML,), b"<html>log in</html>"),
}
CONFLICTS = {
    "camunda7": VendorResponse(500, (("content-type", "application/json"),), _OPTIMISTIC),
    "ibm_bpm": VendorResponse(409, (("content-type", "application/json"),), _WRONG_STATE),
}


class Fault(NamedTuple):
    """What breaks in one call: the reads before the write, the write, the reads after it. ``lost`` = it was done."""

    before: str | None = None
    write: str | None = None
    lost: bool = False
    after: str | None = None


class World(Site):
    """The site, on a loop of its own. ``hit`` has the phases of the last call that a fault struck."""

    def __init__(self, path: Path) -> None:
        entries = tuple(
            CallerEntry(
                name=name, basic_username=name, basic_password="x", variables=variables,
                scopes=frozenset({"variables:read", "variables:write"}),
            )
            for name, variables in CALLERS.items()
        )  # fmt: skip
        super().__init__(Access(entries))
        self.loop = asyncio.new_event_loop()
        self.store = Store(Settings(url=f"sqlite:///{path}/store.db"))
        self.idempotency = Idempotency(KeyRecords(self.store, 60.0, 86_400.0), unsettled, 0.0)
        self.services = msgspec.structs.replace(self.services, idempotency=self.idempotency)
        self.fault = Fault()
        self.hit: set[str] = set()
        self.seen: Counter[str] = Counter()  # what has happened, so that a test can tell that all of it did
        self.round = 0  # makes keys new in every run
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        await self.store.open()
        self._runner = web.ServerRunner(public_server(self.services))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession()

    def close(self) -> None:
        async def end() -> None:
            await self._session.close()
            await self._runner.cleanup()
            await self.store.close()

        self.loop.run_until_complete(end())
        self.loop.close()

    async def run(self, engine, plan, call):
        wrote = False

        async def send(request):
            nonlocal wrote
            phase = "write" if request.writes else "after" if wrote else "before"
            wrote = wrote or request.writes
            await asyncio.sleep(0)
            return self._answer(engine, request, phase)

        return await drive(plan, send)

    def _answer(self, engine: str, request: Any, phase: str) -> VendorResponse:
        kind = getattr(self.fault, phase)
        if kind is None:
            return self.fakes[engine].answer(request)
        self.hit.add(phase)
        rolled_back = OWNERS[engine] == "camunda7" and kind == "500"
        if phase == "write" and self.fault.lost and not rolled_back:
            self.fakes[engine].answer(request)
        if kind == "refused":
            raise EngineUnavailable(engine=engine)
        if kind == "silence":
            raise (OutcomeUnknown if phase == "write" else EngineUnavailable)(engine=engine)
        return CONFLICTS[OWNERS[engine]] if kind == "conflict" else ANSWERS[kind]

    def together(self, *asked: Any) -> list[Any]:
        async def all_() -> list[Any]:
            return await asyncio.gather(*asked)

        return self.loop.run_until_complete(all_())

    def now(self, *asked: Any, **more: Any) -> tuple[int, Any, Any]:
        return self.together(self.call(*asked, **more))[0]

    async def call(
        self, caller: str, method: str, *path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, Any]:
        """Status, body with every digit, headers."""
        async with self._session.request(
            method,
            URL(f"http://127.0.0.1:{self.port}{encode_path(('v1', *path))}", encoded=True),
            data=None if body is None else _encoder.encode(body),
            headers={"Content-Type": "application/json", "Authorization": _BASIC[caller], **(headers or {})},
        ) as answer:
            text = await answer.read()
            return answer.status, json.loads(text, parse_float=Decimal) if text else None, answer.headers
