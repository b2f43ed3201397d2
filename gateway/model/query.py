"""Queries for variables of any instance, by name, value and scope: commands, results, and the checks of a filter.

What must not live here: how a value is compared with a condition (``gateway.model.matching``), and pages over several
engines (``gateway.operations.paging``).
"""

from __future__ import annotations

import math
import re
from typing import Literal

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueInvalid, VarbridgeError
from gateway.model.commands import Command
from gateway.model.results import Variable
from gateway.model.values import SYNONYMS, Value, in_our_spelling, instant, json_text, text_of

Operator = Literal["eq", "neq", "gt", "gteq", "lt", "lteq", "like"]
_MAX_DIGITS = 1000
"""Characters of one number; the same limit holds for values."""
_ORDERED = frozenset(("gt", "gteq", "lt", "lteq"))
_BAD_ESCAPE = re.compile(r"(?:[^\\]|\\[%_\\])*(?:\\(?![%_\\]))", re.DOTALL)
# 2013-01-23T13:42:42.000+0000: the form in which Camunda's clients write a date; RFC 3339 has a colon in the offset
_ENGINE_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}\Z", re.ASCII)


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on one variable: a name, an operator, and a scalar in JSON.

    Args:
        type: ``string`` or ``date-time`` for a text; ``Date`` is a date in Camunda's or in RFC 3339's form. A text
            without a type is a string, unless it has the form ``2013-01-23T13:42:42.000+0000``, which is a date for
            Camunda as well. ``check_filter`` leaves the first two types only.
    """

    name: str
    operator: Operator
    value: msgspec.Raw
    type: Literal["string", "date-time", "String", "Date"] | None = None

    @property
    def kind(self) -> str:
        """Return ``null``, ``boolean``, ``number``, ``string``, ``date-time``, ``list`` or ``object``."""
        head = bytes(self.value)[:1]
        if head == b'"':
            return SYNONYMS[self.type][0] if self.type in SYNONYMS else self.type or "string"
        return {b"n": "null", b"t": "boolean", b"f": "boolean", b"[": "list", b"{": "object"}.get(head, "number")


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
            raise _fault(InvalidRequest, f"/{spelled}", "An empty list matches nothing; leave the filter out.")
    if wanted.variable_name_like is not None:
        _check_pattern(wanted.variable_name_like, "/variableNameLike")
    if wanted.variable_values is None:
        return wanted
    conditions = [
        _check_condition(each, f"/variableValues/{index}") for index, each in enumerate(wanted.variable_values)
    ]
    return msgspec.structs.replace(wanted, variable_values=tuple(conditions) or None)


def _check_condition(condition: Condition, pointer: str) -> Condition:
    at = f"{pointer}/value"
    kind = condition.kind
    if kind in {"list", "object"}:
        raise _fault(InvalidRequest, at, "A condition's value is a text, a number, true, false or null.")
    if condition.type is not None and kind not in {"string", "date-time"}:
        raise _fault(InvalidRequest, f"{pointer}/type", "A condition has a type only where its value is a text.")
    if condition.type in SYNONYMS:
        condition = _unify(condition, at)
    if condition.operator in _ORDERED and kind in {"boolean", "null"}:
        raise _fault(ValueInvalid, at, "Booleans and null have no order: use eq or neq.")
    if condition.operator == "like":
        if kind != "string":
            raise _fault(ValueInvalid, at, "`like` compares texts.")
        _check_pattern(text_of(bytes(condition.value)), at)
        return msgspec.structs.replace(condition, type="string")
    if kind == "number":
        _check_number(bytes(condition.value), at)
    elif kind == "date-time":
        _check_date(condition, at)
    elif kind == "string" and condition.type is None and _ENGINE_DATE.match(text_of(bytes(condition.value))):
        return _as_date(condition, at)
    return condition


def _unify(condition: Condition, at: str) -> Condition:
    try:
        value = in_our_spelling(Value(type=condition.type, value=condition.value))
    except VarbridgeError as error:
        raise _fault(ValueInvalid, at, error.detail) from error
    return msgspec.structs.replace(
        condition, type="date-time" if value.type == "date-time" else "string", value=value.value
    )


def _as_date(condition: Condition, at: str) -> Condition:
    text = text_of(bytes(condition.value))
    dated = msgspec.structs.replace(condition, type="date-time", value=json_text(f"{text[:-2]}:{text[-2:]}"))
    _check_date(dated, at)
    return dated


def _check_date(condition: Condition, at: str) -> None:
    try:
        _ = instant(text_of(bytes(condition.value)))
    except VarbridgeError as error:
        raise _fault(ValueInvalid, at, error.detail) from error


def _check_number(raw: bytes, at: str) -> None:
    if len(raw) > _MAX_DIGITS or math.isinf(float(raw)):
        raise _fault(ValueInvalid, at, "No variable holds so large or so long a number.")


def _check_pattern(pattern: str, pointer: str) -> None:
    r"""Refuse a ``\`` at the end or before an ordinary character, since databases read it in different ways."""
    if _BAD_ESCAPE.match(pattern):
        raise _fault(ValueInvalid, pointer, r"In a pattern, \ stands before %, _ or \ only.")


def _fault(kind: type[InvalidRequest | ValueInvalid], pointer: str, detail: str) -> InvalidRequest | ValueInvalid:
    return kind(detail, errors=(Fault(pointer, detail),))
