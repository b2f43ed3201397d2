"""``varbridge bridge link``: pairs of one instance and its twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import click

from gateway.cli import output
from gateway.cli.bridge.asking import ask, print_done, print_one
from gateway.cli.client import Connection, with_gateway
from gateway.model.bridge import LinkState

_COLUMNS = ("instance", "target", "plan", "state", "authority", "stale", "problem")
_MEMBERS = (
    "id",
    "source",
    "target",
    "plan",
    "businessKey",
    "state",
    "authority",
    "stale",
    "problem",
    "move",
    "allowed",
)
_PAGE = 1000


@click.group()
def link() -> None:
    """Links: an instance and its twin. LINK is a link's id, or `engine:id` of either instance."""


@link.command()
@click.argument("source")
@click.argument("target")
@click.option("--plan", help="Plan that it belongs to.")
@click.option("--business-key", help="An alias; that of SOURCE, if not given.")
@click.option("--no-check", is_flag=True, help="Do not look whether the instances are there.")
@output.wide_option
@with_gateway
def create(
    source: str,
    target: str,
    plan: str | None,
    business_key: str | None,
    connection: Connection,
    *,
    no_check: bool,
    as_json: bool,
    wide: bool,
) -> None:
    """Link SOURCE to its twin TARGET, each as `engine:id`."""
    members = {"source": source, "target": target, "plan": plan, "businessKey": business_key}
    body = {name: content for name, content in members.items() if content is not None}
    query = {"check": "false"} if no_check else {}
    print_link(ask(connection, "POST", "links", body=body, query=query), as_json=as_json, wide=wide)


@link.command("list")
@click.option("--plan", help="Only links of this plan.")
@click.option("--state", type=click.Choice(get_args(LinkState)), help="Only links in this state.")
@click.option("--stale/--not-stale", default=None, help="Only links that must be copied again, or only the others.")
@click.option("--business-key", help="Only links of this business key.")
@click.option("--limit", type=click.IntRange(1, _PAGE), default=100, show_default=True, help="Links of a page.")
@click.option("--all", "every", is_flag=True, help="All pages, not only the first.")
@output.wide_option
@with_gateway
def list_links(
    plan: str | None,
    state: str | None,
    stale: bool | None,  # noqa: FBT001 - click gives it by name
    business_key: str | None,
    limit: int,
    connection: Connection,
    *,
    every: bool,
    as_json: bool,
    wide: bool,
) -> None:
    """List links, in the order of their ids."""
    wanted = {"plan": plan, "state": state, "businessKey": business_key}
    query = {name: content for name, content in wanted.items() if content is not None}
    query |= {} if stale is None else {"stale": str(stale).lower()}
    rows: list[Any] = []
    more = False
    for page in pages(connection, query | {"limit": str(_PAGE if every else limit)}):
        rows += output.rows_of(page, "items")
        more = page.get("next") is not None
        if not every:
            break
    output.print_rows(rows, _COLUMNS, as_json=as_json, wide=wide)
    if more:
        output.print_error("there are more links: --all shows them")


@link.command()
@click.argument("link", metavar="LINK")
@output.wide_option
@with_gateway
def show(link: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show one link, and what may happen to it now."""
    print_link(ask(connection, "GET", "links", link), as_json=as_json, wide=wide)


@link.command()
@click.argument("link", metavar="LINK")
@with_gateway
def remove(link: str, connection: Connection, *, as_json: bool) -> None:
    """Unlink two instances, where the link's state allows it."""
    ask(connection, "DELETE", "links", link)
    print_done(as_json=as_json)


@link.command("by-rule")
@click.argument("plan")
@output.wide_option
@with_gateway
def by_rule(plan: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Link the instances of PLAN to the twins that its rule finds; the exit code is 1 if some have none."""
    linked = present = 0
    problems: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask(connection, "POST", "plans", plan, "links", query={"cursor": cursor} if cursor else {})
        problems += output.rows_of(page, "problems")
        linked, present, cursor = linked + page["linked"], present + page["present"], page["next"]
    if as_json:
        output.print_json({"linked": linked, "present": present, "problems": problems})
    else:
        output.print_line(f"{linked} linked, {present} linked before, {len(problems)} without a twin")
        if problems:
            output.print_rows(problems, ("instance", "reason", "detail"), as_json=False, wide=wide)
    if problems:
        raise SystemExit(output.FAILED)


def pages(connection: Connection, query: dict[str, str]) -> Iterator[Any]:
    """Yield the pages of links, one request each."""
    cursor: str | None = ""
    while cursor is not None:
        page = ask(connection, "GET", "links", query=query | ({"cursor": cursor} if cursor else {}))
        cursor = page.get("next")
        yield page


def print_link(found: Any, *, as_json: bool, wide: bool) -> None:
    """Print one link."""
    shown = found if as_json else found | {"allowed": ", ".join(found["allowed"])}
    print_one("link", shown, _MEMBERS, as_json=as_json, wide=wide)
