"""JSON patch: against a small model that copies everything, RFC 6902's own examples, and patches that try to blow up."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidJson, InvalidRequest, PayloadTooLarge, PreconditionFailed, ValueInvalid
from gateway.model import jsonpatch, jsontext
from gateway.model.jsonpatch import Bounds


def applied(document: str, *operations: dict[str, Any] | str, bounds: Bounds | None = None) -> str:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in operations]
    patch = jsonpatch.parse_patch(f"[{','.join(texts)}]".encode(), max_operations=10_000)
    return jsontext.write(jsonpatch.apply_patch(jsontext.parse(document), patch, bounds=bounds)).decode()


class Nowhere(Exception):
    """The model's only error."""


def model(document: Any, operations: list[dict[str, Any]]) -> Any:
    """Apply a patch the slow way, on plain Python data; RFC 6902 line by line."""
    for operation in operations:
        document = step(copy.deepcopy(document), operation)
    return document


def step(document: Any, operation: dict[str, Any]) -> Any:
    op, path = operation["op"], operation["path"].split("/")[1:]
    if op in {"copy", "move"}:
        source = operation["from"].split("/")[1:]
        if op == "move" and path[: len(source)] == source and path != source:
            raise Nowhere
        value = copy.deepcopy(at(document, source))
        if op == "move" and path == source:
            return document
        if op == "move":
            document = without(document, source)
        return put(document, path, value)
    if op == "remove":
        return without(document, path)
    if op == "test":
        if json.dumps(at(document, path), sort_keys=True) != json.dumps(operation["value"], sort_keys=True):
            raise Nowhere
        return document
    if op == "replace":
        _ = at(document, path)
        return operation["value"] if not path else put(without(document, path), path, operation["value"])
    return put(document, path, operation["value"])


def index(node: list[Any], token: str, last: int) -> int:
    if not token.isdigit() or (token != "0" and token[0] == "0") or int(token) > last:
        raise Nowhere
    return int(token)


def at(node: Any, path: list[str]) -> Any:
    for token in path:
        if isinstance(node, list):
            node = node[index(node, token, len(node) - 1)]
        elif isinstance(node, dict) and token in node:
            node = node[token]
        else:
            raise Nowhere
    return node


def without(document: Any, path: list[str]) -> Any:
    if not path:
        raise Nowhere
    _ = at(document, path)
    parent = at(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return document


def put(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = at(document, path[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else index(parent, path[-1], len(parent)), value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise Nowhere
    return document


_tokens = st.sampled_from(["a", "b", "0", "1", "2", "-", "01", ""])
_pointers = st.lists(_tokens, max_size=3).map(lambda tokens: "".join("/" + token for token in tokens))
_documents = st.recursive(
    st.sampled_from([None, True, False, 0, 1, "x"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab0"), inner, max_size=3)),
    max_leaves=8,
)
_operations = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace", "test"]), "path": _pointers, "value": _documents}),
    st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "path": _pointers, "from": _pointers}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": _pointers}),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(document=_documents, operations=st.lists(_operations, min_size=1, max_size=4))
def test_patch_does_what_the_model_does(document: Any, operations: list[dict[str, Any]]) -> None:
    try:
        wanted = model(document, operations)
    except Nowhere:
        with pytest.raises((PreconditionFailed, ValueInvalid)):
            applied(json.dumps(document), *operations)
        return
    found = json.loads(applied(json.dumps(document), *operations))
    assert json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(body=st.binary(max_size=60), document=_documents)
def test_any_bytes_are_a_patch_or_refused(body: bytes, document: Any) -> None:
    try:
        patch = jsonpatch.parse_patch(body, max_operations=10)
    except (InvalidJson, InvalidRequest, PayloadTooLarge):
        return
    assert jsonpatch.apply_patch(document, patch) == document


def test_same_patch_applied_twice_gives_the_same_and_stays_as_it_is() -> None:
    body = b'[{"op":"add","path":"/a","value":{"x":[]}},{"op":"add","path":"/a/x/-","value":1}]'
    patch = jsonpatch.parse_patch(body, max_operations=10)
    assert [jsontext.write(jsonpatch.apply_patch({}, patch)) for _ in range(2)] == [b'{"a":{"x":[1]}}'] * 2


@pytest.mark.parametrize(
    ("stored", "value", "equal"),
    [
        ("1", "1.0", True),
        ("100", "1e2", True),
        ("-0", "0.00", True),
        ("1e400", "10e399", True),
        ("1e999999999", "1e999999999", True),
        ("1e999999999", "1e999999998", False),
        ("0.1000000000000000000001", "0.1", False),
        ("9007199254740993", "9007199254740992", False),
        ("1e" + "9" * 5000, "10e" + "9" * 5000, False),
        ("1", '"1"', False),
        ("true", "1", False),
        ("null", "false", False),
        ('{"a":1,"b":[2.0]}', '{"b":[2],"a":1.0}', True),
        ('{"a":null}', "{}", False),
    ],
)
def test_numbers_are_compared_as_numbers(stored: str, value: str, equal: bool) -> None:
    operation = f'{{"op":"test","path":"","value":{value}}}'
    if equal:
        assert applied(stored, operation) == stored
        return
    with pytest.raises(PreconditionFailed):
        applied(stored, operation)


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(60)],
        [{"op": "copy", "from": "/text", "path": f"/{number}"} for number in range(10_000)],
        [{"op": "add", "path": "/a" * depth, "value": {}} for depth in range(1, 100)],
        [{"op": "add", "path": f"/{number}", "value": {}} for number in range(10)]
        + [{"op": "move", "from": "/9", "path": "/8/x"}]
        + [{"op": "copy", "from": "/8", "path": "/8" + "/x" * depth} for depth in range(2, 80)],
    ],
    ids=["doubling", "a long text copied", "deep by adding", "deep by moving and copying"],
)
def test_patch_that_blows_up_is_refused(operations: list[dict[str, Any]]) -> None:
    with pytest.raises(PayloadTooLarge):
        applied(json.dumps({"text": "x" * 2000}), *operations, bounds=Bounds(max_bytes=100_000))


def test_ten_thousand_operations_with_deep_pointers_are_carried_out() -> None:
    document = '{"a":' * 50 + "[]" + "}" * 50
    adding = [{"op": "add", "path": "/a" * 50 + "/-", "value": number} for number in range(10_000)]
    assert json.loads(applied(document, *adding).replace('{"a":', "").replace("}", "")) == list(range(10_000))
