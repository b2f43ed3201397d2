"""Reloading: swapped in whole or not at all, one at a time, and what is said about it."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import app, config
from gateway.config import Config, ConfigError
from gateway.observe.metrics import Metrics
from gateway.reloading import Reloader, check_fixed, digest, watch
from tests.until import rounds, until

BASE: dict[str, Any] = {"engines": {"hr": {"vendor": "camunda7", "url": "http://a"}}}


def parsed(**tables: Any) -> Config:
    return config.parse({**BASE, **tables}, app.VENDORS, "gateway.toml")


class Site:
    """A reloader whose reads and replacements are the test's."""

    def __init__(self, read: Callable[[], Config] | None = None) -> None:
        self.now, self.replaced = parsed(), []
        self.metrics = Metrics()
        self.read = read or (lambda: parsed(limits={"max_names": 5}))
        self.hold: asyncio.Event | None = None
        self.reloader = Reloader(lambda: self.read(), lambda: self.now, self.replace, self.metrics)

    async def replace(self, wanted: Config) -> None:
        if self.hold is not None:
            await self.hold.wait()
        self.now = wanted
        self.replaced.append(wanted)

    def counted(self, outcome: str) -> bool:
        return f'varbridge_reloads_total{{outcome="{outcome}"}} 1.0' in self.metrics.render()[0].decode()


@pytest.fixture
async def site():
    made = Site()
    task = asyncio.create_task(made.reloader.run())
    yield made
    task.cancel()


async def test_reload_takes_the_new_configuration_over_and_says_so(site: Site) -> None:
    site.reloader.ask()
    await until(lambda: site.reloader.state.number == 2)
    assert (site.now.limits.max_names, site.reloader.state.error, site.counted("applied")) == (5, None, True)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ConfigError("gateway.toml: engines.hr.url: missing"), "gateway.toml: engines.hr.url: missing"),
        (PermissionError(13, "Permission denied"), "the configuration cannot be used: Permission denied"),
    ],
    ids=["wrong file", "unreadable file"],
)
async def test_configuration_that_cannot_be_used_changes_nothing(site: Site, failure: Exception, said: str) -> None:
    def fails() -> Config:
        raise failure

    before, site.read = site.now, fails
    site.reloader.ask()
    await until(lambda: site.reloader.state.error is not None)
    assert (site.now is before, site.reloader.state.number, site.reloader.state.error) == (True, 1, said)
    assert site.counted("refused")
    site.read = parsed
    site.reloader.ask()
    await until(lambda: site.reloader.state.number == 2)
    assert (site.reloader.state.error, site.reloader.state.failed_at) == (None, None)


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"server": {"port": 1}}, "server.port"),
        ({"server": {"host": "::1"}}, "server.host"),
        ({"server": {"admin_port": 1}}, "server.admin_port"),
        ({"server": {"admin_host": "::1"}}, "server.admin_host"),
        ({"server": {"workers": 2}}, "server.workers"),
        ({"store": {"lease_s": 20.0}}, "store"),
    ],
    ids=["port", "host", "admin port", "admin host", "workers", "store"],
)
def test_what_cannot_change_is_refused_by_its_name(tables: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=f"^gateway.toml: {named}: a change needs a restart$"):
        check_fixed(parsed(), parsed(**tables))


def test_tls_is_not_switched_on_or_off_while_the_port_is_open() -> None:
    plain, secure = parsed(), parsed(server={"tls": {"certificate": "a", "key": "b"}})
    for now, wanted in ((plain, secure), (secure, plain)):
        with pytest.raises(ConfigError, match=r"^gateway.toml: server.tls: switching TLS on or off needs a restart$"):
            check_fixed(now, wanted)
    check_fixed(secure, parsed(server={"tls": {"certificate": "c", "key": "d", "client_ca": "e"}}))


def test_everything_else_may_change() -> None:
    check_fixed(parsed(), parsed(server={"grace_s": 1.0, "watch": False}, limits={"max_names": 1}, engines={}))


async def test_two_hundred_requests_during_a_reload_are_one_more(site: Site) -> None:
    site.hold = asyncio.Event()
    site.reloader.ask()
    await rounds(50)
    for _ in range(200):
        site.reloader.ask()
        await rounds(1)
    site.hold.set()
    await until(lambda: site.reloader.state.number == 3)
    await rounds(50)
    assert len(site.replaced) == 2


async def test_change_of_a_file_is_seen_however_it_is_made(tmp_path: Path) -> None:
    path, secret = tmp_path / "gateway.toml", tmp_path / "secrets" / "key"
    secret.parent.mkdir()
    path.write_text("one")
    secret.write_text("1")
    changes: list[None] = []
    task = asyncio.create_task(watch(lambda: (path, secret), lambda: changes.append(None)))

    async def seen(change: Callable[[], Any]) -> None:
        before = len(changes)
        change()
        await until(lambda: len(changes) > before, step=lambda: None)

    try:
        await until(lambda: bool(changes), step=lambda: path.write_text(os.urandom(4).hex()))  # it watches now
        await seen(lambda: secret.write_text("2"))
        (tmp_path / "new").write_text("three")
        await seen(lambda: os.replace(tmp_path / "new", path))  # as editors do
        (tmp_path / "data").write_text("four")
        (tmp_path / "link").symlink_to(tmp_path / "data")
        await seen(lambda: os.replace(tmp_path / "link", path))
        await seen(path.unlink)
    finally:
        task.cancel()


async def test_renewal_of_a_secret_that_kubernetes_mounts_is_seen(tmp_path: Path) -> None:
    """The file is a link through ``..data``, a link to the folder of the current version, which alone is replaced."""
    for version in ("..1", "..2", "..3"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "tls.crt").write_text(version)
    (tmp_path / "..data").symlink_to("..1")
    path = tmp_path / "tls.crt"
    path.symlink_to("..data/tls.crt")
    changes: list[str] = []
    task = asyncio.create_task(watch(lambda: (path,), lambda: changes.append(path.read_text())))

    def renew(version: str) -> None:
        (tmp_path / "..data_tmp").symlink_to(version)
        os.replace(tmp_path / "..data_tmp", tmp_path / "..data")

    versions = itertools.cycle(["..2", "..1"])
    try:
        await until(lambda: bool(changes), step=lambda: renew(next(versions)))  # it watches now
        renew("..3")
        await until(lambda: changes[-1] == "..3", step=lambda: None)
    finally:
        task.cancel()


def test_file_that_cannot_be_read_has_a_digest_too(tmp_path: Path) -> None:
    there = tmp_path / "there"
    missing = digest((there,))
    there.write_text("x")
    assert digest((there,)) != missing


def test_files_of_a_configuration_are_itself_and_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[engines.hr]\nvendor="camunda7"\n[engines.hr.auth]\npassword = "file:/run/hr"\n[a]\nb=["file:c"]\n'
    )
    found = config.referenced_files(path, {"VARBRIDGE__STORE__URL": '"file:/run/store"'})
    assert found == (path, Path("/run/hr"), Path("c").absolute(), Path("/run/store"))
    path.write_text("[broken")
    assert config.referenced_files(path, {}) == (path,)


def test_state_is_shown_as_it_is() -> None:
    assert msgspec.to_builtins(Site().reloader.state) | {"loaded_at": 0} == {
        "number": 1, "loaded_at": 0, "error": None, "failed_at": None,
    }  # fmt: skip
