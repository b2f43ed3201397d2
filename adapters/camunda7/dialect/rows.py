"""Rows of searches as Camunda's engine answers them; what another vendor's engine does not have is null."""

from __future__ import annotations

from typing import Any

from gateway.model.etag import BLOBS
from gateway.model.query import Row
from gateway.model.results import Scope


def variable_row(row: Row, shown: dict[str, Any]) -> dict[str, Any]:
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
