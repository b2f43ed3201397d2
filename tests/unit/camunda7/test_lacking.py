"""An answer that lacks what was asked for is never an empty answer: it is the engine's fault, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from adapters.camunda7.engine import Camunda7Engine
from adapters.camunda7.settings import Settings
from gateway.errors import EngineMisbehaved
from gateway.model.commands import GetVariable, ListVariables, PatchVariables
from gateway.model.values import Value
from gateway.plan import Plan
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = Camunda7Engine("hr", Settings(), Credentials())
WHOLE = {"type": "Json", "value": '{"tier":"gold","name":"Ada"}'}
ROW = {"id": "7", "name": "customer", "processInstanceId": "1", "executionId": "1", **WHOLE}


def read() -> Plan[Any]:
    return ENGINE.get_variable(GetVariable(instance="1", name="customer"))


def list_variables() -> Plan[Any]:
    return ENGINE.list_variables(ListVariables(instance="1"))


def merge() -> Plan[Any]:
    return ENGINE.patch_variables(PatchVariables(instance="1", merges={"customer": Raw(b'{"tier":"silver"}')}))


def keep_type() -> Plan[Any]:
    return ENGINE.patch_variables(PatchVariables(instance="1", modifications={"customer": Value(value=Raw(b"5"))}))


def without(whole: dict[str, Any], member: str) -> dict[str, Any]:
    return {key: content for key, content in whole.items() if key != member}


@pytest.mark.parametrize("member", ["type", "value"])
def test_variable_that_lacks_a_member_is_not_null(member: str) -> None:
    with pytest.raises(EngineMisbehaved):
        _ = played(read(), answer(200, without(WHOLE, member)))


@pytest.mark.parametrize("member", ["type", "value"])
@pytest.mark.parametrize("plan", [list_variables, merge, keep_type])
def test_row_that_lacks_a_member_is_not_null_and_nothing_is_written(plan: Callable[[], Plan[Any]], member: str) -> None:
    with pytest.raises(EngineMisbehaved):
        _ = played(plan(), answer(200, [without(ROW, member)]))
