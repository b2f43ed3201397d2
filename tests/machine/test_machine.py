"""Whatever several callers write through `/v1` on both vendors, and whatever breaks: reads equal the model.

Each fault of a gateway that the machine is there for has a companion that shows the machine finding it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from adapters.camunda7 import patch as camunda_patch
from gateway.errors import EngineFailure, EngineUnavailable, OutcomeUnknown
from gateway.model.expect import Expect
from gateway.operations import WriteLocks
from gateway.operations.idempotency import Idempotency, WriteEnd
from tests.machine.machine import Machine
from tests.machine.world import World

BOUNDED = settings(
    max_examples=30, stateful_step_count=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    phases=[Phase.generate],  # add Phase.shrink to make a failure short; it takes minutes
)  # fmt: skip
MUST_HAPPEN = {
    "patch", "merge", "put", "delete", "change", "edit", "not_applied", "applied", "partial", "unknown",
    "precondition-failed", "value-invalid", "forbidden", "replayed", "key reused", "settled", "still open", "given up",
}  # fmt: skip
"""What the machine has to have seen, or it has proved less than it says."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_reads_equal_the_model_whatever_is_written_and_whatever_breaks(world: World) -> None:
    run_state_machine_as_test(lambda: Machine(world), settings=BOUNDED)
    assert MUST_HAPPEN - world.seen.keys() == set()


# What a gateway must not do, done to it.


def told(change: Callable[[EngineFailure], Exception]) -> Callable[[World, pytest.MonkeyPatch], None]:
    """A gateway that says something else of what became of a write."""

    def spoil(world: World, patched: pytest.MonkeyPatch) -> None:
        run = world.run

        async def lying(engine: str, plan: Any, call: Any) -> Any:
            try:
                return await run(engine, plan, call)
            except EngineFailure as failure:
                raise change(failure) from failure

        patched.setattr(world.gateway, "run", lying)

    return spoil


def _silent_is_not_applied(failure: EngineFailure) -> Exception:
    return EngineUnavailable() if isinstance(failure, OutcomeUnknown) else failure


def _never_knows(failure: EngineFailure) -> Exception:
    failure.outcome = "unknown"
    return failure


def _half_is_nothing(failure: EngineFailure) -> Exception:
    if failure.outcome == "partial":
        failure.outcome, failure.applied = "not_applied", ()
    return failure


def _half_is_all(failure: EngineFailure) -> Exception:
    failure.outcome = "applied" if failure.outcome == "partial" else failure.outcome
    return failure


def changes_behind_its_back(world: World, patched: pytest.MonkeyPatch) -> None:
    fake = world.fakes["claims"]
    answer = fake.answer

    def spoiling(request: Any) -> Any:
        given = answer(request)
        for instance in fake.instances.values():
            if request.writes and "rate" in instance.variables:
                instance.variables["note"] = "spoiled"
        return given

    patched.setattr(fake, "answer", spoiling)


def forgets_siblings(_world: World, patched: pytest.MonkeyPatch) -> None:
    merged = camunda_patch.merge_patch
    patched.setattr(camunda_patch, "merge_patch", lambda _target, patch: merged(None, patch))


def looks_at_no_condition(_world: World, patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Expect, "check", lambda *_arguments: None)


def lets_everybody_write_at_once(_world: World, patched: pytest.MonkeyPatch) -> None:
    async def write(_self: Any, _lane: Any, call: Any, work: Any) -> Any:
        if call.claim is not None:
            await call.claim()
        return await work()

    patched.setattr(WriteLocks, "hold", write)


def forgets_keys(_world: World, patched: pytest.MonkeyPatch) -> None:
    async def once(_self: Any, _gateway: Any, _asked: Any, _call: Any, work: Any) -> Any:
        return (await work()).answer

    patched.setattr(Idempotency, "once", once)


def keeps_keys_of_what_was_refused(_world: World, patched: pytest.MonkeyPatch) -> None:
    ended = Idempotency._store_end

    async def keeping(self: Any, ident: Any, end: WriteEnd) -> Any:
        return await ended(self, ident, WriteEnd(answer=end.answer, outcome="applied"))

    patched.setattr(Idempotency, "_store_end", keeping)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(told(_silent_is_not_applied), id="silence is told as not applied"),
        pytest.param(told(_never_knows), id="outcome is always unknown"),
        pytest.param(told(_half_is_nothing), id="partial is told as not applied"),
        pytest.param(told(_half_is_all), id="partial is told as applied"),
        changes_behind_its_back,
        forgets_siblings,
        looks_at_no_condition,
        lets_everybody_write_at_once,
        forgets_keys,
        keeps_keys_of_what_was_refused,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_gateway_that_is_broken_is_found_out(
    world: World, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[World, pytest.MonkeyPatch], None]
) -> None:
    spoil(world, monkeypatch)
    with pytest.raises((AssertionError, Flaky)):  # a race that is lost now and then is found out all the same
        run_state_machine_as_test(lambda: Machine(world), settings=BOUNDED)
