"""Front doors: what reaches the engine and what comes back, byte for byte."""

from __future__ import annotations

import asyncio
import json

import pytest

from adapters import camunda7, ibm_bpm
from gateway import app, config
from gateway.access import Access
from gateway.port import Credentials
from gateway.web.proxy.door import door_at
from tests.until import until
from tests.web.conftest import entry
from tests.web.gate import gate
from tests.wire.scripted import OK, hangs_up, never_answers, says

TARGETS = [
    "/a/b?x=1&y=%20+z",
    "/process-instance/1/variables/%2F",
    "/process-instance/1/variables/a%3Bb;c=1",
    "/process-instance/1/variables/..%2f..",
    "/process-instance/1/variables/%2e%2e",
    "//double//slash/",
    "/a+b/%E4%BD%A0/~x",
    "/%zz/%",
    "/a/./b/../c",
    "?only=query",
    "",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_target_reaches_the_engine_as_it_was_written(target: str) -> None:
    async with gate() as door:
        status, headers, body = await door.ask("/door" + target)
        assert (status, body, "x-request-id" in headers) == (200, b"{}", True)
        assert door.engine.heard[0].target == "/api" + target


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("/process-instance/hr:1/variables/hr:1?x=hr:1", "/process-instance/1/variables/hr:1?x=hr:1"),
        ("/process-instance/hr%3A1%2F;a/variables//a%2Fb", "/process-instance/1%2F;a/variables//a%2Fb"),
        ("/engine/other/process-instance/h%72:1:2/variables", "/engine/other/process-instance/1:2/variables"),
        ("/process-instance/zz:1/variables", "/process-instance/zz:1/variables"),
        ("/task/hr:1/variables", "/task/1/variables"),
        ("/group/hr:1", "/group/hr:1"),
    ],
    ids=["plain", "encoded", "below an engine's name", "no such engine", "a task", "nothing that runs"],
)
async def test_engine_before_an_id_is_taken_off_and_nothing_else(written: str, heard: str) -> None:
    async with gate() as door:
        assert (await door.ask("/door" + written))[0] == 200
        assert door.engine.heard[0].target == "/api" + heard


async def test_ibm_id_with_its_engine_is_taken() -> None:
    async with gate(vendor=ibm_bpm.VENDOR) as door:
        assert (await door.ask("/door/process/hr:2072.5?parts=data"))[0] == 200
        assert door.engine.heard[0].target == "/api/process/5?parts=data"  # servers may not take the long form


async def test_instance_of_an_engine_that_the_caller_may_not_use_is_asked_nowhere() -> None:
    only = Access((entry(engines=("hr",)),))
    async with gate(others=("claims",), access=only) as door:
        status, _, body = await door.ask("/door/process-instance/claims:1/variables", more="X-Api-Key: secret\r\n")
        assert (status, json.loads(body)["type"], door.engine.heard) == (403, "Forbidden", [])


async def test_longer_path_that_begins_alike_is_another() -> None:
    async with gate() as door:
        assert (await door.ask("/doorx/a"))[0] == 404
        assert door.engine.heard == []


async def test_headers_end_to_end_pass_and_those_of_a_hop_do_not() -> None:
    answer = (
        b'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\nETag: "e"\r\nKeep-Alive: x\r\n'
        b"Connection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: s=1\r\nContent-Encoding: gzip\r\n\r\n{}"
    )
    more = (
        "X-Own: a\r\nConnection: x-named\r\nX-Named: 1\r\nTE: trailers\r\nAccept: text/x\r\nAccept-Encoding: gzip\r\n"
        "Authorization: Bearer theirs\r\nCookie: c=1\r\nVia: 1.0 other\r\nUser-Agent: mine\r\n"
    )
    async with gate(
        says(answer), access=Access(open=True, callers=(entry(name="x", forward=True, key_sha256=None),))
    ) as door:
        status, _, _ = await door.ask("/door/a", more=more)
        assert status == 401
        raw = await door.send(
            b"GET /door/a HTTP/1.1\r\nHost: gateway:1\r\n"
            + more.replace("Authorization: Bearer theirs\r\n", "").encode()
            + b"\r\n",
            whole=False,
        )
        (heard,) = door.engine.heard
        names = {name.lower() for name, _ in heard.headers}
        assert {"x-own", "accept", "accept-encoding", "user-agent", "via", "forwarded", "x-request-id"} <= names
        assert not names & {"x-named", "te", "cookie", "authorization", "content-type"}
        assert heard.header("via") == "1.0 other, 1.1 varbridge"
        assert heard.header("host") == "gateway:1"
        assert heard.header("accept") == "text/x"
        assert raw.startswith(b"HTTP/1.1 200 Fine\r\n")
        assert raw.count(b"X-A: ") == 2
        lower = raw.lower()
        assert b"content-encoding: gzip" in lower
        assert not any(name in lower for name in (b"set-cookie", b"keep-alive", b"x-hop"))


async def test_engine_that_is_told_who_calls_sees_credentials_and_cookies() -> None:
    cookie = says(
        b'HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm="e"\r\nSet-Cookie: s=1\r\n\r\n'
    )
    async with gate(cookie, kind="forward") as door:
        status, headers, _ = await door.ask("/door/a", more="Authorization: Basic eDp5\r\nCookie: c=1\r\n")
        assert (status, headers["www-authenticate"], headers["set-cookie"]) == (401, 'Basic realm="e"', "s=1")
        assert door.engine.heard[0].header("authorization") == "Basic eDp5"
        assert door.engine.heard[0].header("cookie") == "c=1"


async def test_technical_user_is_added() -> None:
    credentials = Credentials(kind="basic", username="u", password="p")
    async with gate(kind="basic", credentials=credentials) as door:
        assert (await door.ask("/door/a"))[0] == 200
        assert door.engine.heard[0].header("authorization") == "Basic dTpw"


BODY = b"--x\r\n\x00\xff" * 1000


@pytest.mark.parametrize(
    ("more", "sent"),
    [
        (f"Content-Length: {len(BODY)}\r\n", BODY),
        ("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
        (f"Content-Length: {len(BODY)}\r\nContent-Encoding: gzip\r\n", BODY),
        (f"Content-Length: {len(BODY)}\r\nContent-Type: multipart/form-data; boundary=x\r\n", BODY),
    ],
    ids=["length", "chunks", "packed", "multipart"],
)
async def test_body_reaches_the_engine_byte_for_byte(more: str, sent: bytes) -> None:
    async with gate() as door:
        assert (await door.ask("/door/process-instance/1/variables/a/data", "POST", more, sent))[0] == 200
        (heard,) = door.engine.heard
        assert heard.body == BODY
        for name in ("Content-Encoding", "Content-Type"):
            assert (name in more) == (heard.header(name) is not None)


async def test_caller_that_waits_is_told_to_go_on() -> None:
    async with gate() as door:
        raw = b"PUT /door/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        assert (await door.send(raw, whole=False)).startswith(b"HTTP/1.1 100 Continue")


LOCATIONS = [
    ("{url}/x?y", "http://gateway:1/door/x?y"),
    ("{url}", "http://gateway:1/door"),
    ("http://gateway:1/api/x", "http://gateway:1/door/x"),
    ("https://gateway:1/api?x", "http://gateway:1/door?x"),
    ("/api/x#y", "/door/x#y"),
    ("{url}x", "{url}x"),
    ("http://gateway:1/apix", "http://gateway:1/apix"),
    ("http://gateway:1/other", "http://gateway:1/other"),
    ("http://elsewhere/api/x", "http://elsewhere/api/x"),
    ("relative", "relative"),
]


@pytest.mark.parametrize(("given", "seen"), LOCATIONS, ids=[given for given, _ in LOCATIONS])
async def test_location_on_the_engine_leads_back_here(given: str, seen: str) -> None:
    async def moved(_request, writer) -> None:
        location = given.format(url=door.engine.url)
        head = f"HTTP/1.1 303 See\r\nLocation: {location}\r\nContent-Location: {location}\r\n"
        writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())

    async with gate(moved) as door:
        status, headers, _ = await door.ask("/door/a")
        assert (status, len(door.engine.heard)) == (303, 1)
        expected = seen.format(url=door.engine.url)
        assert (headers["location"], headers["content-location"]) == (expected, expected)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ],
    ids=["length", "chunks"],
)
async def test_answer_that_breaks_off_is_never_a_clean_short_one(answer: bytes) -> None:
    async with gate(says(answer, close=True)) as door:
        try:
            raw = await door.send(b"GET /door/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        except ConnectionResetError:
            return
        assert not raw.endswith(b"0\r\n\r\n")
        assert b"Content-Length: 5\r\n" not in raw


FAULTS = {"hangs up": hangs_up, "silence": never_answers, "garbage": says(b"\x00\x00\r\n\r\n", close=True)}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.usefixtures("idle_time")
async def test_fault_of_the_engine_has_the_dialects_shape(name: str, method: str) -> None:
    async with gate(FAULTS[name], says(OK), idle_s=0.3) as door:
        more = "Content-Length: 2\r\n" if method == "PUT" else ""
        status, _, body = await door.ask("/door/process-instance/1/variables/a", method, more, b"{}" if more else b"")
        assert status in {502, 503, 504}
        assert set(json.loads(body)) == {"type", "message", "code"}
        if method == "PUT":
            assert json.loads(body)["type"] == "OutcomeUnknown"
        assert (await door.ask("/door/a"))[0] == 200


async def test_ibm_error_of_the_gateway_is_json_or_xml() -> None:
    async with gate(hangs_up, vendor=ibm_bpm.VENDOR) as door:
        status, _, body = await door.ask("/door/process/1?parts=data")
        data = json.loads(body)["Data"]
        assert (status, data["exceptionType"], data["errorNumber"][:3]) == (503, "varbridge.EngineUnavailable", "VBG")
        status, headers, body = await door.ask("/door/process/1?parts=data", more="Accept: application/xml\r\n")
        assert (headers["content-type"], b"<errorNumber>VBG" in body) == ("application/xml", True)


DETAILS = [
    (b'{"a":1,"programmersDetails":"x \\" y","b":[1.10]}', b'{"a":1,"b":[1.10]}'),
    (b'{"Data":{"a":"\xc3\xa4", "programmersDetails" : {"s":["}"]}}}', b'{"Data":{"a":"\xc3\xa4"}}'),
    (
        b"<r><a>1</a><n:programmersDetails>x\n</n:programmersDetails></r>",
        b"<r><a>1</a><n:programmersDetails></n:programmersDetails></r>",
    ),
    (b'{"a": 1}', b'{"a": 1}'),
]


@pytest.mark.parametrize(("sent", "seen"), DETAILS, ids=["JSON", "nested JSON", "XML", "nothing to hide"])
@pytest.mark.parametrize("debug", [False, True], ids=["hidden", "debug"])
async def test_details_for_programmers_are_cut_out_and_nothing_else(sent: bytes, seen: bytes, debug: bool) -> None:
    answer = says(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(sent), sent))
    async with gate(answer, vendor=ibm_bpm.VENDOR, debug=debug) as door:
        status, headers, body = await door.ask("/door/process/1")
        assert (status, body) == (500, sent if debug else seen)
        assert headers["content-length"] == str(len(body))


async def test_limited_caller_and_other_vendor_are_refused_in_the_dialects_shape() -> None:
    everything = frozenset({"variables:read", "passthrough:read"})
    limited = Access((entry(scopes=everything, masked=("salary",)),))
    async with gate(access=limited) as door:
        for path in ("/execution/1", "/task/1/form-variables", "/history/detail"):
            status, _, body = await door.ask("/door" + path, more="X-Api-Key: secret\r\n")
            assert (status, set(json.loads(body))) in [
                (400, {"type", "message", "code"}),
                (403, {"type", "message", "code"}),
            ]
        assert door.engine.heard == []
    async with gate(vendor=camunda7.VENDOR, owner=ibm_bpm.VENDOR) as door:
        status, _, body = await door.ask("/door/version")
        assert (status, json.loads(body)["type"], door.engine.heard) == (400, "InvalidRequestException", [])


async def test_scope_of_the_operation_is_needed() -> None:
    async with gate(access=Access((entry(scopes=frozenset({"variables:read"})),))) as door:
        key = "X-Api-Key: secret\r\n"
        assert (await door.ask("/door/process-instance/1/variables", more=key))[0] == 200
        assert (await door.ask("/door/process-instance/1/variables/a", "DELETE", more=key))[0] == 403
        assert (await door.ask("/door/deployment", more=key))[0] == 403
        assert (await door.ask("/door/process-instance/1/variables"))[0] == 401
        assert door.engine.heard[0].header("x-api-key") is None


@pytest.mark.usefixtures("idle_time")
async def test_long_poll_outlives_the_idle_time() -> None:
    work = asyncio.Event()

    async def late(_request, writer) -> None:
        await work.wait()
        writer.write(OK)

    async with gate(late, idle_s=0.2) as door:
        body = b'{"asyncResponseTimeout": 1000}'
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        poll = asyncio.create_task(door.ask("/door/external-task/fetchAndLock", "POST", more, body))
        await until(lambda: bool(door.engine.heard))
        assert (await door.ask("/door/external-task"))[0] == 504
        work.set()
        assert (await poll)[0] == 200


async def test_caller_of_a_read_that_goes_away_frees_the_engine() -> None:
    ended = asyncio.Event()

    async def waits(_request, writer) -> None:
        await writer.wait_closed() if writer.is_closing() else None
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with gate(waits, idle_s=30.0) as door:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET /door/a HTTP/1.1\r\nHost: x\r\n\r\n")
        while not door.engine.heard:
            await asyncio.sleep(0)
        writer.close()
    assert ended.is_set()


async def test_head_of_an_answer_is_there_before_its_body() -> None:
    async def slow(_request, writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\n")
        await asyncio.Event().wait()

    async with gate(slow, idle_s=30.0) as door:
        assert b"\r\nX-A: 1\r\n" in await door.send(b"GET /door/a HTTP/1.1\r\nHost: x\r\n\r\n", whole=False)


async def test_bytes_of_a_header_that_are_no_utf_8_come_back_as_they_are() -> None:
    line = b'Content-Disposition: attachment; filename="\xe4.txt"'
    async with gate(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + line + b"\r\n\r\n{}")) as door:
        raw = await door.send(b"GET /door/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (b"\r\n" + line + b"\r\n" in raw, raw[-4:]) == (True, b"\r\n{}")


async def test_bytes_of_a_callers_header_go_on_as_they_are_or_not_at_all() -> None:
    async with gate() as door:
        for raw, heard in ((b"X-A: \xe4", "\xe4"), (b"X-A: \xc3\xa4", "\xc3\xa4")):
            answer = await door.send(b"GET /door/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + raw + b"\r\n\r\n")
            assert (answer[:12], door.engine.heard[-1].header("x-a")) == (b"HTTP/1.1 200", heard)
        streamed = b"PUT /door/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nX-A: \xe4\r\n\r\n"
        assert (await door.send(streamed, whole=False)).startswith(b"HTTP/1.1 400")
        assert len(door.engine.heard) == 2


async def test_long_polls_take_no_connection_from_others() -> None:
    body = b'{"asyncResponseTimeout": 60000}'
    raw = b"POST /door/external-task/fetchAndLock HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with gate(never_answers, client_settings={"max_connections": 1}) as door:
        polls = []
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(raw + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            polls.append(writer)
        async with asyncio.timeout(5):
            while len(door.engine.heard) < 5:
                await asyncio.sleep(0)
        door.engine.scripts = [says(OK)]
        assert (await door.ask("/door/a"))[0] == 200
        for writer in polls:
            writer.close()


def test_door_of_the_longest_prefix_is_taken() -> None:
    tree = {
        "engines": {name: {"vendor": "camunda7", "url": f"http://{name}/engine-rest"} for name in ("hr", "ops")},
        "dialects": {
            "short": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"},
            "long": {"vendor": "camunda7", "prefix": "/engine-rest/ops", "engine": "ops"},
            "other": {"vendor": "camunda7", "prefix": "/other", "engine": "ops"},
        },
    }
    known = app.Application(config.parse(tree, app.VENDORS)).doors
    asked = {
        "/engine-rest": "hr",
        "/engine-rest?a": "hr",
        "/engine-rest/engine/ops/task": "hr",
        "/engine-rest/ops/task": "ops",
        "/engine-rest/opsx": "hr",
        "/other/engine-rest": "ops",
        "/engine-rest%2Fops": None,
        "/otherx": None,
        "/v1/engines": None,
    }
    doors = {path: door_at(known, path) for path in asked}
    assert {path: door and door.default.name for path, door in doors.items()} == asked
