"""Conditions on variables from the words of a command line: ``--where 'NAME OPERATOR VALUE'``."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from gateway.nearest import suggestion

OPERATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like")
_SIGNS = {
    "=": "eq",
    "==": "eq",
    "!=": "neq",
    "<>": "neq",
    "ne": "neq",
    ">": "gt",
    ">=": "gteq",
    "ge": "gteq",
    "gte": "gteq",
    "<": "lt",
    "<=": "lteq",
    "le": "lteq",
    "lte": "lteq",
    "~": "like",
}
"""Other people's operators and what they are called here; refused, since a shell makes files of ``>`` and ``<``."""
_PARTS = 3
"""Of a condition: name, operator, value."""


def variable_condition(text: str) -> dict[str, Any]:
    """Return the condition of ``NAME OPERATOR VALUE``; VALUE is JSON, or else a text.

    Raises:
        UsageError: it is not of this shape, or has no such operator.
    """
    parts = text.split(maxsplit=_PARTS - 1)
    if len(parts) != _PARTS:
        raise click.UsageError(f"--where takes 'NAME OPERATOR VALUE', such as 'amount gteq 100', not {text!r}.")
    name, operator, value = parts
    if operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise click.UsageError(
            f"--where has no operator {operator!r}; operators: {known}.{suggestion(operator, OPERATORS, _SIGNS)}"
        )
    try:
        _ = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {"name": name, "operator": operator, "value": value}
    return {"name": name, "operator": operator, "value": msgspec.Raw(value.encode())}
