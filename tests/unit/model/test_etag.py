"""Tags: which values are the same, which lists of tags can be read, what matches what."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidRequest
from gateway.model import etag
from gateway.model.etag import Tags
from gateway.model.results import Variable
from gateway.model.values import Value


def tag(kind: str, text: str, form: str | None = None, **more: object) -> str:
    value = Value(type=kind, format=form, value=msgspec.Raw(text.encode()), **more)  # type: ignore[arg-type]
    return etag.variable_tag(Variable(name="v", value=value))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (tag("json", '{"a": 1.10, "b": [1]}'), tag("json", '{"b":[1],"a":1.10}'), True),
        (tag("json", "1.10"), tag("json", "1.1"), False),
        (tag("json", '"\\u00e9"'), tag("json", '"é"'), True),
        (tag("json", "{"), tag("json", "{ "), False),
        (tag("string", '"\\u00e9"'), tag("string", '"é"'), True),
        (tag("string", '"1"'), tag("xml", '"1"'), False),
        (tag("integer", "1", "int32"), tag("integer", "1", "int64"), False),
        (tag("number", "1", "double"), tag("number", "1.0", "double"), True),
        (tag("number", "1.10", "decimal"), tag("number", "1.1", "decimal"), False),
        (tag("number", '"NaN"', "double"), tag("number", '"Infinity"', "double"), False),
        (tag("date-time", '"2026-03-01T10:00:00+01:00"'), tag("date-time", '"2026-03-01T09:00:00.000Z"'), True),
        (tag("date-time", '"2026-03-01T10:00:00Z"'), tag("date-time", '"2026-03-01T10:00:00.001Z"'), False),
        (tag("object", "{}", class_name="a.B"), tag("object", "{}", class_name="a.C"), False),
        (tag("null", "null"), tag("json", "null"), False),
        (tag("json", "[" * 5000 + "]" * 5000), tag("json", "[" * 5000 + "]" * 5000), True),
        (tag("json", "1" * 5000), tag("json", "1" * 5001), False),
    ],
)
def test_tags_are_the_same_where_values_are(one: str, other: str, same: bool) -> None:
    assert (one == other) is same


def test_blob_is_weak_unless_it_may_be_strong_and_is_there() -> None:
    blob = Variable(name="v", value=Value(type="bytes", value=msgspec.Raw(b'"AAEC"')))
    listed = Variable(name="v", value=Value(type="bytes"), size=3)
    assert etag.is_weak(etag.variable_tag(blob))
    assert not etag.is_weak(etag.variable_tag(blob, strong_binary=True))
    assert etag.is_weak(etag.variable_tag(listed, strong_binary=True))
    assert etag.is_weak(etag.variable_tag(Variable(name="v", value=Value(type="json"), error="cannot be read")))


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("*", Tags(anything=True)),
        (' "a" ', Tags(('"a"',))),
        ('"a",W/"b,c" , ,\t"!é"', Tags(('"a"', 'W/"b,c"', '"!é"'))),
        ('""', Tags(('""',))),
    ],
)
def test_list_of_tags_is_read(header: str, tags: Tags) -> None:
    assert etag.parse_tags(header) == tags


@pytest.mark.parametrize(
    "header", ["", " ", ",", "a", '"a', 'a"', '"a" "b"', '*, "a"', "**", 'w/"a"', 'W/ "a"', '"a b"']
)
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest):
        etag.parse_tags(header)


@given(header=st.text(st.sampled_from('W/"*, a\t'), max_size=30))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        found = etag.parse_tags(header)
    except InvalidRequest:
        return
    assert found.anything or found.tags


def test_weak_tags_match_weakly_only() -> None:
    tags = Tags(('"a"', 'W/"b"'))
    assert [tags.strongly(each) for each in ('"a"', 'W/"a"', '"b"', 'W/"b"', None)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert [tags.weakly(each) for each in ('"a"', 'W/"a"', '"b"', 'W/"b"', '"c"', None)] == [True] * 4 + [False] * 2
