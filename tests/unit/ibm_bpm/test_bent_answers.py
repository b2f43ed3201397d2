"""Answers in which any one member is something else: a plan ends in a result or in an error of ours, never otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import Raw

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.fake import Fake, tokens
from adapters.ibm_bpm.settings import Settings
from gateway.errors import VarbridgeError
from gateway.model import commands, lifecycle, query
from gateway.model.modification import Instruction, ModifyInstance
from gateway.model.values import Value
from gateway.plan import Plan, VendorResponse
from gateway.port import Credentials

BENDS: tuple[Any, ...] = (5, ["x"], {"a": 1})
ENGINE = IbmBpmEngine("claims", Settings(declared_types="model"), Credentials())
INSTANCE, CLAIM, NOTE = "1355", "25.Claim", {"note": Value(value=Raw(b'"x"'))}
TASK = tokens.task_of(INSTANCE, "4")
MOVE = (
    Instruction(type="cancel", activity_id=tokens.CHECK),
    Instruction(type="startAfterActivity", activity_id=tokens.CHECK),
)
PLANS: dict[str, Callable[[], Plan[Any]]] = {
    "engine": lambda: ENGINE.describe_engine(commands.DescribeEngine()),
    "describe": lambda: ENGINE.describe_instance(commands.DescribeInstance(instance=INSTANCE)),
    "list": lambda: ENGINE.list_variables(commands.ListVariables(instance=INSTANCE)),
    "find": lambda: ENGINE.find_instances(commands.FindInstances(definition=CLAIM, limit=9, offset=0)),
    "activities": lambda: ENGINE.list_activities(commands.ListActivities(instance=INSTANCE)),
    "start": lambda: ENGINE.start_instance(lifecycle.StartInstance(definition=CLAIM)),
    "task": lambda: ENGINE.describe_task(lifecycle.DescribeTask(task=TASK)),
    "complete": lambda: ENGINE.complete_task(lifecycle.CompleteTask(task=TASK)),
    "patch": lambda: ENGINE.patch_variables(
        commands.PatchVariables(instance=INSTANCE, modifications=NOTE, merges={"customer": b'{"tier":"x"}'})
    ),
    "undeclared": lambda: ENGINE.patch_variables(
        commands.PatchVariables(instance=INSTANCE, modifications={"no": NOTE["note"]})
    ),
    "query": lambda: ENGINE.query_variables(query.QueryVariables(filter=query.Filter(), limit=3)),
    "modify": lambda: ENGINE.modify_instance(ModifyInstance(instance=INSTANCE, instructions=MOVE)),
}


def bent(tree: Any) -> Iterator[Any]:
    """Yield the tree once for each node and bend."""
    yield from BENDS
    if isinstance(tree, dict):
        for key, child in tree.items():
            yield {name: of for name, of in tree.items() if name != key}
            yield from ({**tree, key: other} for other in bent(child))
    if isinstance(tree, list):
        for index, child in enumerate(tree):
            yield from ([*tree[:index], other, *tree[index + 1 :]] for other in bent(child))


def played(make: Callable[[], Plan[Any]], bend: dict[int, Any]) -> list[bytes]:
    """Play a plan before the fake, some of whose answers are others, and give the fake's own answers."""
    fake = Fake()
    _ = fake.showcase()
    plan, own = make(), list[bytes]()
    try:
        request = next(plan)
        while True:
            answer = fake.answer(request)
            own.append(answer.content())
            if len(own) - 1 in bend:
                answer = VendorResponse(answer.status, answer.headers, json.dumps(bend[len(own) - 1]).encode())
            request = plan.send(answer)
    except (StopIteration, VarbridgeError):
        return own


@pytest.mark.parametrize("name", PLANS)
def test_plan_survives_any_member_that_is_something_else(name: str) -> None:
    count = 0
    for number, content in enumerate(played(PLANS[name], {})):
        for tree in bent(json.loads(content)):
            _ = played(PLANS[name], {number: tree})
            count += 1
    assert count > 20
