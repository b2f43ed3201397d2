"""Reloading, as processes: on SIGHUP and when a file changes, one process and several; ``reload --status``."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.programs import free_port, get, ready, running, varbridge, wait_until

CONFIG = """
[server]
port = {port}
admin_port = {admin}
watch = {watch}
[store]
url = "sqlite:///{store}"
[[auth.callers]]
name = "portal"
basic = {{ username = "portal", password = "file:{secret}" }}
scopes = ["variables:read"]
[[auth.callers]]
name = "key"
key_sha256 = "{key}"
scopes = ["variables:read"]
[engines.hr]
vendor = "camunda7"
url = "http://127.0.0.1:1"
"""


class Site:
    """A configuration, its secret, and what a running gateway says of them."""

    def __init__(self, tmp_path: Path, *, watch: bool) -> None:
        self.port, self.admin, self.watch = free_port(), free_port(), watch
        self.path, self.secret, self.store = tmp_path / "gateway.toml", tmp_path / "secret", tmp_path / "store.db"
        self.secret.write_text("first")
        self.write("one")

    def write(self, key: str, more: str = "") -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()
        text = CONFIG.format(
            port=self.port,
            admin=self.admin,
            watch=str(self.watch).lower(),
            store=self.store,
            secret=self.secret,
            key=digest,
        )
        self.path.write_text(text + more)

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = get(self.admin, "/readyz")[1]["configuration"]
        return found

    def status(self, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/v1/engines", headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def knows(self, key: str) -> bool:
        return self.status(**{"X-Api-Key": key}) != 401


def test_change_of_the_file_or_of_a_secret_is_taken_over(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=True)
    with running("serve", "--config", str(site.path)):
        wait_until(lambda: ready(site.admin))
        assert site.knows("one")
        wait_until(lambda: site.write("two") or site.knows("two"))  # type: ignore[func-returns-value]
        assert not site.knows("one")
        number = site.state["number"]
        basic = {"Authorization": "Basic cG9ydGFsOnNlY29uZA=="}  # portal:second
        assert site.status(**basic) == 401
        site.secret.write_text("second")
        wait_until(lambda: site.state["number"] > number)
        assert site.status(**basic) != 401


def test_wrong_file_changes_nothing_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path)) as program:
        wait_until(lambda: ready(site.admin))
        site.write("two", more="[engines.hr.limits]\nconcurrency = 0\n")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.state["error"] is not None)
        shown = varbridge("reload", "--status", "--config", str(site.path), "--json")
        assert shown.returncode == 3  # the file that says where the gateway is cannot be used now
        shown = varbridge("reload", "--status", "--admin-url", f"http://127.0.0.1:{site.admin}", "--json")
        state = json.loads(shown.stdout)
        assert (shown.returncode, state["number"], site.knows("one"), site.knows("two")) == (1, 1, True, False)
        assert "engines.hr.limits.concurrency" in state["error"]
        site.write("two")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.knows("two"))
        shown = varbridge("reload", "--status", "--config", str(site.path))
        assert (shown.returncode, shown.stdout.startswith("configuration 2, in use since ")) == (0, True)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(30) == 0
        assert any('"reload_failed"' in line for line in program.said)


def test_file_that_cannot_be_read_changes_nothing_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path)) as program:
        wait_until(lambda: ready(site.admin))
        site.path.unlink()
        site.path.mkdir()  # as unreadable to root as to anybody
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.state["error"] is not None)
        assert (site.state["number"], site.knows("one")) == (1, True)
        site.path.rmdir()
        site.write("two")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.knows("two"))
        assert site.state["error"] is None


def test_file_is_left_alone_where_it_is_not_watched(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path)) as program:
        wait_until(lambda: ready(site.admin))
        site.write("two")
        os.utime(site.path)
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.state["number"] == 2)  # by the signal, and by nothing else
        site.write("three")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.knows("three"))
        assert site.state["number"] == 3


def test_start_and_reload_are_in_the_audit_trail(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path)) as program:
        wait_until(lambda: ready(site.admin))
        site.write("one", more="[limits]\nmax_names = 5\n")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: site.state["number"] == 2)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(30) == 0
    listed = json.loads(varbridge("audit", "list", "--config", str(site.path), "--json").stdout)
    assert [each["action"] for each in listed] == ["config.reload", "config.load"]
    assert listed[0]["evidence"]["keys"] == ["limits.max_names"]


def test_every_worker_reloads(tmp_path: Path) -> None:
    site = Site(tmp_path, watch=False)
    with running("serve", "--config", str(site.path), "--workers", "2") as program:
        wait_until(lambda: ready(site.admin))
        site.write("two")
        program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(site.knows("two") and not site.knows("one") for _ in range(20)))


def test_status_without_a_gateway_says_that_nobody_answers() -> None:
    shown = varbridge("reload", "--status", "--admin-url", f"http://127.0.0.1:{free_port()}")
    assert (shown.returncode, "no answer" in shown.stderr) == (4, True)


@pytest.mark.parametrize("arguments", [("reload",), ("reload", "--status")], ids=["no status", "no address"])
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert varbridge(*arguments).returncode == 2
