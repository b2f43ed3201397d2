"""``varbridge serve`` and ``varbridge check``: running a gateway, and making sure that it could run."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec
import uvloop

from gateway import app, config
from gateway.config import Config, ConfigError
from gateway.observe import log

CONFIG_WRONG = 3
_RESTART_S = 1.0
"""Pause before a worker that died is started again; keeps a broken one from eating a core."""
_POLL_S = 0.2
_START_S = 3.0
"""A worker that ends sooner than this after the first start has found something that will not change."""
_METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"


def loaded(path: Path, *, secrets: bool) -> Config:
    """Read a configuration, or end with exit code 3 and the reason."""
    environ = config.environment()
    try:
        read = config.load(path, environ, app.VENDORS)
        return config.resolve(read, environ) if secrets else read
    except ConfigError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(CONFIG_WRONG) from error


@click.command()
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The configuration file.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the ports; default: the file's.")
@click.option("--worker", is_flag=True, hidden=True)
def serve(path: Path, workers: int | None, *, worker: bool) -> None:
    """Run the gateway in the foreground until SIGTERM or Ctrl-C."""
    read = loaded(path, secrets=True)
    count = workers or read.server.workers
    if worker or count == 1:
        raise SystemExit(run(read, reuse_port=worker))
    raise SystemExit(supervise(path, count))


def run(read: Config, *, reuse_port: bool = False) -> int:
    """Serve in this process; give the exit code."""
    as_json = None if read.log.json == "auto" else read.log.json
    log.configure(json=as_json, level=read.log.level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(app.serve(read, reuse_port=reuse_port))
    except ConfigError as error:
        click.echo(f"error: {error}", err=True)
        return CONFIG_WRONG
    except OSError as error:
        click.echo(f"error: cannot listen: {error.strerror}", err=True)
        return 1
    return 0


def supervise(path: Path, count: int) -> int:
    """Keep ``count`` workers alive until a signal; a worker that dies is started again."""
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        _ = signal.signal(number, stop)
    with tempfile.TemporaryDirectory(prefix="varbridge-metrics-") as directory:
        workers = [_worker(path, directory) for _ in range(count)]
        begun = time.monotonic()
        while not stopping:
            time.sleep(_POLL_S)
            ended = [index for index, process in enumerate(workers) if process.poll() is not None]
            if ended and time.monotonic() - begun < _START_S:
                break  # it could not even start; another try would say the same
            for index in ended:
                click.echo(f"worker {workers[index].pid} ended ({workers[index].returncode}); another starts", err=True)
                time.sleep(_RESTART_S)
                workers[index] = _worker(path, directory)
        for process in workers:
            if process.poll() is None:
                process.terminate()
        codes = [process.wait() for process in workers]
    return max(abs(code) for code in codes)


def _worker(path: Path, directory: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway", "serve", "--worker", "--config", str(path)]
    return subprocess.Popen(command, env={**config.environment(), _METRICS_DIR: directory})  # noqa: S603 - ourselves


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--secrets", is_flag=True, help="Also make sure that every secret can be read.")
@click.option("--reach", is_flag=True, help="Also ask every engine whether it lives (implies --secrets).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(path: Path, *, secrets: bool, reach: bool, as_json: bool) -> None:
    """Make sure that a configuration can be used: syntax, keys, references."""
    read = loaded(path, secrets=secrets or reach)
    found = asyncio.run(app.reached(read)) if reach else {}
    if as_json:
        click.echo(msgspec.json.encode({"file": str(path), "engines": found or sorted(read.engines)}))
    else:
        click.echo(f"{path}: can be used; engines: {', '.join(sorted(read.engines)) or 'none'}")
        for name, health in found.items():
            click.echo(
                f"  {name}: " + (f"up, version {health.version or 'unknown'}" if health.up else f"{health.code}")
            )
    if any(not health.up for health in found.values()):
        raise SystemExit(1)
