"""``varbridge operations``: start, watch and cancel bulk changes in the background of a running gateway."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gateway.cli import options, output
from gateway.cli.changes import dry_run_option, json_object, send_change
from gateway.cli.client import Connection, with_connection
from gateway.cli.conditions import variable_condition
from gateway.cli.typed import parse_settings

_COLUMNS = ("id", "state", "done", "failed", "total", "etaSeconds", "problems")
_ENDED = frozenset({"completed", "cancelled", "failed"})
_PAUSE_S = 0.5
"""Pause between two looks at the progress."""


@click.group()
def operations() -> None:
    """Bulk changes: set and delete variables of all instances that a query finds."""


@operations.command()
@click.option("--name", help="Of instances that have this variable.")
@click.option("--like", help="Of instances that have a variable whose name is like this (%, _).")
@options.where_option("Of instances that have such a variable, as in `query`. May be given several times.")
@options.set_option()
@options.delete_option
@options.file_option("A whole body of POST /v1/operations, as JSON.")
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
@output.wide_option
@dry_run_option
@with_connection
def start(
    name: str | None,
    like: str | None,
    conditions: tuple[str, ...],
    settings: tuple[str, ...],
    deletions: tuple[str, ...],
    path: Path | None,
    wait: bool,  # noqa: FBT001 - click gives it by name
    connection: Connection,
    *,
    as_json: bool,
    wide: bool,
    dry_run: bool,
) -> None:
    """Start one; with --engine only on that engine."""
    given = (name, like, conditions, settings, deletions)
    options.refuse_beside_file(path, *given, connection.engine)
    if path is None and not any(given):
        raise click.UsageError("Give either --file, or a filter and what to set and delete.")
    body: dict[str, Any] = {"modifications": parse_settings(settings), "deletions": deletions}
    body |= {key: value for key, value in (("variableName", name), ("variableNameLike", like)) if value}
    body |= {"variableValues": [variable_condition(each) for each in conditions]} if conditions else {}
    body |= {"engines": [connection.engine]} if connection.engine else {}
    content = path.read_bytes() if path is not None else json_object(body)
    if dry_run:
        send_change(
            connection, "POST", "v1", "operations", body=content, dry_run=True, as_json=as_json, with_engine=False
        )
        return
    started = connection.ask("POST", "v1", "operations", body=content, with_engine=False)
    if wait:
        _watch(connection, str(started["id"]), as_json=as_json, wide=wide)
    else:
        _print_state(started, as_json=as_json, wide=wide)


@operations.command()
@click.argument("operation")
@output.wide_option
@with_connection
def show(operation: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show its progress."""
    _print_state(_found(connection, operation), as_json=as_json, wide=wide)


@operations.command()
@click.argument("operation")
@output.wide_option
@with_connection
def wait(operation: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Watch it until it has ended; the exit code is 1 if anything failed."""
    _watch(connection, operation, as_json=as_json, wide=wide)


@operations.command()
@click.argument("operation")
@output.wide_option
@with_connection
def cancel(operation: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Start no further item; what is done stays done."""
    connection.ask("DELETE", "v1", "operations", operation, with_engine=False)
    _print_state(_found(connection, operation), as_json=as_json, wide=wide)


@operations.command()
@click.argument("operation")
@output.wide_option
@with_connection
def results(operation: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """List the outcome for each instance."""
    lines = connection.ask_lines("v1", "operations", operation, "results")
    rows = lines if as_json else [{**(line.get("problem") or {}), **line} for line in lines]
    output.print_rows(rows, ("instance", "status", "code", "detail"), as_json=as_json, wide=wide)


def _found(connection: Connection, operation: str) -> Any:
    return connection.ask("GET", "v1", "operations", operation, with_engine=False)


def _print_state(state: Any, *, as_json: bool, wide: bool) -> None:
    if as_json:
        output.print_json(state)
    else:
        output.print_rows([state], _COLUMNS, as_json=False, wide=wide)


def _watch(connection: Connection, operation: str, *, as_json: bool, wide: bool) -> None:
    """Show a progress bar on the error stream, if that is a terminal, until the operation has ended."""
    pause = threading.Event()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("selecting", total=None)
        while (state := _found(connection, operation))["state"] not in _ENDED:
            total = state["total"] if state["state"] != "selecting" else None
            progress.update(task, description=state["state"], total=total, completed=state["done"] + state["failed"])
            _ = pause.wait(_PAUSE_S)
    _print_state(state, as_json=as_json, wide=wide)
    if state["state"] != "completed" or state["failed"]:
        raise SystemExit(output.FAILED)
