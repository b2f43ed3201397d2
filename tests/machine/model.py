"""The reference: what the variables of one instance are after a write, in plain Python and without a line of ours.

A state is ``{name: value}``; JSON objects are dicts, numbers int or Decimal, so that every digit and the order of
members count.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any, NamedTuple

DECLARED: dict[str, tuple[type, ...]] = {
    "note": (str,), "count": (int,), "rate": (Decimal, int), "done": (bool,), "doc": (dict,),
}  # fmt: skip
"""What an IBM instance can hold; ``extra`` is on purpose not among them."""


class Write(NamedTuple):
    """A change. ``kind``: ``patch``, ``merge`` (of the set), ``put``, ``delete``, ``change`` (merge), ``edit`` (JSON)."""

    kind: str
    name: str | None
    content: Any


class Refused(Exception):
    """The gateway has to say no, before anything is written, with this code."""


def touched(write: Write) -> tuple[str, ...]:
    if write.kind == "patch":
        return (*write.content["modifications"], *write.content["deletions"])
    return tuple(write.content) if write.kind == "merge" else (str(write.name),)


def after(state: dict[str, Any], write: Write) -> dict[str, Any]:
    """The state that a write leads to. Raises Refused."""
    state, (kind, name, content) = dict(state), write
    if kind == "patch":
        state |= content["modifications"]
        return {each: value for each, value in state.items() if each not in content["deletions"]}
    if kind == "merge":
        return merged(state, content)
    if kind == "delete":
        state.pop(name, None)
        return state
    if kind == "edit" and name not in state:
        raise Refused("variable-not-found")
    changed = {
        "put": lambda _: content,
        "change": lambda old: merged(old, content),
        "edit": lambda old: edited(old, content),
    }
    return state | {name: changed[kind](state.get(name))}


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def edited(target: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902, as far as it is needed: ``add``, ``replace``, ``remove``, ``test``. Raises Refused."""
    whole = copy.deepcopy(target)
    for each in operations:
        *way, last = each["path"].split("/")[1:]
        place = whole
        for step in way:
            place = place.get(step) if isinstance(place, dict) else None
        appends = each["op"] == "add" and last == "-" and isinstance(place, list)
        if not appends and (not isinstance(place, dict) or (each["op"] != "add" and last not in place)):
            raise Refused("precondition-failed" if each["op"] == "test" else "value-invalid")
        if appends:
            place.append(each["value"])
        elif each["op"] == "test" and repr(place[last]) != repr(each["value"]):
            raise Refused("precondition-failed")
        elif each["op"] == "remove":
            del place[last]
        elif each["op"] != "test":
            place[last] = each["value"]
    return whole


def objections(vendor: str, write: Write, intended: dict[str, Any]) -> set[str]:
    """The codes with which the engine itself may refuse; none = it takes the write."""
    if vendor != "ibm_bpm":
        return set()
    names = touched(write)
    unfit = any(type(intended[name]) not in DECLARED[name] for name in names if name in intended and name in DECLARED)
    unknown = not set(names) <= set(DECLARED)
    return {code for code, so in (("variable-not-found", unknown), ("value-invalid", unfit)) if so}
