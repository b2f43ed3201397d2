"""Reads never touch a write lock, an idempotency key or the store: whatever they cost writes, reads pay nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.operations import WriteLocks
from gateway.operations.idempotency import Idempotency
from gateway.web.v1.idempotency import unsettled
from tests.web.conftest import Site


class Untouchable:
    """Fails whoever asks for anything; ``touched`` says what was asked for."""

    def __init__(self) -> None:
        self.touched: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.touched.append(name)
        raise AssertionError(name)


READS = {
    "all variables": ("GET", ("instances", "{hr}", "variables"), None, ""),
    "one variable": ("GET", ("instances", "{hr}", "variables", "note"), None, ""),
    "an IBM variable": ("GET", ("instances", "{claims}", "variables", "note"), None, ""),
    "an instance": ("GET", ("instances", "{hr}"), None, ""),
    "query": ("POST", ("variables", "query"), {"variableName": "note", "engines": ["hr"]}, ""),
    "dry run of a write": (
        "PATCH", ("instances", "{hr}", "variables"), {"modifications": {"note": {"type": "string", "value": "x"}}},
        "dryRun=true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("read", READS)
async def test_read_touches_neither_locks_nor_keys(started, read: str) -> None:
    site, locks, keys = Site(), Untouchable(), Untouchable()
    site.gateway.locks = WriteLocks(locks)
    idempotency = Idempotency(keys, unsettled, 60.0)
    site.services = msgspec.structs.replace(site.services, idempotency=idempotency)
    await started(site)
    method, path, body, query = READS[read]
    ids = {"{hr}": site.hr, "{claims}": site.claims}
    status, told, _ = await site.ask(method, *(ids.get(part, part) for part in path), body=body, query=query)
    assert status in {200, 207}, told
    assert (locks.touched, keys.touched, len(site.gateway.locks)) == ([], [], 0)


async def test_write_touches_them(started) -> None:
    site, locks = Site(), Untouchable()
    site.gateway.locks = WriteLocks(locks)
    await started(site)
    body = {"modifications": {"note": {"type": "string", "value": "x"}}}
    status, _, _ = await site.ask("PATCH", "instances", site.hr, "variables", body=body)
    assert (status, locks.touched[:1]) == (500, ["acquire"])
