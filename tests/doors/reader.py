"""Reads which operations of an OpenAPI document carry variables, in what they take or give, directly or far below."""

from __future__ import annotations

from typing import Any

METHODS = ("get", "put", "post", "delete")


def carrying(document: dict[str, Any]) -> list[str]:
    """Return ``METHOD path`` of each operation that reaches a schema about variables, or says so in its path."""
    schemas = document["components"]["schemas"]
    return sorted(
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in METHODS and ("ariable" in path or any("ariable" in name for name in _reached(operation, schemas)))
    )


def _reached(node: Any, schemas: dict[str, Any], seen: set[str] | None = None) -> set[str]:
    seen = set() if seen is None else seen
    if isinstance(node, dict):
        name = node["$ref"].rpartition("/")[2] if isinstance(node.get("$ref"), str) else None
        if name is not None and name not in seen:
            seen.add(name)
            _ = _reached(schemas.get(name, {}), schemas, seen)
        for child in node.values():
            _ = _reached(child, schemas, seen)
    elif isinstance(node, list):
        for child in node:
            _ = _reached(child, schemas, seen)
    return seen
