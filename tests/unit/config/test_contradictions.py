"""Settings that contradict each other: each is warned of by its key path, and settings that do not are not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.app import VENDORS
from gateway.config import ConfigError

ROOT = Path(__file__).parents[3]
KEY = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
FINE: dict[str, Any] = {
    "auth": {"callers": [{"name": "portal", "key_sha256": KEY}]},
    "engines": {"hr": {"vendor": "camunda7", "url": "http://127.0.0.1:1/engine-rest"}},
}


def changed(**paths: Any) -> dict[str, Any]:
    """The settings without contradictions, with some others; levels of a path are parted by two underscores."""
    tree = copy.deepcopy(FINE)
    for path, value in paths.items():
        *above, last = path.split("__")
        table: Any = tree
        for each in above:
            table = table[int(each)] if each.isdigit() else table.setdefault(each, {})
        table[last] = value
    return tree


def warned(tree: dict[str, Any]) -> list[tuple[str, str]]:
    """The key path and the text of each warning."""
    found = [each.split(": ", 2) for each in config.warnings(config.parse(tree, VENDORS))]
    return [(path, text) for _, path, text in found]


RATE = "auth__callers__0__rate"
CASES = [
    ({"server__grace_s": 20.0}, "engines.hr.timeout_s", "30.0 s is longer than server.grace_s (20.0 s)"),
    ({"engines__hr__connect_timeout_s": 31.0}, "engines.hr.connect_timeout_s", "31.0 s is longer than timeout_s"),
    ({"store__settle_s": 29.0}, "engines.hr.timeout_s", "30.0 s is longer than store.settle_s (29.0 s)"),
    (
        {"engines__hr__breaker__open_s": 1.0, "engines__hr__retry__backoff_s": 0.5},
        "engines.hr.breaker.open_s", "1.0 s is shorter than the waits of one request's repetitions (up to 1.5 s",
    ),
    ({"engines__hr__breaker__least_calls": 3}, "engines.hr.breaker.least_calls", "3 is no more than retry.attempts (3)"),
    (
        {"engines__hr__limits__requests_per_s": 1.5},
        "engines.hr.breaker.least_calls", "20 is more than limits.requests_per_s lets through in breaker.window_s (15)",
    ),
    ({"engines__hr__breaker__slow_s": 31.0}, "engines.hr.breaker.slow_s", "31.0 s is longer than timeout_s (30.0 s)"),
    (
        {"engines__hr__limits__requests_per_s": 51.0},
        "engines.hr.limits.requests_per_s", "51 is above limits.concurrency (50)",
    ),
    (
        {"engines__hr__limits__concurrency": 101},
        "engines.hr.limits.concurrency", "101 is more than max_connections (100)",
    ),
    ({"server__max_in_flight": 50}, "engines.hr.limits.queue", "server.max_in_flight (50) lets in no more than"),
    ({"engines__hr__limits__queue_s": 61.0}, "engines.hr.limits.queue_s", "61.0 s is longer than limits.max_timeout_s"),
    ({"server__drain_wait_s": 31.0}, "server.drain_wait_s", "31.0 s is longer than server.grace_s (30.0 s)"),
    ({"server__max_in_flight": 10_001}, "server.max_in_flight", "10001 is more than server.max_connections (10000)"),
    (
        {"server__max_connections_per_address": 10_000},
        "server.max_connections_per_address", "10000 is no less than server.max_connections (10000)",
    ),
    ({"auth__anonymous_rate": {"requests": 1}}, "auth.anonymous_rate", "nobody is anonymous here"),
    ({"limits__header_read_timeout_s": 76.0}, "limits.header_read_timeout_s", "76.0 s is longer than server.keepalive_s"),
    (
        {RATE: {"requests": 100, "burst": 151}},
        "auth.callers[0].rate.burst", "151 requests may come at once, of which the engine hr takes 150",
    ),
    ({RATE: {"requests": 151}}, "auth.callers[0].rate.burst", "151 requests may come at once"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path", "text"), CASES, ids=[" ".join(change) for change, _, _ in CASES])
def test_contradiction_is_warned_of_with_its_key_path(change: dict[str, Any], path: str, text: str) -> None:
    ((found, said),) = warned(changed(**change))
    assert (found, said.startswith(text)) == (path, True), said


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"engines__hr__timeout_s": 30.0, "server__grace_s": 30.0}, id="as long as the grace period"),
        pytest.param({"engines__hr__breaker": {"failures": 0, "open_s": 0.1, "least_calls": 1}}, id="breaker off"),
        pytest.param({"engines__hr__limits": {"queue": 0}, "server__max_in_flight": 10}, id="no queue"),
        pytest.param({"engines__hr__limits__requests_per_s": 50.0}, id="rate of the concurrency"),
        pytest.param({RATE: {"requests": 100, "burst": 150}}, id="burst of the places"),
        pytest.param(
            {RATE: {"requests": 500}, "auth__callers__0__engines": []},
            id="burst of a caller who may not use the engine",
        ),
        pytest.param({"auth": {"open": True, "anonymous_rate": {"requests": 1}}}, id="anonymous rate where it is open"),
        pytest.param({"auth": {"anonymous_rate": {"requests": 1}}}, id="anonymous rate without callers"),
    ],
)
def test_settings_without_contradiction_are_not_warned_of(change: dict[str, Any]) -> None:
    assert warned(changed(**change)) == []


def test_documented_file_contradicts_itself_in_nothing_but_its_open_front_doors() -> None:
    found = config.warnings(config.load(ROOT / "config/gateway.toml", {}, VENDORS))
    assert {each.split(": ")[1] for each in found} == {"dialects.camunda7", "dialects.ibm_bpm"}


def test_composition_contradicts_itself_in_nothing() -> None:
    assert config.warnings(config.load(ROOT / "deploy/compose/gateway/gateway.toml", {}, VENDORS)) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({RATE: {"requests": 0}}, "auth.callers[0].rate.requests"),
        ({RATE: {"requests": -1}}, "auth.callers[0].rate.requests"),
        ({RATE: {"requests": 1, "per_s": 0.0}}, "auth.callers[0].rate.per_s"),
        ({RATE: {"requests": 1, "per_s": 86_401.0}}, "auth.callers[0].rate.per_s"),
        ({RATE: {"requests": 1, "burst": 0}}, "auth.callers[0].rate.burst"),
        ({RATE: {"requests": 10, "burst": 9}}, "auth.callers[0].rate.burst: no less than requests (10)"),
        ({RATE: {"per_s": 1.0}}, "auth.callers[0].rate"),
        ({RATE: {"requests": 1, "bursts": 1}}, "auth.callers[0].rate.bursts: unknown key"),
        ({"auth__anonymous_rate": {"requests": 5, "burst": 1}}, "auth.anonymous_rate.burst: no less than requests (5)"),
        (
            {
                "auth__callers": [
                    {"name": "a", "key_sha256": KEY, "rate": {"requests": 1}},
                    {"name": "a", "forward": True},
                ]
            },
            "auth.callers[1].rate: another entry of this name has another rate",
        ),
        (
            {"auth__anonymous_rate": {"requests": 5}, "auth__callers__0__name": "anonymous"},
            "auth.callers[0].rate: another entry of this name has another rate",
        ),
        ({"server__max_in_flight": -1}, "server.max_in_flight"),
        ({"server__max_connections": 0}, "server.max_connections"),
        ({"server__max_connections_per_address": -1}, "server.max_connections_per_address"),
        ({"server__keepalive_s": 0.0}, "server.keepalive_s"),
        ({"limits__header_read_timeout_s": 0.0}, "limits.header_read_timeout_s"),
        ({"limits__send_timeout_s": float("inf")}, "limits.send_timeout_s"),
    ],
    ids=lambda of: " ".join(of) if isinstance(of, dict) else "refused",
)
def test_what_cannot_be_used_is_refused_with_its_key_path(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = config.parse(changed(**change), VENDORS)
    assert said in str(caught.value)


def test_entries_of_one_name_may_say_the_same_rate() -> None:
    twice = [{"name": "a", "key_sha256": digit * 64, "rate": {"requests": 1}} for digit in "ab"]
    assert len(config.parse(changed(auth__callers=twice), VENDORS).auth.callers) == 2
