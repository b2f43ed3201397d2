"""What tests of every folder may ask for: a real Camunda 7 engine, built and started when the first test wants it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from gateway.observe import log
from tests.house.required import give_up
from tests.idle_clock import idle_clock
from tests.ids import id_of


def pytest_configure() -> None:
    """Logs as a program would: one short line each; the default shows every local variable of a traceback."""
    log.configure(json=True, level="warning")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Ids of parametrised tests say what the parameter is."""
    return id_of(val)


@pytest.fixture
async def idle_time() -> AsyncIterator[None]:
    """The test's loop has a clock that jumps to the next time-out when everybody waits."""
    with idle_clock():
        yield


@pytest.fixture(scope="session")
def live_camunda() -> Iterator[str]:
    """Base URL of a Camunda 7.24 engine with the models of the recordings deployed.

    Where it cannot run, the test is skipped, or fails if `VARBRIDGE_LIVE` is `required`.
    """
    try:
        from tests.live.server import CannotRun, LiveEngine  # noqa: PLC0415 - other tests run where this does not
    except ImportError as missing:  # no POSIX system
        give_up(f"no live engine here: {missing}")
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(LiveEngine())
        except CannotRun as reason:
            give_up(f"no live engine here: {reason}")
        yield engine.url


@pytest.fixture
def live_instance(live_camunda: str) -> Iterator[str]:
    """Id of a new instance that waits in a user task and has no variables; gone after the test."""
    from tests.live.server import delete_instance, start_instance  # noqa: PLC0415 - as above

    instance = start_instance(live_camunda)
    yield instance
    delete_instance(live_camunda, instance)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks whatever needs the engine, so that `-m live` and `-m 'not live'` choose."""
    for item in items:
        if "live_camunda" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server. Where it cannot run, as for the live engine: skipped, or failed if it is required."""
    from tests.store.postgres import CannotRun, Postgres  # noqa: PLC0415 - other tests run where this does not

    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(Postgres())
        except CannotRun as reason:
            give_up(f"no PostgreSQL here: {reason}")
        yield server
