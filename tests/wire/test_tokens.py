"""Tokens for engines behind an identity provider: a real endpoint, what it is asked, and what becomes of its answers."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import app, assembly, config
from gateway.errors import EngineCredentialsRejected, EngineFailure, EngineUnavailable
from gateway.model.commands import ListVariables
from gateway.port import Credentials, Engine
from gateway.raw import RawRequest
from gateway.wire.settings import TlsSettings
from tests import readme
from tests.authority import Authority
from tests.wire.scripted import OK, Scripted, call, client_of, hangs_up, running, says

from .test_http1_pool import Ports, asking, request

SECRET = "s3cr%t+ü"


def json_answer(text: str, status: str = "200 OK") -> bytes:
    body = text.encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body


def issuing(expires_in: str = "3600"):
    """A token endpoint that numbers its tokens."""
    issued: list[int] = []

    async def script(_request, writer) -> None:
        issued.append(1)
        grant = f'{{"access_token":"t{len(issued)}","token_type":"bearer","expires_in":{expires_in}}}'
        writer.write(json_answer(grant))

    return Scripted(script)


def taking(*good: str):
    """An engine that takes some tokens."""

    async def script(request, writer) -> None:
        known = request.header("Authorization") in {f"Bearer {each}" for each in good}
        writer.write(OK if known else b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    return Scripted(script)


def engine_of(token_url: str, **more: Any) -> Engine:
    known = {"client_id": "gate:way", "client_secret": SECRET, "scope": "read write", **more}
    return Engine("hr", None, Credentials(kind="oauth2", token_url=token_url, **known))


async def test_token_is_asked_for_once_and_sent_with_each_request() -> None:
    async with (
        running(issuing()) as issuer,
        running(taking("t1")) as engine,
        client_of(engine.url, engine_of(issuer.url)) as client,
    ):
        answers = await asyncio.gather(*(client.run(asking(request()), call()) for _ in range(5)))
        assert ([each.status for each in answers], len(issuer.heard)) == ([200] * 5, 1)
        (asked,) = issuer.heard
        assert (asked.method, asked.target, asked.body) == (
            "POST",
            "/api",
            b"grant_type=client_credentials&scope=read+write",
        )
        assert asked.header("Content-Type") == "application/x-www-form-urlencoded"
        # form-encoded before Basic (RFC 6749, 2.3.1): gate%3Away:s3cr%25t%2B%C3%BC
        assert asked.header("Authorization") == "Basic Z2F0ZSUzQXdheTpzM2NyJTI1dCUyQiVDMyVCQw=="


@pytest.mark.parametrize("good", ["t2", "none"])
async def test_token_that_the_engine_no_longer_takes_is_replaced_once(good: str) -> None:
    async with (
        running(issuing()) as issuer,
        running(taking(good)) as engine,
        client_of(engine.url, engine_of(issuer.url)) as client,
    ):
        answer = await client.run(asking(request(writes=True)), call())
        assert (answer.status, len(issuer.heard)) == (200 if good == "t2" else 401, 2)


async def test_relayed_request_has_the_token_too() -> None:
    async with (
        running(issuing()) as issuer,
        running(taking("t2")) as engine,
        client_of(engine.url, engine_of(issuer.url)) as client,
    ):
        raw = RawRequest(method="GET", target="/x", headers=[], body=None, idle_s=5.0, writes=False, gone=lambda: False)
        answer = await client.relay(raw, call())
        assert (answer.status, len(issuer.heard)) == (200, 2)
        answer.close()


FAILURES: dict[str, tuple[Any, type[EngineFailure], str]] = {
    "wrong secret": (
        says(json_answer('{"error":"invalid_client"}', "401 No")),
        EngineCredentialsRejected,
        "The token endpoint refuses the gateway's credentials.",
    ),
    "no such scope": (
        says(json_answer('{"error":"invalid_scope"}', "400 Bad")),
        EngineCredentialsRejected,
        "The token endpoint refuses the gateway's credentials.",
    ),
    "down": (
        says(json_answer("", "503 Down")),
        EngineUnavailable,
        "The token endpoint failed with status 503.",
    ),
    "redirection": (
        says(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
        EngineUnavailable,
        "The token endpoint failed with status 302.",
    ),
    "page": (
        says(json_answer("<html>")),
        EngineUnavailable,
        "The token endpoint's answer holds no token that can be used.",
    ),
    "no token": (
        says(json_answer("{}")),
        EngineUnavailable,
        "The token endpoint's answer holds no token that can be used.",
    ),
    "another kind of token": (
        says(json_answer('{"access_token":"t","token_type":"mac"}')),
        EngineUnavailable,
        "The token endpoint's answer holds no token that can be used.",
    ),
    "token with a line end": (
        says(json_answer('{"access_token":"t\\r\\nX: y"}')),
        EngineUnavailable,
        "The token endpoint's answer holds no token that can be used.",
    ),
    "too large": (says(json_answer("x" * 1_100_000)), EngineUnavailable, "The token endpoint cannot be reached."),
    "cut off": (hangs_up, EngineUnavailable, "The token endpoint cannot be reached."),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_endpoint_that_gives_no_token_is_named_and_nothing_is_sent_to_the_engine(case: str) -> None:
    script, kind, detail = FAILURES[case]
    async with (
        running(Scripted(script)) as issuer,
        running(taking("t1")) as engine,
        client_of(engine.url, engine_of(issuer.url)) as client,
    ):
        with pytest.raises(EngineFailure) as caught:
            _ = await client.run(asking(request(writes=True)), call())
        error = caught.value
        assert (type(error), error.detail, error.engine, error.outcome) == (kind, detail, "hr", "not_applied")
        assert (engine.heard, SECRET in repr(error)) == ([], False)


@pytest.mark.parametrize("expires_in", ["null", '"60"', "-1", "0"])
async def test_lifetime_that_is_odd_or_missing_is_no_reason_to_refuse_the_token(expires_in: str) -> None:
    async with (
        running(issuing(expires_in)) as issuer,
        running(taking("t1")) as engine,
        client_of(engine.url, engine_of(issuer.url)) as client,
    ):
        for _ in range(2):
            assert (await client.run(asking(request()), call())).status == 200
        assert len(issuer.heard) == 1


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "unknown"])
async def test_endpoint_with_a_private_authority_is_trusted_as_its_engine_is(tmp_path: Path, trusted: bool) -> None:
    authority = Authority(tmp_path)
    tls = TlsSettings(ca=str(authority.ca)) if trusted else TlsSettings()
    async with (
        Ports(issuing(), authority.sign().server()) as issuer,
        running(taking("t1")) as engine,
        client_of(engine.url, engine_of(issuer.url), tls=tls) as client,
    ):
        if trusted:
            assert (await client.run(asking(request()), call())).status == 200
            return
        with pytest.raises(EngineUnavailable, match="^TLS: the token endpoint's certificate is signed by an authority"):
            _ = await client.run(asking(request()), call())


async def test_configuration_of_the_readme_gets_its_token() -> None:
    tree = tomllib.loads(readme.toml("**Tokens.**"))
    async with running(issuing()) as issuer, running(taking("t1")) as engine:
        tree["engines"]["hr"]["url"] = engine.url
        tree["engines"]["hr"]["auth"]["token_url"] = issuer.url
        entry = config.resolve(config.parse(tree, app.VENDORS), {"HR_CLIENT_SECRET": SECRET}).engines["hr"]
        async with client_of(engine.url, assembly.engine(app.VENDORS["camunda7"], "hr", entry)) as client:
            assert (await client.run(asking(request()), call())).status == 200
        assert issuer.heard[0].body == b"grant_type=client_credentials&scope=engine"


@pytest.mark.parametrize("vendor", sorted(app.VENDORS))
async def test_engine_that_takes_none_of_the_tokens_is_told_as_refused_credentials(vendor: str) -> None:
    async with running(issuing()) as issuer, running(taking()) as engine:
        auth = {"kind": "oauth2", "token_url": issuer.url, "client_id": "c", "client_secret": "env:S"}
        tree = {"engines": {"e": {"vendor": vendor, "url": engine.url, "auth": auth}}}
        entry = config.resolve(config.parse(tree, app.VENDORS), {"S": "s"}).engines["e"]
        mine = assembly.engine(app.VENDORS[vendor], "e", entry)
        async with client_of(engine.url, mine) as client:
            with pytest.raises(EngineCredentialsRejected):
                _ = await client.run(mine.list_variables(ListVariables(instance="1")), call())
        assert (len(issuer.heard), len(engine.heard)) == (2, 2)
