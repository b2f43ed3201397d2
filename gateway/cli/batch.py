"""``varbridge batch``: many instances in one call through a running gateway."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options, output
from gateway.cli.changes import changed, rehearsable
from gateway.cli.client import Connection, connected

_COLUMNS = ("instance", "status", "code", "detail")
_FIRST_ERROR = 300


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@rehearsable
@connected
def batch(file: Path, connection: Connection, *, as_json: bool, dry_run: bool) -> None:
    """Carry out FILE: {"items": [{"instance", "modifications", "deletions"}], "atomicity": "none"}.

    The exit code is 1 where any item failed; the others are done all the same.
    """
    options.alone(file, connection.engine)
    path, body = ("v1", "variables", "batch"), file.read_bytes()
    if dry_run:
        changed(connection, "POST", *path, body=body, dry_run=True, as_json=as_json, with_engine=False)
        return
    answered = connection.ask("POST", *path, body=body, with_engine=False)
    items = output.member(answered, "items")
    if as_json:
        output.shown(items, _COLUMNS, as_json=True)
    else:
        rows = [{**item, **(item.get("problem") or {}), "status": item["status"]} for item in items]
        output.shown(rows, _COLUMNS, as_json=False)
    if any(item["status"] >= _FIRST_ERROR for item in items):
        raise SystemExit(output.FAILED)
