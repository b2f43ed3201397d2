"""What the command line shows: tables for people, JSON for programs, problems on the error stream.

Nothing that came from elsewhere reaches a terminal as it is: ``printable`` shows its control characters as escapes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.cli.cells import cell
from gateway.observe.printable import printable, printable_lines

FAILED = 1
UNREACHABLE = 4
_FIRST_ERROR = 300
_PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe or a file, unless ``COLUMNS`` says otherwise."""
_ANY_WIDTH = 1_000_000
"""Columns for ``--wide``: more than any table has; lines are as long as the table needs."""
_KEYS = frozenset({"instance", "id"})
"""Columns that are narrowed only when nothing else is left: an id that is cut off is of no use."""

wide_option = click.option("--wide", is_flag=True, help="Show cells whole, however wide the table gets.")


def print_line(text: str = "") -> None:
    """Print one line."""
    click.echo(printable(text))


def print_error(text: str) -> None:
    """Print one line on the error stream."""
    click.echo(printable(text), err=True)


def print_json(content: Any) -> None:
    """Print a value as indented JSON; what acts on a terminal is escaped, and JSON reads it back as it was."""
    click.echo(printable_lines(msgspec.json.format(msgspec.json.encode(content), indent=2).decode()))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, wide: bool = False) -> None:
    """Print rows as JSON, or some of their members as a table, whose cells are cut at the terminal's width."""
    if as_json:
        print_json(rows)
        return
    table = Table()
    for column in columns:
        table.add_column(column, no_wrap=column in _KEYS, overflow="ellipsis")
    for row in rows:
        table.add_row(*(cell(row, column) for column in columns))
    _console(wide=wide).print(table)


def _console(*, wide: bool) -> Console:
    if wide:
        return Console(width=_ANY_WIDTH)
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=_PIPE_WIDTH)


def decode_answer(status: int, body: bytes) -> Any:
    """Return an answer's content; print the problem of an error and end the program."""
    content = decoded(body)
    if status < _FIRST_ERROR:
        if body and not isinstance(content, dict):
            raise not_a_gateway()
        return content
    _print_problem(status, content if isinstance(content, dict) else {})
    raise SystemExit(FAILED)


def _print_problem(status: int, problem: Mapping[str, Any]) -> None:
    print_error(f"error: {problem.get('code') or status}: {problem.get('detail') or 'no problem document'}")
    for fault in problem.get("errors") or ():
        print_error(f"  {fault['pointer'] or '(whole body)'}: {fault['detail']}")
    if problem.get("outcome") not in {None, "not_applied"}:
        print_error(f"  outcome: {problem['outcome']}; applied: {', '.join(problem.get('applied', ())) or '-'}")


def decode_lines(status: int, body: bytes) -> list[Any]:
    """Return the lines of an answer, each a JSON value; print the problem of an error and end the program."""
    if status >= _FIRST_ERROR:
        return [decode_answer(status, body)]
    try:
        return msgspec.json.decode(b"[" + body.strip().replace(b"\n", b",") + b"]", type=list[Any])
    except msgspec.DecodeError as error:
        raise not_a_gateway() from error


def rows_of(content: Any, member: str) -> Any:
    """Return a list of objects in an answer; end the program where there is none, since no gateway answers so."""
    found = content.get(member) if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise not_a_gateway()
    return found


def print_failed_engines(answer: Any) -> None:
    """Print on the error stream which engines failed, and why."""
    for engine in rows_of(answer, "engines"):
        problem = engine.get("problem")
        if problem:
            print_error(f"{engine['engine']} failed: {problem['code']}: {problem['detail']}")


def not_a_gateway() -> SystemExit:
    """Print that something other than a gateway answered; return the end of the program."""
    print_error("error: what answered is no Varbridge gateway")
    return SystemExit(UNREACHABLE)


def decoded(body: bytes) -> Any:
    """Return what JSON says; None where there is no body, or no JSON."""
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return None
