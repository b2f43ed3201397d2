"""From the vendor's ``{type, value, valueInfo}`` to typed values; what cannot be read is named, never guessed."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.camunda7.settings import Settings
from adapters.camunda7.values.encode import JSON_FORMAT, SCALARS
from adapters.camunda7.wire import WireValue
from gateway.errors import ValueInvalid
from gateway.model import jsontext
from gateway.model.etag import BLOBS
from gateway.model.values import ABSENT, NULL, Value, instant_text, is_double, json_text, text_of

_SIMPLE: dict[str | None, tuple[str | None, str | None]] = {
    wire: unified for unified, wire in SCALARS.items() if wire != "Date"
}
"""Types whose value is the same on both sides; rows of queries are nearly all of them."""
_LONG = 18
"""Characters of a double with 17 digits, from which on digits may be too many; Java always writes a point."""
_TINY = b"E-3"
"""In all doubles that have fewer than 53 bits, where few digits may be too many already."""
_NO_DATE = "The stored date does not fit the engine's `date_format`, or means no single moment in its `date_zone`."
_NO_JSON = "The stored text is not JSON."


def decode(wire: WireValue, settings: Settings) -> Value:
    """Return a stored value as the unified model has it; what has no place there is ``opaque``."""
    info = wire.valueInfo or {}
    transient = info.get("transient") is True
    raw = msgspec.Raw(bytes(wire.value))
    simple = _SIMPLE.get(wire.type)
    if wire.type == "Double":
        raw = _shortest(raw)
    if simple is not None:
        return Value(type=simple[0], format=simple[1], value=raw, transient=transient)
    match wire.type:
        case "Json":
            return _json(Value(type="json", transient=transient), bytes(raw))
        case "Object":
            return _object(info, bytes(raw))
        case "File":
            return Value(
                type="file", value=ABSENT, filename=info.get("filename"), media_type=info.get("mimeType"),
                encoding=info.get("encoding"), transient=transient,
            )  # fmt: skip
        case "Date" if bytes(raw) != b"null":
            return _date(raw, settings)
        case "Date":
            return Value(type="date-time", value=raw, transient=transient)
        case _:
            return Value(type="opaque", value=raw)


def _shortest(raw: msgspec.Raw) -> msgspec.Raw:
    """Return a double in its shortest digits; Java before 19 may write one more, as 6.2613201175695744E16 and 4.9E-324.

    Taken as they are, such digits are no double's own, and what was read could not be written back.
    """
    text = bytes(raw)
    if (len(text) < _LONG and _TINY not in text) or text[:1] == b'"' or is_double(text):
        return raw
    return msgspec.Raw(repr(float(text)).encode())


def unreadable(value: Value) -> str | None:
    """Return why a decoded value could not be read, None where it could; blobs have no content in a list."""
    if value.value or value.type in BLOBS:
        return None
    return _NO_DATE if value.type == "date-time" else _NO_JSON


def _json(shape: Value, raw: bytes) -> Value:
    """Return a value with its stored JSON text, without one where no parser reads it."""
    if raw == b"null":
        return msgspec.structs.replace(shape, value=NULL)
    if raw[:1] != b'"':  # a value that was deserialized after all; nobody knows what its text was
        return msgspec.structs.replace(shape, type="opaque", value=msgspec.Raw(raw))
    text = _text(raw)
    if text is None or not jsontext.readable(text):
        return msgspec.structs.replace(shape, value=ABSENT)
    return msgspec.structs.replace(shape, value=msgspec.Raw(text.encode()))


def _text(raw: bytes) -> str | None:
    """Return a stored text, None where no UTF-8 can carry it: half a surrogate pair can be stored."""
    try:
        return text_of(raw)
    except ValueInvalid:
        return None


def _object(info: dict[str, Any], raw: bytes) -> Value:
    serialization = info.get("serializationDataFormat")
    shape = Value(type="object", class_name=info.get("objectTypeName"), serialization=serialization)
    if serialization == JSON_FORMAT:
        return _json(shape, raw)
    if serialization is None or "java" in serialization or raw[:1] not in (b'"', b"n"):
        return msgspec.structs.replace(shape, type="opaque", value=msgspec.Raw(raw))
    return msgspec.structs.replace(shape, value=msgspec.Raw(raw))


def _date(raw: msgspec.Raw, settings: Settings) -> Value:
    """Return a date, without a value where it does not fit the pattern; beyond the years 1 to 9999 it is ``opaque``."""
    try:
        moment = settings.dates.read(_text(bytes(raw)) or "")
    except (ValueError, OverflowError):
        return Value(type="opaque", value=raw)
    text = ABSENT if moment is None else json_text(instant_text(moment))
    return Value(type="date-time", value=text)
