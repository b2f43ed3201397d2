"""Queries: variables of any instance, by name, value and scope: commands, results, and the check of a filter.

What must not live here: whether a condition holds for a value (``gateway.model.matching``), and pages over several
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
from gateway.model.values import SYNONYMS, Value, instant, json_text, text_of, unified

Operator = Literal["eq", "neq", "gt", "gteq", "lt", "lteq", "like"]
_MAX_DIGITS = 1000
"""Characters of one number, as of values."""
_ORDERED = frozenset(("gt", "gteq", "lt", "lteq"))
_BAD_ESCAPE = re.compile(r"(?:[^\\]|\\[%_\\])*(?:\\(?![%_\\]))", re.DOTALL)
# 2013-01-23T13:42:42.000+0000: the form in which Camunda's clients write a date; RFC 3339 has a colon in the offset
_ENGINE_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}\Z", re.ASCII)


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on one variable: name, operator, and a scalar in JSON.

    Args:
        type: ``string`` or ``date-time`` for a text; ``Date`` is one as Camunda writes it, or as RFC 3339 says. Without
            it a text is a string, unless it has the form ``2013-01-23T13:42:42.000+0000``, which is a date as it is for
            Camunda. ``check_filter`` leaves the first two only.
    """

    name: str
    operator: Operator
    value: msgspec.Raw
    type: Literal["string", "date-time", "String", "Date"] | None = None

    @property
    def kind(self) -> str:
        """Return what the value is: ``null``, ``boolean``, ``number``, ``string`` or ``date-time``."""
        head = bytes(self.value)[:1]
        if head == b'"':
            return SYNONYMS[self.type][0] if self.type in SYNONYMS else self.type or "string"
        return {b"n": "null", b"t": "boolean", b"f": "boolean", b"[": "list", b"{": "object"}.get(head, "number")


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a row must be: all of it at once. ``instance_id_in`` is native to the engine asked; None = no matter."""

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

    def asked(self) -> tuple[str, ...]:
        """Return the filters that are set, as ``/v1`` spells them; each is a capability ``query.<name>``."""
        pairs = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return tuple(spelled for name, spelled in pairs if getattr(self, name) not in (None, False))


LISTS = tuple(name for name in Filter.__struct_fields__ if name.endswith("_in"))
"""The filters that take a list of ids."""
FEATURES = {
    f"query.{spelled}": f"filter a query by `{spelled}`"
    for spelled in sorted(Filter.__struct_encode_fields__, key=lambda name: (name.endswith("In"), name))
}


class Sort(msgspec.Struct, frozen=True, kw_only=True):
    """One key of an order."""

    key: Literal["name", "type", "scope"]
    descending: bool = False


class QueryVariables(Command, frozen=True, kw_only=True):
    """Find one piece of the rows that match, in the order asked for.

    Args:
        offset: rows to leave out first; always 0 where ``after`` is given.
        limit: rows at most; the engine may give fewer and say that there are more.
        after: where an earlier piece ended (``VariablesFound.position``), for engines that ``seek``.
    """

    filter: Filter
    sorting: tuple[Sort, ...] = ()
    offset: int = 0
    limit: int = 100
    after: str | None = None


class CountVariables(Command, frozen=True, kw_only=True):
    """Count the rows that match."""

    filter: Filter


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # in no cycle, and read by the thousand
    """One variable that was found, and where it lives.

    Args:
        id: the engine's own id of the variable; where it has none, one that is as steady.
        instance: native id; None for variables of cases and batches.
        position: where an engine that seeks can go on after this row.
    """

    id: str
    variable: Variable
    instance: str | None = None
    definition: str | None = None
    tenant: str | None = None
    position: str | None = None


class VariablesFound(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of the rows.

    Args:
        more: whether there may be more rows after these.
        position: where an engine that seeks goes on; it may have looked further than its last row.
    """

    rows: tuple[Row, ...]
    more: bool
    position: str | None = None


class VariablesCounted(msgspec.Struct, frozen=True):
    """How many rows match."""

    count: int


def check_filter(wanted: Filter) -> Filter:
    """Check a filter and return it with dates recognised.

    Raises:
        InvalidRequest: an empty list, a condition whose value is no scalar.
        ValueInvalid: a value that its operator cannot take, a pattern that ends in the middle.
    """
    for name, spelled in zip(wanted.__struct_fields__, wanted.__struct_encode_fields__, strict=True):
        if getattr(wanted, name) == () and name in LISTS:
            # Camunda takes an empty list for "all instances" (seen live)
            raise _wrong(InvalidRequest, f"/{spelled}", "An empty list matches nothing; leave the filter out.")
    if wanted.variable_name_like is not None:
        _check_pattern(wanted.variable_name_like, "/variableNameLike")
    if wanted.variable_values is None:
        return wanted
    conditions = [_sound(each, f"/variableValues/{index}") for index, each in enumerate(wanted.variable_values)]
    return msgspec.structs.replace(wanted, variable_values=tuple(conditions) or None)


def _sound(condition: Condition, pointer: str) -> Condition:
    at = f"{pointer}/value"
    kind = condition.kind
    if kind in {"list", "object"}:
        raise _wrong(InvalidRequest, at, "A condition's value is a text, a number, true, false or null.")
    if condition.type is not None and kind not in {"string", "date-time"}:
        raise _wrong(InvalidRequest, f"{pointer}/type", "A condition has a type only where its value is a text.")
    if condition.type in SYNONYMS:
        condition = _in_our_spelling(condition, at)
    if condition.operator in _ORDERED and kind in {"boolean", "null"}:
        raise _wrong(ValueInvalid, at, "Booleans and null have no order: use eq or neq.")
    if condition.operator == "like":
        if kind != "string":
            raise _wrong(ValueInvalid, at, "`like` compares texts.")
        _check_pattern(text_of(bytes(condition.value)), at)
        return msgspec.structs.replace(condition, type="string")
    if kind == "number":
        _check_number(bytes(condition.value), at)
    elif kind == "date-time":
        _check_date(condition, at)
    elif kind == "string" and condition.type is None and _ENGINE_DATE.match(text_of(bytes(condition.value))):
        return _dated(condition, at)
    return condition


def _in_our_spelling(condition: Condition, at: str) -> Condition:
    try:
        value = unified(Value(type=condition.type, value=condition.value))
    except VarbridgeError as error:
        raise _wrong(ValueInvalid, at, error.detail) from error
    return msgspec.structs.replace(
        condition, type="date-time" if value.type == "date-time" else "string", value=value.value
    )


def _dated(condition: Condition, at: str) -> Condition:
    text = text_of(bytes(condition.value))
    dated = msgspec.structs.replace(condition, type="date-time", value=json_text(f"{text[:-2]}:{text[-2:]}"))
    _check_date(dated, at)
    return dated


def _check_date(condition: Condition, at: str) -> None:
    try:
        _ = instant(text_of(bytes(condition.value)))
    except VarbridgeError as error:
        raise _wrong(ValueInvalid, at, error.detail) from error


def _check_number(raw: bytes, at: str) -> None:
    if len(raw) > _MAX_DIGITS or math.isinf(float(raw)):
        raise _wrong(ValueInvalid, at, "No variable holds so large or so long a number.")


def _check_pattern(pattern: str, pointer: str) -> None:
    r"""Refuse what databases read in different ways: a ``\`` at the end or before an ordinary character."""
    if _BAD_ESCAPE.match(pattern):
        raise _wrong(ValueInvalid, pointer, r"In a pattern, \ stands before %, _ or \ only.")


def _wrong(kind: type[InvalidRequest | ValueInvalid], pointer: str, detail: str) -> InvalidRequest | ValueInvalid:
    return kind(detail, errors=(Fault(pointer, detail),))
