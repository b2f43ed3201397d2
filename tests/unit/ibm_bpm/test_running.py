"""Starts and tasks of IBM as conversations: what is asked, and what answers mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from msgspec import Raw

from adapters.ibm_bpm import VENDOR
from adapters.ibm_bpm.settings import Start
from gateway.errors import (
    EngineError,
    EngineForbidden,
    EngineMisbehaved,
    InstanceStateConflict,
    TaskNotFound,
    ValueInvalid,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model.lifecycle import CompleteTask, StartInstance
from gateway.model.results import Rule
from gateway.model.values import Value
from gateway.port import Credentials
from tests.unit.scripts import answer, played

URL = "/rest/bpm/wle/v1/process?action=start&bpdId=25.c&processAppId=2066.p"
ITEM = {"display": "Claim", "itemID": "25.c", "startURL": URL}
BEGUN = answer(200, {"status": "200", "data": {"piid": "7", "processTemplateName": "Claim", "state": "STATE_RUNNING"}})


def engine(**settings: Any) -> Any:
    return VENDOR.engine("claims", VENDOR.settings(**settings), Credentials())


def exposed(*items: dict[str, Any]) -> Any:
    return answer(200, {"status": "200", "data": {"exposedItemsList": list(items)}})


def refused(status: int, number: str, *parameters: str) -> Any:
    data = {"status": "error", "errorNumber": number, "errorMessageParameters": list(parameters)}
    return answer(status, {"status": "error", "Data": data})


def text(value: str) -> Value:
    return Value(type="string", value=Raw(f'"{value}"'.encode()))


def test_start_uses_the_url_that_the_engine_exposes() -> None:
    done, asked = played(engine().start_instance(StartInstance(definition="Claim")), exposed(ITEM), BEGUN)
    assert (done.instance.id, done.instance.definition, done.instance.state) == ("7", "Claim", "active")
    assert asked[1].query == (("action", "start"), ("bpdId", "25.c"), ("processAppId", "2066.p"))
    assert (asked[1].method, asked[1].path, asked[1].idempotent) == ("POST", ("process",), False)


def test_start_without_a_url_uses_the_ids_beside_it() -> None:
    item = {"display": "Claim", "itemID": "25.c", "branchID": "2063.b", "snapshotID": None}
    _, asked = played(engine().start_instance(StartInstance(definition="25.c")), exposed(item), BEGUN)
    assert asked[1].query == (("action", "start"), ("bpdId", "25.c"), ("branchId", "2063.b"))


def test_start_that_is_set_asks_nothing_first_and_takes_the_business_key_as_input() -> None:
    pinned = engine(
        starts={"Claim": Start(bpd_id="25.c", snapshot_id="2064.s")}, business_key_variable="key", int64="string"
    )
    big = Value(type="integer", format="int64", value=Raw(b"9007199254740993"))
    command = StartInstance(definition="Claim", business_key="k-1", variables={"big": big})
    done, (asked,) = played(pinned.start_instance(command), BEGUN)
    assert dict(asked.query)["params"] == '{"big":"9007199254740993","key":"k-1"}'
    assert (done.rules, done.instance.business_key) == ((Rule("int64-to-string", "big"),), "k-1")


def test_long_inputs_travel_as_a_form() -> None:
    command = StartInstance(definition="Claim", variables={"note": text("ä" * 3000)})
    _, (_, asked) = played(engine().start_instance(command), exposed(ITEM), BEGUN)
    assert asked.query == ()
    assert ("Content-Type", "application/x-www-form-urlencoded") in asked.headers
    sent = parse_qs(asked.body.decode())
    assert (sent["action"], sent["params"]) == (["start"], ['{"note":"' + "ä" * 3000 + '"}'])


@pytest.mark.parametrize(
    ("answers", "error", "outcome", "pointers"),
    [
        ([exposed()], ValueInvalid, "not_applied", ["/definition"]),
        ([exposed(ITEM, ITEM | {"startURL": URL + "x"})], ValueInvalid, "not_applied", ["/definition"]),
        ([exposed(ITEM), refused(404, "CWTBG0047E")], ValueInvalid, "not_applied", ["/definition"]),
        ([exposed(ITEM), refused(400, "CWTBG0543E", "note")], VariableNotFound, "not_applied", ["/variables/note"]),
        ([exposed(ITEM), refused(400, "CWTBG0029E", "note", "7")], ValueInvalid, "not_applied", ["/variables/note"]),
        ([exposed(ITEM), refused(409, "CWTBG0587E")], InstanceStateConflict, "not_applied", []),
        ([exposed(ITEM), refused(401, "CWTBG0549E")], EngineForbidden, "not_applied", []),
        ([exposed(ITEM), refused(403, "CWTBG0570E")], EngineError, "unknown", []),
        ([exposed(ITEM), refused(500, "CWTBG0019E")], EngineError, "unknown", []),
        ([exposed(ITEM), answer(200, {"status": "200", "data": {}})], EngineMisbehaved, "unknown", []),
    ],
    ids=[
        "not-exposed", "exposed-twice", "no-process", "undeclared", "misfit", "not-now", "not-allowed", "start-failed",
        "broken", "no-id",
    ],
)  # fmt: skip
def test_start_that_fails_says_what_it_means(
    answers: list[Any], error: type[VarbridgeError], outcome: str, pointers: list[str]
) -> None:
    command = StartInstance(definition="Claim", variables={"note": text("x")})
    with pytest.raises(error) as caught:
        _ = played(engine().start_instance(command), *answers)
    assert (type(caught.value), caught.value.outcome) == (error, outcome)
    assert [fault.pointer for fault in caught.value.errors] == pointers


OPEN = answer(200, {"status": "200", "data": {"tkiid": "5", "piid": "7", "status": "Received"}})


def instance(state: str) -> Any:
    return answer(200, {"status": "200", "data": {"piid": "7", "executionState": state}})


CLOSED = answer(200, {"status": "200", "data": {"tkiid": "5", "piid": "7", "status": "Closed"}})


def test_task_is_finished_with_its_outputs() -> None:
    command = CompleteTask(task="5", variables={"note": text("x")})
    _, (asked,) = played(engine().complete_task(command), answer(200, {"status": "200", "data": {}}))
    assert (asked.method, asked.path) == ("PUT", ("task", "5"))
    assert asked.query == (("action", "finish"), ("params", '{"note":"x"}'))


@pytest.mark.parametrize(
    ("answers", "error", "outcome"),
    [
        ([refused(404, "CWTBG0013E")], TaskNotFound, "not_applied"),
        ([refused(401, "CWTBG0549E"), CLOSED], TaskNotFound, "not_applied"),
        ([refused(401, "CWTBG0549E"), OPEN, instance("Active")], EngineForbidden, "not_applied"),
        ([refused(401, "CWTBG0549E"), OPEN, instance("Suspended")], InstanceStateConflict, "not_applied"),
        ([refused(401, "CWTBG0549E"), OPEN, instance("Completed")], InstanceStateConflict, "not_applied"),
        ([refused(500, "CWTBG0019E"), OPEN], EngineError, "not_applied"),
        ([refused(409, "CWTBG0014E")], InstanceStateConflict, "not_applied"),
        ([refused(400, "CWTBG0543E")], VariableNotFound, "not_applied"),
    ],
    ids=["no-task", "closed", "not-allowed", "suspended", "ended", "broken-and-open", "not-now", "undeclared"],
)
def test_completion_that_fails_says_what_it_means(answers, error: type[VarbridgeError], outcome: str) -> None:
    with pytest.raises(error) as caught:
        _ = played(engine().complete_task(CompleteTask(task="5")), *answers)
    assert (type(caught.value), caught.value.outcome) == (error, outcome)


@pytest.mark.parametrize("spelled", ["5", "2078.5", "Task.5", "005"])
def test_every_spelling_of_a_task_is_the_same_task(spelled: str) -> None:
    assert engine().native_task(spelled) == "5"
