"""Bytes and files on an engine that has none: base64 texts, and envelopes in objects and in texts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.model.commands import GetVariable, ListVariables, PatchVariables, ReadBinary
from gateway.model.jsonpatch import parse_patch
from gateway.model.results import BinaryRead
from gateway.model.values import ABSENT, Value
from gateway.plan import VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

DONE = answer(200, {"status": "200", "data": {"message": "Successfully updated."}})
FILE = Value(type="file", value=Raw(b'"AAEC"'), filename="a.txt", media_type="text/plain", encoding="UTF-8")
ENVELOPE = {
    "@type": "varbridge.file",
    "filename": "a.txt",
    "mediaType": "text/plain",
    "encoding": "UTF-8",
    "data": "AAEC",
}
CONTENT = BinaryRead(content=b"\0\1\2", filename="a.txt", media_type="text/plain; charset=UTF-8", size=3)


def engine(**settings: Any) -> IbmBpmEngine:
    return IbmBpmEngine("claims", Settings(**settings), Credentials())


def stored(**variables: Any) -> VendorResponse:
    return answer(200, {"status": "200", "data": {"executionState": "Active", "variables": variables}})


def content(of: IbmBpmEngine, value: Any) -> BinaryRead:
    return played(of.read_binary(ReadBinary(instance="1", name="v")), stored(v=value))[0]


def sent(of: IbmBpmEngine, value: Value, *before: Any) -> Any:
    command = PatchVariables(instance="1", modifications={"v": value})
    _, (_, write) = played(of.patch_variables(command), stored(**dict(zip("v", before, strict=False))), DONE)
    return json.loads(write.body)["v"]


@pytest.mark.parametrize(
    ("text", "wanted"), [("AAEC", b"\0\1\2"), ("", b""), ("test", b"\xb5\xeb-")], ids=["bytes", "none", "a-word"]
)
def test_text_that_is_strict_base64_is_read_as_its_bytes(text: str, wanted: bytes) -> None:
    assert content(engine(binary="base64"), text) == BinaryRead(content=wanted, size=len(wanted))


@pytest.mark.parametrize(
    "value",
    ["AAE", "AA EC", "AAEC\n", "_-8=", "AAE=C", "ä", 5, None, True, {"a": 1}, ["AAEC"]],
    ids=["unpadded", "space", "line-end", "url", "pad-inside", "letter", "number", "null", "boolean", "object", "list"],
)
def test_what_is_not_strict_base64_holds_no_bytes(value: Any) -> None:
    with pytest.raises(errors.ValueInvalid) as caught:
        _ = content(engine(binary="base64"), value)
    assert caught.value.status == 422


def test_text_is_read_as_bytes_only_where_bytes_are_kept_as_base64() -> None:
    with pytest.raises(errors.ValueInvalid):
        _ = content(engine(binary="envelope"), "AAEC")
    with pytest.raises(errors.Unsupported):
        _ = engine().read_binary(ReadBinary(instance="1", name="v"))
    assert [
        ("binary.read" in engine(binary=kind).capabilities.features) for kind in ("refuse", "base64", "envelope")
    ] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("types", "before", "as_text"),
    [
        ({}, ("text",), True),
        ({}, ("",), True),
        ({"v": "string"}, (), True),
        ({"v": "xml"}, (), True),
        ({"v": "string"}, (None,), True),
        ({"v": "string"}, ({"a": 1},), True),
        ({}, (), False),
        ({}, (None,), False),
        ({}, ({"a": 1},), False),
        ({}, (5,), False),
        ({"v": "date-time"}, ("2026-03-01T09:30:00Z",), False),
    ],
    ids=[
        "holds-text", "holds-empty-text", "declared-string", "declared-xml", "declared-and-null",
        "declared-over-held", "unset", "null", "object", "number", "date",
    ],
)  # fmt: skip
def test_envelope_goes_as_text_into_a_variable_that_is_a_text(
    types: Any, before: tuple[Any, ...], as_text: bool
) -> None:
    keeps = engine(binary="envelope", types=types)
    found = sent(keeps, FILE, *before)
    assert isinstance(found, str) is as_text
    assert (json.loads(found) if as_text else found) == ENVELOPE


@pytest.mark.parametrize(
    "shown",
    [ENVELOPE, json.dumps(ENVELOPE), json.dumps(ENVELOPE, separators=(",", ":"))],
    ids=["object", "spaced", "compact"],
)
@pytest.mark.parametrize("types", [{}, {"v": "string"}], ids=["undeclared", "declared"])
def test_envelope_is_recognised_wherever_it_is_read(shown: Any, types: Any) -> None:
    keeps = engine(binary="envelope", types=types)
    assert played(keeps.get_variable(GetVariable(instance="1", name="v")), stored(v=shown))[0].variable.value == FILE
    (listed,) = played(keeps.list_variables(ListVariables(instance="1")), stored(v=shown))[0].variables
    assert (listed.value.type, listed.value.value, listed.size) == ("file", ABSENT, 3)
    assert content(keeps, shown) == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"@type":"varbridge.file"}',
        '{"@type":"varbridge.file","data":"?"}',
        '["varbridge.file"]',
        "varbridge.file",
        '{"@type":"varbridge.file","data":"AAEC","data":""}',
    ],
)
def test_text_that_only_looks_like_an_envelope_stays_a_text(text: str) -> None:
    keeps = engine(binary="envelope")
    value = played(keeps.get_variable(GetVariable(instance="1", name="v")), stored(v=text))[0].variable.value
    assert value == Value(type="string", value=Raw(json.dumps(text).encode()))
    assert sent(keeps, value, "old") == text


def test_envelope_that_is_there_already_keeps_its_spelling() -> None:
    spaced = json.dumps(ENVELOPE, indent=1)
    assert sent(engine(binary="envelope"), FILE, spaced) == spaced


def test_text_that_would_be_read_as_a_file_is_refused_unsent() -> None:
    for kind in ("string", "xml"):
        value = Value(type=kind, value=Raw(json.dumps(json.dumps(ENVELOPE)).encode()))
        plan = engine(binary="envelope").patch_variables(PatchVariables(instance="1", modifications={"v": value}))
        with pytest.raises(errors.ValueNotRepresentable) as caught:
            _ = next(plan)
        assert [each.pointer for each in caught.value.errors] == ["/modifications/v"]
        assert sent(engine(), value, "old") == json.dumps(ENVELOPE)


@pytest.mark.parametrize("shown", [ENVELOPE, json.dumps(ENVELOPE)], ids=["object", "text"])
@pytest.mark.parametrize("how", ["merges", "patches"])
def test_blob_is_not_changed_in_parts(how: str, shown: Any) -> None:
    change = {
        "merges": Raw(b'{"filename":"b"}'),
        "patches": parse_patch(b'[{"op":"remove","path":"/filename"}]', max_operations=9),
    }
    command = PatchVariables(instance="1", **{how: {"v": change[how]}})
    with pytest.raises(errors.ValueInvalid) as caught:
        _ = played(engine(binary="envelope").patch_variables(command), stored(v=shown))
    assert (caught.value.outcome, [each.pointer for each in caught.value.errors]) == (
        "not_applied",
        ["/modifications/v"],
    )
