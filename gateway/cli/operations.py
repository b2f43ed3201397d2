"""``varbridge operations``: bulk changes in the background of a running gateway; begun, watched, cancelled."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gateway.cli import options, output
from gateway.cli.changes import changed, rehearsable
from gateway.cli.client import Connection, connected
from gateway.cli.query import condition
from gateway.cli.variables import settings_of

_COLUMNS = ("id", "state", "done", "failed", "total", "etaSeconds", "problems")
_ENDED = frozenset({"completed", "cancelled", "failed"})
_LOOK_S = 0.5
"""Between two looks at the progress."""


@click.group()
def operations() -> None:
    """Bulk changes: set and delete variables of all instances that a query finds."""


@operations.command()
@click.option("--name", help="Of instances that have this variable.")
@click.option("--like", help="Of instances that have a variable whose name is like this (%, _).")
@options.conditions("Of instances that have a variable of this value, as in `query`. May be given often.")
@options.settings()
@options.deletions
@options.body("A whole body of POST /v1/operations, as JSON.")
@click.option("--wait/--no-wait", default=False, help="Watch it until it has ended.")
@rehearsable
@connected
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
    dry_run: bool,
) -> None:
    """Begin one. With --engine only on that engine."""
    given = (name, like, conditions, settings, deletions)
    options.alone(path, *given, connection.engine)
    if path is None and not any(given):
        raise click.UsageError("Give either --file, or a filter and what to set and delete.")
    body: dict[str, Any] = {"modifications": settings_of(settings), "deletions": deletions}
    body |= {key: value for key, value in (("variableName", name), ("variableNameLike", like)) if value}
    body |= {"variableValues": [condition(each) for each in conditions]} if conditions else {}
    body |= {"engines": [connection.engine]} if connection.engine else {}
    content = path.read_bytes() if path is not None else msgspec.json.encode(body)
    if dry_run:
        changed(connection, "POST", "v1", "operations", body=content, dry_run=True, as_json=as_json, with_engine=False)
        return
    begun = connection.ask("POST", "v1", "operations", body=content, with_engine=False)
    _watched(connection, str(begun["id"]), as_json=as_json) if wait else _told(begun, as_json=as_json)


@operations.command()
@click.argument("operation")
@connected
def show(operation: str, connection: Connection, *, as_json: bool) -> None:
    """Show how far it is."""
    _told(_found(connection, operation), as_json=as_json)


@operations.command()
@click.argument("operation")
@connected
def wait(operation: str, connection: Connection, *, as_json: bool) -> None:
    """Watch it until it has ended; 1 if anything failed."""
    _watched(connection, operation, as_json=as_json)


@operations.command()
@click.argument("operation")
@connected
def cancel(operation: str, connection: Connection, *, as_json: bool) -> None:
    """Begin no further item; what is done stays done."""
    connection.ask("DELETE", "v1", "operations", operation, with_engine=False)
    _told(_found(connection, operation), as_json=as_json)


@operations.command()
@click.argument("operation")
@connected
def results(operation: str, connection: Connection, *, as_json: bool) -> None:
    """List how each instance went."""
    lines = connection.lines("v1", "operations", operation, "results")
    rows = lines if as_json else [{**(line.get("problem") or {}), **line} for line in lines]
    output.shown(rows, ("instance", "status", "code", "detail"), as_json=as_json)


def _found(connection: Connection, operation: str) -> Any:
    return connection.ask("GET", "v1", "operations", operation, with_engine=False)


def _told(shown: Any, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))
    else:
        output.shown([shown], _COLUMNS, as_json=False)


def _watched(connection: Connection, operation: str, *, as_json: bool) -> None:
    """Show a bar on the error stream, if that is a terminal, until the end."""
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
        while (shown := _found(connection, operation))["state"] not in _ENDED:
            total = shown["total"] if shown["state"] != "selecting" else None
            progress.update(task, description=shown["state"], total=total, completed=shown["done"] + shown["failed"])
            _ = pause.wait(_LOOK_S)
    _told(shown, as_json=as_json)
    if shown["state"] != "completed" or shown["failed"]:
        raise SystemExit(output.FAILED)
