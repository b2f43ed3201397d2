"""Bridge jobs over a socket: created, followed, cancelled, reported; switched off by a reload; on two processes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.until import until
from tests.web.bridged import ADMIN, Bridged
from tests.web.conftest import SECRET
from tests.web.site import Site, site_of_fakes

EVIL = '<script>alert("x")</script>'
KEY = {"name": "ops", "key_sha256": SECRET, "scopes": ["bridge:admin"]}
ENDED = {"completed", "cancelled", "failed"}


class Served2(Site):
    """A gateway before two Camunda fakes, with a plan and its links."""

    fakes: dict[str, Any]

    async def admin(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return await self.ask(method, f"/v1/bridge/{path}", body, **{"X-Api-Key": "secret", **headers})

    async def links(self, count: int, held: Any, there: Any = None) -> list[str]:
        made = []
        for _ in range(count):
            source, target = self.fakes["old"].start("claim", held), self.fakes["new"].start("claim", there or {})
            body = {"plan": "move", "source": f"old:{source}", "target": f"new:{target}"}
            status, shown = await self.admin("POST", "links", body)
            assert status == 201, shown
            made.append(shown["id"])
        return made

    async def job(self, kind: str = "copy", **more: Any) -> str:
        status, shown = await self.admin("POST", "jobs", {"plan": "move", "kind": kind, **more})
        assert status == 202, shown
        return str(shown["id"])

    async def ended(self, job: str) -> dict[str, Any]:
        async def has_ended() -> bool:
            return (await self.admin("GET", f"jobs/{job}"))[1]["state"] in ENDED

        await until(has_ended)
        return dict((await self.admin("GET", f"jobs/{job}"))[1])


@pytest.fixture
async def site() -> AsyncIterator[Served2]:
    async with site_of_fakes("old", "new", auth={"callers": [KEY]}) as (served, fakes):
        made = Served2(served.application, served.tree, served.session)
        made.fakes = fakes
        assert (await made.admin("POST", "plans", {"name": "move", "source": "old", "target": "new"}))[0] == 201
        yield made


async def test_job_is_created_followed_and_reported(site: Served2) -> None:
    links = await site.links(3, {"n": {"type": "Integer", "value": 1}})
    job = await site.job(atOnce=2, perSecond=1000)
    shown = await site.ended(job)
    assert {name: shown[name] for name in ("plan", "kind", "state", "caller", "total", "finished", "etaSeconds")} == {
        "plan": "move", "kind": "copy", "state": "completed", "caller": "ops", "total": 3, "finished": 3, "etaSeconds": 0.0,
    }  # fmt: skip
    assert (shown["atOnce"], shown["perSecond"], shown["outcomes"], shown["codes"]) == (2, 1000.0, {"copied": 3}, {})
    assert [(await site.admin("GET", f"links/{link}"))[1]["state"] for link in links] == ["copied"] * 3
    status, report = await site.admin("GET", f"jobs/{job}/report")
    assert status == 200
    assert report["verdicts"] == {"lossless": 3}
    assert (report["written"], report["different"], report["instances"], report["differences"]) == (3, 0, [], [])
    assert report["audit"]["sequence"] > 0
    status, listed = await site.admin("GET", "jobs?plan=move")
    assert [each["id"] for each in listed["items"]] == [job]
    assert (await site.admin("GET", "jobs?plan=other"))[1] == {"items": []}
    async with site.session.get(
        f"http://127.0.0.1:{site.application.ports[0]}/v1/bridge/jobs/{job}/results", headers={"X-Api-Key": "secret"}
    ) as answer:
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [each["outcome"] for each in lines] == ["copied"] * 3
    assert sorted(each["link"] for each in lines) == sorted(links)


async def test_creating_and_cancelling_a_job_is_in_the_audit_trail(site: Served2) -> None:
    job = await site.job("verify")
    await site.ended(job)
    status, refused = await site.admin("DELETE", f"jobs/{job}")
    assert (status, refused["code"]) == (409, "instance-state-conflict")
    trail = (await site.admin("GET", "audit"))[1]["items"]
    assert [(each["action"], each["caller"]) for each in trail if each["subject"] == f"job:{job}"] == [
        ("job.create", "ops")
    ]


async def test_running_job_is_cancelled(site: Served2) -> None:
    await site.links(3, {"n": {"type": "Integer", "value": 1}})
    job = await site.job(atOnce=1, perSecond=0.01)

    async def has_begun() -> bool:
        return (await site.admin("GET", f"jobs/{job}"))[1]["finished"] >= 1

    await until(has_begun)
    assert (await site.admin("DELETE", f"jobs/{job}"))[0] == 204
    shown = await site.ended(job)
    assert (shown["state"], shown["total"]) == ("cancelled", 3)
    assert shown["finished"] < 3
    trail = (await site.admin("GET", "audit"))[1]["items"]
    assert "job.cancel" in [each["action"] for each in trail]


async def test_report_as_a_page_holds_no_scripts_no_values_and_escapes_names(site: Served2) -> None:
    await site.links(1, {EVIL: {"type": "String", "value": "top secret"}}, {EVIL: {"type": "String", "value": "other"}})
    job = await site.job("verify")
    await site.ended(job)
    url = f"http://127.0.0.1:{site.application.ports[0]}/v1/bridge/jobs/{job}/report"
    accept = "text/html,application/xhtml+xml,*/*;q=0.8"
    async with site.session.get(url, headers={"X-Api-Key": "secret", "Accept": accept}) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http://" not in page.replace("<!doctype html>", "")
    assert "top secret" not in page
    assert "value_drift" in page
    _, report = await site.admin("GET", f"jobs/{job}/report", Accept="application/json")
    assert "top secret" not in json.dumps(report)
    [difference] = report["differences"]
    assert (difference["name"], difference["outcome"], difference["pointers"]) == (EVIL, "value_drift", ["/value"])
    assert (await site.admin("GET", f"jobs/{job}/report", Accept="image/png"))[0] == 406


async def test_bridge_that_a_reload_switches_off_stops_and_goes_on_after_the_next(site: Served2) -> None:
    await site.links(4, {"n": {"type": "Integer", "value": 1}})
    await site.replace(bridge={"enabled": False})
    status, refused = await site.admin("POST", "jobs", {"plan": "move", "kind": "copy"})
    assert (status, refused["code"]) == (409, "bridge-transition-refused")
    await site.replace()
    job = await site.job(atOnce=1, perSecond=50)
    await site.replace(bridge={"enabled": False})
    assert (await site.admin("GET", f"jobs/{job}"))[1]["state"] in {"selecting", "running", "completed"}
    await site.replace()
    assert (await site.ended(job))["outcomes"] == {"copied": 4}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"plan": "none", "kind": "copy"}, "plan-not-found"),
        ({"plan": "move", "kind": "move"}, "invalid-request"),
        ({"plan": "move", "kind": "copy", "atOnce": 0}, "invalid-request"),
        ({"plan": "move", "kind": "copy", "perSecond": 0}, "invalid-request"),
        ({"plan": "move", "kind": "copy", "more": 1}, "invalid-request"),
        ({"kind": "copy"}, "invalid-request"),
    ],
    ids=["no such plan", "no such kind", "none at once", "none a second", "unknown member", "no plan"],
)
async def test_job_that_cannot_be_is_refused(site: Served2, body: dict[str, Any], code: str) -> None:
    status, refused = await site.admin("POST", "jobs", body)
    assert (refused["code"], status < 500) == (code, True)
    assert (await site.admin("GET", "jobs"))[1] == {"items": []}


async def test_copy_by_a_plan_whose_links_stay_linked_is_refused(site: Served2) -> None:
    await site.admin("PATCH", "plans/move", {"stage": "linked"})
    status, refused = await site.admin("POST", "jobs", {"plan": "move", "kind": "copy"})
    assert (status, refused["code"]) == (409, "bridge-transition-refused")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_job_that_is_not_there_is_not_found(site: Served2, method: str) -> None:
    status, refused = await site.admin(method, f"jobs/{'0' * 32}")
    assert (status, refused["code"]) == (404, "operation-not-found")


async def test_gateway_without_a_store_for_jobs_refuses_them(started: Any) -> None:
    made = await started(Bridged())
    status, refused, _ = await made.admin("GET", "jobs")
    assert (status, refused["code"]) == (422, "capability-unsupported")
    await made.store.close()


async def test_metrics_count_instances_and_verdicts(site: Served2) -> None:
    await site.links(2, {"n": {"type": "Integer", "value": 1}, "m": {"type": "Integer", "value": 1}})
    await site.ended(await site.job())
    _, text = await site.ask_admin("/metrics")
    assert 'varbridge_bridge_items_total{kind="copy",outcome="copied"} 2.0' in text
    assert 'varbridge_bridge_verdicts_total{code="lossless",kind="copy"} 4.0' in text


def test_caller_of_these_tests_may_administer_the_bridge() -> None:
    assert "bridge:admin" in ADMIN.scopes
    assert msgspec.json.encode(KEY)
