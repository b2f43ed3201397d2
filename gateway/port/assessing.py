"""Verdicts on variables, made by trying the engine's own encoder on each. No request is sent, and no value is kept.

The counterparts are ``foresee_value`` of each adapter, and ``gateway.bridge.compare``, which uses the same foresight.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gateway.errors import Refusal, Unsupported, VariableNotFound
from gateway.model.etag import BLOBS
from gateway.model.results import Variable
from gateway.model.values import ABSENT, Value, json_text
from gateway.model.verdict import (
    OWN_CODES,
    SCOPE_NOT_MOVABLE,
    VARIABLE_UNREADABLE,
    Declared,
    Foreseen,
    Verdict,
    check_held,
    size_of,
    type_name,
)

Foresee = Callable[[Variable, Declared | None], Foreseen]
ForeseeValue = Callable[[str, Value, Declared | None], Foreseen]
_TRANSIENT = "A transient value ends with the engine's transaction, so there is nothing to move."
_EMPTY = json_text("")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What verdicts go by.

    Args:
        foresee: the engine's own.
        creates: whether a name that the instance does not have can be written.
        declared: the names that the target's process declares; None = not known.
        max_held_bytes: most of a blob that is held for an engine that takes no stream; None = it takes streams.
    """

    foresee: Foresee
    creates: bool
    declared: Declared | None
    max_held_bytes: int | None


def foresee(foresee_value: ForeseeValue, variable: Variable, declared: Declared | None) -> Foreseen:
    """Return what an engine would show of a variable; a blob without content is tried with an empty one.

    Raises:
        Refusal: the write would be refused.
    """
    value = variable.value
    if value.text or value.type not in BLOBS:
        return foresee_value(variable.name, value, declared)
    foreseen = foresee_value(variable.name, msgspec.structs.replace(value, value=_EMPTY), declared)
    return Foreseen(msgspec.structs.replace(foreseen.value, value=ABSENT), foreseen.rules)


def assess(target: Target, variable: Variable) -> Verdict:
    """Return whether the target can hold a variable."""
    size = size_of(variable)
    own = _own_code(variable)
    if own is not None:
        return _unsupported(variable, own, OWN_CODES[own], size)
    try:
        _check(target, variable, size)
        foreseen = target.foresee(variable, target.declared)
    except (Refusal, VariableNotFound) as error:
        return _unsupported(variable, error.code, error.detail, size)
    before, after = type_name(variable.value), type_name(foreseen.value)
    return Verdict(
        name=variable.name,
        kind="lossy" if foreseen.rules else "lossless",
        scope=variable.scope,
        rules=foreseen.rules,
        becomes=None if before == after else after,
        bytes=size,
        if_declared=not target.creates and target.declared is None,
    )


def _own_code(variable: Variable) -> str | None:
    if variable.scope is not None:
        return SCOPE_NOT_MOVABLE
    return VARIABLE_UNREADABLE if variable.error is not None else None


def _check(target: Target, variable: Variable, size: int | None) -> None:
    """Refuse what no encoder knows of.

    Raises:
        Unsupported, PayloadTooLarge, VariableNotFound: as it says.
    """
    if variable.value.transient:
        raise Unsupported(_TRANSIENT)
    if variable.value.type in BLOBS and size is not None and target.max_held_bytes is not None:
        check_held(size, target.max_held_bytes)
    if not target.creates and target.declared is not None and variable.name not in target.declared:
        raise VariableNotFound


def _unsupported(variable: Variable, code: str, detail: str, size: int | None) -> Verdict:
    return Verdict(name=variable.name, kind="unsupported", scope=variable.scope, code=code, detail=detail, bytes=size)
