"""A gateway before two fake engines on loopback, and one instance on each, linked."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from gateway import app
from gateway.cli.served import Served
from gateway.model.bridge import Link, Side
from gateway.model.commands import ListVariables
from gateway.model.copying import CopyOutcome, CopyPolicy
from gateway.operations import Target, variables
from gateway.operations.bridge.copying import compare_link, copy_link
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.store import LinkRecords
from tests.web.site import parsed

SOURCE, TARGET = "old", "new"
CAMUNDA, IBM = "camunda7", "ibm_bpm"
DIRECTIONS = [(CAMUNDA, CAMUNDA), (CAMUNDA, IBM), (IBM, CAMUNDA)]
EACH = {CAMUNDA: {}, IBM: {"binary": "envelope", "int64": "string", "fractions": "truncate"}}


class Pair:
    """The two fakes, the gateway, and the link; what each engine was asked since ``forget``."""

    def __init__(self, application: app.Application, fakes: dict[str, Any], links: LinkRecords, link: Link) -> None:
        self.application, self.fakes, self.links, self.link = application, fakes, links, link
        self.heard: list[tuple[str, VendorRequest]] = []
        self.answering: dict[str, Any] = {}
        for name, fake in fakes.items():
            self._listen(name, fake)

    def _listen(self, name: str, fake: Any) -> None:
        answer = fake.answer

        def answered(request: VendorRequest) -> VendorResponse:
            self.heard.append((name, request))
            before = self.answering.get(name)
            other = before(request) if before is not None else None
            return answer(request) if other is None else other

        fake.answer = answered

    @property
    def gateway(self) -> Any:
        return self.application.gateway

    def asked(self, name: str) -> list[str]:
        return [f"{request.method} {'/'.join(request.path)}" for each, request in self.heard if each == name]

    def forget(self) -> None:
        self.heard.clear()

    def call(self) -> Call:
        return Call(deadline=asyncio.get_running_loop().time() + 30.0, request_id="copy")

    async def copy(self, policy: CopyPolicy = CopyPolicy(), **more: Any) -> CopyOutcome:
        return await copy_link(self.gateway, self.links, self.link, policy, self.call(), **more)

    async def compare(self, policy: CopyPolicy = CopyPolicy()) -> CopyOutcome:
        return await compare_link(self.gateway, self.link, policy, self.call())

    async def change(self, **changes: Any) -> None:
        """Store the link otherwise, as somebody else would."""
        stored = await self.links.replace(msgspec.structs.replace(self.link, **changes), [])
        assert stored is not None
        self.link = stored

    async def shown(self, name: str) -> dict[str, Any]:
        """The variables of a side as callers see them: type, format and JSON text."""
        side = self.link.source if name == SOURCE else self.link.target
        target = Target(self.gateway.engines[name], side.native)
        listed = await variables.list_variables(self.gateway, target, ListVariables(instance=side.native), self.call())
        return {each.name: (each.value.type, each.value.format, each.value.text.decode()) for each in listed.variables}

    def stored(self, name: str) -> Any:
        """The instance in the fake."""
        side = self.link.source if name == SOURCE else self.link.target
        return self.fakes[name].instances[side.native]


def blob(content: bytes, filename: str | None = None) -> dict[str, Any]:
    """A Camunda variable of bytes, or a file."""
    text = base64.b64encode(content).decode()
    if filename is None:
        return {"type": "Bytes", "value": text}
    return {"type": "File", "value": text, "valueInfo": {"filename": filename, "mimeType": "application/pdf"}}


@contextlib.asynccontextmanager
async def pair_of(  # noqa: PLR0913 - two sides, and what each is
    source: str = CAMUNDA,
    target: str = CAMUNDA,
    held: Mapping[str, Any] | None = None,
    there: Mapping[str, Any] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    **tables: Any,
) -> AsyncIterator[Pair]:
    """Two engines with an instance each, linked.

    Args:
        source, target: vendors.
        held, there: the variables of the two instances, in the words of their vendors.
        settings: more of an engine's table, by its name.
        tables: more tables of the configuration.
    """
    vendors = {SOURCE: source, TARGET: target}
    fakes = {name: app.VENDORS[vendor].fake() for name, vendor in vendors.items()}
    natives = [fakes[name].start("claim", each or {}) for name, each in ((SOURCE, held), (TARGET, there))]
    async with contextlib.AsyncExitStack() as stack:
        served = {name: Served(fake) for name, fake in fakes.items()}
        for each in served.values():
            await each.start()
            stack.push_async_callback(each.stop)
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True},
            "store": {"url": "sqlite:///:memory:"},
            "engines": {
                name: {"vendor": vendor, "url": served[name].url, **EACH[vendor], **(settings or {}).get(name, {})}
                for name, vendor in vendors.items()
            },
            **tables,
        }
        application = app.Application(parsed(tree))
        await application.start()
        stack.push_async_callback(application.stop)
        links = LinkRecords(application.store)
        made = Link(
            id="1" * 32, source=Side(SOURCE, natives[0]), target=Side(TARGET, natives[1]), public=f"old:{natives[0]}"
        )
        [link] = await links.create([made], [])
        assert link is not None
        yield Pair(application, fakes, links, link)
