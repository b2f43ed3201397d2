"""``dryRun=true``: what would be sent is shown, counted at the engine nothing that writes is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.access import Access
from gateway.model.results import VariablesPatched
from gateway.operations import Gateway, WriteLocks
from gateway.operations.dry_run import DryRunner
from gateway.plan import Call, VendorRequest
from gateway.port import Credentials
from gateway.routing import Routing
from tests.web.conftest import VENDORS, Site, entry

MERGE = "application/merge-patch+json"
JSON = {"Content-Type": "application/json", "Accept": "application/json"}


async def rehearse(site: Site, method: str, *path: str, body: Any = None, **headers: str) -> Any:
    status, found, _ = await site.ask(method, *path, body=body, query="dryRun=true", **headers)
    assert (status, site.writes) == (200, [])
    return found


async def test_patch_on_camunda_is_shown_and_not_sent(site: Site) -> None:
    native = site.hr.partition(":")[2]
    body = {"modifications": {"note": {"type": "string", "value": "x"}}, "deletions": ["obsolete"]}
    found = await rehearse(site, "PATCH", "instances", site.hr, "variables", body=body)
    assert found == {
        "requests": [
            {
                "engine": "hr",
                "method": "POST",
                "path": f"/process-instance/{native}/variables",
                "headers": JSON,
                "body": {
                    "modifications": {"note": {"type": "String", "value": "x", "valueInfo": None}},
                    "deletions": ["obsolete"],
                },
                "writes": True,
            }
        ],
        "rules": [],
    }
    assert site.sent == []
    assert (await site.ask("GET", "instances", site.hr, "variables", "obsolete"))[0] == 200


async def test_reads_of_a_plan_are_made_and_listed_and_rules_shown(site: Site) -> None:
    body = {"modifications": {"customer": {"value": {"tier": "x"}}}, "deletions": ["obsolete"]}
    found = await rehearse(site, "PATCH", "instances", site.claims, "variables", body=body)
    read, write = found["requests"]
    assert (read["method"], read["path"], read["writes"]) == ("GET", "/process/1355?parts=header%7Cdata", False)
    assert (write["method"], write["path"], write["writes"]) == ("PUT", "/process/1355/variables", True)
    assert write["body"]["obsolete"] is None
    assert write["body"]["customer"]["@metadata"]["className"] == "Customer"
    assert found["rules"] == [{"id": "delete-set-null", "name": "obsolete"}]
    assert len(site.sent) == 1


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("PUT", ("note",), {"value": "x"}, "application/json"),
        ("DELETE", ("note",), None, "application/json"),
        ("PATCH", (), {"customer": {"tier": "x"}}, MERGE),
    ],
)
async def test_write_is_shown_whatever_its_way(site: Site, owner: str, method: str, path: Any, body: Any, kind: str):
    where = ("instances", getattr(site, owner), "variables", *path)
    found = await rehearse(site, method, *where, body=body, Content_Type=kind)
    assert [request["writes"] for request in found["requests"]].count(True) == 1
    assert {request["engine"] for request in found["requests"]} == {owner}


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_modification_is_shown(site: Site, owner: str) -> None:
    instance = getattr(site, owner)
    (token, *_) = (await site.ask("GET", "instances", instance, "activities"))[1]["activities"][-1:]
    steps = [
        {"type": "startBeforeActivity", "activityId": token["activity"]},
        {"type": "cancel", "activityInstanceId": token["id"]},
    ]
    found = await rehearse(site, "POST", "instances", instance, "modification", body={"instructions": steps})
    assert [request["writes"] for request in found["requests"]].count(True) == 1
    assert (await site.ask("GET", "instances", instance, "activities"))[1]["activities"][-1] == token


async def test_representation_is_read_after_what_was_not_written(site: Site) -> None:
    where = ("instances", site.hr, "variables", "note")
    found = await rehearse(site, "PUT", *where, body={"type": "string", "value": "x"}, Prefer="return=representation")
    assert [request["writes"] for request in found["requests"]] == [True, False]


async def test_content_that_streams_is_named_and_checked(site: Site) -> None:
    where = ("instances", site.hr, "variables", "scan", "data")
    found = await rehearse(site, "PUT", *where, body=b"\x00\xff", Content_Type="application/pdf")
    assert found["requests"][0]["body"] == [
        {"name": "data", "content": "<stream>", "filename": "data", "contentType": "application/pdf"},
        {"name": "valueType", "content": "<stream>", "contentType": "text/plain"},
    ]
    status, found, _ = await site.ask(
        "PUT", *where, body=b"x", query="dryRun=true", Content_Type="a/b", Content_Digest="sha-256=:AAAA:"
    )
    assert (status, found["code"], site.sent) == (400, "invalid-request", [])


@pytest.mark.parametrize(
    ("instance", "body", "code"),
    [
        ("hr:nope", {"deletions": [1]}, "invalid-request"),
        ("hr:nope", {"modifications": {"x": {"type": "integer", "value": 1.5}}}, "value-invalid"),
        ("claims:4711", {"deletions": ["x"]}, "instance-not-found"),
    ],
)
async def test_what_would_be_refused_is_refused(site: Site, instance: str, body: Any, code: str) -> None:
    _, found, _ = await site.ask("PATCH", "instances", instance, "variables", body=body, query="dryRun=true")
    assert (found["code"], site.writes) == (code, [])


async def test_dry_run_needs_what_the_write_needs(started) -> None:
    reader = entry(scopes=frozenset({"variables:read"}))
    site = await started(Site(Access((reader,))))
    path = ("instances", site.hr, "variables", "note")
    status, _, _ = await site.ask("DELETE", *path, query="dryRun=true", Authorization="Bearer secret")
    assert (status, site.sent) == (403, [])


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_masked_value_that_was_read_to_be_merged_is_starred(started, owner: str) -> None:
    site = await started(Site(Access((entry(masked=("customer",)),))))
    where = ("instances", getattr(site, owner), "variables")
    found = await rehearse(
        site, "PATCH", *where, body={"customer": {"x": 1}}, Content_Type=MERGE, Authorization="Bearer secret"
    )
    assert '"customer": "***"' in json.dumps(found["requests"][-1]["body"])
    assert "Ada" not in json.dumps(found)


@pytest.mark.parametrize(
    ("credentials", "headers"),
    [
        (Credentials(kind="basic", username="demo", password="hidden"), {"Authorization": "***"}),
        (Credentials(kind="bearer", token="hidden"), {"Authorization": "***"}),
        (Credentials(kind="oauth2", client_secret="hidden"), {"Authorization": "***"}),
    ],
    ids=["basic", "bearer", "oauth2"],
)
async def test_credentials_are_starred(started, credentials: Credentials, headers: dict[str, str]) -> None:
    site = Site()
    site.engines["hr"].credentials = credentials
    site = await started(site)
    found = await rehearse(site, "DELETE", "instances", site.hr, "variables", "note")
    assert found["requests"][0]["headers"] == JSON | headers
    assert "hidden" not in json.dumps(found)


async def test_dry_run_takes_no_lock_and_names_the_base_path() -> None:
    vendor = VENDORS["hr"]
    engine = vendor.engine("hr", vendor.settings(), Credentials())
    real = Gateway({"hr": engine}, _never, WriteLocks(), Routing(), base_paths={"hr": "/engine-rest"})
    runner = DryRunner(real)
    call = Call(deadline=0.0, request_id="r")
    done = await runner.gateway.locks.hold(("hr", "1"), call, lambda: runner("hr", _writing(), call))
    assert (done, len(real.locks), runner.gateway.base_path("hr")) == (VariablesPatched(), 0, "/engine-rest")
    assert [shown.request.method for shown in runner.shown] == ["PUT"]


async def _never(engine: str, plan: Any, call: Any) -> Any:
    with pytest.raises(StopIteration) as done:
        next(plan)
    return done.value.value


def _writing() -> Any:
    answer = yield VendorRequest(method="PUT", path=("x",), writes=True, idempotent=True)
    assert answer.status == 204
    return VariablesPatched()
