"""``varbridge bridge import``: links from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli import output
from gateway.cli.client import Connection, with_gateway

_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_SUFFIXES = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_TIMEOUT_S = 3600.0
"""Of a whole file; 100,000 rows take some 20 s, and longer where the engines are asked."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--plan", help="Plan of all rows; a row may name it as well.")
@click.option("--check", is_flag=True, help="Ask the engines whether the instances are running.")
@click.option("--format", "form", type=click.Choice(tuple(_TYPES)), help="If FILE's name does not end so.")
@output.wide_option
@with_gateway
def import_file(
    file: Path,
    plan: str | None,
    form: str | None,
    connection: Connection,
    *,
    check: bool,
    as_json: bool,
    wide: bool,
) -> None:
    """Link the pairs of FILE: CSV with the columns source,target, or a line of JSON each.

    A file that is sent again does no harm. The exit code is 1 if any row was refused; the others are linked.
    """
    found = form or _SUFFIXES.get(file.suffix.lower())
    if found is None:
        raise click.UsageError(f"Say --format csv or --format ndjson: the name {file.name} does not.")
    query = ({"plan": plan} if plan else {}) | ({"check": "true"} if check else {})
    headers = {"Content-Type": _TYPES[found]}
    path = ("v1", "bridge", "links", "import")
    body = file.read_bytes()
    answer = connection.ask(
        "POST", *path, query=query, body=body, headers=headers, with_engine=False, timeout_s=_TIMEOUT_S
    )
    _print(answer, as_json=as_json, wide=wide)
    if answer["refused"]:
        raise SystemExit(output.FAILED)


def _print(report: Any, *, as_json: bool, wide: bool) -> None:
    problems = output.rows_of(report, "problems")
    if as_json:
        output.print_json(report)
        return
    refused = sum(report["refused"].values())
    output.print_line(f"{report['linked']} linked, {report['present']} linked before, {refused} refused")
    if problems:
        output.print_rows(problems, ("row", "reason", "detail"), as_json=False, wide=wide)
