"""Links are stale after whatever changed an instance other than by a command about its variables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.test_moved_callers import Moving, site

__all__ = ["site"]


async def copied(site: Moving) -> None:
    links = site.application.current().services.links
    assert links is not None
    _ = await links.apply(await links.find(site.link), "copy", "ops")


async def why(site: Moving) -> str | None:
    status, shown = await site.call("GET", f"/v1/bridge/links/{site.link}")
    assert status == 200
    return shown.get("stale")


def start(activity: str) -> dict[str, Any]:
    return {"instructions": [{"type": "startBeforeActivity", "activityId": activity}]}


FORWARDED = "A request that is not about variables alone was forwarded."
CHANGES: dict[str, tuple[str, str, Any, str]] = {
    "modification": ("POST", "/v1/instances/old:{id}/modification", start("approve"), "Its tokens were moved."),
    "native modification": ("POST", "/engine-rest/process-instance/{id}/modification", start("approve"), FORWARDED),
    "native suspension": ("PUT", "/engine-rest/process-instance/{id}/suspended", {"suspended": True}, FORWARDED),
    "by the other side's id": ("POST", "/v1/instances/new:{twin}/modification", start("x"), "Its tokens were moved."),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
async def test_link_is_stale_after(site: Moving, change: tuple[str, str, Any, str]) -> None:
    method, path, body, reason = change
    written = path.format(id=site.source, twin=site.target)
    _ = await site.call(method, written, body)
    assert await why(site) is None, "nothing is copied yet"
    await copied(site)
    _ = await site.call(method, written, body)
    assert await why(site) == reason
    status, shown = await site.call("POST", f"/v1/bridge/links/{site.link}/cut-over", {})
    assert (status, shown["code"]) == (409, "bridge-transition-refused")
    await copied(site)
    assert await why(site) is None


VARIABLES: dict[str, tuple[str, str, Any]] = {
    "patch": ("PATCH", "/v1/instances/old:{id}/variables", {"modifications": {"a": {"value": 1}}}),
    "put": ("PUT", "/v1/instances/old:{id}/variables/a", {"value": 1}),
    "native put": (
        "PUT",
        "/engine-rest/process-instance/{id}/variables/a",
        {"type": "Integer", "value": 1},
    ),
    "read": ("GET", "/engine-rest/process-instance/{id}", None),
    "dry run": ("POST", "/v1/instances/old:{id}/modification?dryRun=true", start("approve")),
}


@pytest.mark.parametrize("change", VARIABLES.values(), ids=list(VARIABLES))
async def test_link_is_not_stale_after(site: Moving, change: tuple[str, str, Any]) -> None:
    method, path, body = change
    await copied(site)
    status, shown = await site.call(method, path.format(id=site.source), body)
    assert status < 300, shown
    assert await why(site) is None
