"""Rows of searches as Camunda's engine answers them; what another vendor's engine does not have is null."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.model.etag import BLOBS
from gateway.model.query import Row, VariablesCounted, VariablesFound
from gateway.model.results import Scope, Variable


def encode_found(
    found: VariablesFound | VariablesCounted, show: Callable[[Variable], dict[str, Any]]
) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the body of a search's answer.

    Args:
        found: what was found, or how many.
        show: returns type, value and valueInfo of a variable.
    """
    if isinstance(found, VariablesCounted):
        return {"count": found.count}
    return [_variable_row(row, show(row.variable)) for row in found.rows]


def _variable_row(row: Row, shown: dict[str, Any]) -> dict[str, Any]:
    """Return one row of ``/variable-instance``.

    Args:
        row: the variable, and where it is.
        shown: its type, value and valueInfo; of a value that cannot be shown the engine has an ``errorMessage``
            instead of the latter two.
    """
    scope = row.variable.scope
    error = shown["valueInfo"].pop("error", None)
    if row.variable.value.type in BLOBS:
        error = None  # no list has their contents
    if error is not None:
        shown |= {"value": None, "valueInfo": None}
    return shown | {
        "id": row.id,
        "name": row.variable.name,
        "processDefinitionId": row.definition_id,
        "processInstanceId": row.instance,
        "executionId": row.execution or _id_of(scope, "instance", "execution"),
        "caseInstanceId": row.case or _id_of(scope, "case"),
        "caseExecutionId": _id_of(scope, "case", "case execution"),
        "taskId": _id_of(scope, "task"),
        "batchId": _id_of(scope, "batch"),
        "activityInstanceId": None if scope is None else scope.activity,
        "errorMessage": error,
        "tenantId": row.tenant,
    }


def _id_of(scope: Scope | None, *kinds: str) -> str | None:
    return scope.id if scope is not None and scope.kind in kinds else None
