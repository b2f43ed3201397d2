"""From typed values to the vendor's ``{type, value, valueInfo}``: exact, by a named rule, or refused before it is sent.

The engine bends what it is sent (42.0 stringified, dates rolled over, text after a quote dropped), so everything is
checked here first, and a type always goes along. Facts: live engine 7.24, ``tests/recordings``.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

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
from gateway.model.values import Value, instant, instant_text, is_double, json_text, text_of

NAME_LENGTH = 255
"""Characters of ``ACT_RU_VARIABLE.NAME_``."""
JSON_FORMAT = "application/json"
SCALARS = {
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
_PLAIN: dict[tuple[str | None, str | None], str] = {
    pair: wire for pair, wire in SCALARS.items() if wire in {"Boolean", "Short", "Integer", "Long", "Double", "String"}
}
"""What goes out as it came; a text of so many bytes has no more UTF-16 units."""
_GAP = (datetime(1582, 10, 5), datetime(1582, 10, 15))  # noqa: DTZ001 - days of a calendar, not moments
"""Java's calendar goes from the 4th to the 15th; what is written in between comes back ten days later (seen live)."""


def encode(name: str, value: Value, settings: Settings, pointer: str) -> WireValue:
    """Give a checked value in the vendor's spelling.

    Raises:
        ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: with the pointer.
    """
    try:
        if len(name) > NAME_LENGTH:
            check_name(name)
        plain = _PLAIN.get((value.type, value.format))
        if plain is not None and 0 < len(value.value) <= settings.string_length and not value.transient:
            return WireValue(type=plain, value=value.value)
        return _encoded(softened(value, settings)[0], settings)
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


def softened(value: Value, settings: Settings) -> tuple[Value, str | None]:
    """Give a checked value that the engine holds, and the rule by which it differs from what was given, if any.

    Raises:
        ValueNotRepresentable: nothing that the settings allow holds it.
    """
    if value.format != "decimal" and value.type != "date-time":
        return value, None
    if value.is_null():
        return (msgspec.structs.replace(value, format="double") if value.format == "decimal" else value), None
    if value.format == "decimal":
        return _as_double(value, settings)
    if value.type == "date-time" and instant(text_of(value.text)).microsecond % 1000:
        if settings.fractions == "refuse":
            raise ValueNotRepresentable("The engine keeps dates to the millisecond.")
        return _to_milliseconds(value), "date-truncated-to-milliseconds"
    return value, None


def _as_double(value: Value, settings: Settings) -> tuple[Value, str | None]:
    double = msgspec.structs.replace(value, format="double")
    if is_double(value.text):
        return double, None
    nearest = float(value.text)
    if settings.decimals == "refuse" or math.isinf(nearest):
        raise ValueNotRepresentable("The engine has doubles only, and none is this decimal exactly.")
    return msgspec.structs.replace(double, value=msgspec.Raw(repr(nearest).encode())), "decimal-to-double"


def _to_milliseconds(value: Value) -> Value:
    moment = instant(text_of(value.text))
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return msgspec.structs.replace(value, value=json_text(instant_text(whole)))


def _encoded(value: Value, settings: Settings) -> WireValue:
    info: dict[str, Any] = {"transient": True} if value.transient else {}
    match value.type:
        case "json" | "list" | "object":
            return _structured(value, settings, info)
        case "file":
            return _file(value, info)
        case kind:
            wire = SCALARS[kind or "null", value.format]
            return WireValue(type=wire, value=_scalar(wire, value, settings), valueInfo=info or None)


def _scalar(wire: str, value: Value, settings: Settings) -> msgspec.Raw:
    if wire == "Xml" and settings.xml == "refuse":
        raise Unsupported("This engine takes no XML values.")
    if value.is_null():
        return NULL
    if wire == "String":
        _check_string(text_of(value.text), settings)
    if wire == "Xml":
        _check_xml(text_of(value.text))
    if wire == "Date":
        return json_text(date_out(instant(text_of(value.text)), settings))
    return value.value


def _check_string(text: str, settings: Settings) -> None:
    if 2 * len(text) <= settings.string_length:
        return  # even if every character took two units
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > settings.string_length:
        raise ValueTooLong(f"A string has at most {settings.string_length} UTF-16 units on this engine.")


def _check_xml(text: str) -> None:
    """Refuse what no parser reads alike: the engine stores any text and then fails every read of it."""
    try:
        ElementTree.fromstring(text)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise ValueInvalid("The XML is not well-formed, or declares entities.") from error


def date_out(moment: datetime, settings: Settings) -> str:
    """Give a moment as the engine writes it.

    Raises:
        ValueNotRepresentable: finer than milliseconds, or on a day that the engine's calendar leaves out.
    """
    if moment.microsecond % 1000:
        raise ValueNotRepresentable("The engine keeps dates to the millisecond.")
    if _GAP[0] <= moment.replace(tzinfo=None) < _GAP[1]:
        raise ValueNotRepresentable("The engine's calendar leaves out 5 to 14 October 1582.")
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
