"""The patch document: parsed strictly; a fault is named by its JSON Pointer."""

from __future__ import annotations

import re

import msgspec

from gateway.errors import Fault, InvalidRequest, PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Tree

_BAD_ESCAPE = re.compile(r"~(?![01])")
_SOURCED = frozenset({"move", "copy"})
_VALUED = frozenset({"add", "replace", "test"})
_OPS = frozenset({*_SOURCED, *_VALUED, "remove"})

_EXAMPLE = 'For example: `[{"op": "replace", "path": "/amount", "value": 5}]`.'

Pointer = tuple[str, ...]


class PatchOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; ``source`` is its ``from``. The ``value`` is never changed."""

    op: str
    path: Pointer
    source: Pointer = ()
    value: Tree = None


def parse_patch(body: bytes, *, max_operations: int, max_depth: int = jsontext.DEPTH) -> tuple[PatchOperation, ...]:
    """Parse the operations of a patch document; members that RFC 6902 does not define are ignored, as it says.

    Raises:
        InvalidJson, InvalidRequest: no patch document, with the pointer of what is wrong.
        PayloadTooLarge: too many operations, or too deep.
    """
    tree = jsontext.parse(body, depth=max_depth)
    if not isinstance(tree, list):
        raise InvalidRequest(f"A JSON patch is an array of operations. {_EXAMPLE}", errors=(Fault("", "no array"),))
    if len(tree) > max_operations:
        raise PayloadTooLarge(f"A JSON patch has at most {max_operations} operations.")
    return tuple(_operation(each, index) for index, each in enumerate(tree))


def _operation(tree: Tree, index: int) -> PatchOperation:
    if not isinstance(tree, dict):
        raise _malformed(f"/{index}", "an operation is an object")
    op = tree.get("op")
    if not isinstance(op, str) or op not in _OPS:
        raise _malformed(f"/{index}/op", "`op` is one of add, remove, replace, move, copy, test")
    if op in _VALUED and "value" not in tree:
        raise _malformed(f"/{index}", f"{op} needs a value")
    source = _pointer(tree, index, "from") if op in _SOURCED else ()
    return PatchOperation(op=op, path=_pointer(tree, index, "path"), source=source, value=tree.get("value"))


def _pointer(tree: dict[str, Tree], index: int, member: str) -> Pointer:
    text = tree.get(member)
    if not isinstance(text, str):
        raise _malformed(f"/{index}/{member}" if member in tree else f"/{index}", f"{member} is a JSON Pointer")
    if (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise _malformed(f"/{index}/{member}", "a JSON Pointer is empty or begins with /, and has no ~ but ~0 and ~1")
    if "~" not in text:
        return tuple(text.split("/")[1:])
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def _malformed(pointer: str, reason: str) -> InvalidRequest:
    detail = f"The JSON patch is not as RFC 6902 says: {reason}. {_EXAMPLE}"
    return InvalidRequest(detail, errors=(Fault(pointer, reason),))
