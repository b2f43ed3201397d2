"""JSON text keeps its digits and refuses what can be read two ways."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.model.merge import merge_patch

TREES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers().map(lambda n: Number(str(n))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(TREES)
def test_write_then_parse_gives_the_same_tree(tree: jsontext.Tree) -> None:
    assert jsontext.parse(jsontext.write(tree)) == tree


@pytest.mark.parametrize("lexeme", ["1.10", "-0", "1e400", "0.1000000000000000000001", "9" * 300, "1E+2"])
def test_number_keeps_its_lexeme(lexeme: str) -> None:
    assert jsontext.write(jsontext.parse(f'{{"a":[{lexeme}]}}')) == f'{{"a":[{lexeme}]}}'.encode()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a":1,"a":2}', "/a"),
        (b'{"x":[{"y/z":1,"y/z":1}]}', "/x/0/y~1z"),
        (b'{"x":{"~":1,"~":1}}', "/x/~0"),
    ],
)
def test_duplicate_key_is_refused_with_its_pointer(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        jsontext.parse(body)
    assert [fault.pointer for fault in caught.value.errors] == [pointer]


@pytest.mark.parametrize(
    "body", [b"", b"{} x", b"{}{}", b"NaN", b"Infinity", b"\xff", b"{'a':1}", b"[1,]", b"{", b"nul"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        jsontext.parse(body)


@pytest.mark.parametrize("levels", [65, 5_000, 200_000])
def test_nesting_beyond_the_limit_is_refused(levels: int) -> None:
    with pytest.raises(PayloadTooLarge):
        jsontext.parse(b"[" * levels + b"]" * levels)


def test_nesting_at_the_limit_is_taken() -> None:
    assert jsontext.parse(b"[" * 64 + b"]" * 64)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    try:
        tree = jsontext.parse(body)
    except (InvalidJson, PayloadTooLarge):
        return
    assert json.loads(jsontext.write(tree)) == json.loads(body)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # the appendix of RFC 7396
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": ["x"]}, {"a": ["x"]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": "x"}, {"e": None, "a": "x"}),
        (["a"], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_the_standard(target: object, patch: object, result: object) -> None:
    assert merge_patch(target, patch) == result


@pytest.mark.parametrize(
    ("text", "pointer"), [(r'"\ud800"', ""), (r'{"a":["x","\udfffy"]}', "/a/1"), (r'{"a":{"\ud800":1}}', "/a")]
)
def test_half_a_surrogate_pair_is_refused_where_it_stands(text: str, pointer: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        jsontext.parse(text)
    assert [fault.pointer for fault in caught.value.errors] == [pointer]


def test_whole_surrogate_pair_is_one_character() -> None:
    assert jsontext.parse(rb'{"\ud83d\ude00":"\ud83d\ude00"}') == {"😀": "😀"}


TEXTS = st.recursive(
    st.sampled_from(
        [
            b"1",
            b"-0",
            b"1.10",
            b"1e400",
            b"true",
            b"null",
            b'"x"',
            b'"a:{b"',
            b'"\\u0041"',
            b'"\\\\"',
            b'"\xc3\xa9"',
            b'"\xff"',
            b"01",
            b"NaN",
            b"",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: b"[" + b",".join(parts) + b"]")
        | st.lists(st.tuples(st.sampled_from([b'"a"', b'"b"', b'""', b'"\\u0061"', b"c"]), inner), max_size=4).map(
            lambda pairs: b"{" + b" , ".join(key + b" :\t" + value for key, value in pairs) + b"}"
        )
    ),
    max_leaves=20,
)


@given(TEXTS | st.binary(max_size=40))
def test_what_is_sure_is_parsed(text: bytes) -> None:
    if jsontext.is_strict(text, 6):
        _ = jsontext.parse(text, depth=6)


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        (b'{"a":{"type":"string","value":"x:{y"},"b":[1,{"c":2}]}', True),
        (b"[[],{},[{}]] ", True),
        (b'{"a":1,"a":2}', False),
        (b'{"a" :1,"a":2}', False),
        (b'{"a":":","b":"at 12:00"}', True),
        (b'[{"a":{"b":1,"b":2}}]', False),
        (b'{"a":"\\u0061"}', False),
        (b'{"a":1}x', False),
        (b'"\xff"', False),
        (b"[" * 65 + b"]" * 65, False),
        (b"[" * 64 + b"]" * 64, True),
        (b"[" * 100_000 + b"]" * 100_000, False),
        (b"[1e400]", False),
        (b'{"a":1,"a":":"}', False),
        (b'{"a" :1,"a":":"}', False),
        (b'{"a" :1,"b":":"}', True),
        (b'{"a": 123456789012345678901234567890}', True),
        (b'["]",' * 65 + b"[]" + b',"["]' * 65, False),
        (b"[" + b",".join([b"[[],{}]"] * 40) + b"]", True),
    ],
)
def test_text_is_strict_where_it_is_plain_and_nothing_else(text: bytes, strict: bool) -> None:
    assert jsontext.is_strict(text) is strict


@pytest.mark.parametrize("depth", [2, 4])
def test_sure_never_takes_what_is_too_deep(depth: int) -> None:
    assert [jsontext.is_strict(b"[" * levels + b"]" * levels, depth) for levels in (depth, depth + 1)] == [True, False]
