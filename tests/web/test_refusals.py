"""``/v1`` over HTTP: what is refused, how, and that nothing was sent."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from gateway.access import Access
from gateway.web import RequestLimits
from tests.web.conftest import Site, entry

DEEP = b'{"modifications":{"a":{"type":"json","value":' + b"[" * 65 + b"]" * 65 + b"}}}"
BODIES = [
    (b'{"modifications":{"a":{"value":1,"colour":2}}}', 400, "invalid-request", "/modifications/a/colour"),
    (b'{"modifications":{"a/b~c":{"value":1,"x":2}}}', 400, "invalid-request", "/modifications/a~1b~0c/x"),
    (b'{"modifications":{},"more":1}', 400, "invalid-request", "/more"),
    (b'{"modifications":{"a":5}}', 400, "invalid-request", "/modifications/a"),
    (b'{"modifications":[]}', 400, "invalid-request", "/modifications"),
    (b'{"deletions":["a",5]}', 400, "invalid-request", "/deletions/1"),
    (b'{"modifications":{"a":{"value":1}},"modifications":{}}', 400, "invalid-json", "/modifications"),
    (b'{"modifications":{"a":{"value":{"x":1,"x":2}}}}', 400, "invalid-json", "/modifications/a/value/x"),
    (b'{"deletions":["a"]} x', 400, "invalid-json", None),
    (b'{"deletions":["\xff"]}', 400, "invalid-json", None),
    (b'{"modifications":{"a":{"value":"\\ud800"}}}', 400, "invalid-json", None),
    (b'{"modifications":{"a":{"value":NaN}}}', 400, "invalid-json", None),
    (b"", 400, "invalid-json", None),
    (b"[]", 400, "invalid-request", ""),
    (DEEP, 413, "payload-too-large", None),
    (
        b'{"modifications":{"a":{"type":"integer","format":"int32","value":2147483648}}}',
        422,
        "value-invalid",
        "/modifications/a",
    ),
    (
        b'{"modifications":{"a":{"type":"date-time","value":"2026-02-30T00:00:00Z"}}}',
        422,
        "value-invalid",
        "/modifications/a",
    ),
    (b'{"modifications":{"a":{"value":' + b"1" * 400 + b"}}}", 422, "value-not-representable", "/modifications/a"),
    (b'{"modifications":{"a":{"type":"wrong","value":1}}}', 400, "invalid-request", "/modifications/a"),
    (json.dumps({"modifications": {"a": {"value": "x" * 4001}}}).encode(), 422, "value-too-long", "/modifications/a"),
    (
        json.dumps({"modifications": {"n" * 256: {"value": 1}}}).encode(),
        422,
        "value-too-long",
        "/modifications/" + "n" * 256,
    ),
]


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BODIES, ids=range(len(BODIES)))
async def test_body_is_refused_and_nothing_is_written(
    site: Site, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    answer, problem, headers = await site.ask("PATCH", "instances", site.hr, "variables", body=body)
    assert (answer, problem["code"], problem["status"], problem["outcome"]) == (status, code, status, "not_applied")
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"urn:varbridge:problem:{code}"
    assert problem["instance"] == headers["X-Request-Id"]
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    assert site.writes == []
    assert (await site.ask("GET", "engines"))[0] == 200


async def test_ten_thousand_names_are_taken_and_one_more_is_not(site: Site) -> None:
    names = [f"v{number}" for number in range(10_001)]
    path = ("instances", site.hr, "variables")
    assert (await site.ask("PATCH", *path, body={"deletions": names[:10_000]}))[0] == 204
    assert (await site.ask("PATCH", *path, body={"deletions": names}))[1]["code"] == "payload-too-large"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/json; charset=latin-1"},
        {"Content_Encoding": "gzip"},
        {"Content_Type": "application/merge-patch+jso"},
    ],
)
async def test_other_media_type_is_refused(site: Site, headers: dict[str, str]) -> None:
    answer = await site.ask("PATCH", "instances", site.hr, "variables", body=b"{}", **headers)
    assert (answer[0], answer[1]["code"], site.writes) == (415, "unsupported-media-type", [])


@pytest.mark.usefixtures("idle_time")
async def test_body_that_is_too_large_or_never_ends_is_answered(started) -> None:
    small = await started(Site(max_body_bytes=100, body_read_timeout_s=0.2))
    head = f"PUT /v1/instances/{small.hr}/variables/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    long = await small.raw(head.encode() + b"Content-Length: 101\r\n\r\n")
    assert long.startswith(b"HTTP/1.1 413")
    chunked = await small.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + b" " * 101 + b"\r\n")
    assert chunked.startswith(b"HTTP/1.1 413")
    endless = await small.raw(head.encode() + b'Content-Length: 50\r\n\r\n{"value"')
    assert endless.startswith(b"HTTP/1.1 400")
    assert small.sent == []


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "status", "code"),
    [
        ("GET", ("nothing",), "", {}, 404, "route-not-found"),
        ("GET", ("instances", "hr:1", "variables", "x", "y"), "", {}, 404, "route-not-found"),
        ("POST", ("engines",), "", {}, 405, "method-not-allowed"),
        ("BREW", ("engines",), "", {}, 400, "invalid-request"),
        ("GET", ("engines", "none"), "", {}, 404, "engine-not-found"),
        ("GET", ("instances", "x"), "engine=none", {}, 404, "engine-not-found"),
        ("GET", ("instances", "hr:none"), "", {}, 404, "instance-not-found"),
        ("GET", ("instances", "claims:999", "variables"), "", {}, 404, "instance-not-found"),
        ("GET", ("instances", "claims:abc"), "", {}, 400, "invalid-request"),
        ("DELETE", ("instances", "claims:1355", "variables", "undeclared"), "", {}, 404, "variable-not-found"),
        ("GET", ("instances", "hr:1", "variables"), "colour=1", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "names=a&names=b", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "fields=colour", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "names=%FF", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "state=ended", {}, 400, "invalid-request"),
        ("PUT", ("instances", "hr:1", "variables", "x"), "state=any", {}, 422, "capability-unsupported"),
        ("GET", ("instances", "hr:none"), "state=any", {}, 404, "instance-not-found"),
        ("GET", ("instances", "hr:1", "variables", "x"), "scope=all", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "scope=nowhere", {}, 400, "invalid-request"),
        ("DELETE", ("instances", "hr:1", "variables", "x"), "scope=all", {}, 400, "invalid-request"),
        ("DELETE", ("instances", "claims:1355", "variables", "x"), "scope=task:1", {}, 422, "capability-unsupported"),
        ("GET", ("instances", "claims:1355", "variables"), "scope=task:1", {}, 422, "capability-unsupported"),
        ("GET", ("instances",), "businessKey=x&limit=0", {}, 400, "invalid-request"),
        ("DELETE", ("instances", "hr:1", "variables", "x"), "dryRun=yes", {}, 400, "invalid-request"),
        ("GET", ("instances", "hr:1", "variables"), "dryRun=true", {}, 400, "invalid-request"),
        (
            "DELETE",
            ("instances", "hr:1", "variables", "x"),
            "dryRun=true",
            {"Idempotency_Key": "k"},
            400,
            "invalid-request",
        ),
        ("DELETE", ("instances", "hr:1", "variables", "x"), "", {"If_Match": "x"}, 400, "invalid-request"),
        ("DELETE", ("instances", "hr:1", "variables", "x"), "", {"If_Match": '"x", *'}, 400, "invalid-request"),
        ("DELETE", ("instances", "hr:1", "variables", "x"), "", {"If_Match": '"x"'}, 404, "instance-not-found"),
        ("POST", ("variables", "batch"), "", {"If_Match": '"x"'}, 422, "capability-unsupported"),
        ("GET", ("instances", "hr:1", "variables"), "include=x", {}, 400, "invalid-request"),
        (
            "DELETE",
            ("instances", "hr:1", "variables", "x"),
            "",
            {"Idempotency_Key": "1"},
            422,
            "capability-unsupported",
        ),
        ("GET", ("engines",), "", {"Request_Timeout": "never"}, 400, "invalid-request"),
        ("GET", ("engines",), "", {"X_Api_Key": "wrong"}, 401, "unauthenticated"),
        ("GET", ("engines",), "", {"Authorization": "Basic eDp5"}, 401, "unauthenticated"),
    ],
)
async def test_request_is_refused(site: Site, method, path, query, headers, status, code) -> None:
    answer, problem, given = await site.ask(method, *path, query=query, **headers)
    assert (answer, problem["code"]) == (status, code)
    assert given["Content-Type"] == "application/problem+json"
    if status == 405:
        assert given["Allow"] == "GET, HEAD, OPTIONS"
    if status == 401:
        assert "Bearer" in given["WWW-Authenticate"]
    assert site.writes == [] or code == "variable-not-found"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "wrong", "value": 1}, "/type"),
        ({"type": "integer", "format": "int128", "value": 1}, "/format"),
        ({"type": "string", "format": "int32", "value": "1"}, "/format"),
        ({"type": "integer", "value": "1"}, "/value"),
    ],
)
async def test_wrong_value_is_pointed_at_where_it_is_wrong(site: Site, body: object, pointer: str) -> None:
    _, problem, _ = await site.ask("PUT", "instances", site.hr, "variables", "amount", body=body)
    assert ([fault["pointer"] for fault in problem["errors"]], site.sent) == ([pointer], [])


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_refusal_tells_the_engine_that_was_named(site: Site, owner: str) -> None:
    public, native = getattr(site, owner), getattr(site, owner).partition(":")[2]
    for path, more in (
        (("instances", public, "variables"), {"body": b"{", "query": ""}),
        (("instances", public, "variables"), {"body": {}, "query": "wrong=1"}),
        (("instances", native, "variables"), {"body": b"{", "query": f"engine={owner}"}),
        (("instances", native, "variables"), {"body": b"{", "Gateway_Engine": owner}),
    ):
        _, problem, headers = await site.ask("PATCH", *path, **more)
        assert (headers["Gateway-Engine"], problem["engine"]) == (owner, owner), (path, more)


async def test_refusal_tells_no_engine_that_is_not_the_callers(started) -> None:
    site = await started(Site(Access((entry(engines=("hr",)),))))
    _, problem, headers = await site.ask(
        "PUT", "instances", site.claims, "variables", "x", body=b"{", X_Api_Key="secret"
    )
    assert ("Gateway-Engine" in headers, "engine" in problem) == (False, False)


async def test_ambiguous_id_names_its_candidates(site: Site) -> None:
    native = site.claims.partition(":")[2]
    site.fakes["hr"].instances[native] = next(iter(site.fakes["hr"].instances.values()))
    status, problem, _ = await site.ask("GET", "instances", native)
    assert (status, problem["code"]) == (409, "instance-ambiguous")
    assert sorted(problem["candidates"]) == [f"claims:{native}", f"hr:{native}"]


async def test_caller_sees_and_touches_only_what_it_may(started) -> None:
    site = await started(Site(Access((entry(engines=("hr",), variables=("a*", "note"), masked=("amount",)),))))
    key = {"X_Api_Key": "secret"}
    assert (await site.ask("GET", "engines"))[0] == 401
    _, found, _ = await site.ask("GET", "instances", site.hr, "variables", **key)
    shown = {each["name"]: each for each in found["variables"]}
    assert set(shown) == {"amount", "note", "approved", "address"}
    assert shown["amount"] == {"name": "amount", "type": "number", "format": "double", "redacted": True}
    body = {"modifications": {"note": {"value": "x"}, "items": {"value": 1}}}
    status, problem, _ = await site.ask("PATCH", "instances", site.hr, "variables", body=body, **key)
    assert (status, problem["code"], problem["errors"][0]["detail"]) == (403, "forbidden", "variable items")
    assert (await site.ask("GET", "instances", site.claims, **key))[1]["code"] == "forbidden"
    assert site.writes == []


async def test_scope_is_needed(started) -> None:
    site = await started(Site(Access((entry(scopes=frozenset({"variables:read"})),))))
    status, problem, _ = await site.ask("DELETE", "instances", site.hr, "variables", "note", X_Api_Key="secret")
    assert (status, problem["code"], site.sent) == (403, "forbidden", [])


async def test_unexpected_error_is_internal_and_tells_nothing(site: Site, monkeypatch, capfd) -> None:
    def broken(_command):
        raise RuntimeError("MARKER-SECRET")

    monkeypatch.setattr(site.engines["hr"], "list_variables", broken)
    status, problem, _ = await site.ask("GET", "instances", site.hr, "variables")
    assert (status, problem["code"]) == (500, "internal")
    body = {"modifications": {"note": {"type": "integer", "value": "MARKER-SECRET"}}}
    assert "MARKER" not in json.dumps((await site.ask("PATCH", "instances", site.hr, "variables", body=body))[1])
    captured = capfd.readouterr()
    assert "MARKER" not in json.dumps(problem) + captured.out + captured.err


async def test_versions_of_what_is_inside_are_not_told(site: Site) -> None:
    for path in ("engines", "nowhere"):
        assert (await site.ask("GET", path))[2]["Server"] == "varbridge"


async def test_versions_of_what_is_inside_are_not_told_to_bytes_that_are_not_http(site: Site) -> None:
    answer = await site.raw(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
    assert b"\r\nServer: varbridge\r\n" in answer
    assert b"aiohttp" not in answer


async def test_other_origin_is_told_what_it_may(site: Site) -> None:
    asked = {"Access_Control_Request_Method": "PATCH", "Access_Control_Request_Headers": "content-type"}
    status, _, headers = await site.ask("OPTIONS", "engines", Origin="https://portal", **asked)
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://portal")
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    _, _, headers = await site.ask("OPTIONS", "engines", Origin="https://other", **asked)
    assert "Access-Control-Allow-Origin" not in headers


GET = b"GET /v1/engines HTTP/1.1\r\nHost: x\r\n"
POST = b"PUT /v1/instances/hr:1/variables/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
FRAMES = {
    "length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "bare line feed": b"GET /v1/engines HTTP/1.1\nHost: x\nX: \n\n\r\n\r\n",
    "folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "bad chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "http 2": b"GET /v1/engines HTTP/2.0\r\nHost: x\r\n\r\n",
    "foreign target": b"GET http://other/v1/engines HTTP/1.1\r\nHost: x\r\n\r\n",
    "upgrade": GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "upgrade beside the offer of http 2": GET + b"Connection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n",
    "long target": b"GET /v1/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": GET + b"X-A: " + b"b" * 100_000 + b"\r\n\r\n",
    "many headers": GET + b"".join(b"X-%d: b\r\n" % number for number in range(1000)) + b"\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
async def test_framing_that_could_be_read_two_ways_is_refused(site: Site, name: str) -> None:
    head = await site.raw(FRAMES[name])
    assert head == b"" or re.match(rb"HTTP/[12]\.[01] 4", head), head[:200]
    assert b"Traceback" not in head
    assert site.sent == []
    assert (await site.ask("GET", "engines"))[0] == 200


async def test_offer_of_http_2_is_passed_over(site: Site) -> None:
    offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    target = f"/v1/instances/{site.hr}/variables/note"
    head = f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{offer}Content-Length: 13\r\n\r\n"
    answer = await site.raw(head.encode() + b'{"value":"x"}')
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"upgrade" not in answer.lower()
    assert (await site.ask("GET", "instances", site.hr, "variables", "note"))[1]["value"] == "x"
    again = f"GET /v1/engines HTTP/1.1\r\nHost: x\r\n{offer}\r\nGET {target} HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (await site.raw(again.encode())).startswith(b"HTTP/1.1 200")


async def test_caller_that_goes_in_the_middle_of_a_body_is_no_error_of_ours(site: Site, capfd) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(POST + b'Content-Length: 100\r\n\r\n{"value"')
    await writer.drain()
    assert (await site.ask("GET", "engines"))[0] == 200
    writer.close()
    assert (await site.ask("GET", "engines"))[0] == 200
    assert (site.writes, "request_failed" in "".join(capfd.readouterr())) == ([], False)
    del reader


def test_default_limits_are_those_that_are_documented() -> None:
    limits = RequestLimits()
    assert (limits.max_body_bytes, limits.max_depth, limits.max_names) == (10 * 1024 * 1024, 64, 10_000)
