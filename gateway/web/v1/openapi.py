"""The OpenAPI 3.1 document, made from the structs that decode requests and the table of routes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from gateway.model.results import Activity
from gateway.model.values import Value
from gateway.web.v1.activities import ModificationBody
from gateway.web.v1.batch import BatchBody, BatchOutcome
from gateway.web.v1.bodies import PatchBody
from gateway.web.v1.lifecycle import CompletionBody, MessageBody, MessageOutcome, StartBody
from gateway.web.v1.operations import OperationBody, OperationShape, OutcomeShape
from gateway.web.v1.problems import Problem
from gateway.web.v1.query import CountBody, QueryBody, QueryItem
from gateway.web.v1.shapes import DryRun, VariableShape
from gateway.web.v1.summaries import SUMMARIES, heading

_REF = "#/components/schemas/{name}"
_ENDED = "`any`: instances that have ended too, with their last values."
_SCOPE = "instance (default), execution:ID or task:ID."
_WRITE = {"engine": "Engine of a bare id.", "scope": _SCOPE}
_QUERY: dict[str, dict[str, str]] = {
    "list_variables": {
        "names": "Only these, separated by commas.",
        "fields": "Only these members of each variable, separated by commas.",
        "scope": "instance (default), all, execution:ID or task:ID.",
        "state": _ENDED,
        "include": "`metadata`: what the engine keeps inside values beside them; tags are weak then.",
        "engine": "Engine of a bare id.",
    },
    "get_variable": {
        "fields": "Only these members, separated by commas.",
        "scope": _SCOPE,
        "state": _ENDED,
        "include": "`metadata`: as in the list.",
        "engine": "Engine of a bare id.",
    },
    "patch_variables": {
        **_WRITE,
        "names": "The selection whose tag If-Match names; without it the whole set, or exactly the names touched.",
    },
    "patch_value": _WRITE,
    "put_variable": _WRITE,
    "delete_variable": _WRITE,
    "read_data": {**_WRITE, "state": _ENDED},
    "write_data": _WRITE,
    "post_data": _WRITE,
    "describe_instance": {"engine": "Engine of a bare id.", "state": _ENDED},
    "list_activities": {"engine": "Engine of a bare id."},
    "modify_instance": {"engine": "Engine of a bare id."},
    "start_instance": {"engine": "Engine where no rule of start routing says it."},
    "complete_task": {"engine": "Engine of a bare task id."},
    "correlate_message": {"engine": "Engine, where no instance tells it."},
    "find_instances": {
        "businessKey": "Business key, exactly.",
        "definition": "Key, name or id of the definition.",
        "engines": "Only these engines, separated by commas.",
        "include": "`variables`: with the variables of each instance.",
        "limit": "Instances of one page; 1 to 1000, default 100.",
        "cursor": "`next` of the page before, with the same search.",
        "state": _ENDED,
    },
}
_DRY_RUN = {"dryRun": "`true`: nothing that writes is sent; the answer shows the engine requests that would be."}
_READ_IF = {"If-None-Match": "Tags, or `*`; 304 where one of them is what is there (weak comparison)."}
_WRITE_IF = {
    "If-Match": "Strong tags, or `*`; nothing is written (412, with the current tag) unless one is what is there.",
    "If-None-Match": "`*`: only create.",
}
_HEADERS: dict[str, dict[str, str]] = {
    "list_variables": _READ_IF,
    "get_variable": _READ_IF,
    "patch_variables": _WRITE_IF,
    "patch_value": _WRITE_IF,
    "put_variable": _WRITE_IF,
    "delete_variable": _WRITE_IF,
    "write_data": _WRITE_IF,
    "post_data": _WRITE_IF,
    "modify_instance": _WRITE_IF,
}
_BINARY = {"type": "string", "format": "binary"}
_CONTENT = {
    "application/octet-stream": _BINARY,
    "multipart/form-data": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": _BINARY, "valueType": {"type": "string", "enum": ["Bytes", "File"]}},
    },
}
_BODIES: dict[str, dict[str, Any]] = {
    "write_data": _CONTENT,
    "post_data": _CONTENT,
    "patch_variables": {
        "application/json": {"$ref": _REF.format(name="PatchBody")},
        "application/merge-patch+json": {"type": "object"},
    },
    "patch_value": {
        "application/merge-patch+json": {},
        "application/json-patch+json": {"type": "array", "items": {"$ref": _REF.format(name="PatchOperation")}},
    },
    "modify_instance": {"application/json": {"$ref": _REF.format(name="ModificationBody")}},
    "start_instance": {"application/json": {"$ref": _REF.format(name="StartBody")}},
    "complete_task": {"application/json": {"$ref": _REF.format(name="CompletionBody")}},
    "correlate_message": {"application/json": {"$ref": _REF.format(name="MessageBody")}},
    "patch_batch": {"application/json": {"$ref": _REF.format(name="BatchBody")}},
    "start_operation": {"application/json": {"$ref": _REF.format(name="OperationBody")}},
    "put_variable": {"application/json": {"$ref": _REF.format(name="Value")}},
    "query_variables": {"application/json": {"$ref": _REF.format(name="QueryBody")}},
    "count_variables": {"application/json": {"$ref": _REF.format(name="CountBody")}},
}
_ENGINE_STATUS = {
    "type": "object",
    "required": ["engine", "status", "count"],
    "properties": {
        "engine": {"type": "string"},
        "status": {"enum": ["ok", "failed", "pending"]},
        "count": {"type": "integer"},
        "problem": {"$ref": _REF.format(name="Problem")},
    },
}
_INSTANCE = {
    "type": "object",
    "required": ["instance", "engine", "id", "state"],
    "properties": {
        name: {"type": "string"} for name in ("instance", "engine", "id", "definition", "businessKey", "state")
    },
}
_VARIABLE = {"$ref": _REF.format(name="VariableShape")}
_ANSWERS: dict[str, dict[str, Any]] = {
    "list_variables": {
        "type": "object",
        "required": ["variables"],
        "properties": {"variables": {"type": "array", "items": _VARIABLE}},
    },
    "get_variable": _VARIABLE,
    "patch_value": _VARIABLE,
    "describe_instance": _INSTANCE,
    "patch_batch": {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": {"$ref": _REF.format(name="BatchOutcome")}}},
    },
    "start_operation": {"$ref": _REF.format(name="OperationShape")},
    "describe_operation": {"$ref": _REF.format(name="OperationShape")},
    "list_activities": {
        "type": "object",
        "required": ["activities"],
        "properties": {"activities": {"type": "array", "items": {"$ref": _REF.format(name="Activity")}}},
    },
    "start_instance": _INSTANCE,
    "correlate_message": {"$ref": _REF.format(name="MessageOutcome")},
    "find_instances": {
        "type": "object",
        "required": ["items", "next", "engines"],
        "properties": {"items": {"type": "array", "items": _INSTANCE}, "engines": {"type": "array"}},
    },
    "query_variables": {
        "type": "object",
        "required": ["items", "next", "engines"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": _REF.format(name="QueryItem")}},
            "next": {"type": ["string", "null"]},
            "engines": {"type": "array", "items": _ENGINE_STATUS},
        },
    },
    "count_variables": {
        "type": "object",
        "required": ["count", "engines"],
        "properties": {"count": {"type": "integer"}, "engines": {"type": "array", "items": _ENGINE_STATUS}},
    },
}
_OPERATION = {
    "description": "One operation of a JSON patch (RFC 6902).",
    "type": "object",
    "required": ["op", "path"],
    "properties": {
        "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
        "path": {"type": "string", "description": "JSON Pointer into the value."},
        "from": {"type": "string", "description": "JSON Pointer; of move and copy."},
        "value": {"description": "Of add, replace and test."},
    },
}
_STRUCTS = (
    PatchBody, ModificationBody, BatchBody, BatchOutcome, OperationBody, OperationShape, OutcomeShape, StartBody,
    CompletionBody, MessageBody, MessageOutcome, Value, Problem, VariableShape, Activity, DryRun, QueryBody, CountBody,
    QueryItem,
)  # fmt: skip
_STATUS = {"patch_batch": "207", "start_operation": "202", "start_instance": "201"}
"""Of a success, where it is not 200."""
_NO_CONTENT = {
    "write_data",
    "post_data",
    "complete_task",
    "cancel_operation",
    "modify_instance",
    "patch_variables",
    "patch_value",
    "put_variable",
    "delete_variable",
}


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Applied once and answered alike, however often it is sent.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class Routed(Protocol):
    """A row of the table of routes."""

    @property
    def method(self) -> str:
        """Give the verb."""
        ...

    @property
    def template(self) -> str:
        """Give the path with its parameters in braces."""
        ...

    @property
    def scope(self) -> str:
        """Give what the caller needs."""
        ...

    @property
    def writes(self) -> bool:
        """Tell whether it takes ``dryRun=true`` and ``Idempotency-Key``."""
        ...

    @property
    def handler(self) -> Callable[..., Any]:
        """Give the handler, whose name is the operation's id."""
        ...


def document(routes: Iterable[Routed]) -> dict[str, Any]:
    """Give the document of a table of routes."""
    _, schemas = msgspec.json.schema_components(_STRUCTS, ref_template=_REF)
    schemas["VariableShape"]["required"] = ["name", "type"]
    schemas["DryRun"]["properties"]["items"] = {"type": "array", "items": {"$ref": _REF.format(name="BatchOutcome")}}
    schemas["PatchOperation"] = _OPERATION
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Varbridge", "version": "1", "description": "One process-variable API over many engines."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}, {"key": []}],
    }


def _operation(route: Routed) -> dict[str, Any]:
    name = route.handler.__name__
    parameters = [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}}
        for part in re.findall(r"\{(\w+)\}", route.template)
    ]
    parameters += [
        {"name": key, "in": "query", "description": text, "schema": {"type": "string"}}
        for key, text in (_QUERY.get(name, {}) | (_DRY_RUN if route.writes else {})).items()
    ]
    if route.writes:
        parameters.append(_KEY)
    parameters += [
        {"name": key, "in": "header", "description": text, "schema": {"type": "string"}}
        for key, text in _HEADERS.get(name, {}).items()
    ]
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": SUMMARIES[name],
        "tags": [heading(route.template)],
        "parameters": parameters,
        "responses": _responses(name, writes=route.writes),
    }
    if route.scope:
        operation["description"] = f"Needs the scope `{route.scope}`."
    if name in _BODIES:
        content = {kind: {"schema": schema} for kind, schema in _BODIES[name].items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _responses(name: str, *, writes: bool) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    schema = _ANSWERS.get(name, {"type": "object"})
    status = _STATUS.get(name, "200")
    described: dict[str, Any] = {status: schema}
    if writes:
        dry = {"$ref": _REF.format(name="DryRun")}
        described["200"] = {"anyOf": [schema, dry]} if status == "200" else dry
    responses: dict[str, Any] = {
        code: {"description": "Done.", "content": {"application/json": {"schema": each}}}
        for code, each in described.items()
    }
    if name == "read_data":
        content = {"*/*": {"schema": _BINARY}}
        responses["200"] = {"description": "The content, with its own media type.", "content": content}
    if name == "operation_results":
        lines = {"$ref": _REF.format(name="OutcomeShape")}
        responses["200"] = {"description": "A line an item.", "content": {"application/x-ndjson": {"schema": lines}}}
    if name in _NO_CONTENT:
        responses["204"] = {"description": "Done; nothing to show."}
    if name in _HEADERS:
        responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        if _HEADERS[name] is _READ_IF:
            responses["304"] = {"description": "As If-None-Match says."}
        else:
            responses["412"] = {"description": "Not as expected, or a test that fails.", "content": problem}
    responses["default"] = {"description": "A problem (RFC 9457).", "content": problem}
    return responses
