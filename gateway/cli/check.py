"""``varbridge check``: check whether a configuration can be used, and on demand whether everything in it is up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway import app, config
from gateway.cli.output import FAILED, print_error, print_line
from gateway.cli.serve import load_config, report_unusable
from gateway.config import Config, ConfigError


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--secrets", is_flag=True, help="Also check that every secret can be read.")
@click.option("--reach", is_flag=True, help="Also ask every engine and the store whether they are up, with --secrets.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def check(path: Path, *, secrets: bool, reach: bool, as_json: bool) -> None:
    """Check whether a configuration can be used: syntax, keys, references."""
    try:
        read = load_config(path, secrets=secrets or reach)
        reached = asyncio.run(_reach(read)) if reach else None
    except ConfigError as error:
        if as_json:
            print_line(_json({"file": str(path), "usable": False, "error": str(error)}))
        raise SystemExit(report_unusable(error)) from error
    if as_json:
        print_line(_json(_report(path, read, reached)))
    else:
        _print_report(path, read, reached)
    if reached is not None and not reached.all_up:
        raise SystemExit(FAILED)


class _Reached(msgspec.Struct, frozen=True):
    """How engines and store answered.

    Args:
        health: of each engine.
        store: what is wrong with the store; None = it is up.
    """

    health: dict[str, Any]
    store: str | None

    @property
    def all_up(self) -> bool:
        return self.store is None and all(health.up for health in self.health.values())


async def _reach(read: Config) -> _Reached:
    return _Reached(await app.check_engines(read), await app.check_store(read))


def _report(path: Path, read: Config, reached: _Reached | None) -> dict[str, Any]:
    report = {
        "file": str(path),
        "usable": True,
        "engines": sorted(read.engines),
        "health": {} if reached is None else reached.health,
        "warnings": config.warnings(read),
    }
    return report if reached is None else report | {"store": {"up": reached.store is None}}


def _print_report(path: Path, read: Config, reached: _Reached | None) -> None:
    for warning in config.warnings(read):
        print_error(f"warning: {warning}")
    print_line(f"{path}: can be used; engines: {', '.join(sorted(read.engines)) or 'none'}")
    if reached is None:
        return
    for name, health in reached.health.items():
        print_line(f"  {name}: " + (f"up, version {health.version or 'unknown'}" if health.up else f"{health.code}"))
    print_line(f"  store: {reached.store or 'up'}")


def _json(content: dict[str, Any]) -> str:
    return msgspec.json.encode(content).decode()
