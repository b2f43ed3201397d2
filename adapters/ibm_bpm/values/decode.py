"""From the vendor's JSON to typed values. The payload names no type of a primitive: hints come from the settings."""

from __future__ import annotations

import re

import msgspec

from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values import envelope, trees
from adapters.ibm_bpm.values.stored import Stored
from gateway.errors import EngineMisbehaved, ValueInvalid, ValueNotRepresentable
from gateway.model import jsontext
from gateway.model.etag import BLOBS
from gateway.model.jsontext import Tree
from gateway.model.results import Variable
from gateway.model.values import ABSENT, NULL, Value, infer_type, instant, instant_text, is_double, json_text, text_of

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
"""How the engine writes dates; anything else would come back changed, and stays the text it is."""
_UNREADABLE = (
    "The stored value cannot be read without doubt: it is nested too deep, a key stands twice in it, or it has a text "
    "that no UTF-8 carries."
)


def variable_of(name: str, stored: Stored, settings: Settings) -> Variable:
    """Return a stored variable; one that cannot be read has an error in place of its value."""
    try:
        return Variable(name=name, value=decode(name, stored, settings))
    except EngineMisbehaved:
        return Variable(name=name, value=Value(type="json", value=ABSENT), error=_UNREADABLE)


def in_list(variable: Variable) -> Variable:
    """Return a variable as a list shows it: a blob without its content."""
    value = variable.value
    if value.type not in BLOBS:
        return variable
    text = text_of(value.text)
    size = len(text) * 3 // 4 - text[-2:].count("=")
    return msgspec.structs.replace(variable, value=msgspec.structs.replace(value, value=ABSENT), size=size)


def decode(name: str, stored: Stored, settings: Settings) -> Value:
    """Return a stored value as the unified model has it.

    Raises:
        EngineMisbehaved: it cannot be read without doubt.
    """
    text = stored.text(name)
    match text[:1]:
        case b"{" | b"[":
            return _structured(stored.tree(name), settings)
        case b'"':
            return _string(text, settings.types.get(name), settings)
        case b"n":
            return Value(type="null", value=NULL)
        case b"t" | b"f":
            return Value(type="boolean", value=msgspec.Raw(text))
        case _:
            return _number(text, settings.types.get(name))


def _number(text: bytes, hint: str | None) -> Value:
    try:
        kind, form = infer_type(text)
    except ValueNotRepresentable:
        kind, form = "number", "decimal"
    if hint == "number" and kind == "integer":
        kind, form = "number", "double" if is_double(text) else "decimal"
    return Value(type=kind, format=form, value=msgspec.Raw(text))


def _string(raw: bytes, hint: str | None, settings: Settings) -> Value:
    if hint == "date-time":
        date = _date(text_of(raw))
        if date is not None:
            return date
    elif settings.binary == "envelope" and (blob := envelope.opened_text(raw)) is not None:
        return blob
    shown = msgspec.Raw(raw) if b"\\" not in raw else json_text(text_of(raw))
    return Value(type="xml" if hint == "xml" else "string", value=shown)


def _date(text: str) -> Value | None:
    if not _DATE.match(text):
        return None
    try:
        return Value(type="date-time", value=json_text(instant_text(instant(text))))
    except (ValueInvalid, ValueNotRepresentable):
        return None


def _structured(tree: Tree, settings: Settings) -> Value:
    blob = envelope.opened(tree)
    if blob is not None:
        return blob
    shown = tree if settings.metadata == "as_given" else trees.clean(tree)
    text = msgspec.Raw(jsontext.write(shown))
    if trees.is_list(tree):
        return Value(type="list", value=text)
    name = trees.class_name(tree)
    if name is not None:
        return Value(type="object", value=text, class_name=name)
    return Value(type="json", value=text)
