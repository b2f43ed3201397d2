"""A gateway on a socket, before a fake of each vendor that needs none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from yarl import URL

from adapters import camunda7, ibm_bpm
from gateway.access import Access, CallerEntry
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, WriteLocks
from gateway.plan import Call, Multipart, Stream, VendorRequest, encode_path
from gateway.port import Credentials
from gateway.routing import Routing
from gateway.web import RequestLimits, Services, public_server
from gateway.wire import drive

VENDORS = {"hr": camunda7.VENDOR, "claims": ibm_bpm.VENDOR}
SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"


class Site:
    """The gateway, its fakes, and a caller whose targets nothing tidies."""

    def __init__(self, access: Access | None = None, **limits: Any) -> None:
        self.fakes = {name: vendor.fake() for name, vendor in VENDORS.items()}
        self.engines = {name: vendor.engine(name, vendor.settings(), Credentials()) for name, vendor in VENDORS.items()}
        self.sent: list[Any] = []
        self.gateway = Gateway(self.engines, self.run, WriteLocks(), Routing())
        self.services = Services(
            gateway=self.gateway,
            access=access or Access(open=True),
            metrics=Metrics(),
            limits=RequestLimits(**limits),
            cors_origins=frozenset({"https://portal"}),
        )
        self.hr = f"hr:{self.fakes['hr'].showcase()}"
        self.claims = f"claims:{self.fakes['claims'].showcase()}"
        self.port = 0

    async def run(self, engine, plan, call):
        async def send(request):
            self.sent.append(request)
            call.engine_calls += 1
            await asyncio.sleep(0)
            return self.fakes[engine].answer(await collected(request, call))

        return await drive(plan, send)

    @property
    def writes(self) -> list[Any]:
        return [request for request in self.sent if request.writes]

    async def ask(self, method: str, *path: str, body: Any = None, query: str = "", **headers: str):
        target = f"http://127.0.0.1:{self.port}{encode_path(('v1', *path))}" + (f"?{query}" if query else "")
        shown = {key.replace("_", "-"): value for key, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            shown.setdefault("Content-Type", "application/json")
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, URL(target, encoded=True), data=data, headers=shown) as answer,
        ):
            text = await answer.read()
            return answer.status, json.loads(text) if text else None, answer.headers

    async def raw(self, sent: bytes, timeout_s: float = 5.0) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        try:
            async with asyncio.timeout(timeout_s):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as ended:
            head = ended.partial
        writer.close()
        return head


async def collected(request: VendorRequest, call: Call) -> VendorRequest:
    """The request with what streams in it, as the wire would have sent it."""
    if not isinstance(request.body, Multipart):
        return request
    parts = [
        msgspec.structs.replace(part, content=b"".join([piece async for piece in call.streams[part.content.token]]))
        if isinstance(part.content, Stream)
        else part
        for part in request.body.parts
    ]
    return msgspec.structs.replace(request, body=Multipart(tuple(parts)))


@pytest.fixture
async def started() -> AsyncIterator[Any]:
    runners: list[web.ServerRunner] = []

    async def start(site: Site) -> Site:
        runner = web.ServerRunner(public_server(site.services))
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.port = runner.addresses[0][1]
        return site

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def site(started) -> Site:
    return await started(Site())


def entry(**more: Any) -> CallerEntry:
    scopes = frozenset({"variables:read", "variables:write", "instances:read"})
    return CallerEntry(**{"name": "portal", "key_sha256": SECRET, "scopes": scopes, **more})
