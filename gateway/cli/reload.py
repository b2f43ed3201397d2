"""``varbridge reload``: what became of the last change of a running gateway's configuration."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import aiohttp
import click
import msgspec

from gateway.cli.output import FAILED, UNREACHABLE, print_error, print_line
from gateway.cli.serve import load_config, report_unusable
from gateway.config import ConfigError

_TIMEOUT_S = 10.0


@click.command()
@click.option("--config", "path", type=click.Path(path_type=Path), help="The gateway's configuration, for its address.")
@click.option("--admin-url", help="Address of its admin port, instead of --config: http://HOST:PORT.")
@click.option("--status", is_flag=True, required=True, help="Show the configuration in use; exit 1 if a change failed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def reload(path: Path | None, admin_url: str | None, *, status: bool, as_json: bool) -> None:
    """Show whether a running gateway has taken its configuration over.

    The gateway reads its configuration again when one of its files changes, and on SIGHUP (kill -HUP). A file that
    cannot be used changes nothing.
    """
    del status
    try:
        url = admin_url or _admin_url(path)
    except ConfigError as error:
        raise SystemExit(report_unusable(error)) from error
    state = asyncio.run(_read_state(url))
    if state is None:
        print_error(f"error: no answer from {url}/readyz")
        raise SystemExit(UNREACHABLE)
    print_line(msgspec.json.encode(state).decode() if as_json else _described(state))
    raise SystemExit(FAILED if state.get("error") else 0)


def _admin_url(path: Path | None) -> str:
    if path is None:
        raise click.UsageError("Give --config or --admin-url.")
    server = load_config(path, secrets=False).server
    return f"http://{server.admin_host}:{server.admin_port}"


async def _read_state(url: str) -> dict[str, Any] | None:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
            session.get(f"{url.rstrip('/')}/readyz") as answer,
        ):
            state: dict[str, Any] = (await answer.json()).get("configuration", {})
            return state
    except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError):
        return None


def _described(state: dict[str, Any]) -> str:
    if not state:
        return "the configuration of this gateway does not change while it runs"
    lines = [f"configuration {state['number']}, in use since {_moment(state['loaded_at'])}"]
    if state.get("error"):
        lines.append(f"a change failed at {_moment(state['failed_at'])}: {state['error']}")
    return "\n".join(lines)


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
