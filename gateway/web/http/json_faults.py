"""Says how a JSON body differs from what it is decoded to: where (JSON Pointer), what, and what would be right.

Only bodies that are refused come here, so that what is good pays for none of it. What must not live here: the words of
a resource; a dialect gives them as ``Hints``. No part of the body is repeated but names of members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from gateway.errors import Fault, InvalidRequest
from gateway.model import jsontext
from gateway.nearest import suggestion

_AT = re.compile(r" - at `\$(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_SCALARS: dict[type[inspect.Type], Any] = {
    inspect.StrType: "text",
    inspect.IntType: 1,
    inspect.FloatType: 1.5,
    inspect.BoolType: True,
}


class Hints(msgspec.Struct, frozen=True):
    """What a dialect knows of its bodies.

    Args:
        synonyms: other people's words for members, and the members that each may stand for; the first that would be
            taken counts.
        choices: other people's words for choices (operators, sort keys), likewise.
        examples: of structs that have no ``EXAMPLE`` of their own; without one, the required members are shown.
        notes: what else may help where a struct is expected.
        beside: members that are taken beside a struct's own, before it is decoded.
    """

    synonyms: Mapping[str, tuple[str, ...]] = {}
    choices: Mapping[str, tuple[str, ...]] = {}
    examples: Mapping[type, Any] = {}
    notes: Mapping[type, str] = {}
    beside: Mapping[type, tuple[str, ...]] = {}


class _Place(msgspec.Struct, frozen=True):
    """A place in a body: its pointer, and what is expected there (None where that is not known)."""

    pointer: str
    expected: inspect.Type | None


def refusal(error: msgspec.ValidationError, body: type, tree: jsontext.Tree, hints: Hints) -> InvalidRequest:
    """Return the refusal of a body that is JSON, but not the JSON that is expected.

    Args:
        error: what the decoder says.
        body: what was to be decoded.
        tree: the body as it came.
        hints: what its dialect knows of it.
    """
    text = str(error)
    reason, at = _AT.sub("", text), _AT.search(text)
    place = _place(at.group(1) if at else "", tree, _expected(body))
    pointer = place.pointer
    if unknown := _UNKNOWN.search(reason):
        pointer += "/" + jsontext.escape(unknown.group(1))
        more = _closest(unknown.group(1), _members(place.expected, hints), hints.synonyms)
    elif choice := _CHOICE.search(reason):
        reason = "Unknown choice"  # without it: what is misplaced there may be the value of a variable
        choices = [str(each) for each in _choices(place.expected)]
        more = f" Known: {', '.join(choices)}." + _closest(choice.group(1), choices, hints.choices)
    else:
        more = _example(place.expected, hints)
    return InvalidRequest(f"{reason}.{more}", errors=(Fault(pointer, reason),))


@lru_cache(maxsize=64)
def _expected(body: type) -> inspect.Type:
    return inspect.type_info(body)


def _closest(name: str, known: list[str], synonyms: Mapping[str, tuple[str, ...]]) -> str:
    meant = ((word, next((each for each in may if each in known), None)) for word, may in synonyms.items())
    return suggestion(name, known, {word: each for word, each in meant if each is not None})


def _place(path: str, tree: jsontext.Tree, expected: inspect.Type | None) -> _Place:
    """Return the place of msgspec's path; it writes ``[...]`` for a key, so the entry at fault is looked for."""
    pointer = ""
    for member, index in _STEP.findall(path):
        expected = _plain(expected)
        step = _culprit(tree, expected) if index == "..." else member or index
        pointer += "/" + jsontext.escape(step)
        expected = _inside(expected, step)
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list):
            tree = tree[int(step)]
    return _Place(pointer, _plain(expected))


def _plain(expected: inspect.Type | None) -> inspect.Type | None:
    """Return what is expected where something is; ``X | None`` is X, and what may be two things is not known."""
    if isinstance(expected, inspect.Metadata):
        return _plain(expected.type)
    if isinstance(expected, inspect.UnionType):
        others = [each for each in expected.types if not isinstance(each, inspect.NoneType)]
        return _plain(others[0]) if len(others) == 1 else None
    return expected


def _inside(expected: inspect.Type | None, step: str) -> inspect.Type | None:
    match expected:
        case inspect.StructType(fields=fields):
            return next((each.type for each in fields if each.encode_name == step), None)
        case inspect.DictType(value_type=inner):
            return inner
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return inner
        case _:
            return None


def _culprit(entries: jsontext.Tree, expected: inspect.Type | None) -> str:
    """Return the key of the first entry that is not as expected."""
    inner = _plain(_inside(expected, ""))
    if isinstance(entries, dict) and isinstance(inner, inspect.LiteralType):
        return next((str(name) for name, entry in entries.items() if entry not in inner.values), "")
    if isinstance(entries, dict) and isinstance(inner, inspect.StructType):
        decoder = msgspec.json.Decoder(inner.cls)
        for name, entry in entries.items():
            try:
                _ = decoder.decode(jsontext.write(entry))
            except msgspec.DecodeError:
                return str(name)
    return ""


def _members(expected: inspect.Type | None, hints: Hints) -> list[str]:
    if not isinstance(expected, inspect.StructType):
        return []
    return [*(each.encode_name for each in expected.fields), *(_of_class(hints.beside, expected.cls) or ())]


def _choices(expected: inspect.Type | None) -> list[Any]:
    return list(expected.values) if isinstance(expected, inspect.LiteralType) else []


def _example(expected: inspect.Type | None, hints: Hints) -> str:
    found = _instance(expected, hints)
    if found is None:
        return ""
    text = msgspec.json.format(msgspec.json.encode(found), indent=0).decode()
    note = _of_class(hints.notes, expected.cls) if isinstance(expected, inspect.StructType) else None
    return f" For example: `{text}`.{' ' + note if note else ''}"


def _of_class(table: Mapping[type, Any], cls: type) -> Any:
    return next((table[each] for each in cls.__mro__ if each in table), None)


def _instance(expected: inspect.Type | None, hints: Hints) -> Any:
    """Return a made-up instance of what is expected, None where nothing can be made up."""
    expected = _plain(expected)
    match expected:
        case inspect.StructType(cls=cls, fields=fields):
            example = getattr(cls, "EXAMPLE", None) or _of_class(hints.examples, cls)
            return example or {each.encode_name: _instance(each.type, hints) for each in fields if each.required}
        case inspect.DictType(value_type=inner):
            return {"name": _instance(inner, hints)}
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return [_instance(inner, hints)]
        case inspect.LiteralType(values=values):
            return values[0]
        case _:
            return _SCALARS.get(type(expected)) if expected is not None else None
