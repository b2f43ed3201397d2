"""Where in a tree of tables something is wrong, and what would be accepted there.

msgspec's errors name a path such as ``$.auth.callers[0]``, but say ``[...]`` for a key that the file's author chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

_UNNAMED = re.compile(r"(?P<before>\$[^`]*?)\[\.\.\.\]")
_STEPS = re.compile(r"[^.\[\]$]+")


def with_key_named(tree: Any, kind: type[Any], message: str) -> str:
    """Replace ``[...]`` in a message by the key that is meant: the one whose entry is refused when it stands alone."""
    found = _UNNAMED.search(message)
    if found is None:
        return message
    steps = tuple(_STEPS.findall(found["before"]))
    for name, entry in _at(tree, steps).items():
        try:
            _ = msgspec.convert(_with(tree, steps, {name: entry}), kind)
        except msgspec.ValidationError:
            return message.replace(found[0], f"{found['before']}.{name}", 1)
    return message


def known_keys(kind: type[Any], path: str) -> tuple[str, ...]:
    """Return the keys of the table at a path such as ``auth.callers[0].basic``; none where the path leads nowhere."""
    structs = (each for each in _alternatives(kind, path) if isinstance(each, inspect.StructType))
    return tuple(field.encode_name for struct in structs for field in struct.fields)


def known_values(kind: type[Any], path: str) -> tuple[str, ...]:
    """Return the values that a key with a fixed choice takes, as TOML spells them without quotes."""
    values: list[str] = []
    for each in _alternatives(kind, path):
        if isinstance(each, inspect.BoolType):
            values += ("true", "false")
        elif isinstance(each, inspect.LiteralType):
            values += map(str, each.values)
    return tuple(values)


def _alternatives(kind: type[Any], path: str) -> list[inspect.Type]:
    """Return the types that may stand at a path; several where a type is a union."""
    reached = list(_members(inspect.type_info(kind)))
    for step in _STEPS.findall(path):
        reached = [each for node in reached for below in _below(node, step) for each in _members(below)]
    return reached


def _members(node: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(node, inspect.UnionType):
        yield from node.types
    else:
        yield node


def _below(node: inspect.Type, step: str) -> Iterator[inspect.Type]:
    match node:
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields if field.encode_name == step)
        case inspect.DictType(value_type=value):
            yield value
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield item
        case _:
            return


def _at(tree: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def _with(tree: Any, steps: tuple[str, ...], leaf: Any) -> Any:
    """Return the tree with only ``leaf`` where the steps lead."""
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    if isinstance(tree, list):
        return [_with(each, rest, leaf) if index == int(step) else each for index, each in enumerate(tree)]
    return {key: _with(each, rest, leaf) if key == step else each for key, each in tree.items()}
