"""Places: where a source of rows stands between two pages, as a cursor carries it; and by what rows are known again."""

from __future__ import annotations

import msgspec

from gateway.model.query import Row


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a source stands.

    Args:
        offset: rows before the next one, when it was last looked at.
        seen: ids of the last rows, newest last; the last ``alike`` of them are alike in the order.
        position: instead of both, of an engine that seeks.
        done: no rows are left.
    """

    offset: int = 0
    seen: tuple[str, ...] = ()
    alike: int = 0
    position: str | None = None
    done: bool = False


def keys(row: Row) -> tuple[str, str, str]:
    """Give what an order goes by, whatever its case: rows in which it is the same may stand in any order."""
    variable = row.variable
    activity = variable.scope.activity if variable.scope is not None else None
    kind = f"{variable.value.type}/{variable.value.format}"
    return variable.name.casefold(), kind, (activity or "").casefold()


def last_known(rows: tuple[Row, ...], seen: tuple[str, ...]) -> int | None:
    """Give the index of the last row that was seen before."""
    known = frozenset(seen)
    return next((index for index in range(len(rows) - 1, -1, -1) if rows[index].id in known), None)
