"""From the vendor's ``{type, value, valueInfo}`` to typed values; what has no place is ``opaque``. Never fails."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from adapters.camunda7.values.encode import JSON_FORMAT, SCALARS
from adapters.camunda7.wire import WireValue
from gateway.model import jsontext
from gateway.model.values import ABSENT, NULL, Value, instant_text, json_text, text_of

_UNIFIED = {wire: unified for unified, wire in SCALARS.items()}
_SIMPLE: dict[str | None, tuple[str, str | None]] = {
    wire: unified for wire, unified in _UNIFIED.items() if wire != "Date"
}
"""Types whose value is the same on both sides; rows of queries are nearly all of them."""
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})(?:Z|([+-])(\d\d):?(\d\d))\Z", re.ASCII)


def decode(wire: WireValue) -> Value:
    """Give a value as the unified model has it; what has no place there is ``opaque``. Never fails."""
    info = wire.valueInfo or {}
    transient = info.get("transient") is True
    raw = msgspec.Raw(bytes(wire.value))
    simple = _SIMPLE.get(wire.type)
    if simple is not None:
        return Value(type=simple[0], format=simple[1], value=raw, transient=transient)
    match wire.type:
        case "Json":
            return _json_in(Value(type="json", transient=transient), bytes(raw))
        case "Object":
            return _object_in(info, bytes(raw))
        case "File":
            return Value(
                type="file", value=ABSENT, filename=info.get("filename"), media_type=info.get("mimeType"),
                encoding=info.get("encoding"), transient=transient,
            )  # fmt: skip
        case "Date" if bytes(raw) != b"null":
            return _date_in(raw)
        case "Date":
            return Value(type="date-time", value=raw, transient=transient)
        case _:
            return Value(type="opaque", value=raw)


def _json_in(shape: Value, raw: bytes) -> Value:
    """Give a stored JSON text; one that no parser reads is named, not handed on."""
    if raw == b"null":
        return msgspec.structs.replace(shape, value=NULL)
    if raw[:1] != b'"':  # a value that was deserialized after all; nobody knows what its text was
        return msgspec.structs.replace(shape, type="opaque", value=msgspec.Raw(raw))
    text = text_of(raw)
    if not jsontext.readable(text):
        return msgspec.structs.replace(shape, value=ABSENT)
    return msgspec.structs.replace(shape, value=msgspec.Raw(text.encode()))


def _object_in(info: dict[str, Any], raw: bytes) -> Value:
    serialization = info.get("serializationDataFormat")
    shape = Value(type="object", class_name=info.get("objectTypeName"), serialization=serialization)
    if serialization == JSON_FORMAT:
        return _json_in(shape, raw)
    if serialization is None or "java" in serialization or raw[:1] not in (b'"', b"n"):
        return msgspec.structs.replace(shape, type="opaque", value=msgspec.Raw(raw))
    return msgspec.structs.replace(shape, value=msgspec.Raw(raw))


def _date_in(raw: msgspec.Raw) -> Value:
    found = _DATE.match(text_of(bytes(raw)))
    if not found:
        return Value(type="opaque", value=raw)
    year, month, day, hour, minute, second, millis, sign, off_hour, off_minute = found.groups()
    offset = timedelta(hours=int(off_hour or 0), minutes=int(off_minute or 0))
    zone = timezone(-offset if sign == "-" else offset)
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), int(millis) * 1000, zone)
        return Value(type="date-time", value=json_text(instant_text(local.astimezone(UTC))))
    except (ValueError, OverflowError):
        return Value(type="opaque", value=raw)
