"""The typed value: JSON text plus what it is, checked without rounding, guessing or changing it.

What must not live here: a vendor's spelling of a value (``adapters.<vendor>.values``), limits of an engine.
``Value.value`` is the JSON text itself (``msgspec.Raw``), so digits, key order and escapes survive.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeAlias

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueInvalid, ValueNotRepresentable

ABSENT = msgspec.Raw(b"")
NULL = msgspec.Raw(b"null")

INTEGER_BOUNDS = {"int16": 1 << 15, "int32": 1 << 31, "int64": 1 << 63}
FORMATS = {"integer": ("int16", "int32", "int64"), "number": ("double", "decimal")}
TYPES = (
    "null", "boolean", "integer", "number", "string", "date-time", "bytes", "file", "json", "object", "list", "xml",
    "opaque",
)  # fmt: skip
SYNONYMS: dict[str, tuple[str, str | None]] = {
    "Null": ("null", None),
    "Boolean": ("boolean", None),
    "Short": ("integer", "int16"),
    "Integer": ("integer", "int32"),
    "Long": ("integer", "int64"),
    "Double": ("number", "double"),
    "Decimal": ("number", "decimal"),
    "String": ("string", None),
    "Date": ("date-time", None),
    "Bytes": ("bytes", None),
    "File": ("file", None),
    "Json": ("json", None),
    "Object": ("object", None),
    "List": ("list", None),
    "Xml": ("xml", None),
}
"""Engine spellings that callers may use for a type; unified names are the keys of ``TYPES``."""

_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_NOT_FINITE = (b'"NaN"', b'"Infinity"', b'"-Infinity"')
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))\Z", re.ASCII
)
_SURELY = {"int16": 4, "int32": 9, "int64": 18}
"""Characters of an integer that fits whatever they are."""
_text = msgspec.json.Decoder(str)
_MAX_DIGITS = 1000
"""Characters of one number; Jackson's own limit, and Python's int() is quadratic beyond some thousands."""


class Value(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
    gc=False,  # it can be in no cycle, and patches make thousands
):
    """A typed value as callers write and read it.

    Args:
        type: one of ``TYPES``, or a synonym; None = to be inferred (only before ``checked``).
        format: ``int16 | int32 | int64`` for integers, ``double | decimal`` for numbers.
        value: exact JSON text; base64 text for bytes and files; empty when a listing does not inline it.
        filename, media_type, encoding: of files.
        class_name, serialization: of objects; serialization is a media type.
        transient: lives only as long as the engine's transaction.
    """

    type: str | None = None
    format: str | None = None
    value: msgspec.Raw = msgspec.field(default_factory=lambda: ABSENT)  # a JSON Schema can show no raw default
    filename: str | None = None
    media_type: str | None = None
    encoding: str | None = None
    class_name: str | None = None
    serialization: str | None = None
    transient: bool = False

    def is_null(self) -> bool:
        """Tell whether the value is null or absent."""
        return bytes(self.value) in (b"", b"null")

    @property
    def text(self) -> bytes:
        """Give the JSON text as plain bytes; empty where a listing does not inline the value."""
        return bytes(self.value)


def text_of(raw: bytes) -> str:
    """Give the Python string of a JSON string text.

    Raises:
        ValueInvalid: it is not a JSON string that UTF-8 can carry.
    """
    try:
        return _text.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueInvalid("The value is not a JSON string.") from error


def json_text(text: str) -> msgspec.Raw:
    """Give the JSON text of a Python string."""
    return msgspec.Raw(msgspec.json.encode(text))


def inferred(raw: bytes) -> tuple[str, str | None]:
    """Give type and format for a value that came without: the narrowest of types.md that holds it exactly.

    Raises:
        ValueNotRepresentable: an integer beyond 64 bits.
    """
    head = raw[:1]
    if head == b'"':
        return "string", None
    if head in (b"{", b"["):
        return "json", None
    if head in (b"t", b"f"):
        return "boolean", None
    if head == b"n":
        return "null", None
    if _INTEGER.match(raw):
        return "integer", _narrowest(raw)
    return "number", "double" if is_double(raw) else "decimal"


def _narrowest(raw: bytes) -> str:
    for name in ("int32", "int64"):
        if _in_bounds(raw, name):
            return name
    raise ValueNotRepresentable("An integer beyond 64 bits needs an explicit type.")


def _in_bounds(raw: bytes, name: str) -> bool:
    if len(raw) > len(b"-9223372036854775808"):
        return False
    bound = INTEGER_BOUNDS[name]
    return -bound <= int(raw) < bound


def is_double(raw: bytes) -> bool:
    """Tell whether the shortest double of a number prints the same value (1.10 does, a 20-digit fraction does not)."""
    number = float(raw)
    if number in (float("inf"), float("-inf")):
        return False
    return Decimal(repr(number)) == Decimal(raw.decode())


def checked(value: Value, pointer: str = "") -> Value:
    """Give the value with its unified type, after making sure that it fits it.

    Raises:
        InvalidRequest: unknown type or format, a field that the type does not have, no value.
        ValueInvalid: the value does not fit its type.
        ValueNotRepresentable: a number that its format cannot hold.
    """
    try:
        check = _COMPLETE.get((value.type, value.format))
        if check is None or not _is_bare(value):
            return _checked(value)
        raw = bytes(value.value)
        if raw in (b"", b"null"):
            return _checked(value)
        check(raw, value.format)
    except (InvalidRequest, ValueInvalid, ValueNotRepresentable) as error:
        if error.errors:
            raise
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error
    return value


def _is_bare(value: Value) -> bool:
    """Tell whether a value has nothing that only files and objects have."""
    return (
        value.filename is None
        and value.media_type is None
        and value.encoding is None
        and value.class_name is None
        and value.serialization is None
    )


def _checked(value: Value) -> Value:
    raw = value.text
    if value.type is None:
        if not raw:
            raise InvalidRequest("A value needs `value` or `type`.")
        if value.format is not None:
            raise InvalidRequest("`format` needs `type`.")
        kind, form = inferred(raw)
    else:
        kind, form = resolved(value.type, value.format)
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


def resolved(kind: str, form: str | None) -> tuple[str, str | None]:
    """Give the unified type and format of a name that a caller used.

    Raises:
        InvalidRequest: unknown type, or a format that the type does not have.
    """
    if kind in SYNONYMS:
        kind, implied = SYNONYMS[kind]
        form = form or implied
    if kind not in _CHECKS:
        raise InvalidRequest(f"Unknown type. Known: {', '.join(TYPES)}.")
    if form is not None and form not in FORMATS.get(kind, ()):
        raise InvalidRequest(f"The type {kind} has no such format.")
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
    if not _INTEGER.match(raw):
        raise ValueInvalid("An integer is written with digits only.")
    if form is None:
        return _narrowest(raw)
    if len(raw) > _SURELY[form] and not _in_bounds(raw, form):
        raise ValueInvalid(f"The integer does not fit {form}.")
    return form


def _numeric(raw: bytes, form: str | None) -> str:
    if raw in _NOT_FINITE:
        if form == "decimal":
            raise ValueInvalid("A decimal is a finite number.")
        return "double"
    if not _NUMBER.match(raw) or len(raw) > _MAX_DIGITS:
        raise ValueInvalid("A number is written as JSON writes it, in at most 1000 characters.")
    if form is None:
        return "double" if is_double(raw) else "decimal"
    if form == "double" and not is_double(raw):
        raise ValueNotRepresentable("No double holds this number exactly; use the format decimal.")
    return form


def _string(raw: bytes, _form: str | None) -> None:
    text_of(raw)


def _date_time(raw: bytes, _form: str | None) -> None:
    instant(text_of(raw))


def _base64(raw: bytes, _form: str | None) -> None:
    try:
        base64.b64decode(text_of(raw), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueInvalid("Bytes are written in base64, padded, standard alphabet.") from error


def _any(raw: bytes, _form: str | None) -> None:
    del raw


def _list(raw: bytes, _form: str | None) -> None:
    if raw[:1] != b"[":
        raise ValueInvalid("A list is a JSON array.")


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
_COMPLETE: dict[tuple[str | None, str | None], _Check] = {
    (kind, form): check
    for kind, check in _CHECKS.items()
    for form in FORMATS.get(kind, (None,))
    if kind not in {"null", "file", "opaque"}
}
"""Checks by unified type and format, where those leave nothing to be inferred or refused."""


def instant(text: str) -> datetime:
    """Give the moment that an RFC 3339 date-time names, in UTC.

    Raises:
        ValueInvalid: not RFC 3339, no such day or time, a leap second, before year 1 or after 9999 in UTC.
        ValueNotRepresentable: finer than microseconds.
    """
    found = _DATE.match(text)
    if not found:
        raise ValueInvalid("A date-time is written as RFC 3339 says, with an offset or Z.")
    year, month, day, hour, minute, second, fraction, _zulu, sign, off_hour, off_minute = found.groups()
    if second == "60":
        raise ValueInvalid("A leap second has no place in any engine's time; give the second before or after it.")
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:  # noqa: PLR2004 - microseconds
        raise ValueNotRepresentable("A date-time is kept to the microsecond at most.")
    try:
        offset = timedelta(hours=int(off_hour or 0), minutes=int(off_minute or 0))
        zone = timezone(-offset if sign == "-" else offset)
        micros = int(digits.ljust(6, "0"))
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueInvalid("There is no such date or time.") from error


def instant_text(moment: datetime) -> str:
    """Give a moment as ``/v1`` writes it: UTC, ``Z``, at least milliseconds."""
    moment = moment.astimezone(UTC)
    micros = f"{moment.microsecond:06d}"
    fraction = micros if micros[3:] != "000" else micros[:3]
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{fraction}Z"
