"""``varbridge serve``: run a gateway in the foreground."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
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
        lifeline = sys.stdin.fileno() if worker else None  # a worker shares its ports, and ends when its input does
        again = partial(load_config, path, secrets=True)
        raise SystemExit(run_process(read, path, again, reuse_port=worker, lifeline=lifeline))
    try:
        app.check_workers(read)
    except ConfigError as error:
        raise SystemExit(report_unusable(error)) from error
    raise SystemExit(processes.supervise(read, path, count))


def run_process(
    first: Config,
    path: Path,
    read: Callable[[], Config],
    *,
    serves: bool = True,
    reuse_port: bool = False,
    lifeline: int | None = None,
) -> int:
    """Serve in this process until a signal; return the exit code.

    Args:
        first: the configuration, with its secrets resolved.
        path: where it stands.
        read: reads it anew.
        serves: whether callers are served; else this process only carries jobs out.
        reuse_port: whether other workers share the ports.
        lifeline: a pipe whose other end the parent holds.
    """
    as_json = None if first.log.json == "auto" else first.log.json
    log.configure(json=as_json, level=first.log.level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(
                app.serve(
                    first,
                    serves=serves,
                    reuse_port=reuse_port,
                    lifeline=lifeline,
                    read=read,
                    files=lambda: config.referenced_files(path, config.environment()),
                )
            )
    except ConfigError as error:
        return report_unusable(error)
    except OSError as error:
        print_error(f"error: cannot listen: {error.strerror}")
        return 1
    return 0
