"""The callers' port with TLS: client certificates as callers, and certificates renewed while connections live."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway import app, config
from gateway.cli.served import Served
from tests import readme
from tests.authority import Authority, Pair
from tests.wire.scripted import Scripted, says
from tests.wire.test_http1_pool import Ports

SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
PORTAL = {"name": "portal", "certificate": {"subject": "CN=portal,O=Example"}, "scopes": ["instances:read"]}
BATCH = {"name": "batch", "key_sha256": SECRET, "scopes": ["instances:read"]}
NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
DOOR = {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}


class Site:
    """A gateway with TLS."""

    def __init__(self, application: app.Application, tree: dict[str, Any], instance: str) -> None:
        self.application, self.tree, self.instance = application, tree, instance

    def connected(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(f"https://127.0.0.1:{self.application.ports[0]}")

    async def asked(self, context: ssl.SSLContext, path: str = "/v1/instances/hr:{}", **headers: str) -> int:
        async with self.connected() as session:
            return await status(session, path.format(self.instance), context, **headers)

    async def replace(self, tls: dict[str, str]) -> None:
        server = {**self.tree["server"], "tls": tls}
        await self.application.replace(parsed({**self.tree, "server": server}))


async def status(session: aiohttp.ClientSession, path: str, context: ssl.SSLContext, **headers: str) -> int:
    async with session.get(path, ssl=context, headers={k.replace("_", "-"): v for k, v in headers.items()}) as answer:
        _ = json.loads(await answer.read())
        return answer.status


def parsed(tree: dict[str, Any]) -> config.Config:
    return config.resolve(config.parse(tree, app.VENDORS), {})


@contextlib.asynccontextmanager
async def site_of(tls: dict[str, str], *callers: dict[str, Any]) -> AsyncIterator[Site]:
    engine = Served(app.VENDORS["camunda7"].fake())
    await engine.start()
    tree = {
        "server": {"port": 0, "admin_port": 0, "tls": tls},
        "auth": {"callers": list(callers)} if callers else {"open": True},
        "store": {"url": "sqlite:///:memory:"},
        "engines": {"hr": {"vendor": "camunda7", "url": engine.url}},
        "dialects": {"camunda7": DOOR},
    }
    application = app.Application(parsed(tree))
    try:
        await application.start()
        yield Site(application, tree, engine.fake.showcase())
    finally:
        await application.stop()
        await engine.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def mutual(authority: Authority) -> dict[str, str]:
    return {**authority.sign().table(), "client_ca": str(authority.ca)}


def portal(authority: Authority, subject: str = "CN=portal,O=Example") -> ssl.SSLContext:
    return authority.client(authority.sign(subject, "client"))


async def test_callers_port_speaks_tls_and_nothing_else(authority: Authority) -> None:
    async with site_of(authority.sign().table()) as site:
        assert await site.asked(authority.client()) == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            _ = await site.asked(ssl.create_default_context())
        with pytest.raises(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session:
                _ = await session.get(f"http://127.0.0.1:{site.application.ports[0]}/v1/engines")


@pytest.mark.parametrize("path", ["/v1/instances/hr:{}", "/engine-rest/process-instance/{}"], ids=["v1", "door"])
async def test_client_certificate_is_a_caller(authority: Authority, path: str) -> None:
    async with site_of(mutual(authority), PORTAL, BATCH) as site:
        assert await site.asked(portal(authority), path) == 200
        assert await site.asked(portal(authority, "CN=other,O=Example"), path) == 401
        assert await site.asked(portal(authority, "CN=other,O=Example"), path, X_Api_Key="secret") == 200
        assert await site.asked(portal(authority), path, X_Api_Key="secret") == 401


async def test_caller_without_a_certificate_or_with_one_of_another_authority_is_not_connected(
    authority: Authority,
) -> None:
    stranger = Authority(authority.folder, "other").sign("CN=portal,O=Example", "stranger")
    async with site_of(mutual(authority), PORTAL) as site:
        for context in (authority.client(), authority.client(stranger)):
            with pytest.raises(NOT_CONNECTED):
                _ = await site.asked(context)


async def serial(site: Site, authority: Authority) -> int:
    """The serial number of the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", site.application.ports[0], ssl=authority.client())
    shown = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return int(shown["serialNumber"], 16)


async def renews(authority: Authority) -> None:
    first = authority.sign()
    async with site_of(first.table()) as site, site.connected() as session:
        path = f"/v1/instances/hr:{site.instance}"
        assert await status(session, path, authority.client()) == 200
        before, ports = await serial(site, authority), site.application.ports
        trusted = authority.client()
        _ = authority.sign()  # the same files
        await site.replace(first.table())
        assert await status(session, path, trusted) == 200
        assert await serial(site, authority) == before + 1
        assert site.application.ports == ports


async def test_renewed_certificate_is_shown_to_new_connections_and_old_ones_live_on(authority: Authority) -> None:
    await renews(authority)


def test_renewed_certificate_is_shown_on_the_loop_of_production_too(authority: Authority) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(renews(authority))


async def test_connection_that_lives_on_through_a_reload_is_the_same(authority: Authority) -> None:
    pair, trusted = authority.sign(), authority.client()
    async with site_of(pair.table()) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.application.ports[0], ssl=trusted)
        request = f"GET /v1/instances/hr:{site.instance} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for _ in range(2):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
            _ = await reader.readexactly(int(length.split()[1]))
            await site.replace(authority.sign().table())
        writer.close()


async def test_authority_of_clients_that_is_exchanged_lets_in_the_clients_of_the_new_one_alone(
    authority: Authority,
) -> None:
    other = Authority(authority.folder, "other")
    theirs = other.sign("CN=portal,O=Example", "theirs")
    async with site_of(mutual(authority), PORTAL) as site:
        assert await site.asked(portal(authority)) == 200
        await site.replace({**Pair(authority.folder / "server.pem", authority.folder / "server.key").table(),
                            "client_ca": str(other.ca)})  # fmt: skip
        assert await site.asked(authority.client(theirs)) == 200
        with pytest.raises(NOT_CONNECTED):
            _ = await site.asked(portal(authority))


async def test_file_that_has_gone_bad_changes_nothing(authority: Authority) -> None:
    pair = authority.sign()
    async with site_of(pair.table()) as site:
        wanted = parsed(site.tree)
        pair.key.write_text("text")
        before = site.application.current()
        with pytest.raises(ssl.SSLError):
            await site.application.replace(wanted)
        assert site.application.current() is before
        assert await site.asked(authority.client()) == 200


INSTANCE = b'{"id":"1","definitionId":"d:1:1","suspended":false}'


async def test_configuration_of_the_readme_needs_the_certificates_that_it_names(tmp_path: Path) -> None:
    clients, engines = Authority(tmp_path, "clients-ca"), Authority(tmp_path, "engine-ca")
    _, _ = clients.sign(), engines.sign("CN=gateway", "gateway")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(INSTANCE)
    engine = Ports(Scripted(says(head + INSTANCE)), engines.sign(file="engine").server(client_ca=engines.ca))
    tree = tomllib.loads(readme.toml("**TLS.**").replace("/etc/varbridge", str(tmp_path)))
    tree["server"] |= {"port": 0, "admin_port": 0}
    tree["store"] = {"url": "sqlite:///:memory:"}
    async with engine as running:
        tree["engines"]["hr"]["url"] = running.url
        application = app.Application(parsed(tree))
        await application.start()
        try:
            site = Site(application, tree, "1")
            assert await site.asked(portal(clients)) == 200
            assert await site.asked(portal(clients, "CN=portal")) == 401
        finally:
            await application.stop()
