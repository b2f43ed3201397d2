"""Scopes: this API knows the instance's own variables only; those of sub-processes and tasks are not in it."""

from __future__ import annotations

from gateway.errors import Unsupported
from gateway.model.scope import parse_scope


def check(engine: str, scope: str, *, lists: bool = False) -> None:
    """Refuse a scope other than the instance's own; ``all`` is the same here.

    Raises:
        InvalidRequest: the text names no scope, or ``all`` where one variable is meant.
        Unsupported: an execution or a task.
    """
    if parse_scope(scope, lists=lists).inner:
        raise Unsupported("This engine has the instance's scope only.", engine=engine)
