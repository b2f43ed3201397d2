"""Intents: what a read must find for a write of variables to have happened. Only digests are stored, no values.

Two values are equal where they mean the same: ``1.0`` and ``1``, members in another order, one moment in two zones.
An intent that is not found proves nothing: the write may have been overwritten since, or still be on its way.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

import msgspec

from gateway.errors import InvalidJson, PayloadTooLarge, VarbridgeError
from gateway.model import jsontext
from gateway.model.commands import PatchVariables
from gateway.model.results import Variable
from gateway.model.values import Value, check_value, instant
from gateway.operations.gateway import Target

_UNREADABLE = frozenset({"bytes", "file", "opaque", "xml"})
"""Types whose content a listing does not show, or not as it was written."""
_DEPTH = 500
_SOME_OBJECT = "object"
"""Instead of digests: an empty object in a merge patch only makes sure that there is one."""
_MAX_EXPONENT = 10_000
"""Numbers beyond are compared by their text: writing them out would take memory without end."""


class Leaf(msgspec.Struct, frozen=True):
    """One place inside a structured variable: path, and the digests it may have (none = it must not be there)."""

    path: tuple[str, ...]
    digests: tuple[str, ...]


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What is intended for the variables of one instance.

    Args:
        values: name to the digests that its value may have.
        leaves: name to places inside it.
        absent: names that must not be there.
        null_is_absent: whether the engine deletes by writing null.
    """

    engine: str
    instance: str
    scope: str = "instance"
    values: dict[str, tuple[str, ...]] = {}
    leaves: dict[str, tuple[Leaf, ...]] = {}
    absent: tuple[str, ...] = ()
    null_is_absent: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all variables that the intent is about."""
        return tuple(dict.fromkeys((*self.values, *self.leaves, *self.absent)))


def encode_intent(target: Target, command: PatchVariables) -> bytes:
    """Return the encoded intent of a patch; empty if reading back could not tell whether it happened."""
    deleted = frozenset(command.deletions)
    merges = {name: text for name, text in command.merges.items() if name not in deleted}
    try:
        values = {name: check_value(value) for name, value in command.modifications.items() if name not in deleted}
        if command.patches or any(value.type in _UNREADABLE or value.transient for value in values.values()):
            return b""
        intent = Intent(
            engine=target.engine.name,
            instance=target.native,
            scope=command.scope,
            values={name: _digests(_parse(value)) for name, value in values.items()},
            leaves={name: tuple(_leaves(jsontext.parse(bytes(text), depth=_DEPTH))) for name, text in merges.items()},
            absent=tuple(deleted),
            null_is_absent="variables.delete_by_null" in target.engine.capabilities.features,
        )
    except VarbridgeError:
        return b""  # the write itself will say what is wrong
    return msgspec.json.encode(intent)


def decode_intent(intent: bytes) -> Intent:
    """Return a stored intent."""
    return msgspec.json.decode(intent, type=Intent)


def is_fulfilled(intent: Intent, variables: Iterable[Variable]) -> bool:
    """Return whether everything that was intended is so now; a value that cannot be read is never what was intended."""
    there = {variable.name: variable for variable in variables}
    try:
        return (
            all(name in there and _is(_read(there[name]), digests) for name, digests in intent.values.items())
            and all(name in there and _holds(_read(there[name]), leaves) for name, leaves in intent.leaves.items())
            and all(
                name not in there or (intent.null_is_absent and _read(there[name]) is None) for name in intent.absent
            )
        )
    except (InvalidJson, PayloadTooLarge):
        return False


def _read(variable: Variable) -> jsontext.Tree:
    """Return the tree of a value that was read.

    Raises:
        InvalidJson, PayloadTooLarge: it cannot be read, or the list does not show it.
    """
    if variable.error is not None or not variable.value.text:
        raise InvalidJson(variable.error or "The list does not show the value.")
    return _parse(variable.value)


def _parse(value: Value) -> jsontext.Tree:
    return jsontext.parse(value.text or b"null", depth=_DEPTH)


def _is(tree: jsontext.Tree, digests: tuple[str, ...]) -> bool:
    return bool(set(_digests(tree)) & set(digests))


def _holds(tree: jsontext.Tree, leaves: tuple[Leaf, ...]) -> bool:
    return all(_at(tree, leaf) for leaf in leaves)


def _at(tree: jsontext.Tree, leaf: Leaf) -> bool:
    for step in leaf.path:
        if not isinstance(tree, dict) or step not in tree:
            return not leaf.digests
        tree = tree[step]
    if leaf.digests == (_SOME_OBJECT,):
        return isinstance(tree, dict)
    return bool(set(_digests(tree)) & set(leaf.digests))


def _leaves(patch: jsontext.Tree, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    if patch is None:
        yield Leaf(path, ())
    elif not isinstance(patch, dict):
        yield Leaf(path, _digests(patch))
    elif not patch:
        yield Leaf(path, (_SOME_OBJECT,))
    else:
        for name, change in patch.items():
            yield from _leaves(change, (*path, name))


def _digests(tree: jsontext.Tree) -> tuple[str, ...]:
    """Return the digests that a value may have; a text that names a moment also has the digest of that moment."""
    spelled = [_spelled(tree)]
    if isinstance(tree, str):
        with contextlib.suppress(VarbridgeError):
            spelled.append("@" + instant(tree).isoformat())
    return tuple(hashlib.sha256(text.encode()).hexdigest() for text in spelled)


def _spelled(tree: jsontext.Tree) -> str:
    if isinstance(tree, jsontext.Number):
        return _number(tree.text)
    if isinstance(tree, dict):
        members = (f"{_text(name)}:{_spelled(member)}" for name, member in sorted(tree.items()))
        return "{" + ",".join(members) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_spelled, tree)) + "]"
    return _text(tree)


def _text(scalar: str | bool | None) -> str:  # noqa: FBT001 - a scalar of JSON
    return msgspec.json.encode(scalar).decode()


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        return text
    sign, digits, exponent = number.as_tuple()
    significant = "".join(map(str, digits)).lstrip("0")
    trimmed = significant.rstrip("0")
    if not trimmed:
        return "0"
    return f"{'-' if sign else ''}{trimmed}e{int(exponent) + len(significant) - len(trimmed)}"
