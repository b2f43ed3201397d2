"""Page positions: where a walk over one engine's rows stands between two pages, and how its rows are recognised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.query import Row


class PagePosition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a walk over one engine's rows stands; a cursor carries it.

    Args:
        offset: rows before the next one, at the time of the last read.
        anchors: ids of the last rows given, newest last; the last ``ties`` of them are equal in the order.
        ties: how many of the last rows given have the same sort key.
        seek: where an engine that seeks goes on; then the other three mean nothing.
        done: whether no rows are left.
    """

    offset: int = 0
    anchors: tuple[str, ...] = msgspec.field(default=(), name="seen")
    ties: int = msgspec.field(default=0, name="alike")
    seek: str | None = msgspec.field(default=None, name="position")
    done: bool = False


def sort_key(row: Row) -> tuple[str, str, str]:
    """Return the sort key, case-folded; an engine may give rows with equal keys in any order."""
    variable = row.variable
    activity = variable.scope.activity if variable.scope is not None else None
    kind = f"{variable.value.type}/{variable.value.format}"
    return variable.name.casefold(), kind, (activity or "").casefold()


class Identified(Protocol):
    """What has an id: a row, or an instance."""

    @property
    def id(self) -> str:
        """Return the id."""
        ...


def last_anchor(rows: Sequence[Identified], anchors: tuple[str, ...]) -> int | None:
    """Return the index of the last row, or instance, that is an anchor; or None."""
    known = frozenset(anchors)
    return next((index for index in range(len(rows) - 1, -1, -1) if rows[index].id in known), None)
