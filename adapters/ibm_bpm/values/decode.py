"""From the vendor's JSON to typed values. The payload names no type of a primitive: hints come from the settings."""

from __future__ import annotations

import re

import msgspec

from adapters.ibm_bpm import binary
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values import trees
from gateway.errors import ValueInvalid, ValueNotRepresentable
from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree
from gateway.model.values import NULL, Value, inferred, instant, instant_text, is_double, json_text

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
"""How the engine writes dates; anything else would come back changed, and stays the text it is."""


def decode(name: str, tree: Tree, settings: Settings) -> Value:
    """Give a stored value as the unified model has it. Never fails."""
    match tree:
        case None:
            return Value(type="null", value=NULL)
        case bool():
            return Value(type="boolean", value=_raw(tree))
        case Number():
            return _number(tree, settings.types.get(name))
        case str():
            return _text(tree, settings.types.get(name))
        case _:
            return _structured(tree, settings)


def _raw(tree: Tree) -> msgspec.Raw:
    return msgspec.Raw(jsontext.write(tree))


def _number(number: Number, hint: str | None) -> Value:
    text = number.text.encode()
    try:
        kind, form = inferred(text)
    except ValueNotRepresentable:
        kind, form = "number", "decimal"
    if hint == "number" and kind == "integer":
        kind, form = "number", "double" if is_double(text) else "decimal"
    return Value(type=kind, format=form, value=msgspec.Raw(text))


def _text(text: str, hint: str | None) -> Value:
    if hint == "date-time" and _DATE.match(text):
        try:
            return Value(type="date-time", value=json_text(instant_text(instant(text))))
        except (ValueInvalid, ValueNotRepresentable):
            return Value(type="string", value=json_text(text))
    return Value(type="xml" if hint == "xml" else "string", value=json_text(text))


def _structured(tree: Tree, settings: Settings) -> Value:
    envelope = binary.opened(tree)
    if envelope is not None:
        return envelope
    name = trees.class_name(tree)
    shown = tree if settings.metadata == "as_given" else trees.clean(tree)
    if trees.is_list(tree):
        return Value(type="list", value=_raw(shown))
    if name is not None:
        return Value(type="object", value=_raw(shown), class_name=name)
    return Value(type="json", value=_raw(shown))
