"""Typed values as callers send them back: with the read-only members of our answers, or with a vendor's ``valueInfo``.

Only a body that could not be decoded as it stands comes here, so a plain value costs nothing. Counterpart: ``shapes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from gateway.errors import Fault, InvalidRequest
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.scope import INSTANCE
from gateway.model.values import VENDOR_INFO, Value, with_vendor_info
from gateway.web.v1.shapes import QueryItem, VariableShape

READ_ONLY = frozenset((*VariableShape.__struct_encode_fields__, *QueryItem.__struct_encode_fields__)) - frozenset(
    Value.__struct_encode_fields__
)
"""Members that we answer and no value has: where the variable lives, its tag, why it could not be read."""
BESIDE: dict[str, dict[str, object]] = {
    "valueInfo": {
        "type": ["object", "null"],
        "description": "As Camunda writes it; goes with a vendor's type name, such as `Json` or `File`.",
        "properties": {
            member: {"type": ["boolean" if member == "transient" else "string", "null"]} for member in VENDOR_INFO
        },
        "additionalProperties": False,
    },
    **{member: {"description": "As it was answered; says nothing new."} for member in sorted(READ_ONLY)},
    "name": {"type": ["string", "null"], "description": "As it was answered; the name that the request says."},
    "scope": {"description": "As it was answered; the scope that the request says."},
    "instance": {"type": ["string", "null"], "description": "As it was answered; the instance that the request says."},
}
"""What may stand beside the members of ``Value``, as JSON Schemas."""
_VALUES = ("modifications", "variables", "localVariables", "correlationKeys", "localCorrelationKeys")
"""Members of bodies that hold typed values by name."""
_PARTS = ("items", "instructions")
"""Members of bodies that hold lists of such bodies."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the values of a body go, as far as the request says.

    Args:
        instance: as the caller wrote it, behind the engine that is named beside it; None where the request names
            none, as a start does.
        scope: ``instance``, ``execution:ID`` or ``task:ID``.
        name: of the one variable that the body is; None where the body holds values by name.
    """

    instance: str | None = None
    scope: str = INSTANCE
    name: str | None = None


ANYWHERE = Address()
"""The address of values that go to an instance, or to several, which the request does not name by id."""


def mend(address: Address) -> Callable[[Tree], bool]:
    """Return the function that takes out of a body's tree what a decoder of typed values does not know.

    It returns whether anything was there to take out, and raises InvalidRequest, with the pointer, where a member says
    that the value belongs elsewhere.
    """

    def mended(tree: Tree) -> bool:
        changed = False
        for value, pointer, place in _values(tree, address):
            changed |= _mend_value(value, pointer, place)
        return changed

    return mended


def _values(tree: Tree, address: Address) -> Iterator[tuple[dict[str, Tree], str, Address]]:
    """Yield the typed values of a body, each with its pointer and its own address."""
    if not isinstance(tree, dict):
        return
    if address.name is not None:
        yield tree, "", address
        return
    yield from _by_name(tree, "", address)
    for part in _PARTS:
        entries = tree.get(part)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield from _by_name(entry, f"/{part}/{index}", address)


def _by_name(body: dict[str, Tree], pointer: str, address: Address) -> Iterator[tuple[dict[str, Tree], str, Address]]:
    said = body.get("instance")
    instance = said if isinstance(said, str) else address.instance
    for member in _VALUES:
        values = body.get(member)
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, dict):
                place = Address(instance=instance, scope=address.scope, name=name)
                yield value, f"{pointer}/{member}/{jsontext.escape(name)}", place


def _mend_value(value: dict[str, Tree], pointer: str, address: Address) -> bool:
    """Take the read-only members out of one value, and put those of ``valueInfo`` where ours are.

    Raises:
        InvalidRequest: a member says that the value belongs elsewhere, or ``valueInfo`` is in doubt.
    """
    known = READ_ONLY & value.keys()
    for member, agrees in _AGREE.items():
        if value.get(member) is not None and not agrees(value[member], address):
            detail = f"`{member}` is not that of the address; leave it out, or send the value there."
            raise InvalidRequest(detail, errors=(Fault(f"{pointer}/{member}", detail),))
    for member in known:
        del value[member]
    if "valueInfo" not in value:
        return bool(known)
    with_vendor_info(value, pointer)
    return True


def _name_agrees(name: Tree, address: Address) -> bool:
    return bool(name == address.name)


def _instance_agrees(instance: Tree, address: Address) -> bool:
    """Return whether two ids may be of one instance; one of them may name its engine."""
    one, other = instance, address.instance
    if other is None:
        return True
    return isinstance(one, str) and (one == other or one.endswith(f":{other}") or other.endswith(f":{one}"))


def _scope_agrees(scope: Tree, address: Address) -> bool:
    if not isinstance(scope, dict):
        return False
    kind, scope_id = scope.get("kind"), scope.get("id")
    if kind == INSTANCE:
        return address.scope == INSTANCE and _instance_agrees(scope_id, address)
    return address.scope == f"{kind}:{scope_id}"


_AGREE: dict[str, Callable[[Tree, Address], bool]] = {
    "name": _name_agrees,
    "instance": _instance_agrees,
    "scope": _scope_agrees,
}
"""Members that must agree with the address; the others say nothing about where a value goes."""
