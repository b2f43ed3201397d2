"""Conditions on the value of a variable, and their checks.

What must not live here: how a value is compared with one (``gateway.model.matching``).
"""

from __future__ import annotations

import math
import re
from typing import Literal

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueInvalid, VarbridgeError
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


def check_condition(condition: Condition, pointer: str) -> Condition:
    """Check a condition; return it with a date recognised as one.

    Raises:
        InvalidRequest: its value is no scalar.
        ValueInvalid: the operator cannot take its value, or a pattern ends inside an escape.
    """
    at = f"{pointer}/value"
    kind = condition.kind
    if kind in {"list", "object"}:
        raise fault(InvalidRequest, at, "A condition's value is a text, a number, true, false or null.")
    if condition.type is not None and kind not in {"string", "date-time"}:
        raise fault(InvalidRequest, f"{pointer}/type", "A condition has a type only where its value is a text.")
    if condition.type in SYNONYMS:
        condition = _unify(condition, at)
    if condition.operator in _ORDERED and kind in {"boolean", "null"}:
        raise fault(ValueInvalid, at, "Booleans and null have no order: use eq or neq.")
    if condition.operator == "like":
        if kind != "string":
            raise fault(ValueInvalid, at, "`like` compares texts.")
        check_pattern(text_of(bytes(condition.value)), at)
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
        raise fault(ValueInvalid, at, error.detail) from error
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
        raise fault(ValueInvalid, at, error.detail) from error


def _check_number(raw: bytes, at: str) -> None:
    if len(raw) > _MAX_DIGITS or math.isinf(float(raw)):
        raise fault(ValueInvalid, at, "No variable holds so large or so long a number.")


def check_pattern(pattern: str, pointer: str) -> None:
    r"""Refuse a ``\`` at the end or before an ordinary character, since databases read it in different ways.

    Raises:
        ValueInvalid: there is one.
    """
    if _BAD_ESCAPE.match(pattern):
        raise fault(ValueInvalid, pointer, r"In a pattern, \ stands before %, _ or \ only.")


def fault(kind: type[InvalidRequest | ValueInvalid], pointer: str, detail: str) -> InvalidRequest | ValueInvalid:
    """Return an error with what is at fault."""
    return kind(detail, errors=(Fault(pointer, detail),))
