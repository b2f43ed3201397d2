"""`GET /v1/bridge/audit`: the trail, latest entries first, filtered and in pages, for those who may administer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from gateway.model.audit import AuditAct
from gateway.store import AuditRecords
from tests.web.site import Site, site_of

WHERE = "/v1/bridge/audit"
CALLERS = [
    {"name": name, "key_sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
    for name, scopes in (("ada", ["bridge:admin"]), ("bob", ["bridge:admin"]), ("eve", ["variables:read"]))
]
ADA = {"X-Api-Key": "ada"}


def act(number: int) -> AuditAct:
    return AuditAct(
        caller=("ada", "bob")[number % 2], action="link.copy", subject=f"link:{number}", evidence={"n": number}
    )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_of({"hr": "http://127.0.0.1:1"}, auth={"callers": CALLERS}) as made:
        await AuditRecords(made.application.store).append([act(number) for number in range(1, 6)])
        yield made


async def numbers(site: Site, query: str = "") -> list[int]:
    status, page = await site.get(WHERE + query, **ADA)
    assert status == 200, page
    return [item["sequence"] for item in page["items"]]


async def test_entries_are_shown_with_all_that_their_hashes_are_made_of(site: Site) -> None:
    [*_, last] = await AuditRecords(site.application.store).list_after(0, 100)
    status, page = await site.get(f"{WHERE}?limit=1&subject=link:5", **ADA)
    [item] = page["items"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item.pop("at"))
    assert (status, item) == (
        200,
        {
            "sequence": 5,
            "caller": "bob",
            "action": "link.copy",
            "subject": "link:5",
            "evidence": {"n": 5},
            "previous": last.previous,
            "hash": last.hash,
        },
    )


async def test_filters_narrow_what_is_shown(site: Site) -> None:
    assert await numbers(site) == [5, 4, 3, 2, 1]
    assert await numbers(site, "?subject=link:3") == [3]
    assert await numbers(site, "?caller=ada") == [4, 2]
    assert await numbers(site, "?since=2000-01-01") == [5, 4, 3, 2, 1]
    assert await numbers(site, "?since=2999-01-01T00:00:00Z") == []


async def test_pages_are_followed_to_the_end_though_entries_are_added_meanwhile(site: Site) -> None:
    seen, query = [], "?limit=2"
    while query:
        _, page = await site.get(WHERE + query, **ADA)
        seen += [item["sequence"] for item in page["items"]]
        await AuditRecords(site.application.store).append([act(9)])
        query = f"?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [5, 4, 3, 2, 1]


async def test_cursor_is_good_for_its_filter_and_its_caller_alone(site: Site) -> None:
    _, page = await site.get(f"{WHERE}?limit=2", **ADA)
    for query, key in ((f"?limit=2&caller=ada&cursor={page['next']}", "ada"), (f"?cursor={page['next']}", "bob")):
        status, problem = await site.get(WHERE + query, **{"X-Api-Key": key})
        assert (status, problem["code"]) == (400, "invalid-request")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "since=yesterday", "since=", "cursor=x"])
async def test_query_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    status, problem = await site.get(f"{WHERE}?{query}", **ADA)
    assert (status, problem["code"]) == (400, "invalid-request")


async def test_caller_without_the_scope_is_refused(site: Site) -> None:
    status, problem = await site.get(WHERE, **{"X-Api-Key": "eve"})
    assert (status, problem["code"]) == (403, "forbidden")


async def test_entry_that_was_tampered_with_is_shown_all_the_same(site: Site) -> None:
    for statement in (
        "DROP TRIGGER audit_entries_unchanged",
        "UPDATE audit_entries SET evidence = CAST('{no json' AS BLOB), at_ms = 9000000000000000 WHERE sequence = 3",
    ):
        await site.application.store.run(lambda connection, said=statement: connection.execute(text(said)).close())
    status, page = await site.get(f"{WHERE}?subject=link:3", **ADA)
    [item] = page["items"]
    assert (status, item["evidence"], item["at"]) == (200, "{no json", "9000000000000000 ms")


async def test_trail_cannot_be_read_while_the_store_is_away() -> None:
    away = {"url": "sqlite:////nowhere/at/all.db"}
    async with site_of({"hr": "http://127.0.0.1:1"}, auth={"callers": CALLERS}, store=away) as site:
        status, problem = await site.get(WHERE, **ADA)
    assert (status, problem["code"]) == (503, "store-unavailable")
