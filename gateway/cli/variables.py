"""``varbridge vars``: variables of an instance, listed, read and changed through a running gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.cli import options, output
from gateway.cli.changes import changed, condition, conditional, rehearsable
from gateway.cli.client import Connection, connected, ended

_COLUMNS = ("name", "type", "format", "value", "error")
_AS_TEXT = frozenset({"string", "String", "date-time", "Date", "bytes", "Bytes", "xml", "Xml"})


@click.group(name="vars")
def variables() -> None:
    """Variables of an instance. INSTANCE is `engine:id`, or a bare id with --engine."""


@variables.command(name="list")
@click.argument("instance")
@click.option("--names", help="Only these, separated by commas.")
@ended
@connected
def list_(
    instance: str, names: str | None, connection: Connection, *, any_state: dict[str, str], as_json: bool
) -> None:
    """List variables."""
    query = ({"names": names} if names else {}) | any_state
    found = connection.ask("GET", "v1", "instances", instance, "variables", query=query)
    output.shown(output.member(found, "variables"), _COLUMNS, as_json=as_json)


@variables.command()
@click.argument("instance")
@click.argument("name")
@ended
@connected
def get(instance: str, name: str, connection: Connection, *, any_state: dict[str, str], as_json: bool) -> None:
    """Read one variable."""
    found = connection.ask("GET", "v1", "instances", instance, "variables", name, query=any_state)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        output.shown([found], _COLUMNS, as_json=False)


@variables.command(name="set", cls=options.Valued)
@click.argument("instance")
@click.argument("name")
@click.argument("value")
@click.option("--type", "kind", help="Unified type or engine's word; without it the value's own JSON type.")
@click.option("--format", "form", help="int16, int32, int64, double or decimal.")
@conditional
@rehearsable
@connected
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
    """Set one variable. VALUE is JSON ('42', '"text"', '{"a": 1}'); for textual types plain text will do."""
    body = msgspec.json.encode(typed(value, kind, form))
    path = ("v1", "instances", instance, "variables", name)
    headers = condition(if_match)
    changed(connection, "PUT", *path, body=body, headers=headers, dry_run=dry_run, as_json=as_json)


@variables.command(cls=options.Valued)
@click.argument("instance")
@click.argument("name")
@click.argument("change")
@click.option("--json-patch", is_flag=True, help="CHANGE is a JSON patch (RFC 6902), not a merge patch.")
@conditional
@rehearsable
@connected
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
    """Change a part of one variable and show it. CHANGE is JSON, merged as RFC 7396 says: '{"tier": "gold"}'."""
    kind = "application/json-patch+json" if json_patch else "application/merge-patch+json"
    changed(
        connection,
        "PATCH",
        *("v1", "instances", instance, "variables", name),
        body=change.encode("utf-8", "surrogateescape"),
        headers={"Content-Type": kind} | condition(if_match),
        dry_run=dry_run,
        as_json=as_json,
    )


@variables.command()
@click.argument("instance")
@options.settings()
@options.deletions
@options.body("A whole body of PATCH, as JSON.")
@rehearsable
@connected
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
    """Set and delete several variables in one call; updates precede deletions."""
    options.alone(path, settings, deletions)
    if path is None and not (settings or deletions):
        raise click.UsageError("Give either --file, or what to --set and --delete.")
    body = path.read_bytes() if path is not None else msgspec.json.encode(_patch(settings, deletions))
    changed(connection, "PATCH", "v1", "instances", instance, "variables", body=body, dry_run=dry_run, as_json=as_json)


@variables.command()
@click.argument("instance")
@click.argument("names", nargs=-1, required=True)
@rehearsable
@connected
def delete(instance: str, names: tuple[str, ...], connection: Connection, *, as_json: bool, dry_run: bool) -> None:
    """Delete variables in one call."""
    body = msgspec.json.encode({"deletions": names})
    changed(connection, "PATCH", "v1", "instances", instance, "variables", body=body, dry_run=dry_run, as_json=as_json)


def _patch(settings: tuple[str, ...], deletions: tuple[str, ...]) -> dict[str, Any]:
    return {"modifications": settings_of(settings), "deletions": deletions}


def settings_of(settings: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """Give the typed values of ``NAME=JSON`` options."""
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise click.UsageError(f"{option} takes NAME=JSON, not {setting}.")
        if name in found:
            raise click.UsageError(f"{option}: {name!r} is given twice.")
        found[name] = typed(text, None, None)
    return found


def typed(text: str, kind: str | None, form: str | None) -> dict[str, Any]:
    """Give the typed value of what was written on the command line; numbers keep their digits."""
    try:
        value: Any = msgspec.Raw(text.encode())
        decoded = msgspec.json.decode(text)
        if kind in _AS_TEXT and not isinstance(decoded, str):
            value = text
    except UnicodeEncodeError as error:
        raise click.UsageError("A value is not UTF-8.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        if kind not in _AS_TEXT:
            raise click.UsageError(f"{text!r} is not JSON; quote it ('\"text\"') or give --type string.") from error
        value = text
    shape = {"type": kind, "format": form, "value": value}
    return {member: content for member, content in shape.items() if content is not None}
