"""Values to try, drawn and picked, and what it means that one came back: in no vendor's words."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.model.values import Value, check_value, instant, json_text, text_of

STRUCTURED = {"json", "list", "object"}
NUMERIC = {"integer", "number"}


def raw(text: str | bytes) -> msgspec.Raw:
    """Return JSON text as a value holds it."""
    return msgspec.Raw(text.encode() if isinstance(text, str) else text)


def typed(kind: str, text: str | bytes, **more: object) -> Value:
    """Return a value by `type/format` and JSON text."""
    name, _, form = kind.partition("/")
    return Value(type=name, format=form or None, value=raw(text), **more)  # type: ignore[arg-type]


def string(text: str) -> Value:
    """Return a string value."""
    return Value(type="string", value=json_text(text))


def whole(number: int, kind: str = "integer/int32") -> Value:
    """Return an integer value."""
    return typed(kind, str(number))


MOMENTS = (
    "2026-03-01T09:30:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "1500-03-01T00:00:00Z", "1582-10-04T23:59:59Z", "1582-10-15T00:00:00Z",
)  # fmt: skip
EXAMPLES: dict[str, list[Value]] = {
    "null": [typed("null", "null")],
    "boolean": [typed("boolean", "true"), typed("boolean", "false")],
    "integer/int16": [typed("integer/int16", str(n)) for n in (0, -32768, 32767)],
    "integer/int32": [typed("integer/int32", str(n)) for n in (0, -(1 << 31), (1 << 31) - 1)],
    "integer/int64": [typed("integer/int64", str(n)) for n in (0, -(1 << 63), (1 << 63) - 1, (1 << 53) + 1)],
    "number/double": [typed("number/double", t) for t in ("1.5", "-0.1", "1e-7", "1.7976931348623157e308", "0.0", "5")],
    "number/decimal": [
        typed("number/decimal", t) for t in ("1.5", "-0", "0.10", "0.1000000000000000000000001", "1e400", "-1.10")
    ],
    "string": [string(t) for t in ("", "x", "ä😀\n\"'\\\t", " padded ", "null", "12", "{}", "\x01", "\u2028")],
    "date-time": [typed("date-time", f'"{t}"') for t in MOMENTS],
    "xml": [typed("xml", t) for t in ('"<a/>"', '"<a b=\\"c\\">ü</a>"')],
    "bytes": [typed("bytes", f'"{t}"') for t in ("", "AAEC", base64.b64encode(bytes(range(256))).decode())],
    "file": [
        typed("file", '"AAEC"', filename="a.bin"),
        typed("file", '""', filename="ä b.txt", media_type="text/plain", encoding="UTF-8"),
    ],
    "json": [typed("json", t) for t in ('{"b":[1,2.50,{"c":null}],"a":"ü"}', "{}", '{"n":12345678901234567890.10}')],
    "list": [typed("list", t) for t in ("[]", '[1,"x",null,[2]]', '[{"a":1}]')],
    "object": [typed("object", '{"a":1,"b":{"c":[1,2]}}', class_name="java.util.LinkedHashMap")],
}
"""Picked values of each type that an engine may name in `capabilities.types`."""

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=None).map(lambda d: _number(str(d)))
_numbers = st.one_of(st.integers().map(str), _doubles, _decimals).map(Number)
_keys = st.one_of(st.sampled_from(["items", "selected", "data", "@type", "a", ""]), _text)
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=12,
)
"""JSON, numbers by their text."""


def _number(text: str) -> str:
    return text.replace("E+", "e").replace("E", "e")


def _json(tree: object) -> bytes:
    return jsontext.write(tree)


_moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)).map(lambda m: m.replace(tzinfo=UTC))
_shown = st.builds(
    lambda moment, offset: (
        (moment + timedelta(minutes=offset)).isoformat()[:-6]
        + f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    ),
    _moments,
    st.integers(-1439, 1439),
)
values = st.one_of(
    st.integers().map(lambda n: Value(value=raw(str(n)))),
    st.integers(-(1 << 70), 1 << 70).flatmap(
        lambda n: st.sampled_from(["int16", "int32", "int64"]).map(lambda f: whole(n, f"integer/{f}"))
    ),
    st.one_of(_doubles, _decimals).map(lambda t: Value(value=raw(t))),
    st.one_of(_doubles, _decimals).map(lambda t: typed("number/double", t)),
    st.one_of(_doubles, _decimals).map(lambda t: typed("number/decimal", t)),
    st.sampled_from(['"NaN"', '"Infinity"', '"-Infinity"']).map(lambda t: typed("number/double", t)),
    _text.map(string),
    _shown.map(lambda t: typed("date-time", f'"{t}"')),
    st.binary(max_size=40).map(lambda b: typed("bytes", f'"{base64.b64encode(b).decode()}"')),
    st.builds(
        lambda b, f, m: typed("file", f'"{base64.b64encode(b).decode()}"', filename=f, media_type=m),
        st.binary(max_size=40),
        _text.filter(bool),
        st.sampled_from([None, "text/plain", "application/x-thing"]),
    ),
    trees.map(lambda t: typed("json", _json(t))),
    st.lists(trees, max_size=4).map(lambda t: typed("list", _json(t))),
    trees.map(lambda t: typed("object", _json(t))),
    st.sampled_from([typed("null", "null"), typed("boolean", "true"), typed("xml", '"<a/>"'), typed("xml", '"<a>"')]),
)
"""Values of every type, with and without a type given, fitting it or not."""


def kept_name(value: Value, names: dict[str, str]) -> str:
    """Return the name of the variable that holds such values on engines that must be told."""
    kind = value.type or ""
    return names.get(f"{kind}/{value.format or ''}" if kind == "number" else kind, "v")


def same(written: Value, found: Value, *, exactly: bool) -> bool:
    """Return whether a value came back.

    Args:
        written: as it was given.
        found: as it was read.
        exactly: type and format too; else an engine without types may name the narrowest kind that shows the same.
    """
    wanted = check_value(written)
    if not exactly and wanted.is_null() and found.is_null():
        return True
    if _kin(wanted) != _kin(found) or (exactly and not _same_type(wanted, found)):
        return False
    extras = ("filename", "media_type", "encoding") if wanted.type == "file" else ()
    if any(getattr(wanted, name) not in {None, getattr(found, name)} for name in extras):
        return False
    if wanted.class_name is not None and wanted.class_name != found.class_name:
        return False
    return _same_content(wanted, found)


def _same_type(wanted: Value, found: Value) -> bool:
    """JSON is JSON, whether as itself, as a list or as an object of the engine's own choice; so are equal numbers."""
    if wanted.format == "decimal" and found.format == "double":
        return True
    return wanted.type in {"json", "list"} or (wanted.type, wanted.format) == (found.type, found.format)


def shown(value: object) -> str:
    """Return the name of a case."""
    return f"{value.type}-{value.text[:20]!a}" if isinstance(value, Value) else str(value)[:20]


def _kin(value: Value) -> str:
    kind = value.type or ""
    return "number" if kind in NUMERIC else "json" if kind in STRUCTURED else kind


def _same_content(wanted: Value, found: Value) -> bool:
    if wanted.is_null() or found.is_null():
        return wanted.is_null() and found.is_null()
    if wanted.type in NUMERIC:
        return wanted.text == found.text or _equal(wanted.text, found.text)
    if wanted.type == "date-time":
        return instant(text_of(wanted.text)) == instant(text_of(found.text))
    if wanted.type in STRUCTURED:
        return bool(jsontext.parse(wanted.text) == jsontext.parse(found.text))
    return text_of(wanted.text) == text_of(found.text) if wanted.text[:1] == b'"' else wanted.text == found.text


def _equal(one: bytes, other: bytes) -> bool:
    if one[:1] == b'"' or other[:1] == b'"':
        return False
    return Decimal(one.decode()) == Decimal(other.decode())
