"""``varbridge query``: variables of all instances on all engines, through a running gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.cli import options, output
from gateway.cli.client import Connection, connected

_COLUMNS = ("instance", "name", "type", "value", "definition", "error")
_PARTS = 3
"""Of a condition: name, operator, value."""


@click.command()
@click.option("--name", help="Variables of this name.")
@click.option("--name-like", help="Names by a pattern: % any text, _ one character.")
@options.conditions(
    "eq neq gt gteq lt lteq like; VALUE is JSON, else a text. May be given often: all about one variable."
)
@click.option("--instance", "instances", multiple=True, help="Of these instances. May be given often.")
@click.option("--ignore-case", is_flag=True, help="In the names and texts of --where.")
@click.option("--sort", "keys", multiple=True, metavar="KEY[:desc]", help="name, type or scope. May be given often.")
@click.option("--limit", type=int, help="Rows of a page; 100 if not given.")
@click.option("--all", "every", is_flag=True, help="All pages, not only the first.")
@click.option("--count", is_flag=True, help="Only count.")
@click.option("--lenient", is_flag=True, help="Show the others' rows where an engine fails.")
@options.body("A whole body, as JSON, instead of all these.")
@connected
def query(
    name: str | None,
    name_like: str | None,
    conditions: tuple[str, ...],
    instances: tuple[str, ...],
    keys: tuple[str, ...],
    limit: int | None,
    path: Path | None,
    connection: Connection,
    *,
    ignore_case: bool,
    every: bool,
    count: bool,
    lenient: bool,
    as_json: bool,
) -> None:
    """Find variables by name and value on all engines; --engine asks one of them."""
    given = (name, name_like, conditions, instances, keys, ignore_case, connection.engine)
    options.alone(path, *given, None if limit is None else str(limit))
    body: dict[str, Any] = {
        "variableName": name,
        "variableNameLike": name_like,
        "variableValues": [condition(each) for each in conditions] or None,
        "instanceIdIn": instances or None,
        "variableNamesIgnoreCase": ignore_case or None,
        "variableValuesIgnoreCase": ignore_case or None,
        "engines": [connection.engine] if connection.engine else None,
    }
    if not count:
        body |= {"sorting": [_key(each) for each in keys] or None, "limit": limit}
    body = {member: content for member, content in body.items() if content is not None}
    if path is not None:
        body = _file(path)
    asking = _Asking(connection, {"Prefer": "handling=lenient"} if lenient else {})
    if count:
        _show_count(asking.ask(body, "count"), as_json=as_json)
        return
    _show(*_rows(asking, body, every=every), as_json=as_json)


class _Asking(msgspec.Struct, frozen=True):
    """A connection, and the headers that go along."""

    connection: Connection
    headers: dict[str, str]

    def ask(self, body: dict[str, Any], *more: str) -> Any:
        """Give the answer to a query, or to what is below it."""
        path, encoded = ("v1", "variables", "query", *more), msgspec.json.encode(body)
        return self.connection.ask("POST", *path, body=encoded, headers=self.headers, with_engine=False)


def _rows(asking: _Asking, body: dict[str, Any], *, every: bool) -> tuple[list[Any], Any]:
    """Give the rows of the first page, or of all, and the last page."""
    page = asking.ask(body)
    rows = list(output.member(page, "items"))
    while every and page.get("next") is not None:
        page = asking.ask({**body, "cursor": page["next"]})
        rows += output.member(page, "items")
    return rows, page


def _show(rows: list[Any], page: Any, *, as_json: bool) -> None:
    output.shown(rows, _COLUMNS, as_json=as_json)
    output.failures(page)
    if page.get("next") is not None:
        click.echo("there are more rows: --all shows them", err=True)


def _show_count(counted: Any, *, as_json: bool) -> None:
    engines = output.member(counted, "engines")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(counted), indent=2))
        return
    output.shown([*engines, {"engine": "all", "count": counted.get("count")}], ("engine", "count"), as_json=False)
    output.failures(counted)


def condition(text: str) -> dict[str, Any]:
    """Give the condition of ``NAME OPERATOR VALUE``."""
    parts = text.split(maxsplit=_PARTS - 1)
    if len(parts) != _PARTS:
        raise click.UsageError(f"--where takes 'NAME OPERATOR VALUE', not {text!r}.")
    name, asked, value = parts
    try:
        _ = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {"name": name, "operator": asked, "value": value}
    return {"name": name, "operator": asked, "value": msgspec.Raw(value.encode())}


def _key(text: str) -> dict[str, str]:
    key, _, order = text.partition(":")
    return {"sortBy": key, "sortOrder": order or "asc"}


def _file(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{path} is not a JSON object.") from error
    return content
