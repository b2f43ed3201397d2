"""A gateway on a socket with plans and links in a store, and a third engine of the source's vendor."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters import camunda7
from gateway.access import Access
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.switch import Switch
from gateway.port import Credentials
from gateway.store import AuditRecords, LinkRecords, PlanRecords, Settings, Store
from tests.web.conftest import Site, entry

ADMIN = entry(scopes=frozenset({"bridge:admin"}), name="ops")


class Bridged(Site):
    """Its callers are ``ops`` (key ``secret``) and whoever else is given."""

    def __init__(self, *more: Any, access: Access | None = None, url: str = "sqlite://", **limits: Any) -> None:
        super().__init__(access or Access((ADMIN, *more)), **limits)
        forwarding = camunda7.VENDOR.engine("theirs", camunda7.VENDOR.settings(), Credentials(kind="forward"))
        self.engines["other"] = camunda7.VENDOR.engine("other", camunda7.VENDOR.settings(), Credentials())
        self.engines["theirs"] = forwarding
        self.fakes["other"] = camunda7.VENDOR.fake()
        self.store, self.on = Store(Settings(url=url)), True
        self.noted: list[Any] = []
        switch, plans = Switch(lambda: self.on), PlanRecords(self.store)
        self.links = Links(LinkRecords(self.store), plans, self.note, switch)
        self.services = msgspec.structs.replace(self.services, links=self.links, plans=Plans(plans, switch))

    def note(self, links: Any, removed: Any) -> None:
        self.noted += [*links, *removed]

    async def admin(self, method: str, *path: str, body: Any = None, query: str = "", **headers: str) -> Any:
        """Status, body and headers of a request to ``/v1/bridge`` by ``ops``."""
        given = {"X-Api-Key": "secret", **headers}
        return await self.ask(method, "bridge", *path, body=body, query=query, **given)

    async def recorded(self) -> list[str]:
        return [f"{each.caller} {each.action}" for each in await AuditRecords(self.store).list_after(0, 1000)]
