"""Texts that no UTF-8 carries are marked where they stand, and nothing else is touched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.unreadable import MARK, mark_unreadable

HALF = rb'"a\ud800"'
PAIR = rb'"\ud83d\ude00"'


@pytest.mark.parametrize(
    ("content", "marked"),
    [
        pytest.param(b'{"a": ' + HALF + b', "b": [1.10, "x"]}', b'{"a": ' + MARK + b', "b": [1.10, "x"]}', id="half"),
        pytest.param(b"[" + HALF.upper().replace(b"U", b"u") + b"]", b"[" + MARK + b"]", id="half in capitals"),
        pytest.param(b"{" + HALF + b":1}", b"{" + MARK + b":1}", id="name of a member"),
        pytest.param(b'["\xff", "\xc3\xa4"]', b"[" + MARK + b', "\xc3\xa4"]', id="bytes of another encoding"),
        pytest.param(rb'["\\ud800", ' + PAIR + b"]", None, id="backslash before the u, and a whole pair"),
        pytest.param(b'{"a": 1}', None, id="nothing unreadable"),
        pytest.param(b'{"a', None, id="a text cut off"),
    ],
)
def test_unreadable_text_is_marked_where_it_stands(content: bytes, marked: bytes | None) -> None:
    assert mark_unreadable(content) == marked


texts = st.text(st.characters(codec=None, categories=None), max_size=6)  # half surrogate pairs among them
trees = st.recursive(texts | st.integers() | st.none(), lambda each: st.lists(each) | st.dictionaries(texts, each))


@settings(deadline=None)
@given(trees)
def test_what_is_left_is_readable_and_only_unreadable_texts_are_gone(tree: object) -> None:
    marked = mark_unreadable(json.dumps(tree).encode())
    left = json.loads(marked or json.dumps(tree))
    json.dumps(left, ensure_ascii=False).encode()
    if marked is None:
        json.dumps(tree, ensure_ascii=False).encode()
    else:
        assert MARK in json.dumps(left).encode()
