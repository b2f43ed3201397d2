"""Requests below ``/v1/bridge``, and what several of its commands print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gateway.cli import output
from gateway.cli.client import Connection


def ask(
    connection: Connection,
    method: str,
    *path: str,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
) -> Any:
    """Return the answer to a request below ``/v1/bridge``; print a problem and end the program."""
    content = None if body is None else msgspec.json.encode(body)
    return connection.ask(method, "v1", "bridge", *path, body=content, query=query, with_engine=False)


def print_done(*, as_json: bool) -> None:
    """Print that something without an answer of its own is done."""
    output.print_line('{"done": true}' if as_json else "done")


def print_one(
    found: Any, row: Callable[[Any], Mapping[str, Any]], columns: tuple[str, ...], *, as_json: bool, wide: bool
) -> None:
    """Print one thing as JSON, or as the only row of a table."""
    if as_json:
        output.print_json(found)
    else:
        output.print_rows([row(found)], columns, as_json=False, wide=wide)


def print_pairs(title: str, pairs: Mapping[str, Any], *, wide: bool) -> None:
    """Print names and values as a table; nothing where there are none."""
    rows = [{title: name, " ": value} for name, value in pairs.items() if value is not None]
    if rows:
        output.print_rows(rows, (title, " "), as_json=False, wide=wide)


def counted(numbers: Mapping[str, int]) -> str:
    """Return counts on one line."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "none"
