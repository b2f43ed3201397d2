"""Reads the calls of Camunda's REST API from its OpenAPI document: which carry variables, and which name what runs.

The document is ``openapi.json`` in the jar ``org.camunda.bpm:camunda-engine-rest-openapi`` on Maven Central. Only what is
derived from it is kept here: ``python -m tests.doors.openapi openapi.json > tests/doors/camunda7-7.24.txt``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

METHODS = ("get", "put", "post", "delete")
NAMES = re.compile(
    r"(root|super|sub|historic)?[pP]rocessInstance(Ids?(In)?)?|executionId(In)?|(parentTask|taskParentTask|task)Id(In)?"
    r"|externalTaskId(s|In)?|(job|eventSubscription)Ids?|(cause|rootCause)?[iI]ncidentId(In)?|variable(Instance|Scope)Id(In)?"
)
"""Parameters and members whose values are ids of instances, executions, tasks, or of other things that run in one.

Ids to leave out of a result are not among them, and neither is what says where inside an instance something is.
"""


def lines(document: dict[str, Any]) -> list[str]:
    """Return a line for each operation: method, path, and after them what it carries and names."""
    schemas = document["components"]["schemas"]
    calls = [
        (path, " ".join((method.upper(), path, *_facts(path, operation, schemas))))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]
    return [line for _, line in sorted(calls)]


def _facts(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    if "ariable" in path or any("ariable" in name for name in _reached(operation, schemas, set())):
        yield "variables"
    named = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    if query := sorted(name for name in named if NAMES.fullmatch(name)):
        yield f"query={','.join(query)}"
    if body := sorted(_members(operation.get("requestBody", {}), schemas, (), frozenset())):
        yield f"body={','.join(body)}"


def _members(node: Any, schemas: dict[str, Any], at: tuple[str, ...], inside: frozenset[str]) -> set[str]:
    """Return where a body has ids: members of members, with dots between them; what holds itself is read once."""
    if isinstance(node, list):
        return {found for child in node for found in _members(child, schemas, at, inside)}
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    name = _referred(node)
    if name is not None and name not in inside:
        found |= _members(schemas.get(name, {}), schemas, at, inside | {name})
    for key, child in node.items():
        if key == "properties":
            for member, schema in child.items():
                found |= {".".join((*at, member))} if NAMES.fullmatch(member) and _is_text(schema) else set()
                found |= _members(schema, schemas, (*at, member), inside)
        elif key not in {"example", "examples", "description"}:
            found |= _members(child, schemas, at, inside)
    return found


def _is_text(schema: dict[str, Any]) -> bool:
    return "string" in (schema.get("type"), schema.get("items", {}).get("type"))


def _reached(node: Any, schemas: dict[str, Any], seen: set[str]) -> set[str]:
    """Return the names of all schemas that something refers to, directly or far below."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    name = _referred(node)
    if name is not None and name not in seen:
        seen.add(name)
        _ = _reached(schemas.get(name, {}), schemas, seen)
    for child in children:
        _ = _reached(child, schemas, seen)
    return seen


def _referred(node: Any) -> str | None:
    reference = node.get("$ref") if isinstance(node, dict) else None
    return reference.rpartition("/")[2] if isinstance(reference, str) else None


if __name__ == "__main__":
    print("\n".join(lines(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
