"""An engine behind an outbound proxy: tunnels to https, requests passed on to http, and a proxy that does not do it."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uvloop

from gateway import app, assembly, config
from gateway.errors import EngineUnavailable
from gateway.raw import RawRequest
from gateway.wire.settings import ProxySettings, TlsSettings
from tests import readme
from tests.authority import DAY, Authority
from tests.wire.forward_proxy import ForwardProxy
from tests.wire.scripted import OK, Scripted, call, client_of, running, says

from .test_http1_pool import Ports, asking, request
from .test_tokens import engine_of, issuing, taking

WANTED = "Basic bWU6aHVudGVyMg=="  # me:hunter2


def by(proxy: ForwardProxy, **user: str) -> dict[str, Any]:
    return {"client": "aiohttp", "proxy": ProxySettings(url=proxy.url, **user)}


def raw(*, polls: bool = False) -> RawRequest:
    return RawRequest(
        method="GET", target="/x", headers=[], body=None, idle_s=5.0, writes=False, polls=polls, gone=lambda: False
    )


async def tunnels(authority: Authority) -> None:
    async with (
        Ports(Scripted(says(OK)), authority.sign().server()) as engine,
        ForwardProxy(WANTED) as proxy,
        client_of(
            engine.url, **by(proxy, username="me", password="hunter2"), tls=TlsSettings(ca=str(authority.ca))
        ) as client,
    ):
        for _ in range(3):
            assert (await client.run(asking(request(writes=True)), call())).body == b"{}"
        assert proxy.asked == [("CONNECT", engine.url.removeprefix("https://").removesuffix("/api"))]
        assert [heard.header("Proxy-Authorization") for heard in engine.heard] == [None] * 3


async def test_https_goes_through_a_tunnel_that_stays_and_is_told_no_path(tmp_path: Path) -> None:
    await tunnels(Authority(tmp_path))


def test_tunnel_is_opened_on_the_loop_of_production_too(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(tunnels(Authority(tmp_path)))


@pytest.mark.parametrize("polls", [False, True], ids=["relayed", "long poll"])
async def test_relayed_request_goes_through_a_tunnel_too(tmp_path: Path, polls: bool) -> None:
    authority = Authority(tmp_path)
    async with (
        Ports(Scripted(says(OK)), authority.sign().server()) as engine,
        ForwardProxy() as proxy,
        client_of(engine.url, **by(proxy), tls=TlsSettings(ca=str(authority.ca))) as client,
    ):
        answer = await client.relay(raw(polls=polls), call())
        assert (answer.status, [method for method, _ in proxy.asked]) == (200, ["CONNECT"])
        answer.close()


async def test_http_is_passed_on_with_credentials_on_each_request() -> None:
    async with (
        running(Scripted(says(OK))) as engine,
        ForwardProxy(WANTED) as proxy,
        client_of(engine.url, **by(proxy, username="me", password="hunter2")) as client,
    ):
        for _ in range(2):
            assert (await client.run(asking(request()), call())).body == b"{}"
        answer = await client.relay(raw(), call())
        answer.close()
        assert proxy.asked == [("GET", engine.url + "/x")] * 3
        assert [heard.header("Proxy-Authorization") for heard in engine.heard] == [None] * 3


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_proxy_that_wants_credentials_makes_the_engine_unavailable(scheme: str) -> None:
    async with (
        running(Scripted(says(OK))) as engine,
        ForwardProxy(WANTED) as proxy,
        client_of(engine.url.replace("http", scheme), **by(proxy)) as client,
    ):
        for send in (client.run(asking(request(writes=True)), call()), client.relay(raw(), call())):
            with pytest.raises(EngineUnavailable) as caught:
                _ = await send
            said = "The engine's proxy did not connect the gateway to the engine."
            assert (caught.value.detail, caught.value.outcome) == (said, "not_applied")
        assert engine.heard == []


async def test_proxy_that_cannot_reach_the_engine_is_named() -> None:
    async with (
        ForwardProxy(status=502) as proxy,
        client_of("https://127.0.0.1:1/api", **by(proxy)) as client,
    ):
        with pytest.raises(EngineUnavailable) as caught:
            _ = await client.run(asking(request(writes=True)), call())
        assert caught.value.detail == "The engine's proxy did not connect the gateway to the engine."


async def test_proxy_that_is_not_there_is_named() -> None:
    async with ForwardProxy() as proxy:
        pass
    async with client_of("https://127.0.0.1:1/api", **by(proxy)) as client:
        with pytest.raises(EngineUnavailable) as caught:
            _ = await client.run(asking(request(writes=True)), call())
        assert caught.value.detail == "No connection to the engine's proxy could be made."


async def test_certificate_is_checked_behind_the_tunnel(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        Ports(Scripted(says(OK)), authority.sign(start=-2 * DAY, end=-DAY).server()) as engine,
        ForwardProxy() as proxy,
        client_of(engine.url, **by(proxy), tls=TlsSettings(ca=str(authority.ca))) as client,
    ):
        with pytest.raises(EngineUnavailable) as caught:
            _ = await client.run(asking(request(writes=True)), call())
        assert (caught.value.detail, engine.heard) == ("TLS: the engine's certificate has expired.", [])


async def test_token_is_asked_for_through_the_proxy_too() -> None:
    async with (
        running(taking("t1")) as engine,
        running(issuing()) as issuer,
        ForwardProxy() as proxy,
        client_of(engine.url, engine_of(issuer.url), **by(proxy)) as client,
    ):
        assert (await client.run(asking(request()), call())).status == 200
        assert proxy.asked == [("POST", issuer.url), ("GET", engine.url + "/x")]


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(Scripted(says(OK))) as engine, ForwardProxy() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client_of(engine.url, client="aiohttp") as client:
            assert (await client.run(asking(request()), call())).status == 200
        assert proxy.asked == []


def test_engine_with_a_proxy_is_sent_to_by_aiohttp() -> None:
    entry = {"vendor": "camunda7", "url": "http://a", "proxy": {"url": "http://p:3128"}}
    read = config.parse({"engines": {"hr": entry}}, app.VENDORS).engines["hr"]
    settings = assembly.client_settings(read)
    assert (settings.client, settings.proxy) == ("aiohttp", ProxySettings(url="http://p:3128"))


async def test_configuration_of_the_readme_uses_its_proxy() -> None:
    tree = tomllib.loads(readme.toml("**Outbound proxy.**"))
    async with running(Scripted(says(OK))) as engine, ForwardProxy(WANTED) as proxy:
        tree["engines"]["hr"]["url"] = engine.url
        tree["engines"]["hr"]["proxy"] |= {"url": proxy.url, "username": "me"}
        entry = config.resolve(config.parse(tree, app.VENDORS), {"PROXY_PASSWORD": "hunter2"}).engines["hr"]
        settings = assembly.client_settings(entry)
        async with client_of(engine.url, client=settings.client, proxy=settings.proxy) as client:
            assert (await client.run(asking(request()), call())).status == 200
        assert proxy.asked == [("GET", engine.url + "/x")]
