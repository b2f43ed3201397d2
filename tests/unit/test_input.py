"""What callers send, as random bytes and as good input with bytes changed: read, or refused as documented.

The counterpart of ``test_codecs``, which does the same to what engines answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.model import etag, jsonpatch, jsontext, scope
from gateway.model.commands import PatchVariables
from gateway.model.merge import merge_patch
from gateway.model.modification import check_instructions
from gateway.model.query import check_filter
from gateway.operations.gateway import Target
from gateway.operations.idempotency import intents
from gateway.web.http import body, target
from gateway.web.http.limits import RequestLimits
from gateway.web.proxy import incoming
from gateway.web.v1 import activities, batch, bodies, lifecycle, operations, query
from gateway.web.v1.problems import problem
from gateway.web.v1.typed_values import Address
from tests.conformance.subjects import SUBJECTS
from tests.conformance.values import trees

many = settings(max_examples=150, deadline=None, derandomize=True)
LIMITS = RequestLimits(max_body_bytes=4000, max_depth=12, max_names=30)
BODIES: list[Any] = [
    {"modifications": {"a": {"type": "integer", "value": 1}, "ä": {"value": [1.10, None]}}, "deletions": ["b", "c"]},
    {"type": "file", "value": "AAEC", "filename": "f", "mediaType": "a/b", "encoding": "UTF-8", "transient": False},
    {"items": [{"instance": "hr:1", "modifications": {}, "deletions": ["x"], "ifMatch": '"t"'}], "atomicity": "none"},
    {"variableName": "a", "variableValues": [{"name": "a", "operator": "gteq", "value": 1}], "limit": 3, "sorting": []},
    {"instanceIdIn": ["hr:1"], "variableNameLike": "a%", "modifications": {"a": {"value": True}}, "engines": ["hr"]},
    {"instructions": [{"type": "cancel", "activityId": "a"}, {"type": "startBeforeActivity", "activityId": "b",
     "variables": {"v": {"value": 1, "local": True}}}], "annotation": "x", "skipIoMappings": False},
    {"definition": "d", "businessKey": "k", "variables": {"v": {"value": "x"}}, "engine": "hr"},
    {"name": "m", "correlationKeys": {"a": {"value": 1}}, "all": True, "instance": "hr:1"},
    [{"op": "test", "path": "/a/0", "value": {}}, {"op": "move", "from": "/a", "path": "/b~1~0"}, {"op": "remove", "path": ""}],
    {"a": {"b": None, "c": [1, 2.50]}, "d": None},
]  # fmt: skip
PIECES = [
    b'"',
    b"{",
    b"]",
    b",",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"1e9",
    b"null",
    b"-",
    b'"a":1,',
    b"[" * 20,
    b"~2",
    b"/-",
]


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """A body that is good, or was before a few bytes were changed, cut or put in; or no body at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=40))
    text = bytearray(json.dumps(draw(st.sampled_from(BODIES)), ensure_ascii=False).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 5))] = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3)))
    return bytes(text)


def read(work: Callable[[], Any]) -> Any:
    """What is read; None where it is refused as documented, in words that can be answered."""
    found, refusal = _tried(work)
    if refusal is not None:
        assert (refusal.outcome, refusal.status // 100) == ("not_applied", 4)
        msgspec.json.encode(problem(refusal))
    return found


def _tried(work: Callable[[], Any]) -> tuple[Any, Refusal | None]:
    try:
        return work(), None
    except Refusal as refusal:
        return None, refusal


DECODERS = {
    "patch": lambda content: bodies.patch(content, LIMITS),
    "value": lambda content: bodies.value(content, LIMITS, Address(name="v")),
    "merge": lambda content: bodies.merge(content, LIMITS),
    "json patch": lambda content: jsonpatch.parse_patch(content, max_operations=30, max_depth=12),
    "batch": lambda content: body.decode(batch._decoder, content, LIMITS),
    "query": lambda content: check_filter(body.decode(query._query, content, LIMITS)),
    "operation": lambda content: body.decode(operations._decoder, content, LIMITS),
    "start": lambda content: body.decode(lifecycle._start, content, LIMITS),
    "completion": lambda content: body.decode(lifecycle._completion, content, LIMITS),
    "message": lambda content: body.decode(lifecycle._message, content, LIMITS),
}


@pytest.mark.parametrize("kind", DECODERS)
@many
@given(content=_bodies())
def test_any_body_is_read_or_refused(kind: str, content: bytes) -> None:
    found = read(lambda: DECODERS[kind](content))
    if found is not None and kind != "json patch":
        assert jsontext.parse(content, depth=12) is not None


_members = st.lists(
    st.sampled_from(['"type":"string"', '"type":"integer"', '"value":1', '"value":"x"', '"value":"{"', '"value":[1]',
                     '"value":{"a":1}', '"value":{"a":1,"a":2}', '"value":"\xff"', '"format":null', '"x":1']), max_size=4
).map(lambda members: "{" + ",".join(members) + "}")  # fmt: skip
_entries = st.lists(
    st.tuples(st.sampled_from(["a", "b", "ä", "a\\u0062", "[", "}"]), _members), max_size=4
).map(lambda entries: "{" + ",".join(f'"{name}":{value}' for name, value in entries) + "}")  # fmt: skip
_patches = st.lists(
    st.one_of(
        _entries.map(lambda entries: f'"modifications":{entries}'),
        st.sampled_from(['"deletions":[]', '"deletions":["a"]', '"deletions":["a","a"]', '"y":0']),
    ),
    max_size=3,
).map(lambda parts: ("{" + ",".join(parts) + "}").encode("latin-1" if "\xff" in ",".join(parts) else "utf-8"))


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(content=_patches, depth=st.sampled_from([2, 3, 4, 12]))
def test_patch_that_is_read_at_a_glance_is_what_it_is_read_strictly(content: bytes, depth: int) -> None:
    limits = msgspec.structs.replace(LIMITS, max_depth=depth)
    strictly, refusal = _tried(lambda: body.decode(bodies._patch_decoder, content, limits))
    found, refused = _tried(lambda: bodies.patch(content, limits))
    assert (found, refused and refused.code) == (strictly, refusal and refusal.code)


def test_patches_of_scalars_are_read_at_a_glance() -> None:
    plain = (
        b'{"modifications": {"a": {"value": 1}, "\xc3\xa4": {"type": "string", "value": "x"}}, "deletions": ["b", "c"]}'
    )
    assert bodies._at_a_glance(plain) == body.decode(bodies._patch_decoder, plain, LIMITS)
    for twice in (
        b'{"a":{"value":1},"a":{"value":1}}',
        b'{"a":{"value":1,"value":1}}',
        b'{"a":{"value":{"b":1,"b":1}}}',
    ):
        assert bodies._at_a_glance(b'{"modifications":' + twice + b"}") is None


@many
@given(content=_bodies())
def test_any_modification_is_checked_or_refused(content: bytes) -> None:
    asked = read(lambda: body.decode(activities._decoder, content, LIMITS))
    if asked is not None:
        read(lambda: check_instructions(asked.instructions, asked.annotation))


@many
@given(document=trees, patch=trees)
def test_any_merge_patch_applies_and_leaves_the_document_as_it_was(document: Any, patch: Any) -> None:
    before = jsontext.write(document), jsontext.write(patch)
    result = merge_patch(document, patch)
    assert (jsontext.write(document), jsontext.write(patch)) == before
    assert merge_patch(result, patch) == result


_texts = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(['"', "W/", '"a"', 'W/"b"', "*", ",", " ", "\t", "\\", "\udcff", "é", ":", "task", "%", "%2F",
                         "%zz", "%ff", "..", "/", ";", "?", "=", "&", "+"]), max_size=8
    ).map("".join),
)  # fmt: skip


@many
@given(text=_texts)
def test_any_header_target_and_scope_is_read_or_refused(text: str) -> None:
    tags = read(lambda: etag.parse_tags(text))
    if tags is not None:
        assert tags.anything or tags.tags
        assert not tags.strongly('W/"b"')
    read(lambda: scope.parse_scope(text, lists=True))
    split = read(lambda: target.split("/" + text))
    if split is not None:
        assert len(split[0]) == text.partition("?")[0].count("/") + 1
    incoming.lenient_segments(text)
    incoming.lenient_query(text)


@many
@given(content=_bodies())
def test_intent_of_any_patch_that_is_read_is_kept_without_its_values(content: bytes) -> None:
    subject = SUBJECTS["camunda7"]()
    found = read(lambda: bodies.patch(content, LIMITS))
    if found is None:
        return
    command = PatchVariables(instance="1", modifications=found.modifications, deletions=tuple(found.deletions))
    kept = intents.encode_intent(Target(subject.engine, "1"), command)
    if kept:
        assert set(intents.decode_intent(kept).names) == {*found.modifications, *found.deletions}
