"""Warn of settings that can be used but contradict each other, each with file and key path (``varbridge check``).

What must not live here: what cannot be used at all (``check``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from gateway.access import Caller, CallerEntry
from gateway.config.shapes import CallerConfig, Config, EngineConfig


class _Engine(msgspec.Struct, frozen=True):
    """What a row about an engine looks at."""

    name: str
    entry: EngineConfig
    config: Config

    @property
    def longest_retries_s(self) -> float:
        """Return the longest that the waits before all repetitions of one request may add up to, seconds."""
        retry = self.entry.retry
        return float(retry.backoff_s * (2 ** (retry.attempts - 1) - 1))

    @property
    def places(self) -> int:
        """Return how many requests the engine's limits take at once, those that wait among them."""
        return self.entry.limits.concurrency + self.entry.limits.queue

    @property
    def most_in_window(self) -> float:
        """Return how many requests the engine's rate lets through while exchanges count for its breaker."""
        return self.entry.limits.requests_per_s * self.entry.breaker.window_s


class _EngineRow(msgspec.Struct, frozen=True):
    """One contradiction in an engine's table: the key that is named, when it is there, and what to say."""

    key: str
    holds: Callable[[_Engine], bool]
    text: str


_ENGINE_ROWS = (
    _EngineRow(
        "timeout_s",
        lambda of: of.entry.timeout_s > of.config.server.grace_s,
        "{0.entry.timeout_s} s is longer than server.grace_s ({0.config.server.grace_s} s): at a stop, requests that "
        "the engine would still answer are cut off",
    ),
    _EngineRow(
        "connect_timeout_s",
        lambda of: of.entry.connect_timeout_s > of.entry.timeout_s,
        "{0.entry.connect_timeout_s} s is longer than timeout_s ({0.entry.timeout_s} s), which ends the wait before",
    ),
    _EngineRow(
        "timeout_s",
        lambda of: of.entry.timeout_s > of.config.store.settle_s,
        "{0.entry.timeout_s} s is longer than store.settle_s ({0.config.store.settle_s} s): a keyed write may be read "
        "back before the engine has ended it",
    ),
    _EngineRow(
        "breaker.open_s",
        lambda of: of.entry.breaker.failures > 0 and of.entry.breaker.open_s < of.longest_retries_s,
        "{0.entry.breaker.open_s} s is shorter than the waits of one request's repetitions (up to "
        "{0.longest_retries_s:g} s by retry.attempts and retry.backoff_s): the breaker closes between them",
    ),
    _EngineRow(
        "breaker.least_calls",
        lambda of: of.entry.breaker.failures > 0 and of.entry.breaker.least_calls <= of.entry.retry.attempts,
        "{0.entry.breaker.least_calls} is no more than retry.attempts ({0.entry.retry.attempts}): one request and its "
        "repetitions open the breaker for everybody",
    ),
    _EngineRow(
        "breaker.least_calls",
        lambda of: of.entry.breaker.failures > 0 and 0 < of.most_in_window < of.entry.breaker.least_calls,
        "{0.entry.breaker.least_calls} is more than limits.requests_per_s lets through in breaker.window_s "
        "({0.most_in_window:g}): the breaker never opens",
    ),
    _EngineRow(
        "breaker.slow_s",
        lambda of: of.entry.breaker.failures > 0 and of.entry.breaker.slow_s > of.entry.timeout_s,
        "{0.entry.breaker.slow_s} s is longer than timeout_s ({0.entry.timeout_s} s): no answer is that slow",
    ),
    _EngineRow(
        "limits.requests_per_s",
        lambda of: of.entry.limits.requests_per_s > of.entry.limits.concurrency,
        "{0.entry.limits.requests_per_s:g} is above limits.concurrency ({0.entry.limits.concurrency}): a second's "
        "worth may begin at once, and most of it waits for a place instead",
    ),
    _EngineRow(
        "limits.concurrency",
        lambda of: of.entry.limits.concurrency > of.entry.max_connections,
        "{0.entry.limits.concurrency} is more than max_connections ({0.entry.max_connections}): the rest waits for a "
        "connection, outside of the queue",
    ),
    _EngineRow(
        "limits.queue",
        lambda of: of.entry.limits.queue > 0 and 0 < of.config.server.max_in_flight <= of.entry.limits.concurrency,
        "server.max_in_flight ({0.config.server.max_in_flight}) lets in no more than limits.concurrency "
        "({0.entry.limits.concurrency}), so that next to nobody ever waits",
    ),
    _EngineRow(
        "limits.queue_s",
        lambda of: of.entry.limits.queue > 0 and of.entry.limits.queue_s > of.config.limits.max_timeout_s,
        "{0.entry.limits.queue_s} s is longer than limits.max_timeout_s ({0.config.limits.max_timeout_s} s), which "
        "ends the wait before",
    ),
)


class _ServerRow(msgspec.Struct, frozen=True):
    """One contradiction among tables that are there once: the key path, when it is there, and what to say."""

    path: str
    holds: Callable[[Config], bool]
    text: str


_SERVER_ROWS = (
    _ServerRow(
        "server.drain_wait_s",
        lambda config: config.server.drain_wait_s > config.server.grace_s,
        "{0.server.drain_wait_s} s is longer than server.grace_s ({0.server.grace_s} s): what is allowed grace_s to "
        "stop is killed before it closes its ports",
    ),
    _ServerRow(
        "server.max_in_flight",
        lambda config: config.server.max_in_flight > config.server.max_connections,
        "{0.server.max_in_flight} is more than server.max_connections ({0.server.max_connections}), which "
        "bounds it first",
    ),
    _ServerRow(
        "server.max_connections_per_address",
        lambda config: config.server.max_connections_per_address >= config.server.max_connections,
        "{0.server.max_connections_per_address} is no less than server.max_connections ({0.server.max_connections}): "
        "one address can have them all",
    ),
    _ServerRow(
        "auth.anonymous_rate",
        lambda config: config.auth.anonymous_rate is not None and not config.auth.open and bool(config.auth.callers),
        "nobody is anonymous here, since `open` is off",
    ),
    _ServerRow(
        "limits.header_read_timeout_s",
        lambda config: config.limits.header_read_timeout_s > config.server.keepalive_s,
        "{0.limits.header_read_timeout_s} s is longer than server.keepalive_s ({0.server.keepalive_s} s), which ends "
        "the wait before",
    ),
)


def warnings(config: Config) -> tuple[str, ...]:
    """Return what a configuration may do that its author hardly wants, each with file and key path."""
    found = (*_door_warnings(config), *_server_warnings(config), *_engine_warnings(config), *_rate_warnings(config))
    return tuple(f"{config.source}: {path}: {text}" for path, text in found)


def _door_warnings(config: Config) -> Iterator[tuple[str, str]]:
    for name, dialect in config.dialects.items() if config.auth.open else ():
        if config.engines[dialect.engine].auth.kind != "forward":
            text = (
                "`open` lets in callers without credentials only: clients that send their own, as most vendor clients "
                f"do, get 401 unless a caller has them, since the engine {dialect.engine} is not sent them (its "
                'auth.kind is not "forward")'
            )
            yield f"dialects.{name}", text


def _server_warnings(config: Config) -> Iterator[tuple[str, str]]:
    for row in _SERVER_ROWS:
        if row.holds(config):
            yield row.path, row.text.format(config)


def _engine_warnings(config: Config) -> Iterator[tuple[str, str]]:
    for name, entry in config.engines.items():
        engine = _Engine(name, entry, config)
        for row in _ENGINE_ROWS:
            if row.holds(engine):
                yield f"engines.{name}.{row.key}", row.text.format(engine)


def _rate_warnings(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each caller whose burst is more than an engine takes at once."""
    for index, caller in enumerate(config.auth.callers):
        burst = 0 if caller.rate is None else caller.rate.capacity
        for name, entry in config.engines.items():
            places = _Engine(name, entry, config).places
            if burst > places and _may_use(caller, name):
                text = (
                    f"{burst} requests may come at once, of which the engine {name} takes {places} (limits.concurrency "
                    "and limits.queue); the rest would be 503"
                )
                yield f"auth.callers[{index}].rate.burst", text


def _may_use(caller: CallerConfig, engine: str) -> bool:
    return Caller(CallerEntry(name=caller.name, engines=caller.engines)).may_use(engine)
