"""``varbridge serve``: run a gateway in the foreground."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import uvloop

from gateway import app, config
from gateway.cli import workers as processes
from gateway.cli.output import print_error
from gateway.config import Config, ConfigError
from gateway.observe import log

CONFIG_WRONG = 3


def load_config(path: Path, *, secrets: bool) -> Config:
    """Read a configuration.

    Raises:
        ConfigError: it cannot be used.
    """
    environ = config.environment()
    read = config.load(path, environ, app.VENDORS)
    return config.resolve(read, environ) if secrets else read


def report_unusable(error: ConfigError) -> int:
    """Print why a configuration cannot be used; return the exit code."""
    print_error(f"error: {error}")
    return CONFIG_WRONG


@click.command()
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The configuration file.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the ports; default: the file's.")
@click.option("--worker", is_flag=True, hidden=True)
def serve(path: Path, workers: int | None, *, worker: bool) -> None:
    """Run the gateway in the foreground until SIGTERM or Ctrl-C."""
    try:
        read = load_config(path, secrets=True)
    except ConfigError as error:
        raise SystemExit(report_unusable(error)) from error
    count = workers or read.server.workers
    if worker or count == 1:
        raise SystemExit(_run(read, path, worker=worker))
    try:
        app.check_workers(read)
    except ConfigError as error:
        raise SystemExit(report_unusable(error)) from error
    raise SystemExit(processes.supervise(read, path, count))


def _run(read: Config, path: Path, *, worker: bool) -> int:
    """Serve in this process; return the exit code. A worker shares its ports, and ends when its standard input does."""
    as_json = None if read.log.json == "auto" else read.log.json
    log.configure(json=as_json, level=read.log.level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(
                app.serve(
                    read,
                    reuse_port=worker,
                    lifeline=sys.stdin.fileno() if worker else None,
                    read=lambda: load_config(path, secrets=True),
                    files=lambda: config.referenced_files(path, config.environment()),
                )
            )
    except ConfigError as error:
        return report_unusable(error)
    except OSError as error:
        print_error(f"error: cannot listen: {error.strerror}")
        return 1
    return 0
