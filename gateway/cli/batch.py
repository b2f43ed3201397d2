"""``varbridge batch``: many instances in one call through a running gateway."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import output
from gateway.cli.client import Connection, connected

_COLUMNS = ("instance", "status", "code", "detail")
_FIRST_ERROR = 300


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@connected
def batch(file: Path, connection: Connection, *, as_json: bool) -> None:
    """Carry out FILE: {"items": [{"instance", "modifications", "deletions"}], "atomicity": "none"}.

    The exit code is 1 where any item failed; the others are done all the same.
    """
    answered = connection.ask("POST", "v1", "variables", "batch", body=file.read_bytes(), with_engine=False)
    items = output.member(answered, "items")
    if as_json:
        output.shown(items, _COLUMNS, as_json=True)
    else:
        rows = [{**item, **(item.get("problem") or {}), "status": item["status"]} for item in items]
        output.shown(rows, _COLUMNS, as_json=False)
    if any(item["status"] >= _FIRST_ERROR for item in items):
        raise SystemExit(output.FAILED)
