"""Gateways that share a store share the rates of callers: without a word to the store in the way of any request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import app, config
from gateway.access import Bucket
from gateway.rate_sharing import RateSharing
from gateway.store import RateUses
from tests.web.conftest import SECRET
from tests.web.site import site_of

RATE = {"requests": 5, "per_s": 1000.0, "burst": 10}
AUTH = {"callers": [{"name": "portal", "key_sha256": SECRET, "scopes": ["instances:read"], "rate": RATE}]}
KEY = {"X-Api-Key": "secret"}


async def test_what_one_process_lets_through_is_taken_from_the_caller_at_the_other(tmp_path: Path) -> None:
    tables: dict[str, Any] = {"auth": AUTH, "store": {"url": f"sqlite:///{tmp_path}/store.db"}}
    async with site_of({}, **tables) as one, site_of({}, **tables) as two:
        shared = [
            RateSharing(lambda site=site: site.application.current().rates, RateUses(site.application.store))
            for site in (one, two)
        ]
        for each in shared:
            await each.settle()
        assert [(await one.get("/v1/engines", **KEY))[0] for _ in range(12)] == [200] * 10 + [429] * 2
        for each in shared:
            await each.settle()
        assert (await two.get("/v1/engines", **KEY))[0] == 429


@pytest.mark.parametrize(
    ("workers", "shared", "starts"),
    [(1, False, False), (1, True, True), (2, False, True)],
    ids=["alone", "a worker", "several workers"],
)
async def test_rates_are_shared_where_there_may_be_other_processes(
    workers: int, shared: bool, starts: bool, tmp_path: Path
) -> None:
    tree = {
        "server": {"port": 0, "admin_port": 0, "workers": workers},
        "store": {"url": f"sqlite:///{tmp_path}/store.db"},
        "auth": AUTH,
    }
    application = app.Application(config.resolve(config.parse(tree, app.VENDORS), {}), shared=shared)
    await application.start()
    assert application.is_sharing_rates is starts
    await application.stop()
    assert application.is_sharing_rates is False


async def test_reload_keeps_what_a_caller_has_used() -> None:
    async with site_of({}, auth=AUTH) as site:
        assert [(await site.get("/v1/engines", **KEY))[0] for _ in range(10)] == [200] * 10
        before: Bucket = site.application.current().rates["portal"]
        await site.replace(limits={"max_names": 5})
        assert site.application.current().rates["portal"] is before
        assert (await site.get("/v1/engines", **KEY))[0] == 429
        await site.replace(auth={"callers": [{key: of for key, of in AUTH["callers"][0].items() if key != "rate"}]})
        assert (await site.get("/v1/engines", **KEY))[0] == 200


async def test_reload_changes_how_many_requests_and_connections_there_may_be() -> None:
    async with site_of({}) as site:
        assert site.application.current().services.max_in_flight == 0
        await site.replace(
            server={"port": 0, "admin_port": 0, "max_in_flight": 7, "max_connections": 8, "keepalive_s": 9.0}
        )
        services = site.application.current().services
        assert (services.max_in_flight, services.connections.most, services.connections.keepalive_s) == (7, 8, 9.0)
        assert (await site.get("/v1/engines"))[0] == 200
