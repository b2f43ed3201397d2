"""The OpenAPI 3.1 document, made from routes alone: their rows, and the structs that decode and encode bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.web.v1.batch import BatchOutcome
from gateway.web.v1.problems import Problem
from gateway.web.v1.route import DRY_RUN, Component, Parameter, Route, Schema
from gateway.web.v1.shapes import DryRun
from gateway.web.v1.typed_values import BESIDE

_REF = "#/components/schemas/{name}"
_DRY_RUN = Parameter(
    DRY_RUN, "`true`: nothing that writes is sent; the answer shows the engine requests that would be."
)
_KEY = Parameter(
    "Idempotency-Key",
    "Applied once and answered alike, however often it is sent.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document of a table of routes."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Varbridge", "version": "1", "description": "One process-variable API over many engines."},
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}, {"key": []}],
    }


def heading(template: str) -> str:
    """Return what an operation is listed under: the last plain part of its path that names a kind of thing."""
    if "/variables" in template:
        return "variables"
    parts = template.strip("/").split("/")
    return parts[1] if len(parts) > 1 else "document"


class _Schemas:
    """The schemas that have a name, collected while references to them are written."""

    def __init__(self) -> None:
        self._structs: dict[type[msgspec.Struct], None] = {}
        self._others: dict[str, Any] = {}

    def resolved(self, schema: Schema) -> Any:
        """Return a schema with references in the place of structs and components."""
        if isinstance(schema, dict):
            return {key: self.resolved(each) for key, each in schema.items()}
        if isinstance(schema, list):
            return [self.resolved(each) for each in schema]
        if isinstance(schema, Component):
            self._others[schema.name] = self.resolved(schema.schema)
            return {"$ref": _REF.format(name=schema.name)}
        if isinstance(schema, type) and issubclass(schema, msgspec.Struct):
            self._structs[schema] = None
            return {"$ref": _REF.format(name=schema.__name__)}
        return schema

    def components(self) -> dict[str, Any]:
        """Return the schemas that were referred to, and those that they refer to."""
        outcome = self.resolved(BatchOutcome) if DryRun in self._structs else None
        _, schemas = msgspec.json.schema_components(self._structs, ref_template=_REF)
        for name in {"Value", "StartValue"} & schemas.keys():  # taken out before they are decoded; no struct tells
            schemas[name]["properties"] |= BESIDE
        if outcome is not None:  # the items are put in as they were encoded, so the struct does not tell
            schemas["DryRun"]["properties"]["items"] = {"type": "array", "items": outcome}
        return dict(sorted({**schemas, **self._others}.items()))


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    query = (*route.query, _DRY_RUN) if route.writes else route.query
    headers = (_KEY, *route.headers) if route.writes else route.headers
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [heading(route.template)],
        "parameters": [
            *(
                {"name": part, "in": "path", "required": True, "schema": {"type": "string"}}
                for part in re.findall(r"\{(\w+)\}", route.template)
            ),
            *(_parameter(each, "query") for each in query),
            *(_parameter(each, "header") for each in headers),
        ],
        "responses": _responses(route, schemas),
    }
    if route.scope:
        operation["description"] = f"Needs the scope `{route.scope}`."
    if route.body is not None:
        content = {kind: {"schema": schemas.resolved(schema)} for kind, schema in route.body.content.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "schema": parameter.schema or {"type": "string"},
    }


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": schemas.resolved(Problem)}}
    responses = _done(route, schemas)
    conditions = {each.name for each in route.headers} & {"If-Match", "If-None-Match"}
    if conditions:
        responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
    if conditions and not route.writes:
        responses["304"] = {"description": "As If-None-Match says."}
    if conditions and route.writes:
        responses["412"] = {"description": "Not as expected, or a test that fails.", "content": problem}
    responses["default"] = {"description": "A problem (RFC 9457).", "content": problem}
    return responses


def _done(route: Route, schemas: _Schemas) -> dict[str, Any]:
    """Return the responses of success; a dry run answers 200, whatever the write itself answers."""
    answers = route.answers
    shown = {str(answers.status): [answers.content]}
    if route.writes:
        shown.setdefault("200", []).append(DryRun)
    responses: dict[str, Any] = {
        status: {
            "description": answers.description,
            "content": {answers.media_type: {"schema": _any_of([schemas.resolved(each) for each in choices])}},
        }
        for status, choices in shown.items()
    }
    if answers.also is not None:
        responses[str(answers.status)]["content"][answers.also] = {"schema": {"type": "string"}}
    if answers.empty:
        responses["204"] = {"description": "Done; nothing to show."}
    return responses


def _any_of(choices: list[Any]) -> Any:
    return choices[0] if len(choices) == 1 else {"anyOf": choices}
