"""Ids of parametrised tests: what a parameter is, in a few characters, so that a failing test says what it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_MOST = 60
"""Characters of one parameter."""


def id_of(value: object) -> str | None:
    """Return the id of a parameter; None where pytest's own is readable (short texts, numbers, classes, functions)."""
    match value:
        case str() | bytes() if len(value) > _MOST:
            return f"{_cut(_spelled(value))} ({len(value)})"
        case Mapping() | list() | tuple() | set() | frozenset() | msgspec.Struct():
            return _cut(_spelled(value))
        case str() | bytes() | int() | float() | complex() | None:
            return None
    return None if hasattr(value, "__name__") else _cut(_spelled(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _spelled(value: object) -> str:
    match value:
        case str():
            return value
        case bytes():
            return value.decode("ascii", "backslashreplace")
        case msgspec.Raw():
            return bytes(value).decode("utf-8", "backslashreplace")
        case msgspec.Struct():
            return f"{type(value).__name__}({', '.join(f'{name} {_spelled(each)}' for name, each in _set(value))})"
        case Mapping():
            return "{" + ", ".join(f"{_spelled(name)}: {_spelled(each)}" for name, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_spelled, value)) + "]"
        case set() | frozenset():
            return "[" + ", ".join(sorted(map(_spelled, value))) + "]"
    name = getattr(value, "__name__", None)
    if name is not None:
        return str(name)
    return repr(value) if type(value).__repr__ is not object.__repr__ else type(value).__name__


def _set(value: msgspec.Struct) -> list[tuple[str, Any]]:
    """Return the fields of a struct that are not as they are by default."""
    found: list[tuple[str, Any]] = []
    for field in msgspec.structs.fields(value):
        each = getattr(value, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if each != default:
            found.append((field.name, each))
    return found


def says_nothing(test_id: str, names: list[str]) -> bool:
    """Return whether an id holds a numbered parameter name (``body7``) instead of what the parameter is."""
    parts = test_id.split("-")
    return any(part.startswith(name) and part[len(name) :].isdigit() for part in parts for name in names)
