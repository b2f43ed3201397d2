"""What the command line shows: tables for people, JSON for programs, problems on the error stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

FAILED = 1
UNREACHABLE = 4
_FIRST_ERROR = 300
_WIDE = 200
"""Columns of a table that goes into a pipe or a file, where nobody folds lines."""


def answered(status: int, body: bytes) -> Any:
    """Give an answer's content, or show its problem and end the program."""
    content = _decoded(body)
    if status < _FIRST_ERROR:
        if body and not isinstance(content, dict):
            raise foreign()
        return content
    problem: Mapping[str, Any] = content if isinstance(content, dict) else {}
    click.echo(f"error: {problem.get('code') or status}: {problem.get('detail') or 'no problem document'}", err=True)
    for fault in problem.get("errors") or ():
        click.echo(f"  {fault['pointer'] or '(whole body)'}: {fault['detail']}", err=True)
    if problem.get("outcome") not in {None, "not_applied"}:
        click.echo(
            f"  outcome: {problem['outcome']}; applied: {', '.join(problem.get('applied', ())) or '-'}", err=True
        )
    raise SystemExit(FAILED)


def listed(status: int, body: bytes) -> list[Any]:
    """Give the lines of an answer, each a JSON value, or show its problem and end the program."""
    if status >= _FIRST_ERROR:
        return [answered(status, body)]
    try:
        return msgspec.json.decode(b"[" + body.strip().replace(b"\n", b",") + b"]", type=list[Any])
    except msgspec.DecodeError as error:
        raise foreign() from error


def member(content: Any, name: str) -> Any:
    """Give a list of an answer, or end the program: whoever answered is no gateway."""
    found = content.get(name) if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise foreign()
    return found


def failures(answer: Any) -> None:
    """Say on the error stream which engines failed, and why."""
    for engine in member(answer, "engines"):
        problem = engine.get("problem")
        if problem:
            click.echo(f"{engine['engine']} failed: {problem['code']}: {problem['detail']}", err=True)


def foreign() -> SystemExit:
    """Say that something else than a gateway answered; give the end of the program."""
    click.echo("error: what answered is no Varbridge gateway", err=True)
    return SystemExit(UNREACHABLE)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return None


def shown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Show rows."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
        return
    console = Console()
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")  # an id that is cut off is of no use
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console = console if console.is_terminal else Console(width=_WIDE)
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
