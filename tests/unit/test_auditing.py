"""Which configuration is in use, in the audit trail: recorded once the store takes it, and never in a reload's way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from gateway import app, config
from gateway.auditing import ConfigAudit
from gateway.config import Config, differing_keys
from gateway.errors import StoreUnavailable
from gateway.model.audit import GENESIS, AuditAct, AuditEntry, AuditFilter, follow
from tests.simulated_clock import let_pass, run_simulated

BASE: dict[str, Any] = {"engines": {"hr": {"vendor": "camunda7", "url": "http://a"}}}


def parsed(**tables: Any) -> Config:
    return config.parse({**BASE, **tables}, app.VENDORS, "gateway.toml")


class Trail:
    """A trail in memory, whose store fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.entries: list[AuditEntry] = []
        self.failures = list(failures)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    async def append(self, acts: Sequence[AuditAct]) -> None:
        self._fail()
        for act in acts:
            self.entries.append(follow(self.entries[-1].head if self.entries else GENESIS, act, 0))

    async def list_latest(self, wanted: AuditFilter, limit: int) -> list[AuditEntry]:
        self._fail()
        return [entry for entry in reversed(self.entries) if entry.subject == wanted.subject][:limit]

    @property
    def said(self) -> list[str]:
        return [entry.action for entry in self.entries]


async def run(trail: Trail, current: Config, *reloads: Config, seconds: float = 1.0) -> None:
    """Let a process use one configuration after the other."""
    audit = ConfigAudit(trail)
    task = asyncio.create_task(audit.run(current, 17.0))
    await let_pass(seconds)
    for each in reloads:
        audit.note_reload(current, each, 18.0)
        current = each
        await let_pass(seconds)
    _ = task.cancel()


def test_start_is_recorded_where_the_configuration_is_not_the_last_one_recorded() -> None:
    trail = Trail()
    for current in (parsed(), parsed(), parsed(limits={"max_names": 5}), parsed()):
        run_simulated(run(trail, current))
    assert trail.said == ["config.load"] * 3
    assert len({json.loads(entry.evidence)["sha256"] for entry in trail.entries}) == 2


def test_reload_is_recorded_with_the_keys_that_differ_and_no_value() -> None:
    trail = Trail()
    run_simulated(run(trail, parsed(), parsed(bridge={"enabled": False}, limits={"max_names": 5}), parsed()))
    assert trail.said == ["config.load", "config.reload", "config.reload"]
    evidence = json.loads(trail.entries[1].evidence)
    assert {name: evidence[name] for name in ("differing", "keys", "file", "loaded_at")} == {
        "differing": 2,
        "keys": ["bridge.enabled", "limits.max_names"],
        "file": "gateway.toml",
        "loaded_at": 18.0,
    }
    assert (trail.entries[1].caller, trail.entries[1].subject) == ("varbridge", "config")


def test_reload_that_changed_nothing_but_a_secret_is_recorded_too() -> None:
    trail = Trail()
    run_simulated(run(trail, parsed(), parsed()))
    assert trail.said == ["config.load", "config.reload"]
    assert json.loads(trail.entries[1].evidence)["keys"] == []


def test_what_a_store_that_is_away_did_not_take_is_recorded_in_order_when_it_is_back() -> None:
    trail = Trail(*(StoreUnavailable() for _ in range(3)))
    with structlog.testing.capture_logs() as logged:
        run_simulated(run(trail, parsed(), parsed(limits={"max_names": 5}), seconds=9.0))
    assert trail.said == ["config.load", "config.reload"]
    assert [each["event"] for each in logged] == ["audit_waits"] * 3


def test_fault_of_the_trail_ends_nothing() -> None:
    trail = Trail(ValueError("tampered with"))
    with structlog.testing.capture_logs() as logged:
        run_simulated(run(trail, parsed(), seconds=6.0))
    assert (trail.said, [each["event"] for each in logged]) == (["config.load"], ["audit_failed"])


async def test_what_waits_at_the_end_is_tried_once_more() -> None:
    trail = Trail()
    audit = ConfigAudit(trail)
    audit.note_reload(parsed(), parsed(), 18.0)
    await audit.flush()
    await audit.flush()
    assert trail.said == ["config.reload"]


@pytest.mark.parametrize(
    ("tables", "keys"),
    [
        ({}, []),
        ({"bridge": {"enabled": False}}, ["bridge.enabled"]),
        ({"cors": {"origins": ["https://a"]}}, ["cors.origins"]),
        ({"engines": {"hr": {"vendor": "camunda7", "url": "http://b"}}}, ["engines.hr.url"]),
    ],
    ids=["none", "a switch", "a list", "an engine"],
)
def test_keys_that_differ_are_named_by_their_paths(tables: dict[str, Any], keys: list[str]) -> None:
    assert differing_keys(parsed(), parsed(**tables)) == keys
