"""Requests below ``/v1/bridge``, and what several of its commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def print_one(title: str, found: Mapping[str, Any], columns: Sequence[str], *, as_json: bool, wide: bool) -> None:
    """Print one thing as JSON, or some of its members below one another."""
    if as_json:
        output.print_json(found)
    else:
        print_pairs(title, {name: found.get(name) for name in columns}, wide=wide)


def print_pairs(title: str, pairs: Mapping[str, Any], *, wide: bool) -> None:
    """Print names and values as a table of two columns, without those that have no value; nothing if none has any."""
    rows = [{title: name, " ": value} for name, value in pairs.items() if value not in (None, {}, [])]
    if rows:
        output.print_rows(rows, (title, " "), as_json=False, wide=wide)


def counted(numbers: Mapping[str, int]) -> str:
    """Return counts on one line."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "none"
