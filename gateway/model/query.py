"""Queries for variables of any instance, by name, value and scope: commands, results, and the checks of a filter.

What must not live here: how a value is compared with a condition (``gateway.model.matching``), and pages over several
engines (``gateway.operations.paging``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.errors import InvalidRequest
from gateway.model.commands import Command
from gateway.model.condition import Condition, check_condition, check_pattern, fault
from gateway.model.results import Variable


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a row must fulfil, all of it; None: not used. For an engine, ``instance_id_in`` has native ids."""

    variable_name: str | None = None
    variable_name_like: str | None = None
    variable_values: tuple[Condition, ...] | None = None
    variable_names_ignore_case: bool = False
    variable_values_ignore_case: bool = False
    instance_id_in: tuple[str, ...] | None = None
    execution_id_in: tuple[str, ...] | None = None
    case_instance_id_in: tuple[str, ...] | None = None
    case_execution_id_in: tuple[str, ...] | None = None
    task_id_in: tuple[str, ...] | None = None
    batch_id_in: tuple[str, ...] | None = None
    activity_instance_id_in: tuple[str, ...] | None = None
    tenant_id_in: tuple[str, ...] | None = None
    variable_scope_id_in: tuple[str, ...] | None = None

    def used(self) -> tuple[str, ...]:
        """Return the filters that are used, as ``/v1`` spells them; each is a capability ``query.<name>``."""
        pairs = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return tuple(spelled for name, spelled in pairs if getattr(self, name) not in (None, False))


LISTS = tuple(name for name in Filter.__struct_fields__ if name.endswith("_in"))
"""The filters that take a list of ids."""
FEATURES = {
    f"query.{spelled}": f"filter a query by `{spelled}`"
    for spelled in sorted(Filter.__struct_encode_fields__, key=lambda name: (name.endswith("In"), name))
}


class Sort(msgspec.Struct, frozen=True, kw_only=True):
    """One sort key; by ``tenant`` is a capability of its own (``query.sort.tenant``)."""

    key: Literal["name", "type", "scope", "tenant"]
    descending: bool = False


class QueryVariables(Command, frozen=True, kw_only=True):
    """Read one piece of the matching rows, in the order of the sort keys.

    Args:
        offset: rows to skip; always 0 if ``after`` is set.
        limit: the most rows; the engine may return fewer although there are more.
        after: where an earlier piece ended (``VariablesFound.position``), for engines that ``seek``.
    """

    filter: Filter
    sorting: tuple[Sort, ...] = ()
    offset: int = 0
    limit: int = 100
    after: str | None = None


class ListLastValues(Command, frozen=True, kw_only=True):
    """List the variables of several instances, of those too that have ended; an instance that is unknown has none.

    Args:
        names: only these; None = all.
    """

    instances: tuple[str, ...]
    names: tuple[str, ...] | None = None


class CountVariables(Command, frozen=True, kw_only=True):
    """Count the matching rows."""

    filter: Filter


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # never part of a cycle, and read by the thousand
    """One variable that was found, with its instance.

    Args:
        id: the engine's own id of the variable, or a made-up one that stays the same from read to read.
        instance: native id; None for variables of cases and batches.
        definition: key or name of what the instance is one of; ``definition_id``: its id.
        execution: id of the execution that the variable is in, where that is not the one of its scope.
        case: id of the case that the variable is in.
        position: where an engine that seeks goes on after this row.
    """

    id: str
    variable: Variable
    instance: str | None = None
    definition: str | None = None
    definition_id: str | None = None
    execution: str | None = None
    case: str | None = None
    tenant: str | None = None
    position: str | None = None


class VariablesFound(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of the rows.

    Args:
        more: whether more rows may follow.
        position: where an engine that seeks goes on; it may have searched beyond its last row.
    """

    rows: tuple[Row, ...]
    more: bool
    position: str | None = None


class VariablesCounted(msgspec.Struct, frozen=True):
    """The number of matching rows."""

    count: int


def check_filter(wanted: Filter) -> Filter:
    """Check a filter; return it with every date recognised as one.

    Raises:
        InvalidRequest: a list is empty, or the value of a condition is no scalar.
        ValueInvalid: an operator cannot take its value, or a pattern ends inside an escape.
    """
    for name, spelled in zip(wanted.__struct_fields__, wanted.__struct_encode_fields__, strict=True):
        if getattr(wanted, name) == () and name in LISTS:
            # Camunda takes an empty list for "all instances" (seen live)
            raise fault(InvalidRequest, f"/{spelled}", "An empty list matches nothing; leave the filter out.")
    if wanted.variable_name_like is not None:
        check_pattern(wanted.variable_name_like, "/variableNameLike")
    if wanted.variable_values is None:
        return wanted
    conditions = [
        check_condition(each, f"/variableValues/{index}") for index, each in enumerate(wanted.variable_values)
    ]
    return msgspec.structs.replace(wanted, variable_values=tuple(conditions) or None)
