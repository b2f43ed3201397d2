"""An answer that lacks what was asked for is never an empty answer: it is the engine's fault, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings, Start
from gateway import errors
from gateway.model import commands, lifecycle, query
from gateway.model.modification import Instruction, ModifyInstance
from gateway.model.values import Value
from gateway.plan import Plan, VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

START = {"Set": Start(bpd_id="25.c", process_app_id="2066.p")}
ENGINE = IbmBpmEngine("claims", Settings(starts=START), Credentials())
MODELLED = IbmBpmEngine("claims", Settings(declared_types="model"), Credentials())
NOTE = {"note": Value(type="string", value=Raw(b'"x"'))}
CANCEL = Instruction(type="cancel", activity_instance_id="4")
BEGIN = Instruction(type="startBeforeActivity", activity_id="b")
HEAD = {"piid": "1", "executionState": "Active"}
TREE = {"root": {"children": [{"tokenId": "4", "flowObjectId": "a"}, {"tokenId": "5", "flowObjectId": "a"}]}}
ROW = {"instanceId": 1, "instanceStatus": "Active"}
ITEM = {"display": "Claim", "itemID": "25.c", "processAppID": "2066.p"}


def ok(data: Any) -> VendorResponse:
    return answer(200, {"status": "200", "data": data})


def list_variables() -> Plan[Any]:
    return ENGINE.list_variables(commands.ListVariables(instance="1"))


def patch() -> Plan[Any]:
    return ENGINE.patch_variables(commands.PatchVariables(instance="1", modifications=NOTE))


def find() -> Plan[Any]:
    return ENGINE.find_instances(commands.FindInstances(definition="Claim"))


def activities() -> Plan[Any]:
    return ENGINE.list_activities(commands.ListActivities(instance="1"))


def modify(*instructions: Instruction) -> Plan[Any]:
    return ENGINE.modify_instance(ModifyInstance(instance="1", instructions=instructions))


def count() -> Plan[Any]:
    return ENGINE.count_variables(query.CountVariables(filter=query.Filter(instance_id_in=("1",))))


def start(definition: str = "Claim") -> Plan[Any]:
    return ENGINE.start_instance(lifecycle.StartInstance(definition=definition))


def definitions() -> Plan[Any]:
    return ENGINE.list_definitions(commands.ListDefinitions())


def task() -> Plan[Any]:
    return ENGINE.describe_task(lifecycle.DescribeTask(task="5"))


LACKING: dict[str, tuple[Callable[[], Plan[Any]], tuple[Any, ...]]] = {
    "list-variables": (list_variables, (HEAD,)),
    "list-null-variables": (list_variables, ({**HEAD, "variables": None},)),
    "list-state": (list_variables, ({"piid": "1", "variables": {}},)),
    "list-null-state": (list_variables, ({"state": None, "executionState": None, "variables": {}},)),
    "patch-variables": (patch, (HEAD,)),
    "patch-null-variables": (patch, ({**HEAD, "variables": None},)),
    "patch-state": (patch, ({"variables": {"note": "x"}},)),
    "describe-state": (lambda: ENGINE.describe_instance(commands.DescribeInstance(instance="1")), ({"piid": "1"},)),
    "model": (
        lambda: MODELLED.list_variables(commands.ListVariables(instance="1")),
        ({**HEAD, "variables": {}}, {"DataModel": None}),
    ),
    "search-rows": (find, ({"totalCount": 0},)),
    "search-id": (find, ({"data": [{"instanceStatus": "Active"}]},)),
    "search-null-id": (find, ({"data": [{**ROW, "instanceId": None}]},)),
    "search-status": (find, ({"data": [{"instanceId": 1}]},)),
    "search-null-row": (find, ({"data": [ROW, None]},)),
    "details-list": (count, ({},)),
    "details-id": (count, ({"processDetails": [{"executionState": "Active", "variables": {}}]},)),
    "details-variables": (count, ({"processDetails": [HEAD]},)),
    "details-state": (count, ({"processDetails": [{"piid": "1", "variables": {}}]},)),
    "tokens": (activities, (HEAD,)),
    "null-tokens": (activities, ({**HEAD, "executionTree": None, "diagram": None},)),
    "modify-tokens": (lambda: modify(CANCEL), (HEAD,)),
    "modify-diagram": (lambda: modify(CANCEL, BEGIN), ({**HEAD, "executionTree": TREE},)),
    "exposed-list": (start, ({},)),
    "exposed-id": (start, ({"exposedItemsList": [{"display": "Claim"}]},)),
    "definitions-list": (definitions, ({},)),
    "definitions-id": (definitions, ({"exposedItemsList": [ITEM, {"display": "Claim"}]},)),
    "definitions-name": (definitions, ({"exposedItemsList": [{"itemID": "25.c"}]},)),
    "task-instance": (task, ({"status": "Received"},)),
    "task-state": (task, ({"piid": "1"},)),
    "task-itself": (task, (None,)),
}


@pytest.mark.parametrize("what", LACKING)
def test_answer_without_what_was_asked_for_is_the_engines_fault_and_nothing_is_written(what: str) -> None:
    make, answers = LACKING[what]
    with pytest.raises(errors.EngineMisbehaved) as caught:
        _ = played(make(), *map(ok, answers))
    assert (type(caught.value), caught.value.outcome) == (errors.EngineMisbehaved, "not_applied")


def test_start_that_does_not_tell_what_it_started_is_unknown() -> None:
    with pytest.raises(errors.EngineMisbehaved) as caught:
        _ = played(start("Set"), ok({"executionState": "Active"}))
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("given", [{}, {"status": "200", "data": None}, {"note": 1}], ids=["bare", "null", "other"])
def test_write_is_done_only_where_the_envelope_says_so(given: dict[str, Any]) -> None:
    before = ok({**HEAD, "variables": {}})
    if "status" in given:
        assert played(patch(), before, answer(200, given))[0].rules == ()
        return
    with pytest.raises(errors.EngineMisbehaved) as caught:
        _ = played(patch(), before, answer(200, given))
    assert caught.value.outcome == "unknown"


EMPTY: dict[str, tuple[Callable[[], Plan[Any]], tuple[Any, ...], str, Any]] = {
    "variables": (list_variables, ({**HEAD, "variables": {}},), "variables", ()),
    "rows": (find, ({"data": []},), "instances", ()),
    "null-rows": (find, ({"data": None},), "instances", ()),
    "details": (count, ({"processDetails": []},), "count", 0),
    "tokens": (activities, ({**HEAD, "executionTree": {"root": {"children": None}}},), "activities", ()),
    "definitions": (definitions, ({"exposedItemsList": None},), "definitions", ()),
    "task-of-no-instance": (task, ({"piid": None, "status": "Received"},), "instance", None),
}


@pytest.mark.parametrize("what", EMPTY)
def test_answer_that_is_empty_is_an_empty_result(what: str) -> None:
    make, answers, member, wanted = EMPTY[what]
    assert getattr(played(make(), *map(ok, answers))[0], member) == wanted


def test_value_that_cannot_be_read_spoils_neither_the_list_nor_a_write_beside_it() -> None:
    raw = (
        b'{"executionState":"Active","variables":{"good":1,"twice":{"a":1,"a":2},"deep":'
        + b"[" * 920
        + b"]" * 920
        + b"}}"
    )
    given = answer(200, b'{"status":"200","data":' + raw + b"}")
    result, _ = played(list_variables(), given)
    assert [(each.name, each.value.text, each.error is None) for each in result.variables] == [
        ("good", b"1", True),
        ("twice", b"", False),
        ("deep", b"", False),
    ]
    merge = commands.PatchVariables(instance="1", merges={"twice": Raw(b"{}")})
    with pytest.raises(errors.EngineMisbehaved) as caught:
        _ = played(ENGINE.patch_variables(merge), given)
    assert caught.value.outcome == "not_applied"
    _, (_, write) = played(patch(), given, answer(200, {"status": "200", "data": {}}))
    assert write.body == b'{"note":"x"}'


@pytest.mark.parametrize(("operator", "names"), [("eq", ["none"]), ("neq", ["twice"])], ids=["eq", "neq"])
def test_value_that_cannot_be_read_is_compared_as_one_that_is_not_null(operator: str, names: list[str]) -> None:
    raw = b'{"processDetails":[{"piid":"1","executionState":"Active","variables":{"twice":{"a":1,"a":2},"none":null}}]}'
    given = answer(200, b'{"status":"200","data":' + raw + b"}")
    conditions = tuple(query.Condition(name=name, operator=operator, value=Raw(b"null")) for name in ("twice", "none"))
    found: list[str] = []
    for condition in conditions:
        wanted = query.Filter(instance_id_in=("1",), variable_values=(condition,))
        plan = ENGINE.query_variables(query.QueryVariables(filter=wanted, limit=9))
        found += [row.variable.name for row in played(plan, given)[0].rows]
    assert found == names


@pytest.mark.parametrize(
    ("variables", "names"),
    [(b'{"a":1,"a":2}', None), (b'{"a":1,"\\u0061":2}', None), (b'{ "a" : 1 , "\\u0062" : {"b":1} }', ["a", "b"])],
    ids=["twice", "twice-by-an-escape", "spaced"],
)
def test_name_that_stands_twice_is_the_engines_fault(variables: bytes, names: list[str] | None) -> None:
    given = answer(200, b'{"data":{"executionState":"Active","variables":' + variables + b"}}")
    if names is not None:
        assert [each.name for each in played(list_variables(), given)[0].variables] == names
        return
    with pytest.raises(errors.EngineMisbehaved):
        _ = played(list_variables(), given)
