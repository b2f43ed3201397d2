"""Contents of typed values side by side: the same, the same in another spelling, or different, and where.

Numbers are compared by their digits, date-times by their instant, JSON as a tree, blobs by digest. What must not live
here: which difference of types is explained by what (``likeness``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

import msgspec

from gateway.errors import InvalidJson, PayloadTooLarge, ValueInvalid
from gateway.model import jsontext
from gateway.model.difference import NULL_IS_UNSET, NUMBER_RESPELLED
from gateway.model.etag import BLOBS, canonical_text
from gateway.model.jsontext import Number, Tree
from gateway.model.values import Value, text_of

JSON = "application/json"
POINTERS = 10
"""Places that are named of one value; the first ones tell what is wrong, and a report stays small."""
_DEPTH = 900
"""Levels of stored JSON that are looked into; as deep as engines answer it."""
_ROOT = "/value"


class Comparison(msgspec.Struct, frozen=True):
    """What two contents have in common: the places where they differ, and rules by which others are the same."""

    pointers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


SAME = Comparison()
_DIFFERENT = Comparison((_ROOT,))


def is_null(value: Value) -> bool:
    """Return whether a value is null; a blob whose content is not at hand is not."""
    return value.text == b"null"


def kin(value: Value) -> str:
    """Return the family of a value's type, within which contents can be the same."""
    if value.type in {"integer", "number"}:
        return "number"
    if value.type in {"json", "list", "object"}:
        return "json" if value.serialization in {None, JSON} else "text"
    return value.type or "json"


def compare_contents(one: Value, other: Value, *, unset_is_null: bool) -> Comparison:
    """Return how the contents of two values of one family, neither of them a blob, differ.

    Args:
        one: a value.
        other: the one beside it.
        unset_is_null: whether a member that is not there is the same as one that is null.
    """
    if is_null(one) or is_null(other):
        return SAME if is_null(one) and is_null(other) else _DIFFERENT
    if one.text == other.text or canonical_text(one) == canonical_text(other):
        return SAME
    match kin(one):
        case "number":
            return _numbers(one.text.decode(), other.text.decode())
        case "json":
            return _documents(one.text, other.text, unset_is_null=unset_is_null)
        case _:
            return _DIFFERENT


def _numbers(one: str, other: str) -> Comparison:
    return SAME if jsontext.numeric(one) == jsontext.numeric(other) else _DIFFERENT


def _documents(one: bytes, other: bytes, *, unset_is_null: bool) -> Comparison:
    try:
        trees = jsontext.parse(one, depth=_DEPTH), jsontext.parse(other, depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge):
        return _DIFFERENT
    pointers: list[str] = []
    rules: dict[str, None] = {}
    for finding in _differences(*trees, unset_is_null=unset_is_null):
        if finding.startswith("/"):
            pointers.append(finding)
        else:
            rules[finding] = None
        if len(pointers) == POINTERS:
            break
    return Comparison(tuple(pointers), tuple(rules))


def _differences(one: Tree, other: Tree, *, unset_is_null: bool) -> Iterator[str]:
    """Yield the pointer of each difference, in the first document's order, and the rule of each that is none."""
    waiting: list[tuple[Tree, Tree, str]] = [(one, other, _ROOT)]
    while waiting:
        left, right, at = waiting.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            inside: list[tuple[Tree, Tree, str]] = []
            for key in dict.fromkeys((*left, *right)):
                pointer = f"{at}/{jsontext.escape(key)}"
                if key in left and key in right:
                    inside.append((left[key], right[key], pointer))
                elif unset_is_null and left.get(key) is None and right.get(key) is None:
                    yield NULL_IS_UNSET
                else:
                    yield pointer
            waiting += reversed(inside)
        elif isinstance(left, list) and isinstance(right, list):
            shorter = min(len(left), len(right))
            if len(left) != len(right):
                yield f"{at}/{shorter}"
            waiting += [(left[i], right[i], f"{at}/{i}") for i in reversed(range(shorter))]
        elif left != right or type(left) is not type(right):
            yield NUMBER_RESPELLED if _is_same_number(left, right) else at


def _is_same_number(one: Tree, other: Tree) -> bool:
    if not isinstance(one, Number) or not isinstance(other, Number):
        return False
    return jsontext.numeric(one.text) == jsontext.numeric(other.text)


def content_digest(value: Value) -> bytes | None:
    """Return the SHA-256 of a blob's content that is at hand, as such or as base64 text; None where it is not."""
    if not value.text or is_null(value) or value.type not in {*BLOBS, "string"}:
        return None
    try:
        return hashlib.sha256(base64.b64decode(text_of(value.text), validate=True)).digest()
    except (ValueInvalid, binascii.Error, ValueError):
        return None
