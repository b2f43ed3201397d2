"""Writes to an IBM instance that has ended: 409 in every way there is. Reading it stays 404, and Camunda stays 404."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Site

VALUE = {"value": "x", "type": "string"}
MOVE = {"instructions": [{"type": "cancel", "activityId": "a"}, {"type": "startBeforeActivity", "activityId": "b"}]}
MERGE = {"Content_Type": "application/merge-patch+json"}
JSON_PATCH = {"Content_Type": "application/json-patch+json"}
Way = tuple[str, tuple[str, ...], Any, str, dict[str, str]]
WAYS: dict[str, Way] = {
    "put": ("PUT", ("variables", "note"), VALUE, "", {}),
    "put-if-match": ("PUT", ("variables", "note"), VALUE, "", {"If_Match": '"x"'}),
    "put-if-match-any": ("PUT", ("variables", "note"), VALUE, "", {"If_Match": "*"}),
    "put-if-none-match": ("PUT", ("variables", "note"), VALUE, "", {"If_None_Match": "*"}),
    "put-shown": ("PUT", ("variables", "note"), VALUE, "", {"Prefer": "return=representation"}),
    "put-dry-run": ("PUT", ("variables", "note"), VALUE, "dryRun=true", {}),
    "delete": ("DELETE", ("variables", "note"), None, "", {}),
    "delete-dry-run": ("DELETE", ("variables", "note"), None, "dryRun=true", {}),
    "patch": ("PATCH", ("variables",), {"modifications": {"note": VALUE}, "deletions": ["amount"]}, "", {}),
    "patch-if-match": ("PATCH", ("variables",), {"modifications": {"note": VALUE}}, "", {"If_Match": '"x"'}),
    "patch-dry-run": ("PATCH", ("variables",), {"modifications": {"note": VALUE}}, "dryRun=true", {}),
    "merge": ("PATCH", ("variables", "customer"), {"tier": "x"}, "", MERGE),
    "json-patch": ("PATCH", ("variables", "customer"), [{"op": "remove", "path": "/tier"}], "", JSON_PATCH),
    "merge-of-all": ("PATCH", ("variables",), {"note": "x"}, "", MERGE),
    "data": ("PUT", ("variables", "note", "data"), b"text", "", {"Content_Type": "application/octet-stream"}),
    "modification": ("POST", ("modification",), MOVE, "", {}),
    "modification-dry-run": ("POST", ("modification",), MOVE, "dryRun=true", {}),
}


def end(site: Site) -> None:
    site.fakes["claims"].instances[site.claims.partition(":")[2]].state = "Completed"
    site.fakes["hr"].end(site.hr.partition(":")[2])


@pytest.fixture
def ended(site: Site) -> Site:
    """The site whose instances have ended; IBM keeps blobs, so that ``…/data`` is refused for nothing else."""
    vendor = type(site.engines["claims"].settings)
    site.engines["claims"].settings = vendor(binary="base64")
    end(site)
    return site


@pytest.mark.parametrize("bare", [False, True], ids=["qualified", "bare"])
@pytest.mark.parametrize("way", WAYS)
async def test_write_to_an_ended_ibm_instance_is_a_conflict(ended: Site, way: str, bare: bool) -> None:
    method, path, body, query, headers = WAYS[way]
    instance = ended.claims.partition(":")[2] if bare else ended.claims
    status, shown, _ = await ended.ask(method, "instances", instance, *path, body=body, query=query, **headers)
    assert (status, shown["code"], shown["outcome"]) == (409, "instance-state-conflict", "not_applied")
    assert ended.writes == []


@pytest.mark.parametrize("bare", [False, True], ids=["qualified", "bare"])
@pytest.mark.parametrize("way", ["put", "delete", "patch", "data", "modification"])
async def test_write_to_an_ended_camunda_instance_is_not_found(ended: Site, way: str, bare: bool) -> None:
    method, path, body, query, headers = WAYS[way]
    instance = ended.hr.partition(":")[2] if bare else ended.hr
    status, shown, _ = await ended.ask(method, "instances", instance, *path, body=body, query=query, **headers)
    assert (status, shown["code"]) == (404, "instance-not-found")


@pytest.mark.parametrize("bare", [False, True], ids=["qualified", "bare"])
@pytest.mark.parametrize("path", [("variables",), ("variables", "note"), ("activities",), ()], ids="/".join)
async def test_reading_an_ended_ibm_instance_is_not_found_unless_ended_ones_count(
    ended: Site, path: tuple[str, ...], bare: bool
) -> None:
    instance = ended.claims.partition(":")[2] if bare else ended.claims
    status, shown, _ = await ended.ask("GET", "instances", instance, *path)
    assert (status, shown["code"]) == (404, "instance-not-found")
    if path != ("activities",):
        assert (await ended.ask("GET", "instances", instance, *path, query="state=any"))[0] == 200


async def test_instance_that_runs_is_the_one_that_a_bare_id_means(site: Site) -> None:
    fake = site.fakes["claims"]
    other = fake.start("Claim", {"note": "x"})
    end(site)
    assert (await site.ask("PUT", "instances", other, "variables", "note", body=VALUE))[0] == 204
    assert (await site.ask("PUT", "instances", "4711", "variables", "note", body=VALUE))[0] == 404


@pytest.mark.parametrize("query", ["", "dryRun=true"], ids=["sent", "dry-run"])
async def test_batch_item_to_an_ended_ibm_instance_is_a_conflict(ended: Site, query: str) -> None:
    for instance in (ended.claims, ended.claims.partition(":")[2]):
        items = [{"instance": instance, "modifications": {"note": VALUE}}]
        _, shown, _ = await ended.ask("POST", "variables", "batch", body={"items": items}, query=query)
        codes = [(each["status"], each["problem"]["code"]) for each in shown["items"]]
        assert codes == [(409, "instance-state-conflict")]
    assert ended.writes == []
