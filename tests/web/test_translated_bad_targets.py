"""Bad paths, methods, media and parameters in each vendor's language, on instances of either vendor.

The caller has a mask, so that its requests are carried out as commands at an owner of its own vendor, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product

import pytest

from tests.web.across import Across, across
from tests.web.limited import FORM, KEY, MASKED, MEDIA, OWNERS, STARTS, is_camundas, is_ibms, named


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(MASKED, routing=STARTS) as made:
        yield made


# Names in paths

NAMES: list[tuple[str, str | None]] = [
    ("..", None), (".", None), ("%2e%2e", None), ("%2E", None), ("a/b", None), ("a//b", None), ("a;b", None),
    ("a;b=c/d", None), ("%FF", None), ("%C3%28", None), ("a%2Fb", "a/b"), ("a%3Bb", "a;b"), ("a+b", "a+b"),
    ("a%20b", "a b"), ("%C3%A9", "é"), ("a%252Fb", "a%2Fb"),
]  # fmt: skip
"""As they are written in a path, and the name that each means; None: it can be read in two ways, or in none."""


@pytest.mark.parametrize(("written", "name"), NAMES, ids=[written for written, _ in NAMES])
async def test_odd_name_in_a_path_is_one_name_or_refused(site: Across, written: str, name: str | None) -> None:
    before = {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS}
    calls = [
        (site.camunda, f"/process-instance/{named(site, 'hr')}/variables/{written}", {"value": "x", "type": "String"}),
        (site.camunda, f"/execution/{named(site, 'hr')}/localVariables/{written}", {"value": "x", "type": "String"}),
        (site.ibm, f"/process/{named(site, 'hr')}/variable/{written}", {"x": 1}),
        (site.camunda, f"/process-instance/{named(site, 'claims')}/variables/{written}", {"value": "x"}),
        (site.ibm, f"/process/{named(site, 'claims')}/variable/{written}", {"x": 1}),
    ]
    answers = [await ask("PUT", path, body, **KEY) for ask, path, body in calls]
    assert [each.status < 300 for each in answers] == [name is not None] * 3 + [False] * 2
    assert [
        is_ibms(each) if at in {2, 4} else is_camundas(each)
        for at, each in enumerate(answers)
        if each.body and each.status >= 400
    ]
    after = {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS}
    assert after == {"hr": before["hr"] | ({name} if name else set()), "claims": before["claims"]}
    for method in ("GET", "DELETE"):
        answer = await site.camunda(method, calls[0][1], **KEY)
        assert (answer.status < 300) == (name is not None)
    assert {owner: set(site.fakes[owner].instances[getattr(site, owner)].variables) for owner in OWNERS} == before


async def test_metadata_is_the_name_of_no_variable_in_ibms_language(site: Across) -> None:
    site.forget()
    for owner in OWNERS:
        answer = await site.ibm("PUT", f"/process/{named(site, owner)}/variable/@metadata", {"x": 1}, **KEY)
        assert (answer.status, is_ibms(answer), b"@metadata is no variable." in answer.body) == (400, True, True)
    assert site.heard == []


# Methods, media, parts


@pytest.mark.parametrize("method", ["BREW", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize(
    "header", ["X_Method_Override", "X_HTTP_Method_Override", ""], ids=lambda name: name or "query"
)
async def test_method_override_into_what_the_path_does_not_take(site: Across, header: str, method: str) -> None:
    more = {header: method} if header else {}
    query = "" if header else f"?x-method-override={method}"
    for owner, accept in product(OWNERS, MEDIA):
        path = f"/process/{named(site, owner)}/variables{query}"
        answer = await site.ibm("POST", path, {}, Accept=accept, **more, **KEY)
        assert (answer.status, is_ibms(answer, accept), b"VBG0008E" in answer.body) == (405, True, True)
    assert not any(each.writes for _, each in site.planned)


async def test_method_that_is_overridden_in_two_ways(site: Across) -> None:
    for owner in OWNERS:
        path = f"/process/{named(site, owner)}/variables?x-method-override=PUT"
        answer = await site.ibm("POST", path, {"note": "x"}, X_Method_Override="DELETE", **KEY)
        assert (answer.status, is_ibms(answer)) == (400, True)
    assert site.engines == []


async def test_override_means_nothing_in_camundas_language(site: Across) -> None:
    for owner in OWNERS:
        path = f"/process-instance/{named(site, owner)}/variables"
        answer = await site.camunda("POST", path, {}, X_HTTP_Method_Override="DELETE", **KEY)
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ("nonsense", "VBG0003E"), ("header%7Cnonsense", "VBG0003E"), ("HEADER", "VBG0003E"), ("all,nonsense", "VBG0003E"),
        ("dataModel", "VBG0002E"), ("data%7Cdiagram", "VBG0002E"), ("header%7C%7Cx", "VBG0003E"),
    ],
    ids=["unknown", "one of two", "capitals", "beside all", "of the vendor alone", "one of the vendor alone", "empty part"],
)  # fmt: skip
async def test_parts_that_there_are_not(site: Across, parts: str, number: str) -> None:
    for owner, accept in product(OWNERS, MEDIA):
        answer = await site.ibm("GET", f"/process/{named(site, owner)}?parts={parts}", Accept=accept, **KEY)
        assert (answer.status, is_ibms(answer, accept), number.encode() in answer.body) == (400, True, True)
    assert site.engines == []


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "text/xml", "image/*"])
async def test_media_that_are_not_spoken(site: Across, accept: str) -> None:
    for owner in OWNERS:
        answer = await site.camunda("GET", f"/process-instance/{named(site, owner)}/variables", Accept=accept, **KEY)
        assert (answer.status, is_camundas(answer)) == (406, True)
        for query in ("?parts=data", "?callback=f"):
            answer = await site.ibm("GET", f"/process/{named(site, owner)}{query}", Accept=accept, **KEY)
            assert (answer.status, is_ibms(answer)) == (406, True)
    assert site.engines == []


async def test_parameter_for_the_media_type_counts_for_every_error(site: Across) -> None:
    for path in (f"/process/{named(site, 'hr')}?parts=x", "/systems?x=1", f"/process/{named(site, 'hr')}/actions?x=1"):
        for accept, header in (("application/xml", "application/json"), ("application/json", "application/xml")):
            answer = await site.ibm("GET", f"{path}&accept={accept}", Accept=header, **KEY)
            assert (answer.status >= 400, is_ibms(answer, accept)) == (True, True)
        assert is_ibms(await site.ibm("GET", f"{path}&accept=application/xml"), "application/xml")


@pytest.mark.parametrize(
    "query",
    [
        "action=suspend&action=terminate", "action=suspend&%61ction=terminate", "x-method-override=GET&x-method-override=PUT",
        "X-Method-Override=GET&x-method-override=PUT", "action=start&bpdId=25.a&bpdId=25.b",
    ],
    ids=["action", "written in two ways", "override", "override in capitals", "definition"],
)  # fmt: skip
async def test_parameter_that_decides_what_is_asked_has_one_value(site: Across, query: str) -> None:
    form = {"Content_Type": FORM}
    for owner in OWNERS:
        answers = [
            await site.ibm("POST", f"/process/{named(site, owner)}?{query}", {}, **KEY),
            await site.ibm("POST", f"/process/{named(site, owner)}", raw=query.encode(), **form, **KEY),
        ]
        assert [(each.status, is_ibms(each)) for each in answers] == [(400, True)] * 2
    assert site.engines == []


async def test_parameter_with_the_same_value_twice_is_relayed() -> None:
    async with across() as site:
        answer = await site.ibm("PUT", f"/process/{site.claims}?action=suspend&action=suspend", Content_Length="0")
        assert (answer.status, site.fakes["claims"].instances[site.claims].state) == (200, "Suspended")
