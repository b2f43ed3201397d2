"""``…/variables/{name}/data`` in Camunda's language, on an instance of either vendor, carried out as commands."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest

from adapters.ibm_bpm.fake.convert import ANY
from gateway.access import Access
from tests.web.across import Across, Answer, across
from tests.web.conftest import entry
from tests.web.gate import gate
from tests.wire.scripted import says

CONTENT = bytes(range(256)) * 4
TEXT = base64.b64encode(CONTENT).decode()
LIMITED = {"masked": ["secret*"]}
"""Masks: then requests at Camunda's own instances are carried out as commands, too."""
KEY = {"X_Api_Key": "secret"}
FORM = {"Content_Type": "multipart/form-data; boundary=b"}
Part = tuple[str, bytes] | tuple[str, bytes, str]


def form(*parts: Part) -> bytes:
    """A form; of each part the rest of ``Content-Disposition`` behind its name, its content, and its media type."""
    body = b""
    for part in parts:
        kind = f"Content-Type: {part[2]}\r\n" if len(part) > 2 else ""
        body += f"--b\r\nContent-Disposition: form-data; name={part[0]}\r\n{kind}\r\n".encode() + part[1] + b"\r\n"
    return body + b"--b--\r\n"


def content(data: bytes = CONTENT, kind: str = "text/plain; encoding=UTF-8", name: str = "a.txt") -> Part:
    return f'"data"; filename="{name}"', data, kind


FILE: Part = ('"valueType"', b"File", "text/plain")
ENVELOPE = {
    "@type": "varbridge.file",
    "filename": "a.txt",
    "mediaType": "text/plain",
    "encoding": "UTF-8",
    "data": TEXT,
}


class Site:
    """The gateway, and a variable that holds content, on either owner."""

    def __init__(self, across: Across, owner: str) -> None:
        self.across, self.owner = across, owner
        self.instance = getattr(across, owner)
        self.path = f"/process-instance/{owner}:{self.instance}/variables/note/data"

    async def ask(self, method: str, path: str | None = None, body: bytes | None = None, **headers: str) -> Answer:
        shown = KEY | (FORM if body is not None else {}) | headers
        return await self.across.camunda(method, path or self.path, raw=body, **shown)

    @property
    def variables(self) -> dict[str, Any]:
        return self.across.fakes[self.owner].instances[self.instance].variables

    @property
    def stored(self) -> Any:
        """What the variable holds: its type, base64 and file name, or what IBM's server holds in their place."""
        note = self.variables["note"]
        return note if self.owner == "claims" else (note.type, note.value, note.info.get("filename"))


@pytest.fixture(params=["hr", "claims"])
async def site(request: Any) -> AsyncIterator[Site]:
    async with across(LIMITED, engines={"claims": {"binary": "envelope"}}, limits={"max_body_bytes": 5000}) as made:
        instance = made.fakes["claims"].instances[made.claims]
        instance.shapes["note"], instance.variables["note"] = ANY, {"an": "object"}
        yield Site(made, request.param)


@pytest.fixture
async def claims(request: Any) -> AsyncIterator[Site]:
    async with across({}, engines={"claims": {"binary": getattr(request, "param", "envelope")}}) as made:
        yield Site(made, "claims")


# Written and read


@pytest.mark.parametrize("parts", [(content(), FILE), (FILE, content())], ids=["type behind", "type in front"])
async def test_file_keeps_name_media_type_and_encoding(site: Site, parts: tuple[Part, ...]) -> None:
    written = await site.ask("POST", body=form(*parts))
    assert (written.status, written.body) == (204, b"")
    assert site.stored == (ENVELOPE if site.owner == "claims" else ("File", TEXT, "a.txt"))
    read = await site.ask("GET")
    assert (read.status, read.body) == (200, CONTENT)
    shown = {name: read.headers[name] for name in ("content-type", "content-disposition", "cache-control")}
    assert shown == {
        "content-type": "text/plain;charset=UTF-8",
        "content-disposition": "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt",
        "cache-control": "no-cache",
    }
    assert read.headers["content-length"] == str(len(CONTENT))
    head = await site.ask("HEAD")
    assert (head.status, head.body, head.headers["content-disposition"]) == (200, b"", shown["content-disposition"])


async def test_content_is_the_same_at_v1_both_ways(site: Site) -> None:
    there = f"/instances/{site.owner}:{site.instance}/variables/note/data"
    assert (await site.ask("POST", body=form(content(), FILE))).status == 204
    ours, own = await site.across.v1("GET", there, **KEY), await site.ask("GET")
    assert (ours.body, ours.headers["content-disposition"]) == (own.body, own.headers["content-disposition"])
    written = await site.across.v1("PUT", there, raw=b"other", **KEY, Content_Type="application/octet-stream")
    assert written.status == 204
    read = await site.ask("GET")
    assert (read.body, read.headers["content-type"]) == (b"other", "application/octet-stream")


WORDS: dict[str, tuple[Part, ...]] = {
    "no type": (),
    "Bytes": (('"valueType"', b"Bytes"),),
    "small letter": (('"valueType"', b"bytes"),),
    "the page's word": (('"variableType"', b"Bytes"),),
    "both words": (('"variableType"', b"Bytes"), ('"valueType"', b"bytes")),
}


@pytest.mark.parametrize("words", WORDS)
async def test_bytes_have_content_alone(site: Site, words: str) -> None:
    assert (await site.ask("POST", body=form(content(), *WORDS[words]))).status == 204
    bare = {"filename": None, "mediaType": None, "encoding": None}
    assert site.stored == (ENVELOPE | bare if site.owner == "claims" else ("Bytes", TEXT, None))
    read = await site.ask("GET")
    assert (read.status, read.body, read.headers["content-type"]) == (200, CONTENT, "application/octet-stream")
    assert "content-disposition" not in read.headers


async def test_word_of_the_page_is_understood_as_the_engines(site: Site) -> None:
    assert (await site.ask("POST", body=form(content(), ('"variableType"', b"File")))).status == 204
    assert site.stored == (ENVELOPE if site.owner == "claims" else ("File", TEXT, "a.txt"))


async def test_file_of_json_is_a_file(site: Site) -> None:
    for data in (b'{"a": 1}', b"[" + b"1," * 3000 + b"1]"):
        answer = await site.ask("POST", body=form(content(data, "application/json"), FILE))
        assert answer.status == (413 if len(data) > 5000 and site.owner == "claims" else 204)
        if answer.status == 204:
            read = await site.ask("GET")
            assert (read.body, read.headers["content-type"]) == (data, "application/json")


async def test_empty_content_is_kept(site: Site) -> None:
    assert (await site.ask("POST", body=form(content(b"")))).status == 204
    read = await site.ask("GET")
    assert (read.status, read.body, read.headers["content-length"]) == (200, b"", "0")


NAMES = {"letters": "ä€😀.txt", "semicolon": "semi;colon", "backslash": "back\\\\slash", "dots": "..", "slash": "a/b"}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_name_of_a_file_is_read_as_it_was_written(claims: Site, name: str) -> None:
    assert (await claims.ask("POST", body=form(content(name=name), FILE))).status == 204
    kept = name.replace("\\\\", "\\")
    assert json.loads(claims.stored)["filename"] == kept
    shown = (await claims.ask("GET")).headers["content-disposition"]
    plain, _, extended = shown.partition("; filename*=UTF-8''")
    assert (plain.isascii(), plain.count('"')) == (True, 2)
    assert unquote(extended) == kept


async def test_content_longer_than_a_json_body_streams_where_the_engine_streams(site: Site) -> None:
    data = CONTENT * 20
    answer = await site.ask("POST", body=form(content(data), FILE))
    assert answer.status == (204 if site.owner == "hr" else 413)
    if answer.status == 204:
        assert (await site.ask("GET")).body == data
    else:
        assert (answer.json["type"], site.stored) == ("PayloadTooLarge", {"an": "object"})


async def test_local_variables_of_ibm_are_the_instances(claims: Site) -> None:
    claims.variables["note"] = json.dumps(ENVELOPE)
    path = f"/execution/{claims.instance}/localVariables/note/data"
    assert (await claims.ask("GET", path)).body == CONTENT
    assert (await claims.ask("POST", path, form(content(b"x")))).status == 204
    assert json.loads(claims.stored)["data"] == base64.b64encode(b"x").decode()


async def test_content_of_an_execution_inside_is_its_own(site: Site) -> None:
    fake = site.across.fakes["hr"]
    root = fake.start("parallelScope", {})
    inner = next(each.id for each in fake.instances[root].places.values() if each.kind == "execution")
    path = f"/execution/hr:{inner}/localVariables/note/data"
    assert (await site.ask("POST", path, form(content(), FILE))).status == 204
    assert (await site.ask("GET", path)).body == CONTENT
    assert "note" not in fake.instances[root].variables
    assert fake.instances[root].places[inner].variables["note"].type == "File"


def limited_gate(*scripts: Any) -> Any:
    return gate(*scripts, access=Access((entry(masked=("secret",)),)))


GET = b"GET /door/process-instance/1/variables/a/data HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"


async def test_content_is_handed_on_as_it_comes() -> None:
    seen = asyncio.Event()

    async def in_halves(_request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 10\r\n\r\nfirst")
        await writer.drain()
        await seen.wait()
        writer.write(b"later")

    async with limited_gate(in_halves) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(GET + b"Connection: close\r\n\r\n")
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(5) == b"first"
            seen.set()
            assert await reader.read() == b"later"
        writer.close()
        assert b"Content-Length: 10\r\n" in head


async def test_content_of_no_known_length_is_whole() -> None:
    chunks = b"5\r\nfirst\r\n5\r\nlater\r\n0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    async with limited_gate(says(answer)) as door:
        raw = await door.send(GET + b"Connection: close\r\n\r\n")
        assert raw.startswith(b"HTTP/1.1 200 ")
        assert (b"Content-Length" in raw, raw.endswith(b"0\r\n\r\n")) == (False, True)
        assert raw.count(b"first") == raw.count(b"later") == 1


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ],
    ids=["length", "chunks"],
)
async def test_content_that_breaks_off_is_never_a_clean_short_one(answer: bytes, method: bytes) -> None:
    async with limited_gate(says(answer, close=True)) as door:
        asked = GET.replace(b"GET", method, 1) + b"Connection: close\r\n\r\n"
        try:
            raw = await door.send(asked)
        except ConnectionResetError:
            return
        assert not raw.endswith(b"0\r\n\r\n")
        assert b"Content-Length: 5\r\n" not in raw
        assert method == b"GET" or raw.endswith(b"\r\n\r\n")


# By the policy of IBM's engine


@pytest.mark.parametrize("claims", ["refuse"], indirect=True)
async def test_engine_that_refuses_content_is_sent_nothing(claims: Site) -> None:
    before = claims.stored
    answer = await claims.ask("POST", body=form(content(), FILE))
    assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
    assert answer.json["message"].startswith("Cannot put process instance variable note: ")
    assert (claims.across.heard, claims.stored) == ([], before)


@pytest.mark.parametrize("claims", ["base64"], indirect=True)
async def test_content_as_base64_is_a_text_and_says_so(claims: Site) -> None:
    answer = await claims.ask("POST", body=form(content(), FILE))
    assert (answer.status, answer.headers["gateway-rules"]) == (204, 'binary-to-base64;name="note"')
    assert claims.stored == TEXT
    read = await claims.ask("GET")
    assert (read.body, read.headers["content-type"]) == (CONTENT, "application/octet-stream")
    assert "content-disposition" not in read.headers


@pytest.mark.parametrize("claims", ["refuse", "base64", "envelope"], indirect=True)
async def test_variable_that_is_no_content_is_400_with_the_vendors_sentence(claims: Site) -> None:
    answer = await claims.ask("GET")
    assert (answer.status, answer.json) == (
        400,
        {
            "type": "InvalidRequestException",
            "message": f"Value of variable with id claims:{claims.instance} is not a binary value.",
            "code": None,
        },
    )


# What is not there, hidden, or not allowed


async def test_missing_variable_is_404_with_the_vendors_sentence(site: Site) -> None:
    answer = await site.ask("GET", site.path.replace("note", "nope"))
    assert (answer.status, answer.json) == (
        404,
        {
            "type": "InvalidRequestException",
            "message": "process instance variable with name nope does not exist",
            "code": None,
        },
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_missing_instance_is_500_with_the_vendors_sentence(site: Site, method: str) -> None:
    path = f"/process-instance/{site.owner}:99/variables/note/data"
    answer = await site.ask(method, path, form(content()) if method == "POST" else None)
    verb = "put" if method == "POST" else "get"
    assert (answer.status, answer.json) == (
        500,
        {
            "type": "RestException",
            "message": f"Cannot {verb} process instance variable note: execution {site.owner}:99 doesn't exist: "
            "execution is null",
            "code": 0,
        },
    )


async def test_masked_content_is_refused_and_nothing_is_asked(site: Site) -> None:
    answer = await site.ask("GET", site.path.replace("note", "secretNote"))
    assert (answer.status, answer.json["type"], site.across.engines) == (403, "Forbidden", [])


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_name_that_the_caller_may_not_touch_is_refused(owner: str, method: str) -> None:
    async with across({"variables": ["amount"]}) as made:
        site = Site(made, owner)
        answer = await site.ask(method, body=form(content()) if method == "POST" else None)
        assert (answer.status, made.engines) == (403, [])


async def test_caller_without_the_scope_to_write_may_read_only() -> None:
    async with across({"scopes": ["variables:read"]}, engines={"claims": {"binary": "envelope"}}) as made:
        site = Site(made, "claims")
        site.variables["note"] = json.dumps(ENVELOPE)
        assert (await site.ask("GET")).body == CONTENT
        assert (await site.ask("POST", body=form(content()))).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_method_is_405(site: Site, method: str) -> None:
    answer = await site.ask(method, body=form(content()))
    assert (answer.status, answer.json["type"]) == (405, "NotAllowedException")
    assert site.across.engines == []


# Forms that say what cannot be


LATIN = b'--b\r\nContent-Disposition: form-data; name="data"; filename="\xfc.txt"\r\n\r\nx\r\n--b--\r\n'
JSON_TYPE = "application/json"
BAD: dict[str, tuple[bytes, dict[str, str], int]] = {
    "JSON": (b'{"value": 1}', {"Content_Type": JSON_TYPE}, 415),
    "bytes alone": (CONTENT, {"Content_Type": "application/octet-stream"}, 415),
    "mixed": (form(content()), {"Content_Type": "multipart/mixed; boundary=b"}, 415),
    "packed": (form(content()), {"Content_Encoding": "gzip"}, 415),
    "no boundary": (form(content()), {"Content_Type": "multipart/form-data"}, 400),
    "another boundary": (form(content()), {"Content_Type": "multipart/form-data; boundary=c"}, 400),
    "empty": (b"", {}, 400),
    "no end": (form(content())[:-40], {}, 400),
    "no data": (form(FILE), {}, 400),
    "two contents": (form(content(), content()), {}, 400),
    "unknown part in front": (form(('"other"', b"x"), content()), {}, 400),
    "unknown part behind": (form(content(), ('"other"', b"x")), {}, 400),
    "type that is no content in front": (form(('"valueType"', b"String"), content()), {}, 400),
    "type that is no content behind": (form(content(), ('"valueType"', b"Object")), {}, 400),
    "type of the page's example": (form(content(), ('"variableType"', b"serializable")), {}, 400),
    "type in capitals": (form(content(), ('"valueType"', b"BYTES")), {}, 400),
    "types that differ": (form(content(), FILE, ('"variableType"', b"Bytes")), {}, 400),
    "type twice": (form(content(), FILE, FILE), {}, 400),
    "type that is long": (form(content(), ('"valueType"', b"x" * 2000)), {}, 400),
    "file without a name": (form(('"data"', b"x"), FILE), {}, 400),
    "file with an empty name": (form(FILE, content(name="")), {}, 400),
    "file of no media type": (form(content(kind="none"), FILE), {}, 400),
    "transient file": (form(content(kind="a/b; transient=true"), FILE), {}, 400),
    "file name that is no UTF-8": (LATIN, {}, 400),
    "class of somebody's own": (form(content(b"{}", JSON_TYPE), ('"type"', b"foo.bar.Customer")), {}, 400),
    "list of somebody's own": (form(content(b"[]", JSON_TYPE), ('"type"', b"java.util.List<foo.Bar>")), {}, 400),
    "class of another text": (form(content(b"{}", "text/plain"), ('"type"', b"java.util.Map")), {}, 400),
    "class behind another text": (form(('"type"', b"java.util.Map"), content(b"{}", "text/plain")), {}, 400),
    "class and type": (form(content(b"{}", JSON_TYPE), ('"type"', b"java.util.Map"), FILE), {}, 400),
    "class of no JSON": (form(content(b"{", JSON_TYPE), ('"type"', b"java.util.Map")), {}, 400),
    "name twice in JSON": (form(content(b'{"a":1,"a":2}', JSON_TYPE), ('"type"', b"java.util.Map")), {}, 400),
    "map that is a list": (form(content(b"[]", JSON_TYPE), ('"type"', b"java.util.Map")), {}, 400),
    "list that is a map": (form(content(b"{}", JSON_TYPE), ('"type"', b"java.util.List")), {}, 400),
    "class of long JSON": (
        form(content(b'["' + b"x" * 5000 + b'"]', JSON_TYPE), ('"type"', b"java.util.List")), {}, 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
async def test_form_that_is_not_as_it_should_be_stores_nothing(site: Site, case: str) -> None:
    body, headers, status = BAD[case]
    before = copy.deepcopy(site.stored)
    answer = await site.ask("POST", body=body, **headers)
    if case == "class of long JSON" and site.owner == "claims":
        status = 413
    assert (answer.status, list(answer.json)) == (status, ["type", "message", "code"]), answer.body
    assert site.stored == before
    assert [request for _, request in site.across.heard if request.method != "GET"] == []


# The deprecated form


OBJECTS = {
    "map": (b'{"b": [1.50, null], "a": {}}', b"java.util.LinkedHashMap"),
    "map with its parameters": (b'{"a": 1}', b"java.util.HashMap<java.lang.String,java.lang.Object>"),
    "list": (b'["foo", "bar"]', b"java.util.ArrayList<java.lang.Object>"),
}


@pytest.mark.parametrize("first", [False, True], ids=["class behind", "class in front"])
@pytest.mark.parametrize("case", OBJECTS)
async def test_json_of_a_plain_class_is_an_object(site: Site, case: str, first: bool) -> None:
    data, name = OBJECTS[case]
    parts = [content(data, "application/json; charset=US-ASCII"), ('"type"', name, "text/plain")]
    answer = await site.ask("POST", body=form(*(reversed(parts) if first else parts)))
    assert answer.status == 204, answer.body
    shown = await site.across.v1("GET", f"/instances/{site.owner}:{site.instance}/variables/note", **KEY)
    assert json.loads(shown.body)["value"] == json.loads(data)
    if site.owner == "hr":
        note = site.variables["note"]
        plain = "java.util.ArrayList" if data[:1] == b"[" else "java.util.LinkedHashMap"
        assert (note.type, note.info["objectTypeName"]) == ("Object", plain)


# Bare ids: an upload is sent once


def uploads(site: Across) -> list[str]:
    return [name for name, request in site.heard if request.method in {"POST", "PUT"}]


async def chunked(site: Across, path: str, body: bytes) -> Answer:
    framed = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in (body[:50], body[50:]))
    headers = {"Content_Length": "", "Transfer_Encoding": "chunked"}
    return await site.camunda("POST", path, raw=framed + b"0\r\n\r\n", **FORM, **KEY, **headers)


async def test_short_upload_goes_to_the_engine_of_the_door_and_then_to_the_owner(claims: Site) -> None:
    site, path = claims.across, f"/process-instance/{claims.instance}/variables/note/data"
    assert (await site.camunda("POST", path, raw=form(content(), FILE), **FORM, **KEY)).status == 204
    assert (uploads(site), json.loads(claims.stored)) == (["hr", "claims"], ENVELOPE)
    site.forget()
    assert (await site.camunda("POST", path, raw=form(content(b"x")), **FORM, **KEY)).status == 204
    assert set(site.engines) == {"claims"}


async def test_upload_of_unknown_length_goes_to_the_owner_alone(claims: Site) -> None:
    path = f"/process-instance/{claims.instance}/variables/note/data"
    assert (await chunked(claims.across, path, form(content(), FILE))).status == 204
    assert (uploads(claims.across), json.loads(claims.stored)) == (["claims"], ENVELOPE)


@pytest.mark.parametrize("send", ["long", "chunked"])
async def test_upload_to_the_door_s_own_engine_is_relayed_after_a_question_if_it_cannot_be_sent_twice(
    send: str,
) -> None:
    async with across({}, limits={"max_body_bytes": 5000}) as made:
        instances = made.fakes["hr"].instances
        instances["7"] = instances[made.hr]
        instances["7"].id = made.hr = "7"  # an id that an instance of the other engine could have
        site, path = Site(made, "hr"), "/process-instance/7/variables/note/data"
        body = form(content(CONTENT * 20), FILE)
        for asked in (["GET", "POST"], ["POST"]):
            made.forget()
            if send == "chunked":
                answer = await chunked(made, path, body)
            else:
                answer = await made.camunda("POST", path, raw=body, **FORM, **KEY)
            assert (answer.status, [request.method for _, request in made.heard]) == (204, asked)
            assert (set(made.engines), site.stored[0]) == ({"hr"}, "File")
        assert site.stored == ("File", base64.b64encode(CONTENT * 20).decode(), "a.txt")


async def test_short_upload_to_the_door_s_own_engine_costs_no_question() -> None:
    async with across() as made:
        path = f"/process-instance/{made.hr}/variables/note/data"
        assert (await made.camunda("POST", path, raw=form(content(), FILE), **FORM)).status == 204
        assert (made.engines, made.planned) == (["hr"], [])


async def test_long_upload_of_an_instance_that_nobody_has_gets_the_answer_of_the_door_s_engine() -> None:
    async with across(limits={"max_body_bytes": 500}) as made:
        answer = await made.camunda("POST", "/process-instance/99/variables/a/data", raw=form(content()), **FORM)
        assert (answer.status, answer.json["code"]) == (500, 0)
        assert uploads(made) == ["hr"]


async def test_upload_of_a_limited_caller_by_a_bare_id_is_sent_once(site: Site) -> None:
    path = f"/process-instance/{site.instance}/variables/note/data"
    assert (await site.ask("POST", path, form(content(), FILE))).status == 204
    assert set(uploads(site.across)) == {site.owner}
    assert site.stored == (ENVELOPE if site.owner == "claims" else ("File", TEXT, "a.txt"))


async def test_content_of_a_bare_id_is_read_from_the_owner(claims: Site) -> None:
    claims.variables["note"] = json.dumps(ENVELOPE)
    path = f"/process-instance/{claims.instance}/variables/note/data"
    assert (await claims.ask("GET", path)).body == CONTENT
    claims.across.forget()
    assert (await claims.ask("GET", path)).body == CONTENT
    assert set(claims.across.engines) == {"claims"}


async def test_upload_while_the_other_engine_is_down_is_noticed_only_where_it_may_be_the_owner() -> None:
    async with across(down=("claims",), limits={"max_body_bytes": 500}) as made:
        for instance, status in ((made.hr, 204), (made.claims, 503)):
            path = f"/process-instance/{instance}/variables/note/data"
            answer = await made.camunda("POST", path, raw=form(content()), **FORM)
            assert answer.status == status


# A caller that goes away


async def test_upload_of_a_caller_that_goes_away_stores_nothing(site: Site) -> None:
    before = copy.deepcopy(site.stored)
    head = f"POST /engine-rest{site.path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: secret\r\nContent-Length: 100000\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", site.across.port)
    writer.write(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + form(content())[:-30])
    await writer.drain()
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer[:12] in {b"", b"HTTP/1.1 400"}
    assert site.stored == before
    assert [request for _, request in site.across.heard if request.method != "GET"] == []
    assert (await site.ask("POST", body=form(content(b"x")))).status == 204
