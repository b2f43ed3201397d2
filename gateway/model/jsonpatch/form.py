"""How a document that is patched is stored, and how large it may become.

A document may be stored in another form than callers see: pointers and comparisons go by what is seen, changes are made
to what is stored.
"""

from __future__ import annotations

import msgspec

from gateway.errors import PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Tree


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How large the result of a partial change may be: as large as a caller might have sent it."""

    max_bytes: int = 10 * 1024 * 1024
    max_depth: int = jsontext.DEPTH

    def text(self, tree: Tree) -> msgspec.Raw:
        """Return the JSON text of a result.

        Raises:
            PayloadTooLarge: it is longer than ``max_bytes``.
        """
        text = jsontext.write(tree)
        if len(text) > self.max_bytes:
            raise PayloadTooLarge(f"The value would have more than {self.max_bytes} bytes.")
        return msgspec.Raw(text)


class Form:
    """How a document is stored: here just as it is seen."""

    def inside(self, node: Tree) -> Tree:
        """Return the object or list inside a node, in which a pointer goes on; changes are made to it."""
        return node

    def seen(self, node: dict[str, Tree]) -> dict[str, Tree]:
        """Return the members of an object that callers see."""
        return node

    def copied(self, node: Tree) -> Tree:
        """Return a deep copy."""
        if isinstance(node, dict):
            return {key: self.copied(child) for key, child in node.items()}
        if isinstance(node, list):
            return [self.copied(child) for child in node]
        return node

    def replaced(self, old: Tree, new: Tree) -> Tree:
        """Return what is stored where ``new`` replaces ``old``."""
        del old
        return new
