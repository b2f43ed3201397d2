"""``@metadata`` and list wrappers: taken off for callers, grafted back by path for the engine.

A list is ``{"selected": […], "items": […], "@metadata": {…}}``, even of primitives; a business object names its
``className`` there. Recorded on 8.5.7 and 8.6.2.
"""

from __future__ import annotations

from decimal import Decimal

from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree

METADATA = "@metadata"
_LIST = frozenset({"selected", "items", METADATA})


def is_list(node: Tree) -> bool:
    """Return whether a node is a wrapped list, and not a business object that has a field ``items``."""
    return (
        isinstance(node, dict)
        and isinstance(node.get("items"), list)
        and "selected" in node
        and node.keys() <= _LIST
        and class_name(node) is None
    )


def looks_like_list(node: Tree) -> bool:
    """Return whether anything in a caller's value would be read back as a list without being one.

    A wrapper with ``@metadata`` is meant as one: it was read that way.
    """
    if isinstance(node, dict):
        return (is_list(node) and METADATA not in node) or any(map(looks_like_list, node.values()))
    return isinstance(node, list) and any(map(looks_like_list, node))


def class_name(node: Tree) -> str | None:
    """Return the class of a business object, None for anything else."""
    metadata = node.get(METADATA) if isinstance(node, dict) else None
    name = metadata.get("className") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def clean(node: Tree) -> Tree:
    """Return the value without ``@metadata``, lists unwrapped."""
    if is_list(node):
        return [clean(item) for item in node["items"]]
    if isinstance(node, dict):
        return {key: clean(child) for key, child in node.items() if key != METADATA}
    if isinstance(node, list):
        return [clean(item) for item in node]
    return node


def graft(value: Tree, stored: Tree) -> Tree:
    """Return a caller's value with the ``@metadata`` and list wrappers of the stored one, wherever both are alike.

    Members that the caller wrote stay as they are, ``@metadata`` of the caller's own included.
    """
    if isinstance(value, dict):
        return _graft_object(value, stored)
    if isinstance(value, list):
        return _graft_list(value, stored)
    return value


def _graft_object(value: dict[str, Tree], stored: Tree) -> Tree:
    if is_list(value):
        items = _graft_items(value["items"], stored["items"] if is_list(stored) else [])
        return {**value, "items": items, **_metadata_of(value, stored if is_list(stored) else None)}
    alike = stored if isinstance(stored, dict) and not is_list(stored) else {}
    own = class_name(value)
    if own is not None and own != class_name(alike):
        alike = {}
    return {
        **{key: graft(child, alike.get(key)) for key, child in value.items() if key != METADATA},
        **_metadata_of(value, alike),
    }


def _metadata_of(value: dict[str, Tree], stored: Tree) -> dict[str, Tree]:
    if METADATA in value:
        return {METADATA: value[METADATA]}
    return {METADATA: stored[METADATA]} if isinstance(stored, dict) and METADATA in stored else {}


def _graft_list(value: list[Tree], stored: Tree) -> Tree:
    if not is_list(stored):
        return _graft_items(value, stored if isinstance(stored, list) else [])
    chosen = stored["selected"] if isinstance(stored["selected"], list) else []
    wrapper = {"selected": [each for each in chosen if _still_there(each, len(value))]}
    return {**wrapper, "items": _graft_items(value, stored["items"]), **_metadata_of({}, stored)}


def drop_lost_selections(node: Tree) -> Tree:
    """Return the value with every wrapped list selecting only entries that it has."""
    if isinstance(node, list):
        return [drop_lost_selections(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: drop_lost_selections(child) for key, child in node.items()}
    if is_list(inner) and isinstance(inner["selected"], list):
        inner["selected"] = [each for each in inner["selected"] if _still_there(each, len(inner["items"]))]
    return inner


def _still_there(index: Tree, length: int) -> bool:
    text = index.text if isinstance(index, Number) else str(index)
    return text.isdigit() and int(text) < length


def _graft_items(items: list[Tree], stored: list[Tree]) -> list[Tree]:
    """Graft each item on the stored one of equal content, else on the one at its place where the length is the same.

    An item without such a counterpart is new, and goes without metadata.
    """
    by_content: dict[bytes, list[int]] = {}
    for index, each in enumerate(stored):
        by_content.setdefault(_content(clean(each)), []).append(index)
    matches: list[int | None] = []
    for item in items:
        alike = by_content.get(_content(clean(item)))
        matches.append(alike.pop(0) if alike else None)
    taken = {match for match in matches if match is not None}
    result: list[Tree] = []
    for index, (item, match) in enumerate(zip(items, matches, strict=True)):
        if match is not None:
            result.append(graft(item, stored[match]))
        elif len(items) == len(stored) and index not in taken:
            result.append(graft(item, stored[index]))
        else:
            result.append(item)
    return result


def _content(node: Tree) -> bytes:
    return jsontext.write(node)


def wrap(value: Tree) -> Tree:
    """Return a list as documented for writing: ``{"items": […]}``, with ``selected``, by which a list is known."""
    return {"selected": [], "items": value}


def same(one: Tree, other: Tree) -> bool:
    """Return whether two clean values mean the same to the engine: an unset field is a null one, 1.0 is 1."""
    if isinstance(one, Number) and isinstance(other, Number):
        return Decimal(one.text) == Decimal(other.text)
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
