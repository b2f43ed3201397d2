"""The admin port: who may see the configuration, what is shown of it, and what is known of engines."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway import app, config
from gateway.web import admin
from tests.until import until
from tests.web.site import parsed, site_of
from tests.wire.scripted import OK, Scripted, hangs_up, running, says

KEYS = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("operator", "portal")}
CALLERS = {
    "callers": [
        {"name": "ops", "key_sha256": KEYS["operator"], "scopes": ["admin"]},
        {"name": "portal", "key_sha256": KEYS["portal"], "scopes": ["variables:read"]},
    ]
}
VERSION = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"version":"7.24.0"}'


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-Api-Key": "operator"}, 200, None),
        ({"Authorization": "Bearer operator"}, 200, None),
        ({"X-Api-Key": "portal"}, 403, "forbidden"),
        ({"X-Api-Key": "guess"}, 401, "unauthenticated"),
        ({}, 401, "unauthenticated"),
    ],
    ids=["admin-by-key", "admin-by-bearer", "scope-missing", "wrong-key", "no-key"],
)
async def test_configuration_is_shown_to_callers_with_the_scope_admin(
    headers: dict[str, str], status: int, code: str | None
) -> None:
    async with site_of({}, auth=CALLERS) as site:
        found, text = await site.ask_admin("/config", **headers)
        assert (found, json.loads(text).get("code")) == (status, code)
        assert {path: (await site.ask_admin(path))[0] for path in ("/healthz", "/readyz", "/metrics")} == {
            "/healthz": 200,
            "/readyz": 200,
            "/metrics": 200,
        }


@pytest.mark.parametrize(
    ("address", "near"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False), ("fe80::1%eth0", False), (None, False)],
    ids=["loopback", "loopback-6", "elsewhere", "link-local", "unknown"],
)
def test_only_loopback_counts_as_this_machine(address: str | None, near: bool) -> None:
    assert admin._is_near(address) is near


async def test_without_callers_the_configuration_is_shown_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with site_of({}) as site:
        assert (await site.ask_admin("/config"))[0] == 200
        monkeypatch.setattr(admin, "_is_near", lambda _address: False)
        assert (await site.ask_admin("/config"))[0] == 403


async def test_secrets_are_shown_as_they_are_referred_to_and_never_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("SECRET-OF-FILE\n")
    tree: dict[str, Any] = {
        "server": {"port": 0, "admin_port": 0},
        "store": {"url": "env:STORE"},
        "auth": {
            "callers": [
                *CALLERS["callers"],
                {"name": "batch", "basic": {"username": "batch", "password": "env:BATCH"}, "scopes": ["admin"]},
            ]
        },
        "engines": {
            "hr": {
                "vendor": "camunda7",
                "url": "http://127.0.0.1:1",
                "string_length": 2000,
                "auth": {"kind": "basic", "username": "demo", "password": "env:HR"},
            },
            "claims": {
                "vendor": "camunda7",
                "url": "http://127.0.0.1:1",
                "auth": {"kind": "bearer", "token": f"file:{tmp_path}/token"},
            },
        },
    }
    secrets = {"STORE": "sqlite:///:memory:", "BATCH": "SECRET-OF-BATCH", "HR": "SECRET-OF-HR"}
    application = app.Application(config.resolve(config.parse(tree, app.VENDORS), secrets))
    shown = application.describe_config()
    assert [each["key_sha256"] for each in shown["auth"]["callers"]] == ["***", "***", None]
    assert shown["auth"]["callers"][2]["basic"] == {"username": "batch", "password": "env:BATCH"}
    assert (shown["store"]["url"], shown["engines"]["hr"]["string_length"]) == ("env:STORE", 2000)
    assert (shown["engines"]["hr"]["auth"]["password"], shown["engines"]["claims"]["auth"]["token"]) == (
        "env:HR",
        f"file:{tmp_path}/token",
    )
    text = json.dumps(shown)
    assert [each for each in ("SECRET", KEYS["portal"]) if each in text] == []
    assert text.count("***") == 2


def test_secret_that_is_no_reference_is_starred() -> None:
    read = parsed({"engines": {"hr": {"vendor": "camunda7", "url": "http://127.0.0.1:1"}}})
    engine = read.engines["hr"]
    literal = replace(engine, auth=replace(engine.auth, kind="basic", password="x1"))
    changed = replace(read, engines={"hr": literal}, written=None)
    assert config.show(changed)["engines"]["hr"]["auth"]["password"] == "***"


async def test_readiness_shows_how_each_engine_is_protected_and_what_it_said_last() -> None:
    async with running(Scripted(says(VERSION))) as engine, site_of({"hr": engine.url}) as site:
        first = json.loads((await site.ask_admin("/readyz"))[1])["engines"]["hr"]
        again = json.loads((await site.ask_admin("/readyz"))[1])["engines"]["hr"]
    shared = {"up": True, "version": "7.24.0", "code": None, "breaker": "closed", "in_flight": 0, "queued": 0}
    assert first == {**shared, "last_answer": None}
    at = again["last_answer"].pop("at")
    assert (again, at > 1_000_000_000) == ({**shared, "last_answer": {"status": 200, "code": None}}, True)


async def test_engine_whose_breaker_is_open_is_not_asked_and_its_last_failure_stays() -> None:
    async with running(Scripted(hangs_up)) as engine:
        async with site_of({"hr": engine.url}, each={"breaker": {"least_calls": 1}}) as site:
            assert json.loads((await site.ask_admin("/readyz"))[1])["engines"]["hr"]["up"] is False
            asked = len(engine.heard)
            status, text = await site.ask_admin("/readyz")
        hr = json.loads(text)["engines"]["hr"]
        assert (status, len(engine.heard)) == (200, asked)
        assert (hr["up"], hr["code"], hr["breaker"]) == (False, "engine-unavailable", "open")
        assert (hr["last_answer"]["status"], hr["last_answer"]["code"]) == (None, "engine-unavailable")


def gauges(text: str, *names: str) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(names)
    }


async def test_metrics_show_what_is_under_way_and_what_was_refused() -> None:
    go = asyncio.Event()

    async def held(_request, writer) -> None:
        await go.wait()
        writer.write(OK)

    each = {"limits": {"concurrency": 1, "queue": 1, "queue_s": 60.0}}
    names = ("varbridge_engine_in_flight{", "varbridge_engine_queue{", "varbridge_requests_in_flight")
    async with running(Scripted(held)) as engine, site_of({"hr": engine.url}, each=each) as site:
        places = site.application.current().clients["hr"].gate.places
        asking = [asyncio.create_task(site.get(f"/v1/instances/hr:{number}")) for number in range(2)]
        await until(lambda: (places.taken, places.queued) == (1, 1))
        assert (await site.get("/v1/instances/hr:3"))[1]["code"] == "overloaded"
        text = (await site.ask_admin("/metrics"))[1]
        assert gauges(text, *names) == {
            'varbridge_engine_in_flight{engine="hr"}': 1.0,
            'varbridge_engine_queue{engine="hr"}': 1.0,
            "varbridge_requests_in_flight": 2.0,
        }
        assert 'varbridge_engine_refusals_total{engine="hr",reason="queue-full"} 1.0' in text
        await site.replace(engines={"other": {"vendor": "camunda7", "url": engine.url}})
        kept = gauges((await site.ask_admin("/metrics"))[1], *names, "varbridge_configurations_retiring")
        assert kept == {
            'varbridge_engine_in_flight{engine="hr"}': 1.0,
            'varbridge_engine_queue{engine="hr"}': 1.0,
            'varbridge_engine_in_flight{engine="other"}': 0.0,
            'varbridge_engine_queue{engine="other"}': 0.0,
            "varbridge_requests_in_flight": 2.0,
            "varbridge_configurations_retiring": 1.0,
        }
        go.set()
        _ = await asyncio.gather(*asking)
        await until(lambda: not site.application.is_retiring)
        assert set(gauges((await site.ask_admin("/metrics"))[1], *names).values()) == {0.0}
