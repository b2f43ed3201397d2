"""``varbridge serve`` and ``varbridge check``: running a gateway, and making sure that it could run."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec
import uvloop

from gateway import app, config
from gateway.cli import workers as processes
from gateway.config import Config, ConfigError
from gateway.observe import log

CONFIG_WRONG = 3


def loaded(path: Path, *, secrets: bool) -> Config:
    """Read a configuration.

    Raises:
        ConfigError: it cannot be used.
    """
    environ = config.environment()
    read = config.load(path, environ, app.VENDORS)
    return config.resolve(read, environ) if secrets else read


def unusable(error: ConfigError) -> int:
    """Say why a configuration cannot be used; give the exit code."""
    click.echo(f"error: {error}", err=True)
    return CONFIG_WRONG


@click.command()
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The configuration file.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the ports; default: the file's.")
@click.option("--worker", is_flag=True, hidden=True)
def serve(path: Path, workers: int | None, *, worker: bool) -> None:
    """Run the gateway in the foreground until SIGTERM or Ctrl-C."""
    try:
        read = loaded(path, secrets=True)
    except ConfigError as error:
        raise SystemExit(unusable(error)) from error
    count = workers or read.server.workers
    if worker or count == 1:
        raise SystemExit(run(read, worker=worker))
    raise SystemExit(processes.supervise(read, path, count))


def run(read: Config, *, worker: bool = False) -> int:
    """Serve in this process; give the exit code. A worker shares its ports, and ends when its standard input does."""
    as_json = None if read.log.json == "auto" else read.log.json
    log.configure(json=as_json, level=read.log.level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(app.serve(read, reuse_port=worker, lifeline=sys.stdin.fileno() if worker else None))
    except ConfigError as error:
        return unusable(error)
    except OSError as error:
        click.echo(f"error: cannot listen: {error.strerror}", err=True)
        return 1
    return 0


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--secrets", is_flag=True, help="Also make sure that every secret can be read.")
@click.option(
    "--reach", is_flag=True, help="Also ask every engine and the store whether they live (implies --secrets)."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(path: Path, *, secrets: bool, reach: bool, as_json: bool) -> None:
    """Make sure that a configuration can be used: syntax, keys, references."""
    try:
        read = loaded(path, secrets=secrets or reach)
        found = asyncio.run(app.reached(read)) if reach else {}
        store = asyncio.run(app.store_reached(read)) if reach else None
    except ConfigError as error:
        if as_json:
            click.echo(msgspec.json.encode({"file": str(path), "usable": False, "error": str(error)}))
        raise SystemExit(unusable(error)) from error
    if as_json:
        click.echo(
            msgspec.json.encode(
                {"file": str(path), "usable": True, "engines": sorted(read.engines), "health": found}
                | {"warnings": config.warnings(read)}
                | ({"store": {"up": store is None}} if reach else {})
            )
        )
    else:
        for warning in config.warnings(read):
            click.echo(f"warning: {warning}", err=True)
        click.echo(f"{path}: can be used; engines: {', '.join(sorted(read.engines)) or 'none'}")
        for name, health in found.items():
            click.echo(
                f"  {name}: " + (f"up, version {health.version or 'unknown'}" if health.up else f"{health.code}")
            )
        if reach:
            click.echo(f"  store: {store or 'up'}")
    if store or any(not health.up for health in found.values()):
        raise SystemExit(1)
