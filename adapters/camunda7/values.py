"""Values between the unified model and the vendor's ``{type, value, valueInfo}``: exact both ways, or refused.

The engine bends what it is sent (42.0 stringified, dates rolled over, text after a quote dropped), so everything is
checked here first, and a type always goes along. Facts: live engine 7.24, ``tests/recordings``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from adapters.camunda7.settings import Settings
from adapters.camunda7.wire import NULL, WireValue
from gateway.errors import (
    Fault,
    InvalidJson,
    PayloadTooLarge,
    Unsupported,
    ValueInvalid,
    ValueNotRepresentable,
    ValueTooLong,
)
from gateway.model import jsontext
from gateway.model.values import ABSENT, Value, instant, instant_text, json_text, text_of

NAME_LENGTH = 255
"""Characters of ``ACT_RU_VARIABLE.NAME_``."""
JSON_FORMAT = "application/json"
_SCALARS = {
    ("null", None): "Null",
    ("boolean", None): "Boolean",
    ("integer", "int16"): "Short",
    ("integer", "int32"): "Integer",
    ("integer", "int64"): "Long",
    ("number", "double"): "Double",
    ("string", None): "String",
    ("date-time", None): "Date",
    ("bytes", None): "Bytes",
    ("xml", None): "Xml",
}
_UNIFIED = {wire: unified for unified, wire in _SCALARS.items()}
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})(?:Z|([+-])(\d\d):?(\d\d))\Z", re.ASCII)


def encode(name: str, value: Value, settings: Settings, pointer: str) -> WireValue:
    """Give a checked value in the vendor's spelling.

    Raises:
        ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: with the pointer.
    """
    try:
        check_name(name)
        return _encoded(value, settings)
    except (ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported) as error:
        if error.errors:
            raise
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error


def check_name(name: str) -> None:
    """Refuse a name that the engine's column does not hold.

    Raises:
        ValueTooLong: more than 255 characters.
    """
    if len(name) > NAME_LENGTH:
        raise ValueTooLong(f"A name has at most {NAME_LENGTH} characters.")


def _encoded(value: Value, settings: Settings) -> WireValue:
    info: dict[str, Any] = {"transient": True} if value.transient else {}
    match value.type:
        case "json" | "list" | "object":
            return _structured(value, settings, info)
        case "file":
            return _file(value, info)
        case "number" if value.format == "decimal":
            raise ValueNotRepresentable("The engine has doubles only, and none is this decimal exactly.")
        case kind:
            wire = _SCALARS[kind or "null", value.format]
            return WireValue(type=wire, value=_scalar(wire, value, settings), valueInfo=info or None)


def _scalar(wire: str, value: Value, settings: Settings) -> msgspec.Raw:
    if value.is_null():
        return NULL
    if wire == "String":
        _check_string(text_of(value.text), settings)
    if wire == "Date":
        return json_text(date_out(instant(text_of(value.text)), settings))
    return value.value


def _check_string(text: str, settings: Settings) -> None:
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > settings.string_length:
        raise ValueTooLong(f"A string has at most {settings.string_length} UTF-16 units on this engine.")


def date_out(moment: datetime, settings: Settings) -> str:
    """Give a moment as the engine writes it.

    Raises:
        ValueNotRepresentable: finer than milliseconds.
    """
    if moment.microsecond % 1000:
        raise ValueNotRepresentable("The engine keeps dates to the millisecond.")
    offset = "+0000" if settings.date_format == "SSSZ" else "Z"
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{offset}"


def _structured(value: Value, settings: Settings, info: dict[str, Any]) -> WireValue:
    serialization = value.serialization or JSON_FORMAT
    if value.type == "json" or (value.type == "list" and value.class_name is None):
        if settings.json == "refuse":
            raise Unsupported("This engine takes no JSON values.")
        if settings.json == "Json":
            text = NULL if value.is_null() else json_text(_strict(value.text))
            return WireValue(type="Json", value=text, valueInfo=info or None)
    default = settings.list_class if value.text[:1] == b"[" else settings.object_class
    info |= {"objectTypeName": value.class_name or default, "serializationDataFormat": serialization}
    return WireValue(type="Object", value=_serialized(value, serialization), valueInfo=info)


def _serialized(value: Value, serialization: str) -> msgspec.Raw:
    if value.is_null():
        return NULL
    if serialization == JSON_FORMAT:
        return json_text(_strict(value.text))
    if "java" in serialization:
        # ENGINE-17007: "Java serialization format is prohibited"
        raise ValueNotRepresentable("The engine takes no Java serialization from outside.")
    return json_text(text_of(value.text))


def _strict(text: bytes) -> str:
    """Give JSON text that every parser reads alike; the engine stores anything and then fails every read."""
    try:
        jsontext.parse(text)
    except (InvalidJson, PayloadTooLarge) as error:
        raise ValueInvalid(error.detail) from error
    return text.decode()


def _file(value: Value, info: dict[str, Any]) -> WireValue:
    if not value.filename:
        raise ValueInvalid("A file needs a `filename`.")
    if value.is_null():
        raise ValueInvalid("A file needs content; it may be empty.")
    info |= {"filename": value.filename}
    if value.media_type is not None:
        info |= {"mimeType": value.media_type}  # the documentation's `mimetype` is ignored
    if value.encoding is not None:
        info |= {"encoding": value.encoding}
    return WireValue(type="File", value=value.value, valueInfo=info)


def decode(wire: WireValue) -> Value:
    """Give a value as the unified model has it; what has no place there is ``opaque``. Never fails."""
    info = wire.valueInfo or {}
    transient = info.get("transient") is True
    raw = msgspec.Raw(bytes(wire.value))
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
        case kind if kind in _UNIFIED:
            unified, form = _UNIFIED[kind]
            return Value(type=unified, format=form, value=raw, transient=transient)
        case _:
            return Value(type="opaque", value=raw)


def _json_in(shape: Value, raw: bytes) -> Value:
    """Give a stored JSON text; one that no parser reads is named, not handed on."""
    if raw == b"null":
        return msgspec.structs.replace(shape, value=NULL)
    text = text_of(raw)
    if not jsontext.readable(text):
        return msgspec.structs.replace(shape, value=ABSENT)
    return msgspec.structs.replace(shape, value=msgspec.Raw(text.encode()))


def _object_in(info: dict[str, Any], raw: bytes) -> Value:
    serialization = info.get("serializationDataFormat")
    shape = Value(type="object", class_name=info.get("objectTypeName"), serialization=serialization)
    if serialization == JSON_FORMAT:
        return _json_in(shape, raw)
    return msgspec.structs.replace(shape, type="opaque", value=msgspec.Raw(raw))


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
