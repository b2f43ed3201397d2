"""Vendors' names of types, and the vendor's spelling of a value that comes with such a name.

``json`` is our name: its value is any JSON. ``Json`` is Camunda's: its value is a text that holds JSON, as Camunda's
own API wants it and answers it, with ``valueInfo`` beside it. Here both become the same value. What must not live here:
dates in a pattern that one engine is set to (``adapters.camunda7.values.dates``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from gateway.errors import Fault, InvalidJson, InvalidRequest, PayloadTooLarge, ValueInvalid
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.values.moments import instant
from gateway.model.values.value import TYPES, Value, json_text, text_of
from gateway.nearest import suggestion

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
    "Time": ("date-time", None),  # IBM's: with date and time, as its Date
    "Bytes": ("bytes", None),
    "File": ("file", None),
    "Json": ("json", None),
    "Object": ("object", None),
    "List": ("list", None),
    "Map": ("json", None),
    "Xml": ("xml", None),
    "XMLElement": ("xml", None),
    "XMLDocument": ("xml", None),
}
"""Vendors' names that callers may use for a type, and what they are here."""
VENDOR_INFO = {
    "objectTypeName": "className",
    "serializationDataFormat": "serialization",
    "filename": "filename",
    "mimeType": "mediaType",
    "encoding": "encoding",
    "transient": "transient",
}
"""Members of Camunda's ``valueInfo``, and where they go in a value of ours."""
_NAMES = frozenset((*TYPES, *SYNONYMS))
_JSON = "application/json"
_IMPLIED = {"Json": _JSON, "Xml": "application/xml"}
"""Serializations that these types say by themselves."""
# 2016-01-25T13:33:42.165+0100: what Camunda answers where nobody changed its date format
_ENGINE_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d)(\d\d)\Z", re.ASCII)
_DATE_DETAIL = (
    "A `Date` is written as Camunda does (`2016-01-25T00:00:00.000+0000`) or as RFC 3339 says (`2016-01-25T00:00:00Z`)."
)


def in_our_spelling(value: Value) -> Value:
    """Return a value in our spelling: its type's name, and its text where the vendor's name brings another one.

    A plain object, array or number beside ``Json`` or ``Object`` is taken as it is: no vendor writes it so, and it can
    mean one thing only.

    Raises:
        ValueInvalid: a text beside ``Json`` or ``Object`` that holds no JSON, a ``Date`` that is neither spelling.
    """
    if value.type not in SYNONYMS:
        return value
    kind, implied = SYNONYMS[value.type]
    convert = _SPELLINGS.get(value.type)
    raw = value.value if convert is None or value.text[:1] != _CONVERTED.get(value.type, b'"') else convert(value)
    return msgspec.structs.replace(value, type=kind, format=value.format or implied, value=raw)


def _json(value: Value) -> msgspec.Raw:
    if value.serialization not in {None, _JSON}:
        return value.value
    text = text_of(value.text).strip().encode()
    if not jsontext.is_strict(text):
        try:
            _ = jsontext.parse(text)
        except (InvalidJson, PayloadTooLarge) as error:
            hint = (
                f"`{value.type}` takes a text that holds JSON; plain JSON goes with `{SYNONYMS[value.type or ''][0]}`."
            )
            raise ValueInvalid(f"{hint} {error.detail}") from error
    return msgspec.Raw(text)


def _date(value: Value) -> msgspec.Raw:
    text = text_of(value.text)
    if found := _ENGINE_DATE.match(text):
        return json_text(f"{found[1]}:{found[2]}")
    try:
        _ = instant(text)
    except ValueInvalid as error:
        raise ValueInvalid(_DATE_DETAIL) from error
    return value.value


def _list(value: Value) -> msgspec.Raw:
    try:
        tree = jsontext.parse(value.text)
    except (InvalidJson, PayloadTooLarge):
        return value.value
    items = tree.get("items")
    if tree.keys() <= _LIST and isinstance(items, list) and not tree.get("selected"):
        return msgspec.Raw(jsontext.write(items))
    return value.value


_SPELLINGS: dict[str, Callable[[Value], msgspec.Raw]] = {
    "Json": _json,
    "Object": _json,
    "Date": _date,
    "Time": _date,
    "List": _list,
}
"""Types whose texts, or whose objects, mean something else than beside our own name."""
_CONVERTED = {"List": b"{"}
"""How a value begins that is converted, where that is no text."""
_LIST = frozenset({"selected", "items", "@metadata"})
"""Members of IBM's list. What it adds has no place here; a list in which something is selected is refused."""


def with_vendor_info(value: dict[str, Tree], pointer: str) -> None:
    """Move the members of ``valueInfo`` to where ours are in a value's tree.

    Args:
        value: the tree of a typed value, which is changed.
        pointer: where it stands in the caller's body.

    Raises:
        InvalidRequest: ``valueInfo`` stands beside one of our names or none, or a member is unknown or contradicts
            another.
    """
    info, at = value.pop("valueInfo"), f"{pointer}/valueInfo"
    kind = value.get("type")
    if not isinstance(kind, str | None) or (kind is not None and kind not in _NAMES):
        return  # the type itself will be refused
    if kind not in SYNONYMS:
        raise _wrong(at, f'`valueInfo` goes with a vendor\'s type name, as in `"type": "Json"`; {_instead(kind)}.')
    if info is None:
        return
    if not isinstance(info, dict):
        raise _wrong(at, '`valueInfo` is an object, as in `{"filename": "a.pdf", "mimeType": "application/pdf"}`.')
    for member, content in info.items():
        where = f"{at}/{jsontext.escape(member)}"
        if member not in VENDOR_INFO:
            known = f"Known: {', '.join(VENDOR_INFO)}.{suggestion(member, VENDOR_INFO)}"
            raise _wrong(where, f"`valueInfo` has no such member. {known}")
        _place(value, member, content, where)


def _instead(kind: Tree) -> str:
    if kind is None:
        return "give the type, too"
    return f"beside our own names its members are {', '.join(f'`{ours}`' for ours in VENDOR_INFO.values())}"


def _place(value: dict[str, Tree], member: str, content: Tree, at: str) -> None:
    """Move one member of ``valueInfo`` to where ours is.

    Raises:
        InvalidRequest: it is of the wrong kind, or says something else than what is there.
    """
    if content is None:
        return
    wanted = bool if member == "transient" else str
    if not isinstance(content, wanted):
        raise _wrong(at, f"`{member}` is {'true or false' if wanted is bool else 'a text'}.")
    ours = VENDOR_INFO[member]
    known = _IMPLIED.get(value["type"]) if ours == "serialization" else value.get(ours)
    if known is not None and known != content:
        raise _wrong(at, f"`{member}` contradicts {f'`{ours}`' if ours in value else 'the type'}.")
    if known is None:
        value[ours] = content


def _wrong(pointer: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, errors=(Fault(pointer, detail),))
