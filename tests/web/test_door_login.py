"""Log-in at IBM's front doors: the door's own answer where another vendor's engine stands behind it, else relayed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.web.across import Across, across

CROSSED: dict[str, dict[str, Any]] = {"claims": {"engine": "hr"}}
"""IBM's language is spoken in front of Camunda's engine."""
FREE = {"name": "free", "key_sha256": "ad95d5fa651ba86d8923fe1238d24a4f1988a752acfe426ac72ac7c04471bc17"}
"""A second caller; the hash is that of its key, ``free``."""


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(doors=CROSSED) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "body", "expiration"),
    [
        ("/system/login", b"", 7200), ("/system/login", b"{}", 7200), ("/bpm/system/login", b"{}", 7200),
        ("/system/login", b'{"refresh_groups":true,"requested_lifetime":60}', 60),
        ("/ops/system/login", b'{"refresh-groups":false,"requested-lifetime":7200}', 7200),
    ],
    ids=["no body", "empty body", "root of the server", "underscores", "hyphens"],
)  # fmt: skip
async def test_log_in_is_answered_by_the_door(site: Across, path: str, body: bytes, expiration: int) -> None:
    answer = await site.ibm("POST", path, raw=body)
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert (list(answer.json), answer.json["expiration"]) == (["csrf_token", "expiration"], expiration)
    written = await site.ibm(
        "PUT", f"/process/{site.hr}/variables", {"note": "x"}, BPMCSRFToken=answer.json["csrf_token"]
    )
    assert written.status == 200
    assert "claims" not in site.engines


async def test_log_in_is_xml_for_who_asks_for_it(site: Across) -> None:
    answer = await site.ibm("POST", "/system/login", {}, Accept="application/xml")
    assert (answer.status, answer.headers["content-type"]) == (201, "application/xml")
    assert [each.tag for each in ET.fromstring(answer.body)] == ["csrf_token", "expiration"]


BAD: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("method", "GET", b"", {}, 405),
    ("method override", "POST", b"", {"X_Method_Override": "PUT"}, 405),
    ("malformed", "POST", b"{", {}, 400),
    ("array", "POST", b"[]", {}, 400),
    ("unknown member", "POST", b'{"lifetime":1}', {}, 400),
    ("member twice", "POST", b'{"refresh_groups":true,"refresh-groups":true}', {}, 400),
    ("groups as a text", "POST", b'{"refresh_groups":"true"}', {}, 400),
    ("lifetime as a text", "POST", b'{"requested_lifetime":"60"}', {}, 400),
    ("no lifetime", "POST", b'{"requested_lifetime":0}', {}, 400),
    ("negative", "POST", b'{"requested_lifetime":-1}', {}, 400),
    ("fraction", "POST", b'{"requested_lifetime":1.5}', {}, 400),
    ("too long a lifetime", "POST", b'{"requested_lifetime":7201}', {}, 400),
    ("form", "POST", b"a=1", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ("media type", "POST", b"{}", {"Accept": "text/html"}, 406),
]


@pytest.mark.parametrize(
    ("method", "body", "headers", "status"), [each[1:] for each in BAD], ids=[each[0] for each in BAD]
)
async def test_bad_log_in_is_refused_in_the_vendors_envelope(
    site: Across, method: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await site.ibm(method, "/system/login", raw=body, **headers)
    assert (answer.status, answer.json["status"]) == (status, "error")
    assert answer.json["Data"]["errorNumber"].startswith("VBG")
    assert site.engines == []


@pytest.mark.parametrize(
    "token",
    ["x", ".", "AAAA", "é", "A" * 55, "A" * 4000],
    ids=["no base64", "no text", "short", "no ASCII", "of the right length", "long"],
)
async def test_wrong_token_is_refused_on_writes_alone(site: Across, token: str) -> None:
    more = {"BPMCSRFToken": token}
    for method, path in (("PUT", f"/process/{site.hr}/variables"), ("PUT", f"/process/{site.hr}?action=suspend")):
        answer = await site.ibm(method, path, {"note": "x"}, **more)
        assert (answer.status, answer.json["status"]) == (403, "error")
        assert answer.json["Data"]["errorNumber"] == "CWTBG0651E"
    assert site.engines == []
    assert (await site.ibm("GET", f"/process/{site.hr}", **more)).status == 200
    tunnelled = await site.ibm("POST", f"/process/{site.hr}/variables", {"note": "x"}, X_Method_Override="PUT", **more)
    assert tunnelled.status == 403


async def test_token_is_not_demanded(site: Across) -> None:
    assert (await site.ibm("PUT", f"/process/{site.hr}/variables", {"note": "x"})).status == 200


async def test_token_of_another_caller_is_refused() -> None:
    async with across({}, FREE, doors=CROSSED) as site:
        token = (await site.ibm("POST", "/system/login", {}, X_Api_Key="secret")).json["csrf_token"]
        statuses = [
            (await site.ibm("PUT", f"/process/{site.hr}/variables", {"a": 1}, BPMCSRFToken=token, X_Api_Key=key)).status
            for key in ("secret", "free")
        ]
        assert statuses == [200, 403]
        assert (await site.ibm("POST", "/system/login", {})).status == 401


async def test_token_of_the_door_reaches_no_engine() -> None:
    engines = {name: {"auth": {"kind": "forward"}} for name in ("hr", "claims")}
    async with across(doors=CROSSED, engines=engines) as site:
        token = (await site.ibm("POST", "/system/login", {})).json["csrf_token"]
        answer = await site.ibm(
            "PUT",
            f"/process/claims:{site.claims}/variables",
            {"note": "x"},
            BPMCSRFToken=token,
            Authorization="Basic eDp5",
        )
        assert answer.status == 200
        name, relayed = site.heard[-1]
        assert (name, relayed.method) == ("claims", "PUT")
        assert not any(header.lower() == "bpmcsrftoken" for header, _ in relayed.headers)


async def test_log_in_at_a_door_of_the_vendors_own_engine_is_relayed_and_its_tokens_are_not_looked_at() -> None:
    async with across() as site:
        answer = await site.ibm("POST", "/system/login", {})
        assert [(name, each.method, each.path) for name, each in site.heard] == [
            ("claims", "POST", ("system", "login"))
        ]
        assert b"csrf_token" not in answer.body
        written = await site.ibm("PUT", f"/process/hr:{site.hr}/variables", {"note": "x"}, BPMCSRFToken="the engine's")
        assert written.status == 200
