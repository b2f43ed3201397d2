"""Lists, ids and pages in every spelling that the reference leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.model.commands import FindInstances, ListActivities
from gateway.model.lifecycle import CompleteTask, DescribeTask, StartInstance
from gateway.model.query import CountVariables, Filter
from gateway.plan import VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = IbmBpmEngine("claims", Settings(), Credentials())
IDS = ["1355", 1355, "2072.1355", "BPDInstance.1355"]


def ok(data: Any) -> VendorResponse:
    return answer(200, {"status": "200", "data": data})


def listed(kind: str, *members: Any) -> Any:
    spelled: dict[str, Any] = {
        "bare": list(members),
        "wrapped": {"selected": [], "items": list(members)},
        "alone": members[0] if members else None,
    }
    return spelled[kind]


def process(piid: Any, **variables: Any) -> dict[str, Any]:
    return {"piid": piid, "executionState": "Active", "variables": variables}


KINDS = ["bare", "wrapped", "alone"]


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_found_in_every_spelling_of_a_list(kind: str) -> None:
    node = {"name": "A", "flowObjectId": "a", "tokenId": 42, "children": None}
    step = {"ID": "a", "name": "A", "tokenID": listed(kind, "42"), "lines": listed(kind, {"to": "b"})}
    tree = {"root": {"nodeId": "1", "children": listed(kind, node)}}
    for shown in ({"executionTree": tree}, {"executionTree": None}):
        given = ok({"executionState": "Active", "diagram": {"step": listed(kind, step)}, **shown})
        result, _ = played(ENGINE.list_activities(ListActivities(instance="1")), given)
        assert [(each.id, each.activity) for each in result.activities] == [("42", "a")]


def count(*answers: VendorResponse, ids: tuple[str, ...] | None = ("1355",)) -> int:
    wanted = Filter(instance_id_in=ids, variable_name="a")
    result, _ = played(ENGINE.count_variables(CountVariables(filter=wanted)), *answers)
    return int(result.count)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piid", IDS, ids=repr)
def test_details_are_told_apart_in_every_spelling(kind: str, piid: Any) -> None:
    assert count(ok({"processDetails": listed(kind, process(piid, a=1))})) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_details_are_no_rows(kind: str) -> None:
    assert count(ok({"processDetails": listed(kind)})) == 0


def rows(*ids: Any, total: Any = None) -> VendorResponse:
    return ok({"data": [{"instanceId": each, "instanceStatus": "Active"} for each in ids], "totalCount": total})


@pytest.mark.parametrize("piid", IDS, ids=repr)
def test_search_rows_are_found_by_every_spelling_of_an_id(piid: Any) -> None:
    assert count(rows(piid), ok({"processDetails": [process(piid, a=1)]}), ids=None) == 1
    found, _ = played(ENGINE.find_instances(FindInstances(definition="Claim", limit=10, offset=0)), rows(piid))
    assert [each.id for each in found.instances] == ["1355"]


def test_search_that_gives_less_than_it_was_asked_for_is_asked_on() -> None:
    pages = (rows(1, 2, total=3), rows(3, total="3"))
    found, asked = played(ENGINE.find_instances(FindInstances(definition="Claim", limit=10, offset=0)), *pages)
    assert [each.id for each in found.instances] == ["1", "2", "3"]
    assert [dict(each.query)["offset"] for each in asked] == ["0", "2"]


def test_search_with_a_null_list_finds_nothing_and_with_strange_ids_fails() -> None:
    find = FindInstances(definition="Claim", limit=10, offset=0)
    assert played(ENGINE.find_instances(find), ok({"data": None}))[0].instances == ()
    for nonsense in (ok({}), ok(None), rows("x"), rows({"id": 1})):
        with pytest.raises(errors.EngineMisbehaved):
            _ = played(ENGINE.find_instances(find), nonsense)


def test_search_that_is_refused_is_not_the_callers_fault() -> None:
    bad_column = answer(400, {"status": "error", "Data": {"errorNumber": "CWTBG0037E"}})
    with pytest.raises(errors.EngineError) as failed:
        _ = played(ENGINE.find_instances(FindInstances(definition="Claim", limit=10, offset=0)), bad_column)
    assert (failed.type, failed.value.engine_code) == (errors.EngineError, "CWTBG0037E")


ITEM = {"display": "Claim", "itemID": "25.c", "processAppID": "2066.p", "branchID": None, "snapshotID": "2064.s"}
BEGUN = ok({"piid": "2072.1355", "executionState": "Active"})


@pytest.mark.parametrize("kind", KINDS)
def test_exposed_items_are_found_in_every_spelling(kind: str) -> None:
    for tip, where in ((True, ()), (False, (("snapshotId", "2064.s"),))):
        exposed = ok({"exposedItemsList": listed(kind, {**ITEM, "tip": tip})})
        done, (_, asked) = played(ENGINE.start_instance(StartInstance(definition="Claim")), exposed, BEGUN)
        assert asked.query == (("action", "start"), ("bpdId", "25.c"), *where, ("processAppId", "2066.p"))
        assert done.instance.id == "1355"


def test_exposed_items_that_are_none_start_nothing() -> None:
    strange = [None, 5, {"itemID": {"x": 1}, "display": ["Claim"]}]
    for items in (None, 5, "Claim", strange):
        with pytest.raises(errors.ValueInvalid):
            _ = played(ENGINE.start_instance(StartInstance(definition="Claim")), ok({"exposedItemsList": items}))


@pytest.mark.parametrize("piid", IDS, ids=repr)
@pytest.mark.parametrize("status", ["Received", None, 12, ["x"], {"a": 1}])
def test_task_tells_its_instance_in_every_spelling(piid: Any, status: Any) -> None:
    given = ok({"piid": piid, "status": status, "state": status})
    assert played(ENGINE.describe_task(DescribeTask(task="5")), given)[0].instance == "1355"


@pytest.mark.parametrize(
    "given",
    [answer(200, b"<html>", "text/html"), answer(200, b'{"data": '), answer(200, [])],
    ids=["page", "cut-off", "array"],
)
def test_completion_that_is_answered_by_nonsense_is_unknown(given: VendorResponse) -> None:
    with pytest.raises(errors.EngineMisbehaved) as failed:
        _ = played(ENGINE.complete_task(CompleteTask(task="5")), given)
    assert failed.value.outcome == "unknown"


@pytest.mark.parametrize(
    "given", [answer(200), ok(None), answer(200, {"data": {}})], ids=["empty", "null", "no-status"]
)
def test_completion_needs_no_body(given: VendorResponse) -> None:
    assert played(ENGINE.complete_task(CompleteTask(task="5")), given)[0].rules == ()


@pytest.mark.parametrize(
    "data", [b'"\\ud800"', b"[" * 3000 + b"]" * 3000, b'{"a"', b"NaN"], ids=["half-pair", "deep", "cut-off", "nan"]
)
def test_data_that_cannot_be_read_is_the_engines_fault(data: bytes) -> None:
    given = answer(200, b'{"status":"200","data":{"piid":' + data + b"}}")
    with pytest.raises(errors.EngineMisbehaved):
        _ = played(ENGINE.describe_task(DescribeTask(task="5")), given)
