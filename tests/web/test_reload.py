"""A configuration swapped in under load: running requests end on what they began with, and none fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway import app
from gateway.bridge.linking import new_link
from gateway.cli.served import Served
from gateway.errors import BridgeTransitionRefused
from gateway.model.bridge import Side
from tests.unit.access.test_tokens import KEY, published, token
from tests.until import until
from tests.web.site import Site, site_of
from tests.wire.scripted import Scripted, running

CALLER = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"


@pytest.fixture
async def fakes() -> AsyncIterator[list[Served]]:
    made = [Served(app.VENDORS["camunda7"].fake()) for _ in range(2)]
    for each in made:
        await each.start()
    yield made
    for each in made:
        await each.stop()


def engines(url: str) -> dict[str, Any]:
    return {"hr": {"vendor": "camunda7", "url": url}}


async def test_next_request_goes_where_the_new_configuration_says(fakes: list[Served]) -> None:
    one, two = (each.fake.showcase() for each in fakes)
    async with site_of({"hr": fakes[0].url}) as site:
        assert [(await site.get(f"/v1/instances/hr:{each}"))[0] for each in (one, two)] == [200, 404]
        await site.replace(engines=engines(fakes[1].url))
        assert [(await site.get(f"/v1/instances/hr:{each}"))[0] for each in (one, two)] == [404, 200]


async def test_callers_doors_and_limits_are_those_of_the_new_configuration(fakes: list[Served]) -> None:
    instance = fakes[0].fake.showcase()
    async with site_of({"hr": fakes[0].url}) as site:
        assert (await site.get(f"/engine-rest/process-instance/{instance}"))[0] == 404
        await site.replace(
            dialects={"camunda7": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}},
            auth={"callers": [{"name": "portal", "key_sha256": CALLER, "scopes": ["instances:read"]}]},
        )
        assert (await site.get(f"/engine-rest/process-instance/{instance}"))[0] == 401
        assert (await site.get(f"/engine-rest/process-instance/{instance}", **{"X-Api-Key": "secret"}))[0] == 200
        assert (await site.get(f"/v1/instances/hr:{instance}/variables", **{"X-Api-Key": "secret"}))[0] == 403


async def test_switch_of_the_bridge_acts_at_once_also_on_what_runs_on_an_earlier_configuration(
    fakes: list[Served],
) -> None:
    async with site_of({"hr": fakes[0].url}) as site:
        links = site.application.current().services.links
        assert links is not None
        pair = new_link(Side("hr", "1"), Side("claims", "2"))
        made = await links.create(pair, "ops")
        await site.replace(bridge={"enabled": False})
        with pytest.raises(BridgeTransitionRefused, match=r"bridge\.enabled = false"):
            await links.apply(made, "copy", "ops")
        await site.replace(bridge={"enabled": True})
        assert (await links.apply(made, "copy", "ops")).state == "copied"


async def test_request_that_runs_ends_on_what_it_began_with(fakes: list[Served]) -> None:
    go, asked = asyncio.Event(), asyncio.Event()

    async def slow(_request, writer) -> None:
        asked.set()
        await go.wait()
        body = b'{"id":"1","definitionId":"d:1:1","suspended":false}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )

    async with running(Scripted(slow)) as engine, site_of({"hr": engine.url}) as site:
        old = site.application.current()
        waiting = asyncio.create_task(site.get("/v1/instances/hr:1"))
        _ = await asked.wait()
        await site.replace(engines=engines(fakes[0].url))
        assert (await site.get("/v1/instances/hr:nobody"))[0] == 404
        assert not waiting.done()
        go.set()
        assert (await waiting)[0] == 200
        await until(lambda: not site.application.is_retiring)
        assert old.clients["hr"].is_closed
        assert not site.application.current().clients["hr"].is_closed


async def test_engine_whose_table_is_the_same_keeps_its_connections_and_breaker(fakes: list[Served]) -> None:
    async with site_of({"hr": fakes[0].url, "other": fakes[1].url}) as site:
        before = site.application.current().clients
        tables = {name: dict(entry) for name, entry in site.tree["engines"].items()}
        tables["other"]["timeout_s"] = 5.0
        await site.replace(engines=tables)
        after = site.application.current().clients
        assert (after["hr"] is before["hr"], after["other"] is before["other"]) == (True, False)
        await until(lambda: before["other"].is_closed)
        assert not after["hr"].is_closed


async def test_reloads_under_load_fail_no_request(fakes: list[Served]) -> None:
    instance = fakes[0].fake.showcase()
    fakes[1].fake.instances = fakes[0].fake.instances
    done, failed = 0, []
    stop = asyncio.Event()

    async def ask(site: Site) -> None:
        nonlocal done
        while not stop.is_set():
            status, body = await site.get(f"/v1/instances/hr:{instance}/variables")
            done += 1
            if status != 200:
                failed.append(body)

    async with site_of({"hr": fakes[0].url}) as site:
        asking = [asyncio.create_task(ask(site)) for _ in range(4)]
        for number in range(40):
            before = done
            await site.replace(engines=engines(fakes[number % 2].url))
            await until(lambda seen=before: done > seen)
        stop.set()
        _ = await asyncio.gather(*asking)
        assert failed == []
        await until(lambda: not site.application.is_retiring)


async def test_keys_of_an_issuer_of_tokens_are_not_fetched_again(
    fakes: list[Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []

    async def fetch(url: str) -> bytes:
        fetched.append(url)
        return published(("a", KEY))

    monkeypatch.setattr("gateway.assembly.fetch_document", fetch)
    jwt = {"issuer": "https://issuer", "audience": "varbridge", "jwks_url": "https://issuer/keys"}
    callers = [{"name": "portal", "jwt": jwt, "scopes": ["instances:read"]}]
    path, sent = f"/v1/instances/hr:{fakes[0].fake.showcase()}", {"Authorization": f"Bearer {token()}"}
    async with site_of({"hr": fakes[0].url}, auth={"callers": callers}) as site:
        assert (await site.get(path, **sent))[0] == 200
        await site.replace(limits={"max_names": 5})
        assert (await site.get(path, **sent))[0] == 200
    assert fetched == ["https://issuer/keys"]
