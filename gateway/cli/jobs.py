"""``varbridge worker``: carry out jobs in the background, beside gateways on the same PostgreSQL store."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from gateway.background import check_worker
from gateway.cli.serve import load_config, report_unusable, run_process
from gateway.config import Config, ConfigError


@click.command()
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The gateways' configuration.")
@click.option("--admin-port", type=click.IntRange(0, 65535), help="For health and metrics; default: the file's.")
def worker(path: Path, admin_port: int | None) -> None:
    """Carry out bulk operations and other jobs until SIGTERM or Ctrl-C; callers are not served.

    Any number of workers, on any number of machines, share the work of the gateways on one PostgreSQL store.
    """

    def read() -> Config:
        return _for_worker(load_config(path, secrets=True), admin_port)

    try:
        first = read()
        check_worker(first)
    except ConfigError as error:
        raise SystemExit(report_unusable(error)) from error
    raise SystemExit(run_process(first, path, read, serves=False))


def _for_worker(read: Config, admin_port: int | None) -> Config:
    """Return the configuration of a process that carries jobs out, wherever those of gateways say that is done."""
    server = read.server if admin_port is None else msgspec.structs.replace(read.server, admin_port=admin_port)
    return msgspec.structs.replace(read, server=server, store=msgspec.structs.replace(read.store, jobs="here"))
