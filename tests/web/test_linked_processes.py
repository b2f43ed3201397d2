"""Two gateways on one store: a link that one of them changes is followed by the other, by its next write at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from gateway import app, config
from gateway.cli.served import Served
from gateway.model.bridge import Link
from tests.cli.programs import free_port
from tests.linked import link
from tests.until import until

SET = {"modifications": {"note": {"value": "new"}}}


class Replicas:
    """Two gateways before the same two engines; ``heard`` is which engines were asked since the last look."""

    def __init__(self, session: aiohttp.ClientSession, gateways: list[app.Application], fakes: dict[str, Any]) -> None:
        self.session, self.gateways = session, gateways
        self.ids = {name: f"{name}:{fake.showcase()}" for name, fake in fakes.items()}
        self.heard: list[str] = []
        for name, fake in fakes.items():
            self._listen(name, fake)

    def _listen(self, name: str, fake: Any) -> None:
        answer = fake.answer

        def answered(request: Any) -> Any:
            self.heard.append(name)
            return answer(request)

        fake.answer = answered

    async def ask(self, number: int, method: str, body: Any = None) -> set[str]:
        """Ask about the instance of ``hr``; return the engines that were asked."""
        self.heard.clear()
        port = self.gateways[number].ports[0]
        url = f"http://127.0.0.1:{port}/v1/instances/{self.ids['hr']}/variables"
        async with self.session.request(method, url, json=body) as answer:
            assert answer.status in {200, 204}, await answer.read()
        return set(self.heard)

    async def change(self, made: Link) -> Link:
        """Store a link by the first gateway, as whoever links does."""
        routes = self.gateways[0].routes
        records = self.gateways[0]._standing.links.records
        known = await records.find(made.id)
        if known is None:
            [stored] = await records.create([made])
        else:
            stored = await records.replace(msgspec.structs.replace(made, changed=known.changed))
        assert stored is not None
        routes.note([stored])
        return stored


@pytest.fixture(params=["sqlite", "postgresql"])
async def replicas(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replicas]:
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database(f"linked{free_port()}")
    fakes = {"hr": app.VENDORS["camunda7"].fake(), "claims": app.VENDORS["ibm_bpm"].fake()}
    async with AsyncExitStack() as ends:
        served = {name: Served(fake) for name, fake in fakes.items()}
        for each in served.values():
            await each.start()
            ends.push_async_callback(each.stop)
        vendors = {"hr": "camunda7", "claims": "ibm_bpm"}
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True},
            "store": {"url": url},
            "engines": {name: {"vendor": vendors[name], "url": served[name].url} for name in fakes},
        }
        gateways = [app.Application(config.resolve(config.parse(tree, app.VENDORS), {}), shared=True) for _ in range(2)]
        for each in gateways:
            await each.start()
            ends.push_async_callback(each.stop)
        session = await ends.enter_async_context(aiohttp.ClientSession())
        yield Replicas(session, gateways, fakes)


async def test_write_follows_a_change_of_another_gateway_at_once_and_a_read_soon(replicas: Replicas) -> None:
    made = link(replicas.ids["hr"], replicas.ids["claims"])
    assert await replicas.ask(1, "PATCH", SET) == {"hr"}
    for state, authority, engine in (
        ("linked", "source", "hr"),
        ("live", "target", "claims"),
        ("rolled_back", "source", "hr"),
    ):
        await replicas.change(msgspec.structs.replace(made, state=state, authority=authority))
        assert await replicas.ask(0, "GET") == {engine}
        assert await replicas.ask(1, "PATCH", SET) == {engine}
        assert await replicas.ask(1, "GET") == {engine}
    await replicas.change(msgspec.structs.replace(made, state="live", authority="target"))

    async def is_followed() -> bool:
        return await replicas.ask(1, "GET") == {"claims"}

    await until(is_followed)


async def test_gateway_that_starts_later_knows_all_links(replicas: Replicas) -> None:
    made = link(replicas.ids["hr"], replicas.ids["claims"], state="live", authority="target")
    await replicas.change(made)
    later = app.Application(replicas.gateways[0].config, shared=True)
    await later.start()
    replicas.gateways.append(later)
    try:
        assert (len(later.routes), await replicas.ask(2, "GET")) == (1, {"claims"})
    finally:
        replicas.gateways.pop()
        await later.stop()
