"""The gateway with everything on: a caller's key, limits, metrics, the canonical line, plans, lanes, the sender stack."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from gateway import app, config
from gateway.observe import log
from tests.bench.programs.process import run
from tests.bench.work import BLOB, CAMUNDA, IBM, KEY, SICK

ON: dict[str, Any] = {
    "retry": {"attempts": 3},
    "breaker": {"failures": 0.5, "slow_s": 10.0},
    "limits": {"concurrency": 50, "queue": 100, "requests_per_s": 1_000_000},
}
OFF: dict[str, Any] = {"retry": {"attempts": 1}, "breaker": {"failures": 0.0}, "limits": {"concurrency": 1_000_000}}
"""What protects an engine, all of it and none of it; none of it ever acts here."""


def tree(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration, as tables."""
    engines: dict[str, dict[str, Any]] = {CAMUNDA: {"vendor": "camunda7", "url": f"{settings['engine']}/engine-rest"}}
    if "ibm_bpm" in app.VENDORS:
        engines[IBM] = {"vendor": "ibm_bpm", "url": f"{settings['engine']}/rest/bpm/wle/v1"}
    dialects = {"camunda": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": CAMUNDA}}
    if IBM in engines:
        dialects[IBM] = {"vendor": "ibm_bpm", "prefix": "/rest/bpm/wle/v1", "engine": IBM}
    if "blob" in settings:
        engines[BLOB] = {"vendor": "camunda7", "url": f"{settings['blob']}/engine-rest"}
        dialects["blob"] = {"vendor": "camunda7", "prefix": "/blob-rest", "engine": BLOB}
    if "sick" in settings:
        quick = {"timeout_s": 0.3, "breaker": {"window_s": 2.0, "open_s": 0.5}}
        engines[SICK] = {"vendor": "camunda7", "url": f"{settings['sick']}/api", **quick}
    for name, url in settings.get("rows", {}).items():
        engines[name] = {"vendor": "camunda7", "url": f"{url}/engine-rest"}
    caller: dict[str, Any] = {
        "name": "bench",
        "key_sha256": hashlib.sha256(KEY.encode()).hexdigest(),
        "scopes": ["variables:read", "variables:write"],
        "engines": list(engines),
        "variables": ["*"],
    }
    server = {"port": settings["port"], "admin_port": settings["admin_port"], "grace_s": 0.1}
    auth: dict[str, Any] = {"callers": [caller]}
    if (switched := settings.get("switched")) is not None:
        for engine in engines.values():
            engine |= ON if switched else OFF
        caller["rate"] = {"requests": 1_000_000}
        auth = auth if switched else {"open": True}
        server["max_in_flight"] = 100_000 if switched else 0
    return {
        "server": server,
        "auth": auth,
        "store": {"url": settings.get("store", "sqlite:///:memory:")},
        "engines": engines,
        "dialects": dialects,
        "log": {"json": True},
    }


async def serve(settings: dict[str, Any], ready: asyncio.Event) -> None:
    """Serve as ``varbridge serve`` does; the line goes to standard error."""
    log.configure(json=True)
    read = config.resolve(config.parse(tree(settings), app.VENDORS), {})
    await app.serve(read, ready.set, reuse_port=settings.get("worker", False))


if __name__ == "__main__":
    run(serve)
