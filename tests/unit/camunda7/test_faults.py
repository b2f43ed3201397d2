"""What Camunda's answers mean; the answers are those of a live 7.24 where it gave any."""

from __future__ import annotations

import pytest
from msgspec import Raw

from adapters.camunda7.engine import Camunda7Engine
from adapters.camunda7.settings import Settings
from gateway import errors
from gateway.model.commands import GetVariable, ListVariables, PatchVariables
from gateway.model.jsonpatch.document import PatchOperation
from gateway.model.values import Value
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = Camunda7Engine("hr", Settings(), Credentials())
GONE = answer(
    500, {"type": "RestException", "message": "Cannot modify: execution 1 doesn't exist: execution is null", "code": 0}
)
NOT_THERE = answer(404, {"type": "InvalidRequestException", "message": "does not exist", "code": None})
THERE = answer(200, {"id": "1", "definitionId": "d:1:1"})
TYPED = {"a": Value(type="integer", format="int32", value=Raw(b"1"))}


def error(message: str, code: int | None = 0, kind: str = "RestException"):
    return {"type": kind, "message": message, "code": code}


def patch():
    return ENGINE.patch_variables(PatchVariables(instance="1", modifications=TYPED, deletions=("b",)))


WRITES = [
    ((GONE, NOT_THERE, NOT_THERE), errors.InstanceNotFound, "not_applied"),
    ((GONE, THERE), errors.EngineError, "not_applied"),
    ((answer(500, error("optimistic locking", 1)),), errors.ConcurrentUpdate, "not_applied"),
    ((answer(500, error("deadlock", 10000)),), errors.ConcurrentUpdate, "not_applied"),
    ((answer(500, error("persistence", 10002)),), errors.ValueTooLong, "not_applied"),
    ((answer(500, error("x: Variable value is too long")),), errors.ValueTooLong, "not_applied"),
    ((answer(400, error("x: Variable value is too long", None)),), errors.ValueTooLong, "not_applied"),
    ((answer(400, error("Cannot convert value 'x' of type 'Integer'", None)),), errors.ValueInvalid, "not_applied"),
    ((answer(400, error("", None)),), errors.InvalidRequest, "not_applied"),
    ((answer(500, error("no authenticated tenant", 0)),), errors.EngineForbidden, "not_applied"),
    ((answer(500, {"type": "RestException", "message": "boom"}),), errors.EngineError, "not_applied"),
    ((answer(500, b"boom", "text/plain"),), errors.EngineError, "not_applied"),
    ((answer(500, b"<html>", "text/html"),), errors.EngineError, "not_applied"),
    ((answer(401),), errors.EngineCredentialsRejected, "not_applied"),
    ((answer(403, error("not allowed", 0, "AuthorizationException")),), errors.EngineForbidden, "not_applied"),
    ((answer(502),), errors.OutcomeUnknown, "unknown"),
    ((answer(504),), errors.OutcomeUnknown, "unknown"),
    ((answer(503, b"<html>", "text/html"),), errors.EngineUnavailable, "not_applied"),
    ((answer(200, b"<html>login</html>", "text/html"),), errors.EngineMisbehaved, "unknown"),
    ((answer(302),), errors.EngineMisbehaved, "unknown"),
]


@pytest.mark.parametrize(("answers", "kind", "outcome"), WRITES, ids=range(len(WRITES)))
def test_answer_to_a_write_is_told_apart(answers, kind, outcome) -> None:
    with pytest.raises(errors.VarbridgeError) as failed:
        _ = played(patch(), *answers)
    assert (failed.type, failed.value.outcome, failed.value.engine) == (kind, outcome, "hr")
    assert failed.value.engine_status == answers[-1].status or len(answers) > 1
    assert "boom" not in failed.value.detail


READS = [
    (answer(200, b"<html>", "text/html"), errors.EngineMisbehaved),
    (answer(200, b'[{"name":'), errors.EngineMisbehaved),
    (answer(200, {"a": 1}), errors.EngineMisbehaved),
    (answer(502), errors.EngineUnavailable),
    (answer(500, b""), errors.EngineError),
    (answer(401), errors.EngineCredentialsRejected),
]


@pytest.mark.parametrize(("given", "kind"), READS, ids=range(len(READS)))
def test_answer_to_a_read_is_told_apart(given, kind) -> None:
    with pytest.raises(errors.VarbridgeError) as failed:
        _ = played(ENGINE.list_variables(ListVariables(instance="1")), given)
    assert failed.type is kind


def test_typed_patch_is_one_request_that_names_types_and_deletes_after() -> None:
    _, (request,) = played(patch(), answer(204))
    assert (request.method, request.path, request.writes) == ("POST", ("process-instance", "1", "variables"), True)
    assert request.body == b'{"modifications":{"a":{"type":"Integer","value":1,"valueInfo":null}},"deletions":["b"]}'


def test_untyped_numbers_ask_for_stored_types_once() -> None:
    stored = answer(200, [{"name": "a", "type": "Long", "value": 1}, {"name": "b", "type": "Double", "value": 1.0}])
    values = {"a": Value(value=Raw(b"5")), "b": Value(value=Raw(b"5")), "c": Value(value=Raw(b"true"))}
    _, (read, write) = played(
        ENGINE.patch_variables(PatchVariables(instance="1", modifications=values)), stored, answer(204)
    )
    assert (read.writes, dict(read.query)["deserializeValues"]) == (False, "false")
    assert write.body is not None
    assert b'"a":{"type":"Long","value":5' in write.body
    assert b'"b":{"type":"Double","value":5' in write.body
    assert b'"c":{"type":"Boolean","value":true' in write.body


def test_names_that_no_path_carries_are_read_by_query() -> None:
    row = {"name": "..", "type": "Integer", "value": 1, "id": "v"}
    result, (request,) = played(ENGINE.get_variable(GetVariable(instance="1", name="..")), answer(200, [row]))
    assert (result.variable.value.text, request.path) == (b"1", ("variable-instance",))


MEANT = answer(
    200, [{"name": "amount", "type": "Bytes", "value": None}, {"name": "note", "type": "Json", "value": "{"}]
)
UNHELPFUL = {
    "engine fails": answer(500, error("boom")),
    "engine takes fewer rows": answer(400, error("Max results limit of 50 exceeded!", None)),
    "no JSON": answer(200, b"<html>", "text/html"),
    "connection is refused": errors.EngineUnavailable(),
    "deadline is over": errors.EngineTimeout(),
}


def test_name_that_is_not_there_comes_with_those_that_are() -> None:
    with pytest.raises(errors.VariableNotFound) as missing:
        _ = played(ENGINE.get_variable(GetVariable(instance="1", name="amuont")), NOT_THERE, MEANT)
    assert (missing.value.name, missing.value.known) == ("amuont", ("amount", "note"))


@pytest.mark.parametrize("case", UNHELPFUL)
def test_name_that_is_not_there_is_told_though_the_others_cannot_be_read(case: str) -> None:
    with pytest.raises(errors.VariableNotFound) as missing:
        _ = played(ENGINE.get_variable(GetVariable(instance="1", name="amuont")), NOT_THERE, UNHELPFUL[case])
    assert (missing.value.known, missing.value.engine_status, missing.value.outcome) == ((), 404, "not_applied")


def test_names_are_asked_for_in_pages_that_the_engine_takes() -> None:
    engine = Camunda7Engine("hr", Settings(page_size=50), Credentials())
    plan = engine.get_variable(GetVariable(instance="1", name="amuont"))
    _ = next(plan)
    asked = plan.send(NOT_THERE)
    assert (asked.path, asked.body) == (("variable-instance",), b'{"variableScopeIdIn":["1"]}')
    assert dict(asked.query) == {"deserializeValues": "false", "firstResult": "0", "maxResults": "50"}


def test_patch_of_several_names_needs_no_more_requests_to_name_those_that_are_there() -> None:
    operations = (PatchOperation(op="remove", path=()),)
    command = PatchVariables(instance="1", patches={"a": operations, "amuont": operations})
    rows = answer(200, [{"name": "a", "type": "Json", "value": "1", "processInstanceId": "1"}])
    with pytest.raises(errors.VariableNotFound) as missing:
        _ = played(ENGINE.patch_variables(command), rows)
    assert (missing.value.name, missing.value.known) == ("amuont", ("a",))
