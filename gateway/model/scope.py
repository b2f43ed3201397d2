"""Where variables live: the instance itself, everywhere in it, one execution, one task.

What must not live here: whether an engine has a scope at all (``Engine.capabilities``), and whether one exists.
"""

from __future__ import annotations

import msgspec

from gateway.errors import InvalidRequest

INSTANCE = "instance"
ALL = "all"
_INNER = frozenset({"execution", "task"})


class Place(msgspec.Struct, frozen=True):
    """A scope that was asked for: ``instance | all | execution | task``, and the id of the last two."""

    kind: str
    id: str = ""

    @property
    def inner(self) -> bool:
        """Return whether it is one execution or task."""
        return self.kind in _INNER


def parse_scope(text: str, *, lists: bool = False) -> Place:
    """Parse the name of a scope.

    Args:
        text: ``instance``, ``all``, ``execution:ID`` or ``task:ID``.
        lists: whether several variables are asked for, so that ``all`` means something.

    Raises:
        InvalidRequest: it names none.
    """
    kind, _, scope_id = text.partition(":")
    if text == INSTANCE or (kind in _INNER and scope_id):
        return Place(kind, scope_id)
    if text == ALL and lists:
        return Place(ALL)
    if text == ALL:
        raise InvalidRequest("The scope `all` is for lists only.")
    raise InvalidRequest("`scope` is instance, all (lists only), execution:ID or task:ID.")
