"""IBM's values over ``/v1``: objects whose shape is refused, and bytes on an engine that has none."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest

from adapters.ibm_bpm.settings import Settings
from tests.web.conftest import Site

WRONG = {"value": {"name": "Ada", "colour": "red"}}
OCTETS = {"Content_Type": "application/octet-stream"}
TEXT_FILE = {"Content_Type": "text/plain; charset=UTF-8", "Content_Disposition": 'attachment; filename="a.txt"'}


def keeping(site: Site, **settings: Any) -> Site:
    site.engines["claims"].settings = Settings(**settings)
    return site


def shown(site: Site, name: str) -> Any:
    return site.fakes["claims"].instances[site.claims.partition(":")[2]].variables[name]


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("PUT", ("instances", "{}", "variables", "customer"), WRONG, "/value"),
        ("PATCH", ("instances", "{}", "variables"), {"modifications": {"customer": WRONG}}, "/modifications/customer"),
        ("POST", ("instances",), {"definition": "Claim", "variables": {"customer": WRONG}}, "/variables/customer"),
        ("POST", ("tasks", "claims:1355004", "complete"), {"variables": {"customer": WRONG}}, "/variables/customer"),
    ],
    ids=["put", "patch", "start", "complete"],
)
async def test_shape_that_ibm_refuses_is_an_invalid_value_at_the_variable(
    site: Site, method: str, path: tuple[str, ...], body: dict[str, Any], pointer: str
) -> None:
    where = tuple(site.claims if each == "{}" else each for each in path)
    query = "engine=claims" if path == ("instances",) else ""
    status, problem, _ = await site.ask(method, *where, body=body, query=query)
    assert (status, problem["code"]) == (422, "value-invalid")
    assert (problem["engineStatus"], problem["engineCode"], problem["outcome"]) == (400, "CWTBG0012E", "not_applied")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert "refused the object's shape" in problem["detail"]


async def test_text_that_is_strict_base64_is_fetched_as_its_bytes(site: Site) -> None:
    keeping(site, binary="base64")
    data = ("instances", site.claims, "variables", "note", "data")
    assert (await site.ask("GET", *data))[0] == 422  # "please check"
    assert (await site.ask("PUT", *data, body=b"\0\xff binary", **OCTETS))[0] == 204
    assert shown(site, "note") == base64.b64encode(b"\0\xff binary").decode()
    head, _, content = (await fetched(site, "note")).partition(b"\r\n\r\n")
    assert (head.split(b" ")[1], content) == (b"200", b"\0\xff binary")
    digest = base64.b64encode(hashlib.sha256(content).digest())
    assert b"Content-Digest: sha-256=:" + digest in head
    assert b"Content-Length: 9" in head


async def test_file_in_a_text_is_an_envelope_and_comes_back_as_the_file(site: Site) -> None:
    keeping(site, binary="envelope")
    variable = ("instances", site.claims, "variables", "note")
    assert (await site.ask("PUT", *variable, "data", body=b"hello", **TEXT_FILE))[0] == 204
    envelope = {"@type": "varbridge.file", "filename": "a.txt", "mediaType": "text/plain", "encoding": "UTF-8"}
    assert json.loads(shown(site, "note")) == {**envelope, "data": "aGVsbG8="}
    _, found, _ = await site.ask("GET", *variable)
    assert {key: found[key] for key in ("type", "value", "filename", "mediaType", "encoding")} == {
        "type": "file", "value": "aGVsbG8=", "filename": "a.txt", "mediaType": "text/plain", "encoding": "UTF-8",
    }  # fmt: skip
    head, _, content = (await fetched(site, "note")).partition(b"\r\n\r\n")
    assert content == b"hello"
    assert b"Content-Type: text/plain; charset=UTF-8" in head
    assert b'filename="a.txt"' in head


async def test_data_of_what_holds_no_bytes_is_422_in_every_setting(site: Site) -> None:
    for kind in ("refuse", "base64", "envelope"):
        keeping(site, binary=kind)
        for name in ("amount", "customer", "positions", "approved", "note"):
            status, problem, _ = await site.ask("GET", "instances", site.claims, "variables", name, "data")
            assert (kind, name, status, problem["code"]) == (kind, name, 422, "value-invalid")


async def fetched(site: Site, name: str) -> bytes:
    """The answer to ``GET …/data``, head and content."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    path = f"/v1/instances/{site.claims.replace(':', '%3A')}/variables/{name}/data"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


MERGE = "application/merge-patch+json"


@pytest.mark.parametrize("setting", ["set_null", "refuse"])
@pytest.mark.parametrize(
    ("method", "rest", "body", "kind", "pointer"),
    [
        ("PATCH", (), {"deletions": ["nope"]}, "application/json", "/deletions/0"),
        ("PATCH", (), {"nope": None}, MERGE, "/nope"),
        ("DELETE", ("nope",), None, "application/json", ""),
    ],
    ids=["patch", "merge-patch", "delete"],
)
async def test_refused_deletion_is_pointed_at_where_the_caller_wrote_it(
    site: Site, setting: str, method: str, rest: tuple[str, ...], body: Any, kind: str, pointer: str
) -> None:
    path = ("instances", site.claims, "variables", *rest)
    status, problem, _ = await keeping(site, deletions=setting).ask(method, *path, body=body, Content_Type=kind)
    assert status == (404 if setting == "set_null" else 422)
    assert [each["pointer"] for each in problem["errors"]] == [pointer]


async def test_refused_deletion_of_a_batch_is_pointed_at_in_its_item(site: Site) -> None:
    items = [{"instance": site.hr, "deletions": ["a"]}, {"instance": site.claims, "deletions": ["nope"]}]
    _, body, _ = await site.ask("POST", "variables", "batch", body={"items": items})
    assert [each["pointer"] for each in body["items"][1]["problem"]["errors"]] == ["/items/1/deletions/0"]
