"""``varbridge query``: variables of all instances on all engines, through a running gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.cli import options, output
from gateway.cli.client import Connection, with_connection
from gateway.cli.conditions import variable_condition

_COLUMNS = ("instance", "name", "type", "value", "definition", "error")


@click.command()
@click.option("--name", help="Variables of this name.")
@click.option("--name-like", help="Names by a pattern: % any text, _ one character.")
@options.where_option(
    "eq neq gt gteq lt lteq like; VALUE is JSON, else a text. May be given several times: all about one variable."
)
@click.option("--instance", "instances", multiple=True, help="Of these instances. May be given several times.")
@click.option("--ignore-case", is_flag=True, help="In the names and texts of --where.")
@click.option("--sort", "keys", multiple=True, metavar="KEY[:desc]", help="By name, type or scope. May be repeated.")
@click.option("--limit", type=int, help="Rows of a page; 100 if not given.")
@click.option("--all", "every", is_flag=True, help="All pages, not only the first.")
@click.option("--count", is_flag=True, help="Only count.")
@click.option("--lenient", is_flag=True, help="Show the rows of the other engines where an engine fails.")
@options.file_option("A whole body, as JSON, instead of all these.")
@output.wide_option
@with_connection
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
    wide: bool,
) -> None:
    """Find variables by name and value on all engines; --engine asks one of them."""
    given = (name, name_like, conditions, instances, keys, ignore_case, connection.engine)
    options.refuse_beside_file(path, *given, None if limit is None else str(limit))
    body: dict[str, Any] = {
        "variableName": name,
        "variableNameLike": name_like,
        "variableValues": [variable_condition(each) for each in conditions] or None,
        "instanceIdIn": instances or None,
        "variableNamesIgnoreCase": ignore_case or None,
        "variableValuesIgnoreCase": ignore_case or None,
        "engines": [connection.engine] if connection.engine else None,
    }
    if not count:
        body |= {"sorting": [_sort_key(each) for each in keys] or None, "limit": limit}
    body = {member: content for member, content in body.items() if content is not None}
    if path is not None:
        body = options.json_object_of(path)
    search = _Search(connection, {"Prefer": "handling=lenient"} if lenient else {})
    if count:
        _print_count(search.ask(body, "count"), as_json=as_json, wide=wide)
        return
    _print_rows(*search.rows(body, every=every), as_json=as_json, wide=wide)


class _Search(msgspec.Struct, frozen=True):
    """A connection, and the headers that each request has."""

    connection: Connection
    headers: dict[str, str]

    def ask(self, body: dict[str, Any], *below: str) -> Any:
        """Return the answer to a query, or to the route below it."""
        path, encoded = ("v1", "variables", "query", *below), msgspec.json.encode(body)
        return self.connection.ask("POST", *path, body=encoded, headers=self.headers, with_engine=False)

    def rows(self, body: dict[str, Any], *, every: bool) -> tuple[list[Any], Any]:
        """Return the rows of the first page, or of all pages, and the last page."""
        page = self.ask(body)
        rows = list(output.rows_of(page, "items"))
        while every and page.get("next") is not None:
            page = self.ask({**body, "cursor": page["next"]})
            rows += output.rows_of(page, "items")
        return rows, page


def _print_rows(rows: list[Any], page: Any, *, as_json: bool, wide: bool) -> None:
    output.print_rows(rows, _COLUMNS, as_json=as_json, wide=wide)
    output.print_failed_engines(page)
    if page.get("next") is not None:
        output.print_error("there are more rows: --all shows them")


def _print_count(counted: Any, *, as_json: bool, wide: bool) -> None:
    engines = output.rows_of(counted, "engines")
    if as_json:
        output.print_json(counted)
        return
    rows = [*engines, {"engine": "all", "count": counted.get("count")}]
    output.print_rows(rows, ("engine", "count"), as_json=False, wide=wide)
    output.print_failed_engines(counted)


def _sort_key(text: str) -> dict[str, str]:
    key, _, order = text.partition(":")
    return {"sortBy": key, "sortOrder": order or "asc"}
