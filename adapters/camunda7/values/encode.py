"""From typed values to the vendor's ``{type, value, valueInfo}``: exact, by a named rule, or refused before it is sent.

The engine bends what it is sent (42.0 stringified, dates rolled over, text after a quote dropped), so everything is
checked here first, and a type always goes along. Facts: live engine 7.24, ``tests/recordings``.
"""

from __future__ import annotations

import math
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
SCALARS: dict[tuple[str | None, str | None], str] = {
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


def encode(name: str, value: Value, settings: Settings, pointer: str) -> tuple[WireValue, str | None]:
    """Return a checked value in the vendor's spelling, and the rule by which it differs from what was given, if any.

    Raises:
        ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: with the pointer.
    """
    try:
        check_name(name)
        fitting, rule = _softened(value, settings)
        return _encoded(fitting, settings), rule
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


def _softened(value: Value, settings: Settings) -> tuple[Value, str | None]:
    """Return a value that the engine holds, and the rule by which it differs from what was given, if any.

    Raises:
        ValueNotRepresentable: nothing that the settings allow holds it.
    """
    if value.format == "decimal":
        return _as_double(value, settings)
    if value.type == "date-time" and not value.is_null():
        return _to_unit(value, settings)
    return value, None


def _as_double(value: Value, settings: Settings) -> tuple[Value, str | None]:
    double = msgspec.structs.replace(value, format="double")
    if value.is_null() or is_double(value.text):
        return double, None
    nearest = float(value.text)
    if settings.decimals == "refuse" or math.isinf(nearest):
        raise ValueNotRepresentable("The engine has doubles only, and none is this decimal exactly.")
    return msgspec.structs.replace(double, value=msgspec.Raw(repr(nearest).encode())), "decimal-to-double"


def _to_unit(value: Value, settings: Settings) -> tuple[Value, str | None]:
    """Return a date without what is below the engine's unit, where the settings allow that."""
    moment, unit_us = instant(text_of(value.text)), settings.dates.unit_us
    if not moment.microsecond % unit_us:
        return value, None
    if settings.fractions == "refuse":
        raise ValueNotRepresentable(settings.dates.too_fine)
    whole = moment.replace(microsecond=moment.microsecond // unit_us * unit_us)
    rule = "date-truncated-to-milliseconds" if unit_us == 1000 else "date-truncated-to-seconds"  # noqa: PLR2004
    return msgspec.structs.replace(value, value=json_text(instant_text(whole))), rule


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
        return json_text(settings.dates.write(instant(text_of(value.text))))
    return value.value


def _check_string(text: str, settings: Settings) -> None:
    if 2 * len(text) <= settings.string_length:
        return  # even if every character took two units
    if len(text.encode("utf-16-le", "surrogatepass")) // 2 > settings.string_length:
        raise ValueTooLong(f"A string has at most {settings.string_length} UTF-16 units on this engine.")


def _check_xml(text: str) -> None:
    """Refuse XML that parsers do not read alike: the engine stores any text and then fails every read of it."""
    try:
        ElementTree.fromstring(text)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise ValueInvalid("The XML is not well-formed, or declares entities.") from error


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
    """Return JSON text that every parser reads alike; the engine stores any text and then fails every read of it."""
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
