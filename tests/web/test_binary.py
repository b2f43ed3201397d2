"""Content of variables over HTTP where an engine has no place for it: by its policy, checked, within its limit."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote, unquote

import aiohttp
import pytest
from yarl import URL

from adapters import ibm_bpm
from adapters.ibm_bpm.fake.convert import ANY
from gateway.plan import encode_path
from gateway.port import Credentials
from tests.web.conftest import Site

CONTENT = bytes(range(256))
TEXT = base64.b64encode(CONTENT).decode()


def digest(content: bytes, name: str = "sha-256") -> str:
    running = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}[name]
    return f"{name}=:{base64.b64encode(running(content).digest()).decode()}:"


async def site_of(started, policy: str, **limits: Any) -> Site:
    site = Site(**limits)
    settings = ibm_bpm.VENDOR.settings(binary=policy)
    if policy == "envelope":
        instance = site.fakes["claims"].instances[site.claims.partition(":")[2]]
        instance.shapes["note"], instance.variables["note"] = ANY, {"an": "object"}
    site.engines["claims"] = ibm_bpm.VENDOR.engine("claims", settings, Credentials())
    return await started(site)


async def data(site: Site, method: str, body: Any = None, name: str = "note", **headers: str):
    target = encode_path(("v1", "instances", site.claims, "variables", name, "data"))
    shown = {key.replace("_", "-"): value for key, value in headers.items()}
    url = URL(f"http://127.0.0.1:{site.port}{target}", encoded=True)
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body, headers=shown) as answer:
        return answer.status, await answer.read(), answer.headers


def stored(site: Site) -> Any:
    return site.fakes["claims"].instances[site.claims.partition(":")[2]].variables["note"]


async def test_engine_that_refuses_content_is_asked_nothing_that_writes(started) -> None:
    site = await site_of(started, "refuse")
    status, body, _ = await data(site, "PUT", CONTENT)
    assert (status, b"capability-unsupported" in body, site.writes) == (422, True, [])


async def test_content_as_base64_is_a_text_and_says_so(started) -> None:
    site = await site_of(started, "base64")
    status, _, headers = await data(site, "PUT", CONTENT, Content_Digest=digest(CONTENT))
    assert (status, headers["Gateway-Rules"], stored(site)) == (204, 'binary-to-base64;name="note"', TEXT)
    assert (await data(site, "GET"))[:2] == (200, CONTENT)


async def test_text_that_is_not_base64_has_no_content(started) -> None:
    site = await site_of(started, "base64")
    status, body, _ = await data(site, "GET")
    assert (status, b"value-invalid" in body) == (422, True)


async def test_envelope_in_a_variable_that_holds_a_text_is_a_text_and_is_recognised(started) -> None:
    site = await site_of(started, "envelope")
    site.fakes["claims"].instances[site.claims.partition(":")[2]].variables["note"] = "a text"
    named = {"Content_Disposition": 'attachment; filename="a.b"'}
    assert (await data(site, "PUT", CONTENT, Content_Type="a/b", **named))[0] == 204
    envelope = {"@type": "varbridge.file", "filename": "a.b", "mediaType": "a/b", "encoding": None, "data": TEXT}
    assert json.loads(stored(site)) == envelope
    status, body, headers = await data(site, "GET")
    assert (status, body, headers["Content-Type"]) == (200, CONTENT, "a/b")


NAMES = ["a.txt", 'q"uote', "line\r\nbreak", "ä€😀", "back\\slash", "semi;colon", "..", "a/b"]


@pytest.mark.parametrize("filename", NAMES)
async def test_envelope_keeps_name_media_type_and_encoding(started, filename: str) -> None:
    site = await site_of(started, "envelope")
    sent = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    kind = "text/plain;charset=UTF-8"
    status, _, headers = await data(site, "PUT", CONTENT, Content_Type=kind, Content_Disposition=sent)
    assert (status, "Gateway-Rules" in headers) == (204, False)
    envelope = {"filename": filename, "mediaType": "text/plain", "encoding": "UTF-8", "data": TEXT}
    assert stored(site) == {"@type": "varbridge.file", **envelope}
    status, body, headers = await data(site, "GET")
    assert (status, body, headers["Content-Digest"]) == (200, CONTENT, digest(CONTENT))
    assert headers["Content-Type"].replace(" ", "") == kind
    plain, _, extended = headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert (unquote(extended), plain.count('"'), plain.isascii()) == (filename, 2, True)


@pytest.mark.parametrize("word", ["valueType", "variableType"])
@pytest.mark.parametrize("first", [False, True])
async def test_form_says_what_it_is_before_or_behind_the_content(started, word: str, first: bool) -> None:
    site = await site_of(started, "envelope")
    form = aiohttp.FormData(default_to_multipart=True)
    if first:
        form.add_field(word, "Bytes")
    form.add_field("data", CONTENT, filename="a.bin", content_type="application/x-a")
    if not first:
        form.add_field(word, "Bytes")
    assert (await data(site, "POST", form))[0] == 204
    assert (stored(site)["filename"], stored(site)["data"]) == (None, TEXT)


def form_of(*fields: tuple[str, Any, dict[str, str]]) -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, content, more in fields:
        form.add_field(name, content, **more)
    return form


FILE = {"filename": "a.bin"}
LATIN_FORM = b'--b\r\nContent-Disposition: form-data; name="data"; filename="\xfc.txt"\r\n\r\nx\r\n--b--\r\n'
BROKEN_FORM = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nhalf'
WRONG = {
    "another type": lambda: (form_of(("data", b"x", FILE), ("valueType", "Object", {})), {}),
    "the engine's own form for objects": lambda: (
        form_of(("data", b"{}", {"content_type": "application/json"}), ("type", "java.util.Map", {})),
        {},
    ),
    "no data": lambda: (form_of(("valueType", "File", {}), ("valueType", "File", {})), {}),
    "unknown part": lambda: (form_of(("other", b"x", FILE), ("data", b"x", FILE)), {}),
    "file without a name": lambda: (form_of(("data", "x", {}), ("valueType", "File", {})), {}),
    "no boundary": lambda: (b"x", {"Content_Type": "multipart/form-data"}),
    "two contents": lambda: (form_of(("data", b"x", FILE), ("data", b"x", FILE)), {}),
    "no end": lambda: (BROKEN_FORM, {"Content_Type": "multipart/form-data; boundary=b"}),
    "mixed": lambda: (b"--b--", {"Content_Type": "multipart/mixed; boundary=b"}),
    "packed": lambda: (b"x", {"Content_Encoding": "gzip"}),
    "another digest": lambda: (CONTENT, {"Content_Digest": digest(b"other")}),
    "one digest of two": lambda: (CONTENT, {"Content_Digest": f"{digest(CONTENT)}, {digest(b'x', 'sha-512')}"}),
    "unknown digest": lambda: (CONTENT, {"Content_Digest": "md5=:AAAA:"}),
    "no digest": lambda: (CONTENT, {"Content_Digest": "sha-256=:A:"}),
    "over the limit": lambda: (b"x" * 5001, {}),
    "file name of other letters in a form": lambda: (LATIN_FORM, {"Content_Type": "multipart/form-data; boundary=b"}),
}


@pytest.mark.parametrize("name", WRONG)
async def test_upload_that_is_not_as_it_should_be_stores_nothing(started, name: str) -> None:
    site = await site_of(started, "envelope", max_body_bytes=5000)
    before = stored(site)
    body, headers = WRONG[name]()
    status, answer, _ = await data(site, "PUT" if isinstance(body, bytes) else "POST", body, **headers)
    assert (status in {400, 413, 415, 422}, b'"code"' in answer) == (True, True), (status, answer)
    assert (stored(site), site.writes) == (before, [])


async def test_digest_of_either_kind_is_good(started) -> None:
    site = await site_of(started, "envelope")
    both = f"{digest(CONTENT)}, {digest(CONTENT, 'sha-512')}"
    assert (await data(site, "PUT", CONTENT, Content_Digest=both))[0] == 204


@pytest.mark.usefixtures("idle_time")
@pytest.mark.parametrize("sent", [b"--b\r\nContent-Dispo", BROKEN_FORM, b"--b\r\n"])
async def test_form_that_stops_is_cut_off(started, sent: bytes) -> None:
    site = await site_of(started, "envelope", body_read_timeout_s=0.2)
    target = encode_path(("v1", "instances", site.claims, "variables", "note", "data"))
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    answer = await site.raw(head.encode() + b"Content-Length: 1000\r\n\r\n" + sent)
    assert (answer[:12], site.writes) == (b"HTTP/1.1 400", [])


@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize(
    "head",
    [
        b'Content-Disposition: attachment; filename="\xfc.txt"',
        b"Content-Disposition: attachment; filename=\xfc.txt",
        b'Content-Type: text/\xfc\r\nContent-Disposition: attachment; filename="a"',
        b'Content-Type: text/plain; charset=\xfc\r\nContent-Disposition: attachment; filename="a"',
    ],
)
async def test_header_that_is_not_utf_8_is_refused_and_not_guessed(started, owner: str, head: bytes) -> None:
    site = await site_of(started, "envelope")
    target = encode_path(("v1", "instances", getattr(site, owner), "variables", "note", "data")).encode()
    sent = b"PUT " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" + head + b"\r\n\r\nx"
    answer = await site.raw(sent)
    assert (answer.split(b" ")[1], site.writes) == (b"400", [])
