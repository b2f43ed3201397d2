"""Numbers out of range: every number of every table has bounds, and one beyond them is refused by its key path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from gateway import config
from gateway.app import VENDORS
from gateway.config import ConfigError
from gateway.config.shapes import CommonEngineConfig, ConfigFile

KEY = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
URLS = {"camunda7": "http://127.0.0.1:1/engine-rest", "ibm_bpm": "http://127.0.0.1:1/rest/bpm/wle/v1"}
BEYOND = (-1, math.nan, math.inf, 1e300)
"""What no number of seconds, requests or bytes is."""


def numbers(kind: inspect.Type, path: str) -> Iterator[tuple[str, inspect.IntType | inspect.FloatType]]:
    """The key path of each number below a table; a list is its first entry."""
    match kind:
        case inspect.UnionType():
            for each in kind.types:
                yield from numbers(each, path)
        case inspect.ListType():
            yield from numbers(kind.item_type, f"{path}[0]")
        case inspect.StructType():
            for field in kind.fields:
                yield from numbers(field.type, f"{path}.{field.encode_name}".lstrip("."))
        case inspect.IntType() | inspect.FloatType():
            yield path, kind


def every_number() -> dict[str, inspect.IntType | inspect.FloatType]:
    found = dict(numbers(inspect.type_info(ConfigFile), ""))
    for vendor, each in VENDORS.items():
        for kind in (CommonEngineConfig, each.settings):
            found |= dict(numbers(inspect.type_info(kind), f"engines.{vendor}"))
    return found


def tree_with(path: str, value: float) -> dict[str, Any]:
    """A configuration in which one key has a value."""
    engines = {name: {"vendor": name, "url": URLS[name]} for name in VENDORS}
    tree: dict[str, Any] = {"auth": {"callers": [{"name": "a", "key_sha256": KEY}]}, "engines": engines}
    *above, last = path.replace("[0]", ".0").split(".")
    table: Any = tree
    for step in above:
        table = table[0] if step == "0" else table.setdefault(step, {"requests": 1} if "rate" in step else {})
    table[last] = value
    return tree


@pytest.mark.parametrize("path", every_number(), ids=str)
def test_number_that_is_none_of_its_kind_is_refused_by_its_key_path(path: str) -> None:
    for value in BEYOND:
        with pytest.raises(ConfigError) as caught:
            _ = config.parse(tree_with(path, value), VENDORS, "file")
        assert str(caught.value).startswith(f"file: {path}: "), value


RETRY, BREAKER, LIMITS = (f"engines.camunda7.{table}" for table in ("retry", "breaker", "limits"))
RATE = "auth.callers[0].rate"
RANGES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "server.max_in_flight": ((0, 1), ()),
    f"{RATE}.requests": ((1, 1_000_000), (0, 1_000_001)),
    f"{RATE}.per_s": ((0.001, 86_400), (0, 86_401)),
    f"{RATE}.burst": ((1, 1_000_000), (0, 1_000_001)),
    f"{RETRY}.attempts": ((1, 10), (0, 11, 1.5)),
    f"{RETRY}.budget": ((0, 1), (1.01,)),
    f"{RETRY}.backoff_s": ((0.001, 60), (0, 61)),
    f"{BREAKER}.failures": ((0, 1), (1.01,)),
    f"{BREAKER}.slow_s": ((0, 86_400), (86_401,)),
    f"{BREAKER}.window_s": ((1, 3600), (0.9, 3601)),
    f"{BREAKER}.least_calls": ((1,), (0,)),
    f"{BREAKER}.open_s": ((0.1, 3600), (0, 3601)),
    f"{BREAKER}.probes": ((1, 1000), (0, 1001)),
    f"{LIMITS}.concurrency": ((1,), (0,)),
    f"{LIMITS}.queue": ((0,), (0.5,)),
    f"{LIMITS}.queue_s": ((0.001, 86_400), (0, 86_401)),
    f"{LIMITS}.requests_per_s": ((0, 1_000_000), (1_000_001,)),
    "tracing.sample": ((0, 1), (1.01,)),
}
"""Of the keys of resilience, limits and traces: what is still taken, and what is refused."""


@pytest.mark.parametrize(("path", "taken", "refused"), [(path, *each) for path, each in RANGES.items()], ids=RANGES)
def test_range_is_as_documented(path: str, taken: tuple[float, ...], refused: tuple[float, ...]) -> None:
    for value in taken:
        _ = config.parse(tree_with(path, value), VENDORS, "file")
    for value in refused:
        with pytest.raises(ConfigError) as caught:
            _ = config.parse(tree_with(path, value), VENDORS, "file")
        assert str(caught.value).startswith(f"file: {path}: "), value


def test_numbers_of_resilience_limits_and_traces_are_all_in_the_table() -> None:
    tables = (f"{RETRY}.", f"{BREAKER}.", f"{LIMITS}.", f"{RATE}.", "tracing.", "server.max_in_flight")
    assert {path for path in every_number() if path.startswith(tables)} == set(RANGES)


class Inner(msgspec.Struct):
    """A table in a list."""

    seconds: float | None = None


class Outer(msgspec.Struct):
    """The table above it."""

    inner: list[Inner] = []
    name: str = ""


def test_number_of_a_table_below_others_is_found() -> None:
    assert [path for path, _ in numbers(inspect.type_info(Outer), "table")] == ["table.inner[0].seconds"]
