"""Which rows of a query a caller may see; a condition must not give away a value that is hidden from the caller."""

from __future__ import annotations

from gateway.errors import Fault, Forbidden
from gateway.model.condition import Condition
from gateway.model.query import Filter, Row
from gateway.operations.destinations import Rights
from gateway.operations.paging.pages import RowFilter


def visible_rows(rights: Rights, wanted: Filter) -> RowFilter | None:
    """Return which rows the caller may see, None for all.

    Raises:
        Forbidden: a condition on a value that is hidden from the caller.
    """
    if not rights.limited:
        return None
    conditions = wanted.variable_values or ()
    check_conditions(rights, conditions, ignore_case=wanted.variable_names_ignore_case)
    names = frozenset(each.name for each in conditions)

    def visible(row: Row) -> bool:
        # a database may ignore the case of names: then a condition on one name finds another, hidden one
        name = row.variable.name
        return rights.may_touch(name) and (not names or name in names)

    return visible


def check_conditions(rights: Rights, conditions: tuple[Condition, ...], *, ignore_case: bool) -> None:
    """Refuse conditions whose answer would tell a caller something about a value that is hidden from it.

    Raises:
        Forbidden: there is such a condition.
    """
    if not rights.limited or not conditions:
        return
    if ignore_case or any(rights.is_masked(each.name) or not rights.may_touch(each.name) for each in conditions):
        faults = (Fault("/variableValues", "see detail"),)
        raise Forbidden("The caller may not ask for values that are hidden from it.", errors=faults)
