"""``varbridge vars``: list, read and change the variables of an instance through a running gateway."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options, output
from gateway.cli.changes import dry_run_option, if_match_header, if_match_option, json_object, send_change
from gateway.cli.client import Connection, with_connection
from gateway.cli.typed import parse_settings, typed_value

_COLUMNS = ("name", "type", "format", "value", "error")


@click.group(name="vars")
def variables() -> None:
    """Variables of an instance. INSTANCE is `engine:id`, or a bare id with --engine."""


@variables.command(name="list")
@click.argument("instance")
@click.option("--names", help="Only these, separated by commas.")
@options.ended_option
@output.wide_option
@with_connection
def list_(
    instance: str,
    names: str | None,
    connection: Connection,
    *,
    any_state: dict[str, str],
    as_json: bool,
    wide: bool,
) -> None:
    """List variables."""
    query = ({"names": names} if names else {}) | any_state
    found = connection.ask("GET", "v1", "instances", instance, "variables", query=query)
    output.print_rows(output.rows_of(found, "variables"), _COLUMNS, as_json=as_json, wide=wide)


@variables.command()
@click.argument("instance")
@click.argument("name")
@options.ended_option
@output.wide_option
@with_connection
def get(
    instance: str, name: str, connection: Connection, *, any_state: dict[str, str], as_json: bool, wide: bool
) -> None:
    """Read one variable."""
    found = connection.ask("GET", "v1", "instances", instance, "variables", name, query=any_state)
    if as_json:
        output.print_json(found)
    else:
        output.print_rows([found], _COLUMNS, as_json=False, wide=wide)


@variables.command(name="set", cls=options.ValueCommand)
@click.argument("instance")
@click.argument("name")
@click.argument("value")
@click.option("--type", "kind", help="Unified type or an engine's name for it; without it the JSON type of VALUE.")
@click.option("--format", "form", help="int16, int32, int64, double or decimal.")
@if_match_option
@dry_run_option
@with_connection
def set_(
    instance: str,
    name: str,
    value: str,
    kind: str | None,
    form: str | None,
    if_match: str | None,
    connection: Connection,
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Set one variable. VALUE is JSON ('42', '"text"', '{"a": 1}'); textual types take plain text as well."""
    body = json_object(typed_value(value, kind, form))
    path = ("v1", "instances", instance, "variables", name)
    headers = if_match_header(if_match)
    send_change(connection, "PUT", *path, body=body, headers=headers, dry_run=dry_run, as_json=as_json)


@variables.command(cls=options.ValueCommand)
@click.argument("instance")
@click.argument("name")
@click.argument("change")
@click.option("--json-patch", is_flag=True, help="CHANGE is a JSON patch (RFC 6902), not a merge patch.")
@if_match_option
@dry_run_option
@with_connection
def merge(
    instance: str,
    name: str,
    change: str,
    if_match: str | None,
    connection: Connection,
    *,
    json_patch: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Change a part of one variable and show it. CHANGE is JSON, merged by RFC 7396: '{"tier": "gold"}'."""
    kind = "application/json-patch+json" if json_patch else "application/merge-patch+json"
    send_change(
        connection,
        "PATCH",
        *("v1", "instances", instance, "variables", name),
        body=change.encode("utf-8", "surrogateescape"),
        headers={"Content-Type": kind} | if_match_header(if_match),
        dry_run=dry_run,
        as_json=as_json,
    )


@variables.command()
@click.argument("instance")
@options.set_option()
@options.delete_option
@options.file_option("A whole body of PATCH, as JSON.")
@dry_run_option
@with_connection
def patch(
    instance: str,
    settings: tuple[str, ...],
    deletions: tuple[str, ...],
    path: Path | None,
    connection: Connection,
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Set and delete several variables in one call; the engine sets before it deletes."""
    options.refuse_beside_file(path, settings, deletions)
    if path is None and not (settings or deletions):
        raise click.UsageError("Give either --file, or what to --set and --delete.")
    given = {"modifications": parse_settings(settings), "deletions": deletions}
    body = path.read_bytes() if path is not None else json_object(given)
    _patch(connection, instance, body, dry_run=dry_run, as_json=as_json)


@variables.command()
@click.argument("instance")
@click.argument("names", nargs=-1, required=True)
@dry_run_option
@with_connection
def delete(instance: str, names: tuple[str, ...], connection: Connection, *, as_json: bool, dry_run: bool) -> None:
    """Delete variables in one call."""
    _patch(connection, instance, json_object({"deletions": names}), dry_run=dry_run, as_json=as_json)


def _patch(connection: Connection, instance: str, body: bytes, *, dry_run: bool, as_json: bool) -> None:
    path = ("v1", "instances", instance, "variables")
    send_change(connection, "PATCH", *path, body=body, dry_run=dry_run, as_json=as_json)
