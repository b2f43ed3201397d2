"""Blobs through ``/v1`` and the real engine: streamed, with name, media type and digest."""

from __future__ import annotations

import base64
import hashlib
import os

import aiohttp
from yarl import URL

from gateway.plan import encode_path
from tests.live.test_gateway import Caller, caller  # noqa: F401 - the fixture


async def send(caller: Caller, method: str, name: str, data=None, **headers: str):  # noqa: F811
    target = caller.base + encode_path(("v1", "instances", f"hr:{caller.instance}", "variables", name, "data"))
    shown = {key.replace("_", "-"): value for key, value in headers.items()}
    async with caller.session.request(method, URL(target, encoded=True), data=data, headers=shown) as answer:
        return answer.status, await answer.read(), answer.headers


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def test_bytes_of_five_megabytes_up_and_down_are_the_same(caller: Caller) -> None:  # noqa: F811
    content = os.urandom(5 * 1024 * 1024)
    assert (await send(caller, "PUT", "blob", content, Content_Digest=digest(content)))[0] == 204
    status, found, headers = await send(caller, "GET", "blob", Want_Content_Digest="sha-256=1")
    assert (status, found == content, headers["Content-Digest"]) == (200, True, digest(content))
    assert (await caller.variables())["blob"]["type"] == "bytes"


async def test_file_keeps_name_media_type_and_encoding(caller: Caller) -> None:  # noqa: F811
    answer = await send(
        caller, "PUT", "scan", "äöü".encode(), Content_Type="text/plain; charset=UTF-8",
        Content_Disposition="attachment; filename*=UTF-8''%C3%A4%20b.txt",
    )  # fmt: skip
    assert answer[0] == 204
    status, found, headers = await send(caller, "GET", "scan")
    assert (status, found) == (200, "äöü".encode())
    assert headers["Content-Disposition"] == "attachment; filename=\"_ b.txt\"; filename*=UTF-8''%C3%A4%20b.txt"
    assert headers["Content-Type"] == "text/plain;charset=UTF-8"
    shown = (await caller.variables())["scan"]
    assert (shown["filename"], shown["mediaType"], shown["encoding"]) == ("ä b.txt", "text/plain", "UTF-8")


async def test_broken_digest_stores_nothing(caller: Caller) -> None:  # noqa: F811
    status, body, _ = await send(caller, "PUT", "blob", os.urandom(300_000), Content_Digest=digest(b"other"))
    assert (status, b"invalid-request" in body) == (400, True)
    assert await caller.variables() == {}


async def test_form_with_the_kind_behind_the_content_is_what_it_says(caller: Caller) -> None:  # noqa: F811
    form = aiohttp.FormData()
    form.add_field("data", b"content", filename="a.bin", content_type="application/x-a")
    form.add_field("valueType", "Bytes")
    assert (await send(caller, "POST", "blob", form))[0] == 204
    assert (await caller.variables())["blob"]["type"] == "bytes"
    form = aiohttp.FormData()
    form.add_field("valueType", "File")
    form.add_field("data", b"content", filename='q".bin', content_type="application/x-a")
    assert (await send(caller, "POST", "file", form))[0] == 204
    assert (await caller.variables())["file"]["type"] == "file"


async def test_form_of_another_kind_is_refused(caller: Caller) -> None:  # noqa: F811
    form = aiohttp.FormData()
    form.add_field("data", b"content", filename="a.bin")
    form.add_field("valueType", "Object")
    assert (await send(caller, "POST", "blob", form))[0] == 400
    assert await caller.variables() == {}


async def test_scalar_has_no_content(caller: Caller) -> None:  # noqa: F811
    assert (await caller.ask("PUT", "variables", "n", body={"value": 1}))[0] == 204
    status, body, _ = await send(caller, "GET", "n")
    assert (status, b"value-invalid" in body) == (422, True)
    assert (await send(caller, "GET", "absent"))[0] == 404
