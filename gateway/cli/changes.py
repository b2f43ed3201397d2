"""Changes through a running gateway: made, or with ``--dry-run`` shown as the engine requests that they would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from gateway.cli import output
from gateway.cli.client import Connection

rehearsable = click.option("--dry-run", is_flag=True, help="Change nothing; show the engine requests instead.")
conditional = click.option(
    "--if-match", metavar="TAG", help="Change nothing unless the tag is still so; `vars list --json` shows tags."
)


def condition(if_match: str | None) -> dict[str, str]:
    """Give the header of a condition; a tag may be written without its quotes."""
    if if_match is None:
        return {}
    bare = if_match != "*" and '"' not in if_match
    return {"If-Match": f'"{if_match}"' if bare else if_match}


def changed(
    connection: Connection,
    method: str,
    *path: str,
    dry_run: bool,
    as_json: bool,
    body: bytes | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    with_engine: bool = True,
) -> None:
    """Make a change and show its answer, or rehearse it and show what would be sent."""
    asked = dict(query or {}) | ({"dryRun": "true"} if dry_run else {})
    answer = connection.ask(method, *path, query=asked, body=body, headers=headers, with_engine=with_engine)
    if dry_run:
        _rehearsed(answer, as_json=as_json)
    elif answer is None:
        click.echo('{"done": true}' if as_json else "done")
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def _rehearsed(answer: Any, *, as_json: bool) -> None:
    requests = output.member(answer, "requests")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
        return
    for request in requests:
        sent = "not sent" if request.get("writes", True) else "sent, reads only"
        click.echo(f"{request['method']} {request['path']}")
        click.echo(f"  engine: {request['engine']} ({sent})")
        for name, value in request["headers"].items():
            click.echo(f"  {name}: {value}")
        body = request.get("body")
        if body is not None:
            click.echo(body if isinstance(body, str) else msgspec.json.format(msgspec.json.encode(body)).decode())
        click.echo()
    for rule in output.member(answer, "rules"):
        click.echo(f"rule {rule['id']}: {rule['name']}")
    for item in answer.get("items", ()):
        if problem := item.get("problem"):
            click.echo(f"would fail: {item['instance']}: {problem['code']}: {problem['detail']}")
    if "total" in answer:
        counted = f"{'more than ' if answer.get('more') else ''}{answer['total']} instances would be changed"
        first = len(answer.get("items", ()))
        click.echo(counted + (f"; the first {first} are shown" if first < answer["total"] else ""))
    if not requests:
        click.echo("nothing would be sent")
