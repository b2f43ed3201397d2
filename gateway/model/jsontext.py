"""JSON as text: parsed without losing a digit, a duplicate key or an order; written back with the same lexemes.

What must not live here: what a value means (``values``) and what a request looks like (``gateway.web``).
A number is kept as the text it was written in (``Number``), so nothing is ever rounded on its way through.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeAlias

import msgspec

from gateway.errors import Fault, InvalidJson, PayloadTooLarge

DEPTH = 64
"""Levels of nesting taken by default; engines stop at some 700 to 1000, and so would Python's parser."""


_HALF = re.compile("[\ud800-\udfff]")


class Number:
    """A JSON number by its exact text: ``1.10``, ``-0`` and ``1e400`` stay what they are."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


Tree: TypeAlias = Any
"""``None | bool | str | Number | list[Tree] | dict[str, Tree]``."""


class _Twice:
    """A placeholder for an object with a duplicate key."""

    def __init__(self, key: str) -> None:
        self.key = key


def _members(pairs: list[tuple[str, Tree]]) -> Tree:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    return _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def _no_constant(text: str) -> NoReturn:
    msg = f"{text} is not JSON"
    raise ValueError(msg)


_decoder = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)

_quick = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant)
"""The same without a look at each object, which costs most of the time; for texts that are known to be strict."""


def parse(body: bytes | str, *, depth: int = DEPTH) -> Tree:
    """Parse a JSON text strictly: UTF-8, one value, no duplicate key or half surrogate pair at any depth.

    Raises:
        InvalidJson: with the pointer of a duplicate key or half pair, or the position of what cannot be read.
        PayloadTooLarge: nested deeper than ``depth``.
    """
    if isinstance(body, bytes) and is_strict(body, depth):
        return _quick.decode(body.decode())
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
        tree = _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The body is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise PayloadTooLarge(f"The JSON is nested deeper than {depth} levels.") from error
    except ValueError as error:
        raise InvalidJson(str(error)) from error
    _inspect(tree, depth)
    return tree


def _inspect(tree: Tree, depth: int) -> None:
    """Refuse depth, duplicate keys and half surrogate pairs; iterative, because the tree may be deep."""
    todo: list[tuple[Tree, _Path, int]] = [(tree, None, 0)]
    while todo:
        node, path, level = todo.pop()
        if isinstance(node, _Twice):
            at = f"{_pointer(path)}/{escape(node.key)}"
            raise InvalidJson("An object has the same key twice.", errors=(Fault(at, "duplicate key"),))
        if isinstance(node, str) and not fits_utf8(node):
            raise _half_pair(_pointer(path))
        if isinstance(node, (dict, list)):
            if level >= depth:
                raise PayloadTooLarge(
                    f"The JSON is nested deeper than {depth} levels.", errors=(Fault(_pointer(path), "too deep"),)
                )
            if isinstance(node, dict) and not all(map(fits_utf8, node)):
                raise _half_pair(_pointer(path))
            items = node.items() if isinstance(node, dict) else enumerate(node)
            todo.extend((child, (path, key), level + 1) for key, child in items)


_Path: TypeAlias = "tuple[_Path, str | int] | None"
"""Where a node stands: in which node, and by which key or index there; None at the top."""


def _pointer(path: _Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    keys: list[str] = []
    while path is not None:
        path, key = path
        keys.append("/" + escape(str(key)))
    return "".join(reversed(keys))


def fits_utf8(text: str) -> bool:
    r"""Return whether UTF-8 can carry a text: ``"\ud800"`` is JSON, but half a character."""
    return text.isascii() or not _HALF.search(text)


def _half_pair(pointer: str) -> InvalidJson:
    return InvalidJson("A string holds half a surrogate pair.", errors=(Fault(pointer, "half a surrogate pair"),))


_GLANCE_BYTES = 1024 * 1024
"""Up to here ``is_strict`` looks; its copies are several times the text."""
_plain = msgspec.json.Decoder()
_compact = msgspec.json.Encoder()
_NO_NEST = bytes(each for each in range(256) if each not in b'[]{}"')
_ALIKE = bytes.maketrans(b"[]", b"{}")


def is_strict(body: bytes, depth: int = DEPTH) -> bool:
    r"""Return whether ``parse`` would certainly accept a text, at a fraction of its cost; False means: ask ``parse``.

    Without a backslash every quote begins or ends a string. If the text has no more quotes than the same text decoded
    and encoded again, no key stands twice. Half a surrogate pair needs a backslash, too.
    """
    if len(body) > _GLANCE_BYTES or b"\\" in body:
        return False
    try:
        again = _compact.encode(_plain.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError):
        return False
    if body.count(b'"') != again.count(b'"'):
        return False
    return body.count(b"{") + body.count(b"[") <= depth or _nests(body, depth)


def _nests(text: bytes, depth: int) -> bool:
    """Return whether a JSON text is certainly at most so deep: removing the innermost brackets that often leaves none.

    Of strings only the quotes are kept; one that is left belongs to a string with a bracket in it: nothing is certain.
    """
    nest = text.translate(_ALIKE, _NO_NEST).replace(b'""', b"")
    for _ in range(depth):
        if not nest:
            break
        nest = nest.replace(b"{}", b"")
    return not nest


_reader = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def readable(text: str) -> bool:
    """Return whether a stored text is JSON that can be shown, read leniently: keys may stand twice."""
    try:
        _ = _reader.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def escape(token: str) -> str:
    """Return a name as a reference token of a JSON Pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


_PARTS = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?\Z")
_MAX_EXPONENT = 4000
"""Characters of an exponent that is computed with; Python's own integers end at 4300 digits read from text."""


def numeric(text: str) -> tuple[str, str, int | str]:
    """Return what is the same for equal numbers only: sign, digits, power of ten; exact, and as short as the text.

    An exponent of thousands of digits is not computed with: such numbers are equal only if they are written alike.
    """
    found = _PARTS.match(text)
    if found is None:
        return "", text, ""
    sign, whole, fraction, exponent = found.groups()
    fraction = fraction or ""
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "", "0", 0
    if len(exponent or "") > _MAX_EXPONENT:
        return sign, text, ""
    kept = digits.rstrip("0")
    return sign, kept, int(exponent or "0") - len(fraction) + len(digits) - len(kept)


def number_text(value: object) -> msgspec.Raw:
    """Return a ``Number`` as its text, for encoders."""
    if isinstance(value, Number):
        return msgspec.Raw(value.text.encode())
    msg = f"{type(value).__name__} is no part of a JSON tree"
    raise NotImplementedError(msg)


_encoder = msgspec.json.Encoder(enc_hook=number_text)


def write(tree: Tree) -> bytes:
    """Return the JSON text of a tree: compact, with key order and number lexemes as they are."""
    return _encoder.encode(tree)
