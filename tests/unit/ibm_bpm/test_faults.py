"""One error number means what it means for the operation it answers: HTTP status, number and operation decide together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.fake import Fake
from adapters.ibm_bpm.settings import Settings, Start
from gateway import errors
from gateway.errors import Fault, VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.lifecycle import CompleteTask, StartInstance
from gateway.model.values import Value
from gateway.plan import Plan, VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

START = {"Claim": Start(bpd_id="25.c", process_app_id="2066.p")}
ENGINE = IbmBpmEngine("claims", Settings(starts=START), Credentials())
OBJECT = Value(value=Raw(b'{"colour":"red"}'))
TEXT = Value(value=Raw(b'"x"'))
Values = dict[str, Value]


def refused(status: int, number: str, *parameters: str) -> VendorResponse:
    data = {"status": "error", "errorNumber": number, "errorMessageParameters": list(parameters)}
    return answer(status, {"status": "error", "Data": data})


def stored(**variables: Any) -> VendorResponse:
    data = {"piid": "1", "executionState": "Active", "variables": variables}
    return answer(200, {"status": "200", "data": data})


def failure(plan: Plan[Any], *answers: VendorResponse) -> VarbridgeError:
    with pytest.raises(VarbridgeError) as caught:
        _ = played(plan, *answers)
    return caught.value


def patch(values: Values, pointers: dict[str, str]) -> tuple[Plan[Any], list[VendorResponse]]:
    command = PatchVariables(instance="1", modifications=values, pointers=pointers)
    return ENGINE.patch_variables(command), [stored(), stored()]


def start(values: Values, _: dict[str, str]) -> tuple[Plan[Any], list[VendorResponse]]:
    return ENGINE.start_instance(StartInstance(definition="Claim", variables=values)), []


def complete(values: Values, _: dict[str, str]) -> tuple[Plan[Any], list[VendorResponse]]:
    return ENGINE.complete_task(CompleteTask(task="5", variables=values)), []


SENDING = {"patch": (patch, "/modifications/"), "start": (start, "/variables/"), "complete": (complete, "/variables/")}
SHAPE = "The engine refused the object's shape: a field that its class does not have, or one of another type ({})."


@pytest.mark.parametrize("number", ["CWTBG0012E", "CWTBG0013E"])
@pytest.mark.parametrize("parameters", [(), ("colour", "Customer"), ("customer",)], ids=["none", "field", "variable"])
@pytest.mark.parametrize("beside", [{}, {"colour": TEXT}], ids=["alone", "beside-a-text"])
@pytest.mark.parametrize("sending", SENDING)
def test_refused_shape_of_an_object_is_an_invalid_value_at_its_variable(
    sending: str, beside: Values, parameters: tuple[str, ...], number: str
) -> None:
    make, at = SENDING[sending]
    plan, answers = make({"customer": OBJECT, **beside}, {})
    error = failure(plan, *answers[:1], refused(400, number, *parameters), *answers[1:])
    assert (type(error), error.engine_code, error.outcome) == (errors.ValueInvalid, number, "not_applied")
    assert error.errors == (Fault(f"{at}customer", SHAPE.format(number)),)


def test_refused_shape_is_pointed_at_where_the_caller_put_the_value() -> None:
    plan, (before, after) = patch({"customer": OBJECT}, {"customer": "/value"})
    assert [each.pointer for each in failure(plan, before, refused(400, "CWTBG0012E"), after).errors] == ["/value"]


def test_refused_shape_of_one_of_two_objects_points_at_neither() -> None:
    plan, (before, after) = patch({"one": OBJECT, "other": OBJECT}, {})
    error = failure(plan, before, refused(400, "CWTBG0012E", "colour"), after)
    assert (error.detail, error.errors) == (SHAPE.format("CWTBG0012E"), ())


def test_field_that_the_class_does_not_have_is_refused_by_the_fake_as_by_the_server() -> None:
    fake = Fake()
    instance = fake.showcase()
    command = PatchVariables(instance=instance, merges={"customer": Raw(b'{"colour":"red"}')})
    plan = ENGINE.patch_variables(command)
    request = next(plan)
    with pytest.raises(errors.ValueInvalid) as caught:
        while True:
            request = plan.send(fake.answer(request))
    assert (caught.value.engine_status, caught.value.engine_code) == (400, "CWTBG0012E")
    assert [each.pointer for each in caught.value.errors] == ["/modifications/customer"]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (refused(400, "CWTBG0012E", "projectId", "x"), {"customer": OBJECT}),
        (refused(400, "CWTBG0012E", "snapshotId"), {"customer": OBJECT}),
        (refused(400, "CWTBG0012E"), {}),
        (refused(404, "CWTBG0013E"), {}),
        (refused(404, "CWTBG0047E", "25.c"), {"customer": OBJECT}),
        (refused(404, "CWTBG0050E"), {}),
        (refused(400, "CWTBG0554E", "25.c"), {"customer": OBJECT}),
        (refused(404, "CWTBG9999E"), {}),
    ],
    ids=["app-id", "snapshot", "no-values", "no-object", "process", "app", "unqualified", "unknown-404"],
)
def test_start_of_an_unknown_process_points_at_the_definition(given: VendorResponse, values: Values) -> None:
    error = failure(start(values, {})[0], given)
    assert (type(error), [each.pointer for each in error.errors]) == (errors.ValueInvalid, ["/definition"])


MEANINGS: list[tuple[int, str, dict[faults.Operation, Callable[..., VarbridgeError]]]] = [
    (404, "CWTBG0013E", {
        "read": errors.InstanceNotFound, "search": errors.EngineError, "write": errors.ValueInvalid,
        "start": errors.ValueInvalid, "task": errors.TaskNotFound, "complete": errors.TaskNotFound,
        "token": errors.InstanceStateConflict, "comment": errors.InstanceNotFound,
    }),
    (400, "CWTBG0013E", {
        "read": errors.EngineError, "write": errors.ValueInvalid, "start": errors.ValueInvalid,
        "complete": errors.ValueInvalid, "token": errors.InstanceStateConflict,
    }),
    (400, "CWTBG0012E", {
        "read": errors.EngineError, "search": errors.EngineError, "write": errors.ValueInvalid,
        "start": errors.ValueInvalid, "task": errors.EngineError, "complete": errors.ValueInvalid,
        "token": errors.EngineError, "comment": errors.EngineError,
    }),
    (400, "CWTBG0029E", {
        "read": errors.EngineError, "search": errors.EngineError, "write": errors.ValueInvalid,
        "start": errors.ValueInvalid, "complete": errors.ValueInvalid, "token": errors.EngineError,
    }),
    (400, "CWTBG0543E", {
        "read": errors.EngineError, "write": errors.VariableNotFound, "start": errors.VariableNotFound,
        "complete": errors.VariableNotFound, "token": errors.EngineError,
    }),
    (400, "CWTBG0546E", {"read": errors.EngineError, "write": errors.ValueInvalid, "search": errors.EngineError}),
    (404, "CWTBG0059E", {
        "read": errors.InstanceNotFound, "search": errors.EngineError, "write": errors.InstanceNotFound,
        "task": errors.TaskNotFound, "complete": errors.TaskNotFound, "token": errors.InstanceNotFound,
    }),
    (400, "CWTBG0553E", {
        "read": errors.InvalidRequest, "search": errors.EngineError, "write": errors.InvalidRequest,
        "start": errors.ValueInvalid, "token": errors.InvalidRequest,
    }),
    (409, "CWTBG0014E", {
        "read": errors.EngineError, "write": errors.InstanceStateConflict, "complete": errors.InstanceStateConflict,
        "token": errors.InstanceStateConflict,
    }),
    (500, "CWTBG0019E", dict.fromkeys(("read", "search", "write", "start", "complete", "token"), errors.EngineError)),
    (400, "CWTBG0019E", dict.fromkeys(("read", "write", "start", "token"), errors.EngineError)),
    (401, "CWTBG0549E", dict.fromkeys(("read", "write", "start", "complete", "token"), errors.EngineForbidden)),
    (400, "CWTBG9999E", {"read": errors.EngineError, "write": errors.ValueInvalid, "token": errors.EngineError}),
    (404, "CWTBG9999E", {
        "read": errors.InstanceNotFound, "search": errors.EngineError, "task": errors.TaskNotFound,
        "token": errors.InstanceNotFound,
    }),
    (200, "CWTBG9999E", dict.fromkeys(("read", "write", "start", "token"), errors.EngineError)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "number", "operation", "kind"),
    [
        pytest.param(status, number, operation, kind, id=f"{status}-{number}-{operation}")
        for status, number, kinds in MEANINGS
        for operation, kind in kinds.items()
    ],
)
def test_number_means_what_it_means_for_the_operation(
    status: int, number: str, operation: faults.Operation, kind: type[VarbridgeError]
) -> None:
    error = faults.translate("claims", refused(status, number), operation)
    assert (type(error), error and error.engine_code) == (kind, number)
