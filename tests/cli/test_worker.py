"""``worker``, as a process: it carries jobs out beside gateways, serves no callers, and needs PostgreSQL."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.cli.programs import free_port, get, ready, running, varbridge

CONFIG = """
[server]
port = {port}
admin_port = {admin}
[auth]
open = true
[store]
url = "{url}"
jobs = "{jobs}"
"""


def written(tmp_path: Path, url: str, jobs: str = "here") -> tuple[Path, int, int]:
    port, admin = free_port(), free_port()
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(port=port, admin=admin, url=url, jobs=jobs), encoding="utf-8")
    return path, port, admin


def test_worker_on_sqlite_is_refused_with_the_reason(tmp_path: Path) -> None:
    path, *_ = written(tmp_path, f"sqlite:///{tmp_path}/store.db")
    done = varbridge("worker", "--config", str(path))
    assert done.returncode == 3
    assert "store.url: a worker needs PostgreSQL; with SQLite jobs run in the gateway" in done.stderr


def test_worker_has_an_admin_port_of_its_own_serves_no_callers_and_ends_on_a_signal(tmp_path: Path, postgres) -> None:
    path, port, admin = written(tmp_path, postgres.database("worker"), "elsewhere")
    own = free_port()
    with running("worker", "--config", str(path), "--admin-port", str(own)) as worker:
        worker.wait_for("started")
        assert ready(own)
        assert get(own, "/healthz")[0] == 200
        for silent in (port, admin):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", silent), timeout=1)
        assert worker.end(signal.SIGTERM) == 0
    assert "Traceback" not in worker.text()
