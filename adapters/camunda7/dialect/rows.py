"""Rows of searches as Camunda's engine answers them; what another vendor's engine does not have is null."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gateway.model.etag import BLOBS
from gateway.model.query import Row, VariablesCounted, VariablesFound
from gateway.model.results import Scope, Variable

ShowVariable: TypeAlias = Callable[[Variable], dict[str, Any]]
"""Returns type, value and valueInfo of a variable."""


def encode_found(found: VariablesFound | VariablesCounted, show: ShowVariable) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the body of the answer to a query for variables, or of how many there are."""
    if isinstance(found, VariablesCounted):
        return {"count": found.count}
    return [_variable_row(row, show) for row in found.rows]


def _variable_row(row: Row, show: ShowVariable) -> dict[str, Any]:
    return (
        shown_value(row, show)
        | scope_ids(row)
        | {
            "id": row.id,
            "name": row.variable.name,
            "processDefinitionId": row.definition_id,
            "processInstanceId": row.instance,
            "batchId": _id_of(row.variable.scope, "batch"),
            "tenantId": row.tenant,
        }
    )


def shown_value(row: Row, show: ShowVariable) -> dict[str, Any]:
    """Return a row's type, value and valueInfo; of what cannot be shown, ``errorMessage`` instead of the latter two."""
    shown = show(row.variable)
    error = shown["valueInfo"].pop("error", None)
    if row.variable.value.type in BLOBS:
        error = None  # no list has their contents
    if error is not None:
        shown |= {"value": None, "valueInfo": None}
    return shown | {"errorMessage": error}


def scope_ids(row: Row) -> dict[str, Any]:
    """Return the ids of where a variable is; one that has no scope of its own is in the execution of its instance."""
    scope = row.variable.scope
    return {
        "executionId": row.execution or (row.instance if scope is None else _id_of(scope, "instance", "execution")),
        "taskId": _id_of(scope, "task"),
        "caseInstanceId": row.case or _id_of(scope, "case"),
        "caseExecutionId": _id_of(scope, "case", "case execution"),
        "activityInstanceId": None if scope is None else scope.activity,
    }


def _id_of(scope: Scope | None, *kinds: str) -> str | None:
    return scope.id if scope is not None and scope.kind in kinds else None
