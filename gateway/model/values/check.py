"""Checks: whether a value fits the type that it names, and which type one without a name has."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueInvalid, ValueNotRepresentable
from gateway.model.values.inference import INTEGER, in_bounds, infer_type, is_double, narrowest
from gateway.model.values.moments import instant
from gateway.model.values.value import FORMATS, INTEGER_BOUNDS, NULL, TYPES, Value, text_of
from gateway.model.values.vendor_names import SYNONYMS, in_our_spelling
from gateway.nearest import suggestion

_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_NOT_FINITE = (b'"NaN"', b'"Infinity"', b'"-Infinity"')
_SURELY = {"int16": 4, "int32": 9, "int64": 18}
"""Characters of an integer that fits whatever they are."""
_MAX_DIGITS = 1000
"""Characters of one number; Jackson's own limit, and Python's int() is quadratic beyond some thousands."""


def check_value(value: Value, pointer: str = "") -> Value:
    """Return the value with its unified type and spelling, after checking that it fits its type.

    Raises:
        InvalidRequest: unknown type or format, a field that the type does not have, no value.
        ValueInvalid: the value does not fit its type.
        ValueNotRepresentable: a number that its format cannot hold.
    """
    try:
        check = CHECKS.get((value.type, value.format))
        if check is None or not is_bare(value):
            return _check_at_length(value)
        raw = bytes(value.value)
        if raw in (b"", b"null"):
            return _check_at_length(value)
        check(raw, value.format)
    except (InvalidRequest, ValueInvalid, ValueNotRepresentable) as error:
        if error.errors:
            raise
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error
    return value


def is_bare(value: Value) -> bool:
    """Return whether a value has nothing that only files and objects have."""
    return (
        value.filename is None
        and value.media_type is None
        and value.encoding is None
        and value.class_name is None
        and value.serialization is None
    )


def _check_at_length(value: Value) -> Value:
    value = in_our_spelling(value)
    raw = value.text
    if value.type is None:
        if not raw:
            raise InvalidRequest("A value needs `value` or `type`.")
        if value.format is not None:
            raise InvalidRequest("`format` needs `type`.")
        kind, form = infer_type(raw)
    else:
        kind, form = resolve_type(value.type, value.format)
    if not raw and kind != "null":
        raise InvalidRequest("`value` is missing.")
    if raw not in (b"", b"null") or kind == "opaque":
        form = _CHECKS[kind](raw, form)
    elif kind == "number" and form is None:
        form = "double"
    if kind == "integer" and form is None:
        form = "int32"
    _check_fields(value, kind)
    if kind == value.type and form == value.format and raw:
        return value
    return msgspec.structs.replace(value, type=kind, format=form, value=value.value if raw else NULL)


def resolve_type(kind: str, form: str | None) -> tuple[str, str | None]:
    """Return the unified type and format of a name that a caller used.

    Raises:
        InvalidRequest: unknown type, or a format that the type does not have.
    """
    if kind in SYNONYMS:
        kind, implied = SYNONYMS[kind]
        form = form or implied
    if kind not in _CHECKS:
        meant = suggestion(kind, (*TYPES, *SYNONYMS))
        raise InvalidRequest(f"Unknown type. Known: {', '.join(TYPES)}.{meant}")
    if form is not None and form not in FORMATS.get(kind, ()):
        formats = ", ".join(FORMATS.get(kind, ())) or "none"
        raise InvalidRequest(f"The type {kind} has no such format. Its formats: {formats}.")
    return kind, form


def _check_fields(value: Value, kind: str) -> None:
    if kind != "file" and (value.filename is not None or value.encoding is not None or value.media_type is not None):
        raise InvalidRequest("`filename`, `mediaType` and `encoding` belong to the type file.")
    if kind not in {"object", "list"} and (value.class_name is not None or value.serialization is not None):
        raise InvalidRequest("`className` and `serialization` belong to the type object.")


def _null(_raw: bytes, _form: str | None) -> None:
    raise ValueInvalid("The type null has no value but null.")


def _boolean(raw: bytes, _form: str | None) -> None:
    if raw not in (b"true", b"false"):
        raise ValueInvalid("A boolean is true or false.")


def _integer(raw: bytes, form: str | None) -> str:
    if (not raw.isdigit() or raw[:1] == b"0") and not INTEGER.match(raw):  # the first is five times as fast
        raise ValueInvalid("An integer is written with digits only: `42`.")
    if form is None:
        return narrowest(raw)
    if len(raw) > _SURELY[form] and not in_bounds(raw, form):
        bound = INTEGER_BOUNDS[form]
        raise ValueInvalid(f"The integer does not fit {form}, which goes from {-bound} to {bound - 1}.")
    return form


def _numeric(raw: bytes, form: str | None) -> str:
    if raw in _NOT_FINITE:
        if form == "decimal":
            raise ValueInvalid("A decimal is a finite number.")
        return "double"
    if not _NUMBER.match(raw) or len(raw) > _MAX_DIGITS:
        raise ValueInvalid("A number is written as JSON writes it, in at most 1000 characters: `1.5`, `1e3`.")
    if form is None:
        return "double" if is_double(raw) else "decimal"
    if form == "double" and not is_double(raw):
        raise ValueNotRepresentable("No double holds this number exactly; use the format decimal.")
    return form


def _string(raw: bytes, _form: str | None) -> None:
    text_of(raw)


def _date_time(raw: bytes, _form: str | None) -> None:
    instant(text_of(raw) if _is_text(raw) else "")


def _base64(raw: bytes, _form: str | None) -> None:
    detail = 'Bytes are written in base64, padded, standard alphabet: `"aGVsbG8="`.'
    if not _is_text(raw):
        raise ValueInvalid(detail)
    try:
        base64.b64decode(text_of(raw), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueInvalid(detail) from error


def _is_text(raw: bytes) -> bool:
    return raw[:1] == b'"'


def _any(raw: bytes, _form: str | None) -> None:
    del raw


def _list(raw: bytes, _form: str | None) -> None:
    if raw[:1] != b"[":
        raise ValueInvalid("A list is a JSON array: `[1, 2]`.")


def _opaque(_raw: bytes, _form: str | None) -> None:
    raise ValueInvalid("An opaque value can be read, not written.")


_Check: TypeAlias = Callable[[bytes, str | None], str | None]
_CHECKS: dict[str, _Check] = {
    "null": _null,
    "boolean": _boolean,
    "integer": _integer,
    "number": _numeric,
    "string": _string,
    "date-time": _date_time,
    "bytes": _base64,
    "file": _base64,
    "json": _any,
    "object": _any,
    "list": _list,
    "xml": _string,
    "opaque": _opaque,
}
CHECKS: dict[tuple[str | None, str | None], _Check] = {
    (kind, form): check
    for kind, check in _CHECKS.items()
    for form in FORMATS.get(kind, (None,))
    if kind not in {"null", "file", "opaque"}
}
"""Checks by unified type and format, of bare values that are not null."""
