"""``varbridge batch``: change many instances in one call through a running gateway."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options, output
from gateway.cli.changes import dry_run_option, send_change
from gateway.cli.client import Connection, with_connection

_COLUMNS = ("instance", "status", "code", "detail")
_FIRST_ERROR = 300


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@output.wide_option
@dry_run_option
@with_connection
def batch(file: Path, connection: Connection, *, as_json: bool, wide: bool, dry_run: bool) -> None:
    """Carry out FILE: {"items": [{"instance", "modifications", "deletions"}], "atomicity": "none"}.

    The exit code is 1 if any item failed; the other items are carried out all the same.
    """
    options.refuse_beside_file(file, connection.engine)
    path, body = ("v1", "variables", "batch"), file.read_bytes()
    if dry_run:
        send_change(connection, "POST", *path, body=body, dry_run=True, as_json=as_json, with_engine=False)
        return
    answer = connection.ask("POST", *path, body=body, with_engine=False)
    items = output.rows_of(answer, "items")
    rows = items if as_json else [{**item, **(item.get("problem") or {}), "status": item["status"]} for item in items]
    output.print_rows(rows, _COLUMNS, as_json=as_json, wide=wide)
    if any(item["status"] >= _FIRST_ERROR for item in items):
        raise SystemExit(output.FAILED)
