"""What the fake engine makes of values: declared shapes, checks on writing, ``@metadata`` made anew on reading."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree

METADATA = "@metadata"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_INT32 = 1 << 31


class Refused(Exception):
    """The engine's error answer: status, number, exception class, parameters."""

    def __init__(self, status: int, number: str, kind: str, *parameters: str) -> None:
        super().__init__(number)
        self.status, self.number, self.kind, self.parameters = status, number, kind, parameters


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A declared type: ``String Integer Decimal Boolean Date ANY``, a list of something, or a business object."""

    kind: str
    class_name: str | None = None
    item: Shape | None = None
    fields: dict[str, Shape] = {}


ANY = Shape(kind="ANY")


def model(shapes: Mapping[str, Shape]) -> dict[str, Tree]:
    """Return the data model as public clients read it; the name of the private section is not known of real servers."""
    members = {
        name: {
            "type": (shape.item or ANY).kind if shape.kind == "List" else shape.class_name or shape.kind,
            "isList": shape.kind == "List",
            "classId": None,
        }
        for name, shape in shapes.items()
    }
    return {"inputs": {}, "outputs": {}, "privateVariables": members}


def tree_of(value: Any) -> Tree:
    """Return the tree of plain Python data."""
    return jsontext.parse(jsontext.write(value), depth=900)


def declared(tree: Tree) -> Shape:
    """Return the shape that a first value suggests; nobody can tell a date from a text by it."""
    match tree:
        case bool():
            return Shape(kind="Boolean")
        case Number():
            return Shape(kind="Integer" if re.fullmatch(r"-?\d+", tree.text) else "Decimal")
        case str():
            return Shape(kind="String")
        case {"selected": _, "items": [*items]}:
            return Shape(kind="List", item=declared(items[0]) if items else ANY)
        case {"@metadata": {"className": str(name)}}:
            fields = {key: declared(child) for key, child in tree.items() if key != METADATA}
            return Shape(kind="Object", class_name=name, fields=fields)
        case _:
            return ANY


def conformed(tree: Tree, shape: Shape) -> Tree:
    """Return what the engine keeps of a value: the whole, replacing what was there.

    Raises:
        Refused: it does not comply with the declared shape.
    """
    if tree is None or shape.kind == "ANY":
        return tree
    if shape.kind == "List":
        return _list(tree, shape)
    if shape.kind == "Object":
        return _object(tree, shape)
    return _primitive(tree, shape)


def _primitive(tree: Tree, shape: Shape) -> Tree:
    if shape.kind == "Date":
        if isinstance(tree, str) and not _DATE.match(tree):
            raise Refused(400, "CWTBG0546E", "InvalidDateException", tree)
        fits = isinstance(tree, str)
    elif shape.kind == "Integer":
        whole = isinstance(tree, Number) and re.fullmatch(r"-?\d{1,10}", tree.text) is not None
        fits = whole and -_INT32 <= int(tree.text) < _INT32
    else:
        kinds: dict[str, type] = {"String": str, "Decimal": Number, "Boolean": bool}
        fits = isinstance(tree, kinds[shape.kind])
    if not fits:
        raise _mismatch(shape)
    return tree


def _mismatch(shape: Shape) -> Refused:
    return Refused(400, "CWTBG0029E", "UnsupportedParameterValueException", "params", shape.class_name or shape.kind)


def _list(tree: Tree, shape: Shape) -> Tree:
    items = tree.get("items") if isinstance(tree, dict) else tree
    if not isinstance(items, list):
        raise _mismatch(shape)
    selected = tree.get("selected") if isinstance(tree, dict) else None
    return {
        "selected": selected or [],
        "items": [conformed(item, shape.item or ANY) for item in items],
        METADATA: _identity(tree),
    }


def _object(tree: Tree, shape: Shape) -> Tree:
    if not isinstance(tree, dict):
        raise _mismatch(shape)
    for key in tree:
        if key not in shape.fields and key != METADATA:
            raise Refused(400, "CWTBG0012E", "InvalidParameterException", key, str(shape.class_name))
    fields = {key: conformed(child, shape.fields[key]) for key, child in tree.items() if key != METADATA}
    return {**fields, METADATA: _identity(tree) | {"className": shape.class_name}}


def _identity(tree: Tree) -> dict[str, Tree]:
    """Return the metadata of a value: with the identity that it was sent with, or a new one."""
    metadata = tree.get(METADATA) if isinstance(tree, dict) else None
    known = metadata.get("objectID") if isinstance(metadata, dict) else None
    return {"objectID": known or str(uuid.uuid4()), "dirty": True, "invalid": False, "shared": False}
