"""IBM's front door before the fake on a socket: the same request straight and through, and sessions of both kinds."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters import ibm_bpm
from adapters.ibm_bpm.fake import Fake
from gateway import app, config
from gateway.access import Access
from gateway.access.callers import SCOPES
from gateway.cli.served import Served
from gateway.port import Credentials
from tests.web.conftest import entry
from tests.web.gate import gate
from tests.wire.scripted import Heard, says

PREFIX = "/rest/bpm/wle/v1"
OWN = {"date", "server", "x-request-id", "connection", "set-cookie"}
Answer = tuple[str, dict[str, str], bytes]


async def asked(port: int, method: str, target: str, body: bytes = b"", *headers: str) -> Answer:
    lines = [f"{method} {PREFIX}{target} HTTP/1.1", "Host: gateway", "Connection: close", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    shown = dict(line.split(": ", 1) for line in rest)
    return first.split(" ", 1)[1], {name: of for name, of in shown.items() if name.lower() not in OWN}, content


@asynccontextmanager
async def standing(fake: Fake, kind: str = "none", **door: object) -> AsyncIterator[tuple[int, int]]:
    """Ports of the fake and of the gateway before it."""
    served = Served(fake)
    await served.start()
    auth = {"kind": kind} | ({"username": "tech", "password": "env:P"} if kind == "ibm_session" else {})
    callers = [{"name": "theirs", "forward": True, "scopes": list(SCOPES)}] if kind == "forward" else []
    tree = {
        "server": {"port": 0, "admin_port": 0},
        "store": {"url": "sqlite:///:memory:"},
        "auth": {"open": True, "callers": callers},
        "engines": {"claims": {"vendor": "ibm_bpm", "url": served.url, "auth": auth}},
        "dialects": {"ibm": {"vendor": "ibm_bpm", "prefix": PREFIX, "engine": "claims", **door}},
    }
    parsed = config.parse(tree, app.VENDORS)
    running = app.Application(config.resolve(parsed, {"P": "secret"}))
    await running.start()
    try:
        yield int(served.url.split(":")[2].split("/")[0]), running.ports[0]
    finally:
        await running.stop()
        await served.stop()


XML = "Accept: application/xml"
WRITE = b'{"note":"twice"}'
REQUESTS: tuple[tuple[str, str, bytes, tuple[str, ...]], ...] = (
    ("GET", "/systems", b"", ()),
    ("GET", "/exposed/process", b"", ("Accept: application/json",)),
    *(("GET", f"/process/1355?parts={parts}", b"", ()) for parts in ("header", "data", "all", "header%7Cdata", "")),
    ("GET", "/process?action=getdetails&instanceIds=1355,999&parts=data", b"", ()),
    ("GET", "/process/999", b"", ()),
    ("GET", "/process/999", b"", (XML,)),
    ("GET", "/process/999", b"", ("Accept: text/xml, application/json",)),
    ("GET", "/process/abc?parts=data", b"", ()),
    ("GET", "/process/abc?parts=data", b"", (XML,)),
    ("PUT", "/process/1355/variables", WRITE, ()),
    ("PUT", "/process/1355/variable/note", b'"once"', ()),
    ("PUT", "/process/1355/variable/nope", b"1", ()),
    ("PUT", "/process/1355/variable/nope", b"1", (XML,)),
    ("PUT", "/process/1355/variables", b'{"received":"yesterday"}', ()),
    ("PUT", "/process/1355/variables", b"garbage", ()),
    ("PUT", "/process/999/variables", WRITE, ()),
    ("POST", "/process/1355/variables", WRITE, ("X-HTTP-Method-Override: PUT",)),
    ("POST", "/process/1355/variables?x-method-override=PUT", WRITE, ()),
    ("POST", "/process/1355?parts=data", b"", ("X-Method-Override: GET", "Content-Length: 0")),
    ("POST", "/process/1355/variables", WRITE, ()),
    ("PUT", "/process/1355?action=suspend", b"", ("Content-Length: 0",)),
    ("PUT", "/process/1355?action=suspend", b"", ("Content-Length: 0",)),
    ("PUT", "/process/1355?action=resume", b"", ("Content-Length: 0", XML)),
    ("POST", "/process/1355?action=moveToken&tokenId=nope&target=nope", b"", ("Content-Length: 0",)),
    ("POST", "/process?action=start&bpdId=25.Claims&params=%7B%22a%22%3A1%7D", b"", ("Content-Length: 0",)),
    ("POST", "/process?action=start", b"", ("Content-Length: 0",)),
    ("PUT", "/search/query?condition=bpdName%7CEquals%7CClaims&size=1", b"", ("Content-Length: 0",)),
    ("DELETE", "/process/1355", b"", ()),
    ("GET", "/nothing/here;x=1?y=%zz", b"", ()),
)


async def test_requests_through_the_door_are_answered_as_straight() -> None:
    one, other = Fake(), Fake()
    assert one.showcase() == "1355"
    other.instances, other.models = copy.deepcopy((one.instances, one.models))  # objects have random ids
    _ = next(other._numbers)
    async with standing(one) as (straight, _), standing(other) as (_, through):
        for method, target, body, headers in REQUESTS:
            expected = await asked(straight, method, target, body, *headers)
            assert await asked(through, method, target, body, *headers) == expected, f"{method} {target}"
    assert one.instances["1355"].variables == other.instances["1355"].variables


@pytest.mark.parametrize("accept", ["Accept: application/json", XML], ids=["JSON", "XML"])
@pytest.mark.parametrize("debug", [False, True], ids=["hidden", "debug"])
async def test_details_for_programmers_are_for_debugging_only(accept: str, debug: bool) -> None:
    async with standing(Fake(details=True), debug=debug) as (straight, through):
        status, headers, body = await asked(straight, "GET", "/process/999", b"", accept)
        seen = await asked(through, "GET", "/process/999", b"", accept)
        assert b"programmersDetails" in body
        assert (seen[0], seen[1]["Content-Type"]) == (status, headers["Content-Type"])
        assert (seen[2] == body, b"Secret" in seen[2], b"CWTBG0059E" in seen[2]) == (debug, debug, True)
        assert (b"programmersDetails" in seen[2]) == (debug or accept == XML)  # the XML schema demands the element
        assert seen[1]["Content-Length"] == str(len(seen[2]))


async def test_wrapped_error_is_handed_on_untouched() -> None:
    body = b'{"status":"error","Data":{"errorNumber":"CWTBG0019E","errorMessage":"x"}}'
    answer = says(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    async with gate(answer, vendor=ibm_bpm.VENDOR) as door:
        assert (await door.ask("/door/process/1"))[::2] == (200, body)


LONG = b'{"a":"' + b"x" * 3_000_000 + b'"'


@pytest.mark.parametrize("debug", [False, True], ids=["hidden", "debug"])
@pytest.mark.parametrize("leaks", [False, True], ids=["nothing to hide", "details"])
async def test_long_answer_is_streamed_and_broken_off_before_it_tells_too_much(leaks: bool, debug: bool) -> None:
    body = LONG + (b',"programmersDetails":"SECRET"}' if leaks else b"}")
    answer = says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    async with gate(answer, vendor=ibm_bpm.VENDOR, debug=debug) as door:
        try:
            _, _, seen = await door.ask("/door/process/1")
        except ConnectionError:
            seen = b""
        assert (seen == body, b"SECRET" in seen) == (debug or not leaks, debug and leaks)


async def test_packed_answer_is_not_handed_on_unseen() -> None:
    answer = says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
    async with gate(answer, vendor=ibm_bpm.VENDOR) as door:
        status, _, body = await door.ask("/door/process/1", more="Accept-Encoding: gzip\r\n")
        assert (status, b"EngineMisbehaved" in body) == (502, True)
        assert door.engine.heard[0].header("accept-encoding") is None
        status, _, body = await door.ask("/door/process/1/variables", "PUT", "Content-Length: 2\r\n", b"{}")
        assert (status, b"OutcomeUnknown" in body) == (504, True)


async def test_session_is_the_technical_users_and_what_callers_bring_ends_here() -> None:
    fake = Fake(sessions=True, csrf=True)
    fake.showcase()
    theirs = ("Cookie: LtpaToken2=theirs", "BPMCSRFToken: theirs", "X-XSRF-TOKEN: theirs")
    async with standing(fake, "ibm_session") as (straight, through):
        assert (await asked(straight, "PUT", "/process/1355/variables", WRITE))[0].startswith("401")
        for _ in range(2):
            status, headers, _ = await asked(through, "PUT", "/process/1355/variables", WRITE, *theirs)
            assert (status, "Set-Cookie" in headers) == ("200 OK", False)
        assert fake.logins == 1
        fake.expire()
        assert (await asked(through, "GET", "/process/1355?parts=data"))[0] == "200 OK"
        assert (fake.logins, fake.instances["1355"].variables["note"]) == (2, "twice")


LOGGED_IN = says(b'HTTP/1.1 201 Created\r\nSet-Cookie: LtpaToken2=t\r\nContent-Length: 18\r\n\r\n{"csrf_token":"c"}')
USER = Credentials(kind="ibm_session", username="u", password="p")


@pytest.mark.parametrize("kind", [b"Content-Type: text/html\r\n", b""], ids=["HTML", "no type"])
async def test_long_answer_in_a_session_is_not_held_to_see_whether_that_is_over(kind: bytes) -> None:
    read = asyncio.Event()
    body = b"x" * 1_500_000

    async def slow(_request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + kind + b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n%s\r\n" % (len(body), body))
        await read.wait()
        writer.write(b"1\r\ny\r\n0\r\n\r\n")

    async with gate(LOGGED_IN, slow, vendor=ibm_bpm.VENDOR, kind="ibm_session", credentials=USER) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET /door/process/1 HTTP/1.1\r\nHost: gateway:1\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(5):
            first = await reader.readuntil(b"x" * 1000)
            read.set()
            answer = first + await reader.read()
        writer.close()
        assert (answer.count(b"x") >= len(body), answer.endswith(b"y\r\n0\r\n\r\n")) == (True, True)


async def test_page_without_a_media_type_is_a_session_that_is_over() -> None:
    page = says(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html>log in</")
    done = says(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"200"')
    scripts = (LOGGED_IN, page, LOGGED_IN, done)
    async with gate(*scripts, vendor=ibm_bpm.VENDOR, kind="ibm_session", credentials=USER) as door:
        assert (await door.ask("/door/process/1"))[2] == b'{"status":"200"'
        assert len(door.engine.heard) == len(scripts)


async def test_session_is_the_callers_where_credentials_are_forwarded() -> None:
    fake = Fake(sessions=True, csrf=True)
    fake.showcase()
    async with standing(fake, "forward") as (straight, through):
        refused = await asked(straight, "GET", "/process/1355")
        assert await asked(through, "GET", "/process/1355") == refused
        assert (refused[0][:3], refused[1]["WWW-Authenticate"]) == ("401", 'Basic realm="BPMRESTAPI"')
        assert (await asked(through, "GET", "/user/current?parts=none", b"", "Authorization: Basic dTpw"))[
            0
        ] == "200 OK"
        cookie = f"Cookie: LtpaToken2={fake._live}"
        status, _, body = await asked(through, "PUT", "/process/1355/variables", WRITE, cookie)
        assert (status[:3], json.loads(body)["Data"]["errorNumber"]) == ("403", "CWTBG0651E")
        proof = f"BPMCSRFToken: {fake._live}"
        assert (await asked(through, "PUT", "/process/1355/variables", WRITE, cookie, proof))[0] == "200 OK"
        assert fake.logins == 1


OVERRIDES = [
    ("POST", "", ("X-Method-Override: GET", "X-HTTP-Method-Override: DELETE"), 400),
    ("POST", "?x-method-override=DELETE", ("X-Method-Override: GET",), 400),
    ("POST", "", ("X-Method-Override: GET",), 200),
    ("POST", "", ("X-Method-Override: PUT",), 403),
    ("GET", "", ("X-Method-Override: DELETE",), 403),
    ("GET", "?x-http-method-override=put", (), 403),
    ("PUT", "", ("X-Method-Override: GET",), 403),
]


@pytest.mark.parametrize(
    ("method", "query", "headers", "status"),
    OVERRIDES,
    ids=[
        "two headers",
        "query and header",
        "POST as GET",
        "POST as PUT",
        "GET as DELETE",
        "GET as PUT by the query",
        "PUT as GET",
    ],
)
async def test_override_gives_nobody_more_than_its_scope(
    method: str, query: str, headers: tuple[str, ...], status: int
) -> None:
    access = Access((entry(scopes=frozenset({"variables:read"})),))
    async with gate(vendor=ibm_bpm.VENDOR, access=access) as door:
        more = "".join(f"{line}\r\n" for line in ("X-Api-Key: secret", "Content-Length: 0", *headers))
        assert (await door.ask(f"/door/process/1/variables{query}", method, more))[0] == status
        assert len(door.engine.heard) == (status == 200)


FORMS = [
    ("/process", b"action=start&bpdId=25.c", {"instances:start"}, 200),
    ("/process/1", b"tokenId=4&target=x&action=moveToken", {"modification"}, 200),
    ("/process/1", b"%61ction=delete%54oken&tokenId=4", {"modification"}, 200),
    ("/process/1", b"action=comment&comment=x", {"passthrough:write"}, 200),
    ("/process/1", b"action=js&script=tw.local.a%3D1", {"passthrough:write"}, 403),
    ("/process/1?action=js", b"script=tw.local.a%3D1", {"variables:write"}, 200),
    ("/bulk", b"command=PUT:/rest/bpm/wle/v1/process/1/variables", {"passthrough:write", "variables:write"}, 403),
    ("/bulk/", b"command=GET:/rest/bpm/wle/v1/systems", {"admin"}, 200),
    ("/process", b"action=start&bpdId=25.c", {"passthrough:write"}, 403),
    ("/process/1", b"action=moveToken&x-method-override=GET", {"passthrough:write", "variables:read"}, 403),
    ("/process/1?action=comment", b"action=moveToken", {"passthrough:write", "modification"}, 400),
    ("/process/1?action=moveToken", b"action=moveToken", {"modification"}, 200),
    ("/process?bpdId=25.a", b"action=start&bpdId=25.b", {"instances:start"}, 400),
]


@pytest.mark.parametrize(
    ("target", "form", "scopes", "status"), FORMS, ids=[f"{form[1].decode()} at {form[0]}: {form[3]}" for form in FORMS]
)
async def test_form_gives_nobody_more_than_its_scope(target: str, form: bytes, scopes: set[str], status: int) -> None:
    kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
    async with gate(vendor=ibm_bpm.VENDOR, access=Access((entry(scopes=frozenset(scopes)),))) as door:
        assert (await door.ask(f"/door{target}", "POST", f"X-Api-Key: secret\r\n{kind}", form))[0] == status
        assert [heard.body for heard in door.engine.heard] == [form] * (status == 200)
