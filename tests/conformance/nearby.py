"""Values that are nearly another one: what goes wrong in a copy is seldom everything at once."""

from __future__ import annotations

import base64
from datetime import UTC, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from gateway.errors import VarbridgeError
from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.model.values import Value, check_value, instant, instant_text, json_text, text_of
from tests.conformance.values import STRUCTURED, raw

_TYPES = {
    "integer": [
        ("integer", "int16"),
        ("integer", "int32"),
        ("integer", "int64"),
        ("number", "double"),
        ("string", None),
    ],
    "number": [("number", "double"), ("number", "decimal"), ("string", None)],
    "string": [("xml", None), ("date-time", None), ("bytes", None)],
    "xml": [("string", None)],
    "bytes": [("string", None), ("file", None)],
    "date-time": [("string", None)],
    "json": [("object", None), ("list", None), ("string", None)],
    "list": [("json", None), ("object", None)],
    "object": [("json", None), ("list", None)],
    "boolean": [("string", None), ("integer", "int32")],
}


@st.composite
def near(draw: st.DrawFn, value: Value) -> Value:
    """Draw a value that differs from a given one in one way; it may be one that nobody takes."""
    try:
        value = check_value(value)
    except VarbridgeError:
        return value
    ways = [_other_type, _null] if value.is_null() else [_other_type, _other_content, _other_content, _null]
    if value.type in {"file", "object"}:
        ways.append(_other_member)
    return draw(st.sampled_from(ways).flatmap(lambda way: way(value)))


def _null(value: Value) -> st.SearchStrategy[Value]:
    return st.just(Value(type=value.type, format=value.format, value=raw("null"), class_name=value.class_name))


def _other_type(value: Value) -> st.SearchStrategy[Value]:
    plain = Value(value=value.value if value.type != "string" or value.text != b'""' else raw('"0"'))
    others = _TYPES.get(value.type or "", [("string", None)])
    return st.sampled_from(others).map(
        lambda pair: msgspec.structs.replace(
            plain if pair[0] != "string" or value.text[:1] == b'"' else Value(value=json_text(value.text.decode())),
            type=pair[0],
            format=pair[1],
            filename="f" if pair[0] == "file" else None,
        )
    )


def _other_member(value: Value) -> st.SearchStrategy[Value]:
    members = ["filename", "media_type", "encoding"] if value.type == "file" else ["class_name"]
    return st.sampled_from(members).map(
        lambda member: msgspec.structs.replace(value, **{member: (getattr(value, member) or "text/plain") + "2"})
    )


def _other_content(value: Value) -> st.SearchStrategy[Value]:
    def hold(text: str | bytes) -> Value:
        return msgspec.structs.replace(value, value=raw(text))

    match value.type:
        case "integer" | "number" if value.text[:1] != b'"':
            text = value.text.decode()
            negative = text[1:] if text.startswith("-") else "-" + text
            return st.sampled_from([negative, *_numbers(text)]).map(hold)
        case "boolean":
            return st.just(hold(b"false" if value.text == b"true" else b"true"))
        case "date-time":
            moment = instant(text_of(value.text))
            steps = [timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=1)]
            sign = -1 if moment.year > 9000 else 1
            return st.sampled_from(steps).map(
                lambda step: hold(f'"{instant_text((moment + sign * step).astimezone(UTC))}"')
            )
        case "bytes" | "file":
            content = base64.b64decode(text_of(value.text))
            return st.sampled_from([content + b"\0", content[:-1], content[:-1] + b"\x7f"]).map(
                lambda each: hold(f'"{base64.b64encode(each).decode()}"')
            )
        case kind if kind in STRUCTURED and value.serialization in {None, "application/json"}:
            return _near_tree(jsontext.parse(value.text)).map(lambda tree: hold(jsontext.write(tree)))
        case _:
            text = text_of(value.text) if value.text[:1] == b'"' else value.text.decode()
            return st.sampled_from([text + "x", text[:-1], text + " ", text.swapcase()]).map(
                lambda each: msgspec.structs.replace(value, value=json_text(each))
            )


def _numbers(text: str) -> list[str]:
    whole = text.lstrip("-").isdigit()
    return (
        [str(int(text) + 1), str(int(text) ^ 1)]
        if whole
        else [text.replace("e", "1e", 1) if "e" in text else text + "1"]
    )


def _near_tree(tree: Any) -> st.SearchStrategy[Any]:
    """Draw a tree that differs in one place."""
    ways: list[st.SearchStrategy[Any]] = []
    match tree:
        case dict():
            ways = [st.just({**tree, "new": None}), st.just({**tree, "new": "x"})]
            ways += [st.just({key: each for key, each in tree.items() if key != gone}) for gone in tree]
            ways += [_near_tree(each).map(lambda new, key=key: {**tree, key: new}) for key, each in tree.items()]
        case list():
            ways = [st.just([*tree, None]), st.just(tree[::-1])]
            ways += [
                _near_tree(each).map(lambda new, at=at: [*tree[:at], new, *tree[at + 1 :]])
                for at, each in enumerate(tree)
            ]
        case Number():
            ways = [st.just(tree.text), st.just(Number(tree.text + "0")), st.just(Number("1")), st.just(None)]
        case str():
            ways = [st.just(tree + "x"), st.just(None), st.just(Number("1"))]
        case _:
            ways = [st.just(not tree), st.just("x"), st.just({})]
    return st.one_of(ways)
