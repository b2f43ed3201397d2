"""A gateway with one front door before an engine that does what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from adapters import camunda7
from gateway.access import Access
from gateway.observe.metrics import Metrics
from gateway.operations import Gateway, WriteLocks
from gateway.port import Credentials
from gateway.routing import Routing
from gateway.web import ConnectionLimits, Door, RequestLimits, Services, Upstream, public_server
from gateway.wire import ClientSettings, EngineClient
from tests.wire.scripted import OK, Observer, Scripted, running, says


class Gate:
    """A gateway with one front door before a scripted engine."""

    def __init__(self, port: int, engine: Scripted, locks: WriteLocks, services: Services) -> None:
        self.port, self.engine, self.locks, self.services = port, engine, locks, services

    async def send(self, raw: bytes, *, whole: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        await writer.drain()
        try:
            async with asyncio.timeout(10):
                answer = await reader.read() if whole else await reader.readuntil(b"\r\n\r\n")
        finally:
            writer.close()
        return answer

    async def ask(
        self, target: str, method: str = "GET", more: str = "", body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        head = f"{method} {target} HTTP/1.1\r\nHost: gateway:1\r\nConnection: close\r\n{more}\r\n"
        answer = await self.send(head.encode() + body)
        top, _, rest = answer.partition(b"\r\n\r\n")
        lines = top.decode("latin-1").split("\r\n")
        headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines[1:]}
        return int(lines[0].split()[1]), headers, rest


@asynccontextmanager
async def gate(
    *scripts,
    vendor=camunda7.VENDOR,
    owner=None,
    kind: str = "none",
    access=None,
    credentials=None,
    limits: RequestLimits | None = None,
    connections: ConnectionLimits = ConnectionLimits(),
    services_more: dict[str, object] | None = None,
    client_settings: dict[str, int] | None = None,
    starts: dict[str, str] | None = None,
    others: tuple[str, ...] = (),
    **door,
) -> AsyncIterator[Gate]:
    async with running(Scripted(*(scripts or [says(OK)]))) as engine:
        known = (owner or vendor).engine("hr", (owner or vendor).settings(), credentials or Credentials(kind=kind))
        client = EngineClient(
            known, ClientSettings(url=engine.url, auth_kind=kind, **(client_settings or {})), Observer()
        )
        await client.start()

        async def relay(_engine, request, call):
            return await client.relay(request, call)

        async def run(_engine, plan, call):
            return await client.run(plan, call)

        locks = WriteLocks()
        idle_s = door.pop("idle_s", 2.0)
        upstream = Upstream(url=engine.url, idle_s=idle_s, forwards=kind == "forward")
        services = Services(
            gateway=Gateway(dict.fromkeys(("hr", *others), known), run, locks, Routing(starts=starts), relay),
            access=access or Access(open=True),
            metrics=Metrics(),
            limits=limits or RequestLimits(),
            connections=connections,
            **(services_more or {}),
        )
        made = Door(prefix="/door", dialect=vendor.dialect(), default=known, upstreams={"hr": upstream}, **door)
        runner = web.ServerRunner(public_server(services, (made,), lingering_s=0.2))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield Gate(runner.addresses[0][1], engine, locks, services)
        finally:
            await runner.cleanup()
            await client.close()
