"""One value in the spelling of each door, and what an answer of each door means: in these tests' own words.

Nothing of the dialects under test is used here. A meaning is the kind of a value and its content, JSON by its tree.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree
from gateway.model.values import Value, instant, text_of

Meaning: TypeAlias = "tuple[str, Any]"
STRUCTURED = frozenset({"json", "list", "object"})
BLOBS = frozenset({"bytes", "file"})
JSON, METADATA = "application/json", "@metadata"
UNREADABLE: Meaning = ("error", None)
OPAQUE: Meaning = ("opaque", None)
CAMUNDA_NAMES = {
    "null": "Null", "boolean": "Boolean", "integer/int16": "Short", "integer/int32": "Integer", "integer/int64": "Long",
    "number/double": "Double", "string": "String", "date-time": "Date", "bytes": "Bytes", "file": "File", "xml": "Xml",
    "json": "Json", "list": "Json", "object": "Object",
}  # fmt: skip
KINDS = {
    "Null": "null", "Boolean": "boolean", "Short": "integer", "Integer": "integer", "Long": "integer",
    "Double": "number", "String": "string", "Date": "date-time", "Bytes": "bytes", "File": "file", "Xml": "xml",
    "Json": "json", "Object": "json",
}  # fmt: skip
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})([+-])(\d\d)(\d\d)\Z", re.ASCII)


def parsed(text: bytes | str) -> Tree:
    """Return the tree of an answer, however deep: wrappers of lists are levels, too."""
    return jsontext.parse(text, depth=900)


def v1_body(value: Value, *, typed: bool) -> bytes:
    """Return a variable as `/v1` takes it."""
    return msgspec.json.encode(value if typed else Value(value=value.value))


def camunda_body(value: Value, *, typed: bool) -> bytes | None:
    """Return a variable as Camunda takes it; None where Camunda has no such type."""
    if not typed or value.type is None:
        return b'{"value":' + value.text + b"}"
    name = CAMUNDA_NAMES.get("/".join(filter(None, (value.type, value.format))))
    if name is None:
        return None
    info = {
        "filename": value.filename, "mimeType": value.media_type, "encoding": value.encoding,
        "objectTypeName": value.class_name, "serializationDataFormat": value.serialization or JSON if name == "Object" else None,
    }  # fmt: skip
    said = {member: content for member, content in info.items() if content is not None}
    return jsontext.write({"type": name, "value": _camunda_content(value), "valueInfo": said})


def _camunda_content(value: Value) -> Any:
    if value.type in STRUCTURED and value.serialization in {None, JSON} and not value.is_null():
        return value.text.decode()
    if value.type == "date-time" and not value.is_null():
        return camunda_date(text_of(value.text))
    return value.value


def camunda_date(text: str) -> str:
    """Return a date in Camunda's pattern, with its own offset; what is finer than that is left as it is."""
    found = re.fullmatch(r"(.*?)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if found is None or len(found[2] or "") > 4:
        return text
    offset = "+0000" if found[3] == "Z" else found[3].replace(":", "")
    return f"{found[1]}{(found[2] or '.').ljust(4, '0')}{offset}"


def ibm_body(name: str, value: Value) -> bytes | None:
    """Return the body that sets a variable in IBM's way; None where a member has the name of the vendor's own."""
    tree = parsed(value.text)
    return None if names_metadata(tree) else jsontext.write({name: _marked(tree)})


def names_metadata(node: Tree) -> bool:
    """Return whether a member anywhere in a tree is called like the vendor's own."""
    if isinstance(node, dict):
        return METADATA in node or any(map(names_metadata, node.values()))
    return isinstance(node, list) and any(map(names_metadata, node))


def _marked(node: Tree) -> Tree:
    if isinstance(node, list):
        return {"selected": [], "items": [_marked(each) for each in node], METADATA: {"objectID": "1"}}
    if isinstance(node, dict):
        return {key: _marked(each) for key, each in node.items()} | {METADATA: {"className": "Map"}}
    return node


def v1_meaning(shown: Tree) -> Meaning:
    """Return what a variable is by `/v1`."""
    if "error" in shown:
        return UNREADABLE
    kind = "json" if shown["type"] in STRUCTURED else shown["type"]
    content = shown.get("value")
    if kind == "opaque":
        return OPAQUE
    if kind == "date-time" and content is not None:
        content = instant(content)
    return kind, None if kind == "file" else _plain(content)


def camunda_meaning(shown: Tree) -> Meaning:
    """Return what a variable is by Camunda's `{type, value, valueInfo}`."""
    kind, content, info = KINDS[shown["type"]], shown["value"], shown["valueInfo"]
    if "error" in info:
        return UNREADABLE
    if kind == "json" and content is not None:
        if not isinstance(content, str):
            return OPAQUE
        content = parsed(content) if info.get("serializationDataFormat", JSON) == JSON else content
    if kind == "date-time" and content is not None:
        content = _moment(content)
    return kind, _plain(content)


def _moment(text: str) -> datetime:
    found = _DATE.match(text)
    assert found, text
    *whole, millis = (int(each) for each in found.groups()[:7])
    offset = timedelta(hours=int(found[9]), minutes=int(found[10])) * (-1 if found[8] == "-" else 1)
    return datetime(*whole, millis * 1000, tzinfo=UTC) - offset  # type: ignore[arg-type,misc]


def ibm_meaning(shown: Tree, like: Meaning) -> Meaning:
    """Return what a variable is by IBM's plain JSON, which names no type: the kind is another door's."""
    content = clean(shown)
    if like[0] == "date-time" and content is not None:
        content = instant(content)
    return like[0], _plain(content)


def clean(node: Tree) -> Tree:
    """Return a value of IBM's without what the vendor adds."""
    if isinstance(node, list):
        return [clean(each) for each in node]
    if not isinstance(node, dict):
        return node
    has_class = "className" in node.get(METADATA, {})
    wraps = {"selected", "items"} <= node.keys() <= {"selected", "items", METADATA} and isinstance(node["items"], list)
    if wraps and not has_class:
        return clean(node["items"])
    return {key: clean(each) for key, each in node.items() if key != METADATA}


def _plain(content: Any) -> Any:
    """Return a number as what it counts; inside of JSON it stays as it is written."""
    return Decimal(content.text) if isinstance(content, Number) else content
