"""Placing: whose an id is; what is asked to find out, and what an engine that does not answer means."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import (
    EngineUnavailable,
    Forbidden,
    InstanceAmbiguous,
    InstanceNotFound,
    InvalidRequest,
    VarbridgeError,
)
from gateway.model.commands import DescribeInstance
from gateway.model.lifecycle import DescribeTask
from gateway.model.results import Instance, InstanceDescribed, TaskDescribed
from gateway.operations import Gateway, Target, WriteLocks, placing
from gateway.plan import Call
from gateway.port import Capabilities, Credentials, Engine
from gateway.routing import Routing

CALL = Call(deadline=0.0, request_id="r")


class Holder(Engine):
    """An engine that has one instance under the id ``1``, has none, or cannot be asked."""

    vendor = "holder"

    def __init__(self, name: str, *, has: bool = False, down: bool = False, root: str = "1") -> None:
        super().__init__(name, None, Credentials())
        self.has, self.down, self.root, self.asked = has, down, root, 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=frozenset(), types=frozenset())

    def native_id(self, text: str) -> str:
        if "!" in text:
            raise InvalidRequest("No instance of this engine has such an id.")
        return text

    def describe_instance(self, command: DescribeInstance) -> Any:
        """The result itself: the runner here hands on what it is given."""
        self.asked += 1
        if self.down:
            raise EngineUnavailable(engine=self.name)
        if not self.has:
            raise InstanceNotFound(engine=self.name)
        return InstanceDescribed(Instance(id=self.root))

    def describe_task(self, command: DescribeTask) -> Any:
        return TaskDescribed(instance="1" if self.has else None)


def gateway(*engines: Holder, **settings: Any) -> Gateway:
    async def run(_: str, plan: Any, call: Call) -> Any:
        return plan

    return Gateway({each.name: each for each in engines}, run, WriteLocks(), Routing(**settings))


async def located(over: Gateway, public: str, explicit: str | None = None, *, forbidden: str = "") -> Target:
    return await placing.locate(over, public, explicit, lambda name: name != forbidden, CALL)


HAS, LACKS, DOWN = {"has": True}, {"has": False}, {"down": True}


@pytest.mark.parametrize(
    ("engines", "error"),
    [
        pytest.param([HAS, HAS, DOWN], InstanceAmbiguous, id="two have it and one does not answer"),
        pytest.param([DOWN, HAS, HAS], InstanceAmbiguous, id="the first does not answer and two have it"),
        pytest.param([HAS, HAS, LACKS], InstanceAmbiguous, id="two have it"),
        pytest.param([HAS, DOWN, LACKS], EngineUnavailable, id="one has it and one does not answer"),
        pytest.param([LACKS, DOWN, DOWN], EngineUnavailable, id="none has it and two do not answer"),
        pytest.param([LACKS, LACKS, LACKS], InstanceNotFound, id="none has it"),
    ],
)
async def test_bare_id_that_is_no_one_engines(engines: list[dict[str, bool]], error: type[VarbridgeError]) -> None:
    over = gateway(*(Holder(name, **each) for name, each in zip("abc", engines, strict=True)))
    with pytest.raises(error) as raised:
        await located(over, "1")
    having = tuple(f"{name}:1" for name, each in zip("abc", engines, strict=True) if each == HAS)
    if isinstance(raised.value, InstanceAmbiguous):
        assert raised.value.candidates == having


async def test_owner_of_a_bare_id_is_asked_for_once() -> None:
    one, other = Holder("a", has=True, root="0"), Holder("b")
    over = gateway(one, other)
    assert await located(over, "1") == await located(over, "1") == Target(one, "1", "0")
    assert (one.asked, other.asked) == (1, 1)


@pytest.mark.parametrize(
    ("public", "explicit", "native"),
    [("a:1", None, "1"), ("1", "a", "1"), ("a:1", "a", "1"), ("a:a:1", None, "a:1"), ("z:1", "a", "z:1")],
    ids=["before the id", "beside the id", "both", "only the first colon splits", "no such engine"],
)
async def test_id_that_names_its_engine_asks_nobody(public: str, explicit: str | None, native: str) -> None:
    one, other = Holder("a"), Holder("b")
    assert await located(gateway(one, other), public, explicit) == Target(one, native)
    assert (one.asked, other.asked) == (0, 0)


async def test_pattern_says_whose_a_bare_id_is() -> None:
    one, other = Holder("a"), Holder("b")
    assert await located(gateway(one, other, patterns={"b": r"\d+"}), "1") == Target(other, "1")


async def test_engine_that_the_caller_may_not_use_is_not_asked() -> None:
    one, other = Holder("a", has=True), Holder("b", has=True)
    assert await located(gateway(one, other), "1", forbidden="b") == Target(one, "1")
    assert other.asked == 0
    with pytest.raises(Forbidden):
        await located(gateway(one, other), "b:1", forbidden="b")


async def test_bare_id_is_refused_where_engines_are_not_to_be_asked() -> None:
    with pytest.raises(InvalidRequest):
        await located(gateway(Holder("a"), Holder("b"), probe=False), "1")


async def test_task_is_placed_by_its_instance_or_stands_for_it() -> None:
    for has, native in ((True, "1"), (False, "task 7")):
        engine = Holder("a", has=has)
        assert await placing.locate_owner(gateway(engine), engine, "7", CALL) == Target(engine, native)


def test_task_must_name_its_engine_once() -> None:
    one, other = Holder("a"), Holder("b")
    over = gateway(one, other)
    for public, explicit in (("a:7", None), ("7", "a"), ("a:7", "a")):
        assert placing.locate_task(over, public, explicit, lambda _: True) == (one, "7")
    for public, explicit in (("7", None), ("a:7", "b")):
        with pytest.raises(InvalidRequest):
            placing.locate_task(over, public, explicit, lambda _: True)


def test_canonical_id_of_an_engine_that_is_gone_is_not_found() -> None:
    one = Holder("a")
    assert placing.parse_canonical(gateway(one), "a:1:2") == Target(one, "1:2")
    with pytest.raises(InstanceNotFound):
        placing.parse_canonical(gateway(one), "b:1")


def test_id_that_no_engine_can_have_is_handed_on_behind_a_door() -> None:
    one = Holder("a")
    assert placing.locate_behind(gateway(one), one, "1!", lambda _: True) == (Target(one, "1!"), False)
