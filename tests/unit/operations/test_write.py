"""The door in: lock, then key, then work; and once more where the work finds the instance to be another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from gateway.errors import ConcurrentUpdate
from gateway.model.commands import PatchVariables
from gateway.model.results import MessageCorrelated, VariablesPatched, WriteResult
from gateway.model.values import Value
from gateway.operations import Gateway, Target, WriteLocks
from gateway.operations.write import claim_key, under_lock, write_instance, write_unlocked
from gateway.plan import Call
from gateway.port import Capabilities, Credentials, Engine
from gateway.routing import Routing

PATCH = PatchVariables(instance="inner", modifications={"a": Value(type="integer", value=msgspec.Raw(b"1"))})


class Plain(Engine):
    vendor = "plain"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=frozenset(), types=frozenset())


ENGINE = Plain("hr", None, Credentials())
INNER = Target(ENGINE, "inner")


class Watched(WriteLocks):
    """Write locks that tell what is taken and given back."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self.heard = heard

    async def hold(self, key: tuple[str, str], call: Call, work: Callable[[], Awaitable[Any]]) -> Any:
        self.heard.append(key)
        try:
            return await super().hold(key, call, work)
        finally:
            self.heard.append("free")


class Scene:
    """A gateway, a call with a key, and work that may find its instance to be another one."""

    def __init__(self, *results: object) -> None:
        self.heard: list[Any] = []
        self.results = list(results)
        self.gateway = Gateway({"hr": ENGINE}, self.run, Watched(self.heard), Routing())
        self.call = Call(deadline=1e9, request_id="r", claim=self.claim)

    async def run(self, engine: str, plan: Any, call: Call) -> Any:
        raise AssertionError

    async def claim(self) -> None:
        self.call.claim = None
        self.heard.append(("claim", self.call.intended != b""))

    async def work(self, placed: Target | None = None) -> Any:
        self.heard.append("work" if placed is None else ("work", placed.native, placed.root))
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


async def test_key_is_claimed_under_the_lock_and_before_the_work() -> None:
    done = VariablesPatched()
    scene = Scene(done)
    assert await write_instance(scene.gateway, INNER, scene.call, scene.work, PATCH) is done
    assert scene.heard == [("hr", "inner"), ("claim", True), ("work", "inner", None), "free"]


async def test_work_that_is_no_patch_is_claimed_without_an_intent_and_its_result_may_be_anything() -> None:
    scene = Scene("an answer")
    assert await write_instance(scene.gateway, INNER, scene.call, scene.work) == "an answer"
    assert scene.heard == [("hr", "inner"), ("claim", False), ("work", "inner", None), "free"]


@pytest.mark.parametrize("kind", [VariablesPatched, MessageCorrelated], ids=lambda kind: kind.__name__)
async def test_work_that_is_elsewhere_is_done_again_under_the_other_lock_and_claimed_once(
    kind: type[WriteResult],
) -> None:
    scene = Scene(kind(elsewhere="root"), kind(), kind())
    assert await write_instance(scene.gateway, INNER, scene.call, scene.work, PATCH) == kind()
    first = [("hr", "inner"), ("claim", True), ("work", "inner", None), "free"]
    second = [("hr", "root"), ("work", "inner", "root"), "free"]
    assert scene.heard == first + second
    assert await write_instance(scene.gateway, INNER, scene.call, scene.work, PATCH) == kind()
    assert scene.heard == first + second + second


async def test_work_that_fails_frees_the_lock_and_is_not_done_again() -> None:
    scene = Scene(ConcurrentUpdate())
    with pytest.raises(ConcurrentUpdate):
        await write_instance(scene.gateway, INNER, scene.call, scene.work)
    assert (scene.heard[-1], len(scene.gateway.locks)) == ("free", 0)


async def test_write_without_an_instance_takes_no_lock_but_claims() -> None:
    scene = Scene(VariablesPatched())
    assert await write_unlocked(scene.call, scene.work) == VariablesPatched()
    assert scene.heard == [("claim", False), "work"]


async def test_writes_under_a_key_that_is_claimed_do_not_claim_it_again() -> None:
    scene = Scene(VariablesPatched(), VariablesPatched())
    await claim_key(scene.call)
    await claim_key(scene.call)
    await write_instance(scene.gateway, INNER, scene.call, scene.work, PATCH)
    await write_unlocked(scene.call, scene.work)
    assert scene.heard == [("claim", False), ("hr", "inner"), ("work", "inner", None), "free", "work"]


def test_command_is_copied_only_where_another_lock_is_held() -> None:
    assert under_lock(PATCH, INNER) is PATCH
    placed = msgspec.structs.replace(INNER, root="root")
    assert under_lock(PATCH, placed) == msgspec.structs.replace(PATCH, root="root")
    assert under_lock(under_lock(PATCH, placed), INNER) == PATCH
