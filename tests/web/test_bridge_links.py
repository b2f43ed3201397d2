"""Links over a socket: made one by one, listed in pages, addressed by either side, brought to their next state."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.bridge.linking import new_link
from gateway.model.bridge import Link, Move, Side
from tests.web.bridged import ADMIN, Bridged
from tests.web.conftest import entry


@pytest.fixture
async def site(started) -> AsyncIterator[Bridged]:
    made = await started(Bridged())
    yield made
    await made.store.close()


async def linked(site: Bridged, number: int = 1, **more: Any) -> Link:
    pair = new_link(Side("hr", f"s{number}"), Side("claims", f"{number}"), **more)
    return await site.links.create(pair, "ops")


async def test_link_is_made_of_instances_that_are_there(site: Bridged) -> None:
    await site.admin("POST", "plans", body={"name": "move", "source": "hr", "target": "claims"})
    native = site.claims.removeprefix("claims:")
    body = {"source": site.hr, "target": f"claims:BPDInstance.{native}", "plan": "move", "businessKey": "K"}
    status, made, headers = await site.admin("POST", "links", body=body)
    assert (status, headers["Location"], headers["ETag"]) == (201, f"/v1/bridge/links/{made['id']}", '"1"')
    times = {name: made.pop(name) for name in ("created", "updated")}
    assert re.fullmatch(r"[0-9a-f]{32}", made["id"])
    assert made == {
        "id": made["id"], "source": site.hr, "target": site.claims, "instance": site.hr, "owner": site.hr,
        "state": "linked", "authority": "source", "plan": "move", "businessKey": "K",
        "allowed": ["copy", "fail", "unlink"],
    }  # fmt: skip
    for name in (made["id"], site.hr, site.claims, f"claims:2072.{native}"):
        assert (await site.admin("GET", "links", name))[1] == made | times
    assert (await site.admin("GET", "plans", "move"))[1]["links"] == {"linked": 1}
    assert [each.id for each in site.noted] == [made["id"]]
    again = await site.admin("POST", "links", body=body)
    assert (again[0], again[1]["detail"]) == (409, f"They are linked already: link {made['id']}.")


async def test_instance_that_is_not_there_is_no_side_unless_nobody_looks(site: Bridged) -> None:
    body = {"source": "hr:nobody", "target": site.claims}
    status, refused, _ = await site.admin("POST", "links", body=body)
    assert (status, refused["code"], refused["engine"]) == (404, "instance-not-found", "hr")
    sent = len(site.sent)
    assert (await site.admin("POST", "links", body=body, query="check=false"))[0] == 201
    assert len(site.sent) == sent


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"source": "1", "target": "claims:1"}, 400, "An instance is named `engine:id` here."),
        ({"source": "hr:", "target": "claims:1"}, 400, "An instance is named `engine:id` here."),
        ({"source": "hrr:1", "target": "claims:1"}, 400, "Did you mean `hr`?"),
        ({"source": "hr:1", "target": "claims:x"}, 400, "An instance id of this engine is a number."),
        ({"source": "hr:1", "target": "hr:1"}, 409, "cannot be linked to itself"),
        ({"source": "hr:1", "target": "hr:2"}, 409, "on the same engine"),
        ({"source": "claims:1", "target": "hr:s1"}, 409, "is in another link already"),
        ({"source": "hr:s1", "target": "claims:7"}, 409, "hr:s1 is in another link already"),
        ({"source": "hr:s7", "target": "claims:1"}, 409, "claims:1 is in another link already"),
        ({"source": "claims:1", "target": "other:1"}, 409, "claims:1 is in another link already"),
        ({"source": "theirs:1", "target": "claims:5"}, 422, "theirs is sent the caller's own credentials"),
        ({"source": "hr:5", "target": "theirs:1"}, 422, "theirs is sent the caller's own credentials"),
        ({"source": "hr:5", "target": "claims:5", "plan": "none"}, 404, "There is no bridge plan of this name"),
        ({"source": "other:5", "target": "claims:5", "plan": "move"}, 409, "links instances of hr to twins on claims"),
        ({"source": "hr:5", "target": "claims:5", "key": "x"}, 400, "unknown field"),
    ],
    ids=[
        "bare id", "no id", "unknown engine", "an id of no such engine", "itself", "one engine", "crossed", "its source",
        "its target", "a chain", "a source for callers only", "a target for callers only", "unknown plan", "plan of other engines", "unknown member",
    ],
)  # fmt: skip
async def test_link_that_cannot_be_is_refused(site: Bridged, body: dict[str, Any], status: int, says: str) -> None:
    await site.admin("POST", "plans", body={"name": "move", "source": "hr", "target": "claims"})
    await linked(site)
    refused = await site.admin("POST", "links", body=body, query="check=false")
    assert refused[0] == status
    assert says in refused[1]["detail"]
    assert len(await site.links.records.list_some()) == 1


async def test_links_are_listed_in_pages_with_filters(site: Bridged) -> None:
    await site.admin("POST", "plans", body={"name": "move", "source": "hr", "target": "claims"})
    made = [await linked(site, number, plan="move" if number < 6 else None) for number in range(1, 9)]
    copied = await site.links.apply(made[0], "copy", "ops")
    await site.links.mark_stale(copied.id, "a message")
    every = sorted(each.id for each in made)
    found, cursor = [], ""
    while True:
        status, page, _ = await site.admin("GET", "links", query=f"limit=3{cursor}")
        assert status == 200
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 3
        cursor = f"&cursor={page['next']}"
    assert found == every
    for query, numbers in (
        ("plan=move", [1, 2, 3, 4, 5]),
        ("stale=true", [1]),
        ("plan=move&stale=false", [2, 3, 4, 5]),
        ("state=copied", [1]),
        ("state=linked&plan=none", []),
    ):
        page = (await site.admin("GET", "links", query=query))[1]
        assert sorted(each["source"] for each in page["items"]) == [f"hr:s{number}" for number in numbers]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("state=copyed", "Did you mean `copied`?"),
        ("stale=yes", "`stale` is true or false."),
        ("limit=0", "`limit` is a number from 1 to 1000."),
        ("limit=1001", "`limit` is a number from 1 to 1000."),
        ("cursor=x", "This gateway gave no such cursor for this request"),
        ("plans=x", "Did you mean `plan`?"),
    ],
)
async def test_wrong_filter_is_refused(site: Bridged, query: str, says: str) -> None:
    status, refused, _ = await site.admin("GET", "links", query=query)
    assert status == 400
    assert says in refused["detail"]


@pytest.mark.parametrize("name", ["0" * 32, "hr:nobody", "claims:77"], ids=["id", "source", "target"])
async def test_link_that_is_not_there_is_not_found(site: Bridged, name: str) -> None:
    for method, path, body in (
        ("GET", ("links", name), None),
        ("DELETE", ("links", name), None),
        ("POST", ("links", name, "events"), {"event": "finish"}),
    ):
        status, refused, _ = await site.admin(method, *path, body=body)
        assert (status, refused["code"]) == (404, "link-not-found")


async def test_people_bring_a_link_on_and_no_further_than_the_table_says(site: Bridged) -> None:
    made = await site.links.apply(await linked(site), "copy", "ops")
    status, refused, _ = await site.admin("POST", "links", made.id, "events", body={"event": "finish"})
    assert (status, refused["code"]) == (409, "bridge-transition-refused")
    assert (
        "A link that is copied allows no finish; allowed now: copy, fail, dual, cut-over, unlink" in refused["detail"]
    )
    live = await site.links.apply(made, "cut-over", "ops")
    status, shown, headers = await site.admin("POST", "links", "claims:1", "events", body={"event": "finish"})
    assert (status, shown["state"], shown["owner"], shown["allowed"]) == (200, "final", "claims:1", ["unlink"])
    assert shown["instance"] == "hr:s1"
    tag = headers["ETag"]
    assert (await site.admin("DELETE", "links", live.id, If_Match=f'"{live.changed}"'))[0] == 412
    assert (await site.admin("DELETE", "links", live.id, If_Match=tag))[0] == 204
    assert (await site.admin("GET", "links"))[1]["items"] == []
    assert site.noted[-1] == live.id


async def test_second_of_two_decisions_on_what_both_have_read_is_refused(site: Bridged) -> None:
    made = await site.links.apply(await linked(site), "copy", "ops")
    await site.links.apply(made, "dual", "ops")
    tag = f'"{made.changed}"'
    status, refused, _ = await site.admin("POST", "links", made.id, "events", body={"event": "demote"}, If_Match=tag)
    assert (status, refused["code"]) == (412, "precondition-failed")
    assert (await site.admin("POST", "links", made.id, "events", body={"event": "demote"}))[1]["state"] == "copied"


@pytest.mark.parametrize(
    ("event", "says"), [("finnish", "Did you mean `finish`?"), ("copy", "Known: demote, finish")], ids=["typo", "other"]
)
async def test_event_that_nobody_decides_here_is_refused(site: Bridged, event: str, says: str) -> None:
    made = await linked(site)
    status, refused, _ = await site.admin("POST", "links", made.id, "events", body={"event": event})
    assert (status, refused["errors"][0]["pointer"]) == (400, "/event")
    assert says in refused["detail"]


async def test_link_under_way_shows_its_step_and_allows_nothing(site: Bridged) -> None:
    copied = await site.links.apply(await linked(site), "copy", "ops")
    await site.links.set_move(copied, Move(kind="cut-over", step="copying", caller="ann"), "ann")
    shown = (await site.admin("GET", "links", copied.id))[1]
    assert (shown["move"], shown["allowed"]) == ({"kind": "cut-over", "step": "copying", "caller": "ann"}, [])
    refused = await site.admin("DELETE", "links", copied.id)
    assert "A cut-over of this link is under way" in refused[1]["detail"]


async def test_caller_sees_and_changes_only_links_of_engines_it_may_use(started) -> None:
    some = entry(name="some", key_sha256=None, basic_username="some", basic_password="x", scopes=ADMIN.scopes,
                 engines=("hr", "other"))  # fmt: skip
    site = await started(Bridged(some))
    theirs = await linked(site)
    await site.links.create(new_link(Side("hr", "s2"), Side("other", "2")), "ops")

    async def ask(method: str, *path: str, body: Any = None) -> Any:
        return await site.ask(method, "bridge", *path, body=body, Authorization="Basic c29tZTp4")

    assert [each["source"] for each in (await ask("GET", "links"))[1]["items"]] == ["hr:s2"]
    for method, path, body in (
        ("GET", (theirs.id,), None),
        ("DELETE", ("hr:s1",), None),
        ("POST", ("hr:s1", "events"), {"event": "finish"}),
        ("GET", ("claims:1",), None),
        ("POST", (), {"source": "hr:9", "target": "claims:9"}),
    ):
        assert (await ask(method, "links", *path, body=body))[0] == 403
    await site.store.close()
