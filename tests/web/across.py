"""A gateway with a front door of each vendor before a fake engine of each, on loopback; what the engines are sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway import app, config
from gateway.cli.served import Served
from gateway.model.bridge import Link
from gateway.plan import VendorRequest

HR, CLAIMS = "hr", "claims"
VENDOR = {HR: "camunda7", CLAIMS: "ibm_bpm"}
KEY = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
SCOPES = [
    "variables:read", "variables:write", "instances:read", "modification", "passthrough:read", "passthrough:write",
]  # fmt: skip


class Answer:
    """An answer with its body as bytes and as JSON."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Across:
    """The gateway, its fakes by engine, and what has been sent to each of them.

    ``hr`` and ``claims`` are the ids of an instance on each, as the engine writes them; ``heard`` is what reached the
    fakes by any road, ``planned`` what commands came to.
    """

    def __init__(self, fakes: dict[str, Any]) -> None:
        self.fakes = fakes
        self.heard: list[tuple[str, VendorRequest]] = []
        self.planned: list[tuple[str, VendorRequest]] = []
        self.port = 0
        self.running: app.Application | None = None
        self.hr, self.claims = (fakes[name].showcase() for name in (HR, CLAIMS))
        for name, fake in fakes.items():
            self._listen(name, fake)

    def _listen(self, name: str, fake: Any) -> None:
        answer = fake.answer

        def answered(request: VendorRequest) -> Any:
            self.heard.append((name, request))
            return answer(request)

        fake.answer = answered

    def forget(self) -> None:
        self.heard.clear()
        self.planned.clear()

    def link(self, *links: Link) -> None:
        """Let the gateway know of links, as whoever makes them does."""
        assert self.running is not None
        self.running.routes.note(links)

    @property
    def engines(self) -> list[str]:
        """Which engines were asked, in order."""
        return [name for name, _ in self.heard]

    async def ask(
        self, method: str, target: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Answer:
        """Ask with a target that nothing tidies."""
        content = (
            raw
            if raw is not None
            else b""
            if body is None
            else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        )
        shown = {"Host": "gateway", "Connection": "close"} | {
            name.replace("_", "-"): of for name, of in headers.items()
        }
        if body is not None or raw is not None:
            shown = {"Content-Type": "application/json", "Content-Length": str(len(content))} | shown
        head = "".join(f"{name}: {of}\r\n" for name, of in shown.items() if of)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + content)
        await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        top, _, rest = answer.partition(b"\r\n\r\n")
        lines = top.decode("latin-1").split("\r\n")
        named = dict(line.split(": ", 1) for line in lines[1:])
        return Answer(int(lines[0].split()[1]), {name.lower(): of for name, of in named.items()}, rest)

    async def camunda(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask(method, f"/engine-rest{path}", body, **more)

    async def ibm(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask(method, f"/rest/bpm/wle/v1{path}", body, **more)

    async def v1(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.ask(method, f"/v1{path}", body, **more)


@asynccontextmanager
async def across(
    *callers: dict[str, Any],
    fakes: dict[str, Any] | None = None,
    down: tuple[str, ...] = (),
    engines: Mapping[str, dict[str, Any]] | None = None,
    doors: Mapping[str, dict[str, Any]] | None = None,
    **tables: Any,
) -> AsyncIterator[Across]:
    """A running gateway before both fakes.

    Args:
        callers: who may call, by the key ``secret``; none = anybody.
        fakes: engines by name; default ``hr`` and ``claims``.
        down: engines that nothing listens for.
        engines, doors: more keys of them, by name.
        tables: more tables of the configuration.
    """
    made = fakes or {name: app.VENDORS[vendor].fake() for name, vendor in VENDOR.items()}
    site = Across(made)
    served = {name: Served(fake) for name, fake in made.items()}
    for each in served.values():
        await each.start()
    urls = {name: each.url for name, each in served.items()}
    for name in down:
        await served.pop(name).stop()
    known = {"name": "portal", "key_sha256": KEY, "scopes": SCOPES}
    vendors = {name: app.VENDORS[VENDOR.get(name, "ibm_bpm")].name for name in made}
    tree = {
        "server": {"port": 0, "admin_port": 0},
        "store": {"url": "sqlite:///:memory:"},
        "auth": {"open": not callers, "callers": [known | caller for caller in callers]},
        "engines": {
            name: {"vendor": vendor, "url": urls[name], **(engines or {}).get(name, {})}
            for name, vendor in vendors.items()
        },
        "dialects": {
            name: {
                "vendor": VENDOR[name],
                "prefix": app.VENDORS[VENDOR[name]].fake.base_path,
                "engine": name,
                **(doors or {}).get(name, {}),
            }
            for name in (HR, CLAIMS)
        },
        **tables,
    }
    running = app.Application(
        config.resolve(config.parse(tree, app.VENDORS), {}),
        lambda engine, request, _answer: site.planned.append((engine, request)),
    )
    await running.start()
    site.port, _ = running.ports
    site.running = running
    try:
        yield site
    finally:
        await running.stop()
        for each in served.values():
            await each.stop()
