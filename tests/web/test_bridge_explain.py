"""Why a copy is as it is: each variable with its verdict, what the policy says, and which setting would allow it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from gateway.bridge.linking import new_link
from gateway.model.bridge import BridgePlan, Side
from tests.web.bridged import Bridged

HELD = {
    "fine": {"type": "Integer", "value": 1},
    "large": {"type": "Long", "value": 9007199254740993},
    "blob": {"type": "Bytes", "value": "aGVsbG8="},
    "broken": {"type": "Json", "value": "{secret"},
}


@pytest.fixture
async def site(started: Any) -> AsyncIterator[Bridged]:
    made = await started(Bridged())
    await made.services.plans.records.create(
        BridgePlan(name="move", source="hr", target="claims", policy={"variable-unreadable": "skip-variable"})
    )
    yield made
    await made.store.close()


async def explained(site: Bridged, instance: str, **query: str) -> Any:
    asked = "&".join(f"{name}={quote(each, safe='')}" for name, each in {"instance": instance, **query}.items())
    return (await site.admin("GET", "explain", query=asked))[:2]


async def test_each_variable_of_an_unlinked_instance_is_explained_and_nothing_is_written(site: Bridged) -> None:
    native = site.fakes["hr"].start("claim", HELD)
    status, shown = await explained(site, f"hr:{native}", plan="move")
    assert status == 200, shown
    assert (shown["source"], shown["target"], shown["link"], shown["result"]) == (f"hr:{native}", None, None, "failed")
    found = {each["name"]: each for each in shown["variables"]}
    assert {name: (each["verdict"], each["handling"]) for name, each in found.items()} == {
        "fine": ("lossless", None),
        "large": ("unsupported", "fail"),
        "blob": ("unsupported", "fail"),
        "broken": ("unsupported", "skip-variable"),
    }
    assert shown["variables"][-1]["name"] == "fine"
    assert found["large"]["needs"] == [{"setting": 'int64 = "string"', "rules": ["int64-to-string"]}]
    assert [each["setting"] for each in found["blob"]["needs"]] == ['binary = "envelope"', 'binary = "base64"']
    assert found["broken"]["needs"] == []
    assert "secret" not in str(shown)
    assert site.writes == []


async def test_differences_of_a_linked_instance_are_told_from_either_side(site: Bridged) -> None:
    source = site.fakes["hr"].start("claim", {"fine": HELD["fine"], "same": HELD["fine"]})
    target = site.fakes["claims"].start("claim", {"fine": 2, "same": 1, "extra": "x"})
    made = await site.links.create(new_link(Side("hr", source), Side("claims", target), "move"), "ops")
    for instance in (f"hr:{source}", f"claims:{target}"):
        status, shown = await explained(site, instance)
        assert status == 200, shown
        assert (shown["target"], shown["link"], shown["state"]) == (f"claims:{target}", made.id, "linked")
        assert (shown["result"], shown["extra"]) == ("copied", ["extra"])
        found = {each["name"]: each["difference"] for each in shown["variables"]}
        assert found == {
            "fine": {"outcome": "value_drift", "pointers": ["/value"], "targetType": "integer/int32"},
            "same": None,
        }


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "invalid-request"), ("instance=hr:1", "invalid-request"), ("instance=1", "invalid-request"),
     ("instance=hr:1&plan=none", "plan-not-found"), ("instance=hr:1&plan=move", "instance-not-found")],
    ids=["no instance", "no link and no plan", "no engine", "unknown plan", "unknown instance"],
)  # fmt: skip
async def test_what_cannot_be_explained_is_refused(site: Bridged, query: str, code: str) -> None:
    assert (await site.admin("GET", "explain", query=query))[1]["code"] == code
