"""Linked instances in `/v1`: whichever side is named, the one that decides is asked, and callers see one id for life."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.access import Access
from gateway.bridge.routes import LinkRoutes
from gateway.errors import StoreUnavailable
from gateway.plan import Call
from tests.linked import Kept, link, moved
from tests.until import until
from tests.web.conftest import Site, entry
from tests.web.test_running import task

SET = {"modifications": {"amount": {"value": 7}}}


class Heard(Site):
    """A site that remembers which engines it asked; ``asked`` returns them, and forgets them."""

    def __init__(self, access: Access | None = None) -> None:
        super().__init__(access)
        self.heard: set[str] = set()

    async def run(self, engine, plan, call):
        self.heard.add(engine)
        return await super().run(engine, plan, call)

    def asked(self) -> set[str]:
        heard = self.heard.copy()
        self.heard.clear()
        self.sent.clear()
        return heard


@pytest.fixture
async def site(started) -> Heard:
    return await started(Heard())


def joined(site: Heard, *, target: bool) -> Any:
    """Links the two instances of the site; the target or the source decides."""
    made = (moved if target else link)(site.hr, site.claims)
    site.gateway.links.note([made])
    return made


def spellings(site: Heard, engine: str) -> list[tuple[str, str]]:
    """How an instance can be named: path and query."""
    public = getattr(site, engine)
    native = public.split(":")[1]
    return [(public, ""), (native, ""), (native, f"engine={engine}")]


@pytest.mark.parametrize("target", [False, True], ids=["the source decides", "the target decides"])
@pytest.mark.parametrize("side", ["hr", "claims"])
async def test_either_side_is_the_side_that_decides(site: Heard, side: str, target: bool) -> None:
    joined(site, target=target)
    owner = {"claims"} if target else {"hr"}
    for name, query in spellings(site, side):
        assert (await site.ask("GET", "instances", name, "variables", query=query))[0] == 200
        assert (await site.ask("PATCH", "instances", name, "variables", query=query, body=SET))[0] == 204
        status, shown, _ = await site.ask("GET", "instances", name, query=query)
        assert (status, shown["instance"], shown["engine"]) == (200, site.hr, "claims" if target else "hr")
        assert f"{shown['engine']}:{shown['id']}" == (site.claims if target else site.hr)
        assert shown["link"] == {
            "id": f"{1:032x}",
            "state": "live" if target else "linked",
            "authority": "target" if target else "source",
            "twin": site.hr if target else site.claims,
        }
        assert site.asked() == owner


async def test_instance_without_a_link_shows_none(site: Heard) -> None:
    _, shown, _ = await site.ask("GET", "instances", site.hr)
    assert "link" not in shown


async def test_public_id_still_names_the_instance_when_its_engine_is_configured_no_more(site: Heard) -> None:
    joined(site, target=True)
    del site.engines["hr"]
    status, shown, _ = await site.ask("GET", "instances", site.hr)
    assert (status, shown["instance"], shown["engine"]) == (200, site.hr, "claims")
    site.gateway.links.note([link(site.hr, site.claims, 1, changed=2)])
    status, problem, _ = await site.ask("GET", "instances", site.claims)
    assert (status, problem["code"]) == (404, "instance-not-found")
    assert "no longer configured" in problem["detail"]


async def test_batch_names_either_side_and_refuses_both(site: Heard) -> None:
    joined(site, target=True)
    item = {"instance": site.hr, **SET}
    status, shown, _ = await site.ask("POST", "variables", "batch", body={"items": [item]})
    assert (status, shown["items"][0]["status"], shown["items"][0]["instance"]) == (207, 204, site.hr)
    assert site.asked() == {"claims"}
    both = {"items": [item, {"instance": site.claims, **SET}]}
    status, problem, _ = await site.ask("POST", "variables", "batch", body=both)
    assert (status, problem["code"], site.sent) == (400, "invalid-request", [])


async def test_execution_of_the_side_that_was_left_is_refused_and_never_asked_for(site: Heard) -> None:
    native = site.hr.split(":")[1]
    site.gateway.routing.remember_root("hr", "inner", native)
    joined(site, target=True)
    for method, body in (("GET", None), ("PATCH", SET)):
        status, problem, _ = await site.ask(method, "instances", "hr:inner", "variables", body=body)
        assert (status, problem["code"], problem["engine"]) == (404, "instance-not-found", "hr")
        assert problem["detail"].endswith(f"is on the engine claims now; name the instance: {site.hr}.")
    assert site.sent == []


async def test_execution_of_the_side_that_decides_is_still_reached(site: Heard) -> None:
    native = site.hr.split(":")[1]
    joined(site, target=False)
    site.gateway.routing.remember_root("hr", "inner", native)
    status, _, _ = await site.ask("GET", "instances", "hr:inner", "variables")
    assert (status, site.asked()) == (404, {"hr"})  # the fake has no such execution, but was asked


async def test_task_of_the_side_that_was_left_is_refused_before_it_is_completed(site: Heard) -> None:
    joined(site, target=True)
    status, problem, _ = await site.ask("POST", "tasks", f"hr:{task(site, 'hr')}", "complete", body={"variables": {}})
    assert (status, problem["code"], site.writes) == (404, "task-not-found", [])
    assert site.hr in problem["detail"]


async def test_transient_value_is_refused_on_a_linked_instance_alone(site: Heard) -> None:
    body = {"modifications": {"passing": {"type": "integer", "value": 7, "transient": True}}}
    assert (await site.ask("PATCH", "instances", site.hr, "variables", body=body))[0] == 204
    joined(site, target=False)
    site.sent.clear()
    status, problem, _ = await site.ask("PATCH", "instances", site.hr, "variables", body=body)
    assert (status, problem["code"], problem["errors"][0]["pointer"]) == (
        422, "capability-unsupported", "/modifications/passing",
    )  # fmt: skip
    assert site.sent == []


async def test_caller_that_may_not_use_the_owner_is_refused(started) -> None:
    site = await started(Heard(Access((entry(engines=("hr",)),))))
    joined(site, target=True)
    status, problem, _ = await site.ask("GET", "instances", site.hr, "variables", Authorization="Bearer secret")
    assert (status, problem["code"], site.sent) == (403, "forbidden", [])


@pytest.mark.parametrize("was", ["in no link", "linked"])
async def test_write_that_waits_for_the_lock_goes_where_the_instance_is_by_then(site: Heard, was: str) -> None:
    if was == "linked":
        joined(site, target=False)
    native = site.hr.split(":")[1]
    entered, gate = asyncio.Event(), asyncio.Event()

    async def busy() -> None:
        entered.set()
        await gate.wait()

    call = Call(deadline=asyncio.get_running_loop().time() + 20, request_id="r")
    holding = asyncio.ensure_future(site.gateway.locks.hold(("hr", native), call, busy))
    await entered.wait()
    writing = asyncio.ensure_future(site.ask("PATCH", "instances", site.hr, "variables", body=SET))
    await until(lambda: len(site.gateway.locks._queues[("hr", native)]) == 1)
    site.gateway.links.note([moved(site.hr, site.claims, 1, changed=2)])
    gate.set()
    await holding
    assert (await writing)[0] == 204
    assert site.asked() == {"claims"}


async def test_gateway_that_never_read_its_links_refuses_what_names_instances_until_it_has(site: Heard) -> None:
    store = Kept(moved(site.hr, site.claims))
    store.broken = StoreUnavailable()
    site.gateway.links = LinkRoutes(store)
    for method, body in (("GET", None), ("PATCH", SET)):
        status, problem, _ = await site.ask(method, "instances", site.hr, "variables", body=body)
        assert (status, problem["code"], problem["retryable"]) == (503, "store-unavailable", True)
    assert site.sent == []
    assert (await site.ask("GET", "engines"))[0] == 200
    store.broken = None
    await site.gateway.links.refresh()
    assert (await site.ask("GET", "instances", site.hr, "variables"))[0] == 200
    assert "claims" in site.asked()


async def test_gateway_of_a_single_engine_needs_no_links(site: Heard) -> None:
    store = Kept()
    store.broken = StoreUnavailable()
    site.gateway.links = LinkRoutes(store)
    del site.engines["claims"]
    assert (await site.ask("GET", "instances", site.hr, "variables"))[0] == 200
    assert (await site.ask("PATCH", "instances", site.hr, "variables", body=SET))[0] == 204
