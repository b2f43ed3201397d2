"""Conditions of a search in IBM's language: ``field|value``, or ``field|operator|value``.

Fields of instances that other vendors have, too, are ``FIELDS``. What is no field of the vendor's own is the name of a
variable, as the alias of business data is there. The value is a text without a type, so a variable fulfils a condition
as a text, or as the number, the boolean or the date that the text can be read as: each of these is a search of its own.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Literal, TypeAlias

import msgspec

from adapters.ibm_bpm.dialect.ids import is_form
from gateway.errors import Fault, InvalidRequest, Unsupported, VarbridgeError
from gateway.model import condition as model
from gateway.model.commands import FindInstances
from gateway.model.condition import Operator
from gateway.model.values import instant, json_text
from gateway.port import DialectRequest

FIELDS = ("instanceId", "instanceName", "instanceStatus", "bpdName", "bpdId")
"""Columns that instances of any vendor have. Name and process are the same, since others give instances no names."""
_OTHERS = frozenset(
    (
        "instanceCreateDate", "instanceModifyDate", "instanceDueDate", "instanceProcessApp", "instanceSnapshot",
        "instanceSnapshotId", "taskId", "taskSubject", "taskStatus", "taskPriority", "taskDueDate", "taskReceivedDate",
        "taskClosedDate", "taskIsAtRisk", "taskAtRiskTime", "taskActivityName", "taskReceivedFrom", "taskAssignedTo",
        "taskAttachedExtActivityRef", "taskAttachedInfoPathFormRef", "assignedToUser", "assignedToRole",
        "assignedToRoleDisplayName",
    )
)  # fmt: skip
"""Columns that only the vendor's own instances and tasks have (seen on 8.6.2)."""
_OPERATORS: dict[str, Operator] = {
    "Equals": "eq", "NotEquals": "neq", "GreaterThan": "gt", "LessThan": "lt", "Contains": "like", "StartsWith": "like",
}  # fmt: skip
_State: TypeAlias = Literal["active", "suspended"]
_STATES: dict[str, _State] = {"Active": "active", "Suspended": "suspended"}
_FIELD = re.compile(r"(?:^|,)([^,|]*)\|")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
_MOST = 8
"""Searches that one request is made of; three texts that can be read in two ways each."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, with the vendor's word for its operator."""

    field: str
    operator: str
    value: str


def is_own(field: str) -> bool:
    """Return whether a column is one of instances, and not a variable."""
    return field in FIELDS


def names_variables(request: DialectRequest) -> bool:
    """Return whether a column or a condition of a search may be a variable; nobody has looked for them in a form."""
    query = request.query
    fields = (*query.get("columns", "").split(","), *_FIELD.findall(query.get("condition", "")))
    named = any(name and not is_own(name) and name not in _OTHERS for name in map(str.strip, fields))
    return named or is_form(request)


def check_field(field: str) -> None:
    """Refuse a column that only the vendor's own instances have.

    Raises:
        Unsupported: it is one.
    """
    if field in _OTHERS:
        raise _unsaid(f"The column {field} cannot be said of an instance of another vendor's engine.")


def parse_condition(text: str) -> Condition:
    """Return a condition.

    Raises:
        InvalidRequest: it is none, or has an operator that there is not.
        Unsupported: its field or its operator cannot be said of other vendors' instances.
    """
    field, *rest = text.split("|", 2)
    operator, value = rest if len(rest) > 1 else ("Equals", *rest) if rest else ("", "")
    if not field.strip() or operator not in _OPERATORS:
        detail = "A condition is field|value or field|operator|value, with an operator of the vendor's page."
        raise InvalidRequest(detail, errors=(Fault("/condition", detail),))
    check_field(field)
    if is_own(field) and (field == "bpdId" or operator != "Equals"):
        raise _unsaid(f"{field}|{operator} cannot be said of an instance of another vendor's engine.")
    if field == "instanceStatus" and value not in _STATES:
        raise _unsaid(f"Instances that are {value} cannot be searched for on another vendor's engine.")
    return Condition(field=field, operator=operator, value=value)


def searches(conditions: tuple[Condition, ...]) -> tuple[FindInstances, ...]:
    """Return the searches that find, together, what fulfils all conditions; none where nothing can.

    Raises:
        Unsupported: there are too many.
        InvalidRequest, ValueInvalid: a value that no variable can be compared with.
    """
    own = {field: {each.value for each in conditions if each.field == field} for field in FIELDS}
    definitions = own["instanceName"] | own["bpdName"]
    if any(len(values) > 1 for values in (own["instanceId"], own["instanceStatus"], definitions)):
        return ()
    ways = [_readings(each, at) for at, each in enumerate(conditions) if not is_own(each.field)]
    alternatives = list(product(*ways)) if sum(len(way) > 1 for way in ways) <= 3 else []  # noqa: PLR2004
    if not 0 < len(alternatives) <= _MOST:
        raise _unsaid("Fewer conditions with numbers, dates and booleans, please: each may mean a text, too.")
    state: _State | None = next((_STATES[each] for each in own["instanceStatus"]), None)
    return tuple(
        FindInstances(
            ids=tuple(own["instanceId"]) or None,
            definition=next(iter(definitions), None),
            state=state,
            ended=state is None,
            variables=tuple(each for way in chosen for each in way),
        )
        for chosen in alternatives
    )


def _readings(given: Condition, at: int) -> list[tuple[model.Condition, ...]]:
    """Return the ways to read a condition on a variable; one that must differ must do so in every way."""
    operator, pointer = _OPERATORS[given.operator], f"/condition/{at}"
    checked = [model.check_condition(each, pointer) for each in _typed(given, operator)]
    return [tuple(checked)] if operator == "neq" else [(each,) for each in checked]


def _typed(given: Condition, operator: Operator) -> list[model.Condition]:
    """Return a condition with each type that its value can be read as."""
    if operator == "like":
        return [_condition(given, operator, json_text(_pattern(given)), "string")]
    found = [_condition(given, operator, json_text(given.value), "string")]
    if _NUMBER.match(given.value) or (given.value in {"true", "false"} and operator in {"eq", "neq"}):
        found.append(_condition(given, operator, msgspec.Raw(given.value.encode())))
    elif _is_date(given.value):
        found.append(_condition(given, operator, json_text(given.value), "date-time"))
    return found


def _condition(
    given: Condition, operator: Operator, value: msgspec.Raw, kind: Literal["string", "date-time"] | None = None
) -> model.Condition:
    return model.Condition(name=given.field, operator=operator, value=value, type=kind)


def _pattern(given: Condition) -> str:
    text = re.sub(r"([\\%_])", r"\\\1", given.value)
    return f"{text}%" if given.operator == "StartsWith" else f"%{text}%"


def _is_date(text: str) -> bool:
    try:
        _ = instant(text)
    except VarbridgeError:
        return False
    return True


def _unsaid(detail: str) -> Unsupported:
    return Unsupported(detail, errors=(Fault("/condition", detail),))
