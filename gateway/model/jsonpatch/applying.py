"""Applying a patch to a document: one operation after the other, in place, each bounded."""

from __future__ import annotations

import re
from typing import NoReturn

from gateway.errors import Fault, PayloadTooLarge, PreconditionFailed, ValueInvalid
from gateway.model import jsontext
from gateway.model.jsonpatch.document import PatchOperation, Pointer
from gateway.model.jsonpatch.form import Bounds, Form
from gateway.model.jsontext import Number, Tree

_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z", re.ASCII)
_WORK = 200_000
"""Nodes that one patch may copy, or move deeper: some 0.2 s, in which a process does nothing else."""
_SHIFTED = 2048
"""List entries that are shifted in the time in which one node is looked at."""
_plain_copy = Form().copied


def apply_patch(
    document: Tree, operations: tuple[PatchOperation, ...], *, bounds: Bounds | None = None, form: Form | None = None
) -> Tree:
    """Apply a patch and return the result; the document given is changed on the way.

    Raises:
        PreconditionFailed: a ``test`` that fails, with its pointer into the patch.
        ValueInvalid: a pointer that leads nowhere, likewise.
        PayloadTooLarge: the result is too deep or grew too much, or it takes too much work.
    """
    patching = _Patching(document, bounds or Bounds(), form or Form())
    try:
        for index, operation in enumerate(operations):
            patching.apply(operation, index)
    except RecursionError as error:
        raise PayloadTooLarge("The document is nested too deep to be changed in parts.") from error
    return patching.root


class _Patching:
    """A document while a patch is applied to it."""

    def __init__(self, root: Tree, bounds: Bounds, form: Form) -> None:
        self.root = root
        self._bounds = bounds
        self._form = form
        self._index = 0
        self._work = 0
        self._grown = 0

    def apply(self, operation: PatchOperation, index: int) -> None:
        """Carry out one operation."""
        self._index = index
        match operation.op:
            case "test":
                if not self._passes(operation):
                    fault = Fault(f"/{index}", "the test fails")
                    raise PreconditionFailed("A test of the JSON patch fails.", errors=(fault,))
            case "remove":
                _ = self._removed(operation.path, "path")
            case "replace":
                old = self._found(operation.path, "path")
                new = self._form.replaced(old, _plain_copy(operation.value))
                self._check_depth(operation.path, operation.value)
                self._set(operation.path, new)
            case "add":
                self._check_depth(operation.path, operation.value)
                self._add(operation.path, _plain_copy(operation.value))
            case "copy":
                found = self._found(operation.source, "from")
                self._check_growth(found)
                self._check_depth(operation.path, found)
                self._add(operation.path, self._form.copied(found))
            case _:
                self._move(operation)

    def _passes(self, operation: PatchOperation) -> bool:
        """Return whether a test succeeds; one of what is not there fails (RFC 6902, 4.6: the target must be equal)."""
        try:
            return self._same(self._found(operation.path, "path"), operation.value)
        except ValueInvalid:
            return False

    def _move(self, operation: PatchOperation) -> None:
        source, path = operation.source, operation.path
        if source == path:
            _ = self._found(source, "from")
            return
        if source == path[: len(source)]:
            self._refuse("path", "a value cannot be moved into itself")
        moved = self._removed(source, "from")
        if len(path) > len(source):
            self._check_depth(path, moved, counted=True)
        self._add(path, moved, moving=True)

    def _refuse(self, member: str, reason: str) -> NoReturn:
        raise ValueInvalid(
            f"Operation {self._index} of the JSON patch cannot be carried out.",
            errors=(Fault(f"/{self._index}/{member}", reason),),
        )

    def _container(self, path: Pointer, member: str) -> Tree:
        node = self._form.inside(self.root)
        for token in path[:-1]:
            node = self._form.inside(self._child(node, token, member))
        return node

    def _child(self, node: Tree, token: str, member: str) -> Tree:
        if isinstance(node, dict):
            if token not in node:
                self._refuse(member, "there is no such member")
            return node[token]
        if isinstance(node, list):
            return node[self._position(node, token, member, len(node) - 1)]
        return self._refuse(member, "it leads into a value that has no members")

    def _position(self, node: list[Tree], token: str, member: str, last: int) -> int:
        if token == "-" and last == len(node):  # noqa: S105 - no password
            return last
        if not _INDEX.match(token):
            self._refuse(member, "an entry of an array is a number without leading zeros")
        if int(token) > last:
            self._refuse(member, "there is no such entry")
        return int(token)

    def _found(self, path: Pointer, member: str) -> Tree:
        return self._child(self._container(path, member), path[-1], member) if path else self.root

    def _set(self, path: Pointer, value: Tree) -> None:
        if not path:
            self.root = value
            return
        container = self._container(path, "path")
        container[path[-1] if isinstance(container, dict) else int(path[-1])] = value

    def _add(self, path: Pointer, value: Tree, *, moving: bool = False) -> None:
        if not path:
            self.root = value if moving else self._form.replaced(self.root, value)
            return
        container, token = self._container(path, "path"), path[-1]
        if isinstance(container, dict):
            known = token in container and not moving
            container[token] = self._form.replaced(container[token], value) if known else value
        elif isinstance(container, list):
            position = self._position(container, token, "path", len(container))
            self._spend((len(container) - position) // _SHIFTED)
            container.insert(position, value)
        else:
            self._refuse("path", "it leads into a value that has no members")

    def _removed(self, path: Pointer, member: str) -> Tree:
        if not path:
            self._refuse(member, "the whole value cannot be removed; delete the variable")
        container, token = self._container(path, member), path[-1]
        value = self._child(container, token, member)
        if isinstance(container, dict):
            del container[token]
        else:
            self._spend((len(container) - int(token)) // _SHIFTED)
            del container[int(token)]
        return value

    def _check_depth(self, path: Pointer, value: Tree, *, counted: bool = False) -> None:
        """Refuse a value that would be too deep where it goes; without recursion, because it may be deep itself."""
        level, nodes = len(path), [value]
        while nodes := [node for node in nodes if isinstance(node, (dict, list))]:
            if level >= self._bounds.max_depth:
                raise PayloadTooLarge(f"The result is nested deeper than {self._bounds.max_depth} levels.")
            nodes = [child for node in nodes for child in (node.values() if isinstance(node, dict) else node)]
            self._spend(len(nodes) if counted else 0)
            level += 1

    def _check_growth(self, value: Tree) -> None:
        """Count what copies add before they are made: a long text is cheap to copy, and expensive to write."""
        todo = [value]
        while todo:
            node = todo.pop()
            self._spend(1)
            if isinstance(node, dict):
                todo.extend(node.values())
                self._grown += sum(map(len, node))
            elif isinstance(node, list):
                todo.extend(node)
            elif isinstance(node, (str, Number)):
                self._grown += len(node if isinstance(node, str) else node.text)
            self._grown += 2
            if self._grown > self._bounds.max_bytes:
                raise PayloadTooLarge(f"The patch copies more than {self._bounds.max_bytes} bytes.")

    def _spend(self, units: int) -> None:
        self._work += units
        if self._work > _WORK:
            raise PayloadTooLarge("The JSON patch takes too much work; send it in parts, or the whole value.")

    def _same(self, stored: Tree, value: Tree) -> bool:
        """Compare as RFC 6902 says: numbers by number, objects whatever the order of their members."""
        stored = self._form.inside(stored)
        if isinstance(value, Number) and isinstance(stored, Number):
            return stored.text == value.text or jsontext.numeric(stored.text) == jsontext.numeric(value.text)
        if isinstance(value, dict) and isinstance(stored, dict):
            members = self._form.seen(stored)
            return members.keys() == value.keys() and all(self._same(members[key], value[key]) for key in value)
        if isinstance(value, list) and isinstance(stored, list):
            return len(stored) == len(value) and all(map(self._same, stored, value))
        return type(stored) is type(value) and bool(stored == value)
