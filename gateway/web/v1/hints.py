"""What helps a caller whose body has another shape: the vendors' words beside ours, and examples of what is meant.

The values in the examples are made up; a caller's own never stand in an error.
"""

from __future__ import annotations

from gateway.model.condition import Condition
from gateway.model.modification import Instruction
from gateway.model.values import Value
from gateway.web.http.json_faults import Hints

_QUERY = {
    "processInstanceIdIn": ("instanceIdIn", "instance"),
    "processInstanceId": ("instanceIdIn", "instance"),
    "processInstanceIds": ("instanceIdIn", "instance"),
    "instanceId": ("instanceIdIn", "instance"),
    "piid": ("instanceIdIn", "instance"),
    "id": ("instance",),
    "name": ("variableName",),
    "nameLike": ("variableNameLike",),
    "namesIgnoreCase": ("variableNamesIgnoreCase",),
    "valuesIgnoreCase": ("variableValuesIgnoreCase",),
    "conditions": ("variableValues",),
    "filters": ("variableValues",),
    "scopeId": ("variableScopeIdIn",),
    "scopeIdIn": ("variableScopeIdIn",),
    "sortBy": ("sorting",),
    "sortOrder": ("sorting",),
    "orderBy": ("sorting",),
    "maxResults": ("limit",),
    "pageSize": ("limit",),
    "size": ("limit",),
    "firstResult": ("cursor",),
    "offset": ("cursor",),
    "next": ("cursor",),
    "op": ("operator",),
    "comparator": ("operator",),
    "field": ("sortBy",),
    "direction": ("sortOrder",),
    "order": ("sortOrder",),
}
_VALUES = {
    "dataType": ("type",),
    "contentType": ("mediaType",),
    "mimeType": ("mediaType",),
    "charset": ("encoding",),
    "objectTypeName": ("className",),
    "serializationDataFormat": ("serialization",),
}
_CHANGES = {
    "variables": ("modifications",),
    "set": ("modifications",),
    "updates": ("modifications",),
    "delete": ("deletions",),
    "remove": ("deletions",),
    "etag": ("ifMatch",),
    "processDefinitionKey": ("definition",),
    "processDefinitionId": ("definition",),
    "processDefinitionName": ("definition",),
    "definitionKey": ("definition",),
    "processId": ("definition",),
    "bpdId": ("definition",),
    "key": ("definition", "name"),
    "processInstanceBusinessKey": ("businessKey",),
    "tenantId": ("tenant",),
    "params": ("variables",),
    "input": ("variables",),
    "inputs": ("variables",),
    "output": ("variables",),
    "outputs": ("variables",),
    "processVariables": ("variables", "variableValues"),
    "processVariablesLocal": ("localVariables",),
    "messageName": ("name",),
}
_OPERATORS = {
    **dict.fromkeys(("=", "==", "equals", "equal"), ("eq",)),
    **dict.fromkeys(("!=", "<>", "ne", "notEquals"), ("neq",)),
    **dict.fromkeys((">", "greaterThan"), ("gt",)),
    **dict.fromkeys((">=", "gte", "ge", "greaterThanOrEquals"), ("gteq",)),
    **dict.fromkeys(("<", "lessThan"), ("lt",)),
    **dict.fromkeys(("<=", "lte", "le", "lessThanOrEquals"), ("lteq",)),
}
HINTS = Hints(
    synonyms=_QUERY | _VALUES | _CHANGES,
    choices=_OPERATORS | {"ascending": ("asc",), "descending": ("desc",), "date": ("date-time",), "text": ("string",)},
    examples={
        Value: {"value": 5},
        Condition: {"name": "amount", "operator": "gteq", "value": 5},
        Instruction: {"type": "startBeforeActivity", "activityId": "approve"},
    },
    beside={Value: ("valueInfo", "name", "scope")},
)
