"""What the fake engine makes of a value: the vendor's conversions, with the vendor's refusals word for word."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NoReturn
from urllib.parse import quote

import msgspec

from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.plan import Part, VendorRequest

JAVA_FORMAT = "application/x-java-serialized-object"
TOO_LONG = 413
"""Stands for "Variable value is too long": 400 by PUT, 500 by POST; the fake's caller decides."""
_NAME, _TEXT = 255, 4000
_OBJECT_INFO = ("objectTypeName", "serializationDataFormat")
_FILE_INFO = ("filename", "mimeType", "encoding")
_JAVA = {
    "Integer": ("java.lang.Integer", 1 << 31),
    "Short": ("java.lang.Short", 1 << 15),
    "Long": ("java.lang.Long", 1 << 63),
}
_WHOLE = re.compile(r"\s*[+-]?\d+\s*\Z", re.ASCII)
_REAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\Z", re.ASCII)
# lenient, as SimpleDateFormat is: months and hours roll over, digits after the point are milliseconds, a tail goes
_DATE = re.compile(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)(?:([+-])(\d\d)(\d\d)|GMT|UTC)", re.ASCII)


_GAP = (datetime(1582, 10, 5), datetime(1582, 10, 15))  # noqa: DTZ001 - days that Java's calendar leaves out


class Refused(Exception):
    """The engine's error answer: status, type, message, code."""

    def __init__(self, status: int, kind: str, message: str, code: int | None, *, prefixed: bool = True) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.code, self.prefixed = status, kind, message, code, prefixed


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A converted value, ready to be stored."""

    type: str
    value: Any
    info: dict[str, Any]
    transient: bool = False


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


_parser = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def parsed(body: bytes) -> Any:
    """Return a body's tree, of equal keys the last; raise ValueError where the engine refuses."""
    try:
        return _parser.decode(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError(str(error)) from error


def written(tree: object) -> bytes:
    """Return the JSON text of an answer."""
    return jsontext.write(tree)


def quoted(name: str) -> str:
    """Return a file name as ``filename*`` writes it."""
    return quote(name, safe="")


def stored(wire: dict[str, Any]) -> Change:
    """Convert ``{type, value, valueInfo}`` as the engine does.

    Raises:
        Refused: with the engine's words.
    """
    info = dict(wire.get("valueInfo") or {})
    transient = info.pop("transient", None) is True
    value, kind = wire.get("value"), wire.get("type")
    if isinstance(value, int) and not isinstance(value, bool):
        value = Number(str(value))
    if kind is None:
        kind = _untyped(value)
        if isinstance(kind, Change):
            return msgspec.structs.replace(kind, transient=transient)
    if not kind:
        raise Refused(500, "StringIndexOutOfBoundsException", "begin 0, end 1, length 0", None, prefixed=False)
    kind = kind[:1].upper() + kind[1:]
    if kind in {"Object", "Json", "Xml"}:
        kept = {key: info[key] for key in _OBJECT_INFO if key in info} if kind == "Object" else {}
        return Change(type=kind, value=_text(kind, value), info=kept, transient=transient)
    if kind == "File":
        kept = {key: info[key] for key in _FILE_INFO if key in info}
        return Change(type=kind, value=_file(value, info), info=kept, transient=transient)
    if kind not in _CONVERSIONS:
        raise _bad(f"Unsupported value type '{kind}'")
    return Change(type=kind, value=None if value is None else _converted(kind, value), info={}, transient=transient)


def check_storable(name: str, change: Change) -> None:
    """Refuse what the database does not hold, and what no serializer takes."""
    units = len(change.value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(change.value, str) else 0
    if len(name) > _NAME or (change.type == "String" and units > _TEXT):
        raise Refused(TOO_LONG, "RestException", "Variable value is too long", 0)
    if (
        change.type == "Object"
        and isinstance(change.value, str)
        and change.info.get("serializationDataFormat") == JAVA_FORMAT
    ):
        said = f"ENGINE-17007 Cannot set variable with name {name}. Java serialization format is prohibited"
        raise Refused(500, "RestException", said, 0)
    if change.type == "Object" and not change.info.get("serializationDataFormat"):
        shown = f"ObjectValue [value=null, isDeserialized=false, serializationDataFormat=null, objectTypeName={change.info.get('objectTypeName', 'null')}, serializedValue={units} chars, isTransient=false]"  # noqa: E501 - the engine's words
        raise Refused(500, "RestException", f"Cannot find serializer for value '{shown}'.", 0)
    if change.type == "Object" and not change.info.get("objectTypeName"):
        said = f"Cannot write serialized value for variable '{name}': no 'objectTypeName' provided for non-null value."
        raise Refused(500, "RestException", said, 0)


def _untyped(value: Any) -> Change | str:
    """Return the type of a value that names none; what is no primitive becomes a Java object, shown as JSON here."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case str():
            return "String"
        case Number() if not _WHOLE.match(value.text):
            return "Double"
        case Number() if -(1 << 31) <= int(value.text) < 1 << 31:
            return "Integer"
        case Number() if -(1 << 63) <= int(value.text) < 1 << 63:
            return "Long"
        case _:
            kinds = {Number: "java.math.BigInteger", list: "java.util.ArrayList", dict: "java.util.LinkedHashMap"}
            info = {"objectTypeName": kinds[type(value)], "serializationDataFormat": JAVA_FORMAT}
            return Change(type="Object", value=value, info=info)


def _bad(message: str) -> Refused:
    return Refused(400, "InvalidRequestException", message, None)


def _java(value: Any) -> str:
    """Return a value as Java prints it."""
    match value:
        case Number() if not _WHOLE.match(value.text):
            return repr(float(value.text))
        case Number():
            return value.text
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "{" + ", ".join(f"{key}={_java(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_java, value)) + "]"
        case _:
            return str(value)


def _converted(kind: str, value: Any) -> Any:
    result = _CONVERSIONS[kind](kind, value)
    if result is _NOTHING:
        java = _CLASSES[kind]
        raise _bad(f"Cannot convert value '{_java(value)}' of type '{kind}' to java type {java}")
    return result


_NOTHING = object()


def _whole(kind: str, value: Any) -> Any:
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, bool) or not isinstance(text, str):
        return _NOTHING
    text = text.split('"')[0]
    if not text.strip():
        return None
    if not _WHOLE.match(text):
        return _NOTHING
    bound = _JAVA[kind][1]
    return Number(str(int(text))) if -bound <= int(text) < bound else _NOTHING


def _real(_kind: str, value: Any) -> Any:
    if isinstance(value, Number):
        number = float(value.text)
        return "Infinity" if number == float("inf") else Number(_double(number, value.text))
    if not isinstance(value, str):
        return _NOTHING
    if value.strip() in {"NaN", "Infinity", "-Infinity"}:
        return value.strip()
    if not value.strip():
        return None
    return Number(_double(float(value), value.strip())) if _REAL.match(value) else _NOTHING


def _double(number: float, text: str) -> str:
    """Return a double as JSON."""
    del text
    return repr(number)


def _boolean(_kind: str, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    known = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": None}
    return known.get(value, _NOTHING) if isinstance(value, str) else _NOTHING


def _string(_kind: str, value: Any) -> Any:
    return _java(value)


def _date(_kind: str, value: Any) -> Any:
    if value == "":
        return None
    found = _DATE.match(value) if isinstance(value, str) else None
    if found is None:
        return _NOTHING
    year, month, day, hour, minute, second, millis = map(int, found.groups()[:7])
    offset = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    years, months = divmod(month - 1, 12)
    try:
        first = datetime(year + years, months + 1, 1, tzinfo=UTC)
        moment = first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, milliseconds=millis)
        if _GAP[0] <= moment.replace(tzinfo=None) < _GAP[1]:
            moment += timedelta(days=10)
        moment -= -offset if found[8] == "-" else offset
    except (ValueError, OverflowError):
        return value
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _bytes(_kind: str, value: Any) -> Any:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return _NOTHING
    return value


def _null(_kind: str, _value: Any) -> Any:
    return _NOTHING


_CONVERSIONS = {
    "Integer": _whole,
    "Short": _whole,
    "Long": _whole,
    "Double": _real,
    "Boolean": _boolean,
    "String": _string,
    "Date": _date,
    "Bytes": _bytes,
    "Null": _null,
}
_CLASSES = {
    "Integer": "java.lang.Integer",
    "Short": "java.lang.Short",
    "Long": "java.lang.Long",
    "Double": "java.lang.Double",
    "Boolean": "java.lang.Boolean",
    "String": "java.lang.String",
    "Date": "java.util.Date",
    "Bytes": "[B",
    "Null": "javax.lang.model.type.NullType",
}


def _text(kind: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise _bad(f"Must provide 'null' or String value for value of SerializableValue type '{kind}'.")
    return value


def _file(value: Any, info: dict[str, Any]) -> Any:
    if info.get("filename") is None:
        said = "Cannot create file without filename! Please set a name into ValueInfo with key filename"
        raise Refused(500, "IllegalArgumentException", said, None, prefixed=False)
    return value


def shown(kind: str, value: Any, info: dict[str, Any]) -> dict[str, Any]:
    """Return a stored value as a read without deserialization shows it."""
    return {"type": kind, "value": None if kind == "File" else value, "valueInfo": dict(info)}


def parts(request: VendorRequest) -> tuple[Part, ...]:
    """Return the parts of a multipart body that came as bytes."""
    headers = {key.lower(): value for key, value in request.headers}
    body = request.body if isinstance(request.body, bytes) else b""
    head = f"Content-Type: {headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return tuple(_part(each) for each in message.walk() if not each.is_multipart())


def _part(message: Message) -> Part:
    name = str(message.get_param("name", header="content-disposition"))
    content = message.get_payload(decode=True)
    kind = message.get("content-type")
    return Part(
        name,
        content if isinstance(content, bytes) else b"",
        filename=message.get_filename(),
        content_type=str(kind) if kind else None,
    )
