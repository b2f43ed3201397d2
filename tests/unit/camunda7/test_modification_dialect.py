"""Modification and activities in Camunda's language: bodies to commands, results to answers, errors in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from adapters import camunda7
from gateway.errors import (
    Fault,
    InstanceNotFound,
    InstanceStateConflict,
    InvalidRequest,
    MethodNotAllowed,
    Unsupported,
    UnsupportedMediaType,
    VarbridgeError,
)
from gateway.model.commands import ListActivities
from gateway.model.modification import Instruction, ModifyInstance, StartValue
from gateway.model.results import ActivitiesListed, Activity, Instance, InstanceModified
from gateway.port import DialectRequest

DIALECT = camunda7.VENDOR.dialect()
MODIFY = "process-instance/1/modification"
CANCEL = {"type": "cancel", "activityInstanceId": "t1"}


def request(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> DialectRequest:
    return DialectRequest(method=method, segments=tuple(path.split("/")), headers={"Content-Type": kind}, body=body)


def modified(body: Any) -> ModifyInstance:
    (command,) = DIALECT.decode(request("POST", MODIFY, json.dumps(body).encode()))
    return command


def test_every_member_of_a_modification_is_read() -> None:
    body = {
        "skipCustomListeners": True,
        "skipIoMappings": True,
        "annotation": "why",
        "instructions": [
            CANCEL,
            {"type": "cancel", "transitionInstanceId": "x"},
            {
                "type": "startBeforeActivity",
                "activityId": "a",
                "ancestorActivityInstanceId": "p",
                "variables": {
                    "n": {"value": 5, "type": "integer"},
                    "l": {"value": "{}", "type": "Object", "local": True, "valueInfo": {"objectTypeName": "C"}},
                },
            },
            {"type": "startTransition", "transitionId": "f", "variables": None, "activityId": None},
        ],
    }
    assert modified(body) == ModifyInstance(
        instance="1",
        instructions=(
            Instruction(type="cancel", activity_instance_id="t1"),
            Instruction(type="cancel", transition_instance_id="x"),
            Instruction(
                type="startBeforeActivity",
                activity_id="a",
                ancestor_activity_instance_id="p",
                variables={
                    "n": StartValue(type="Integer", value=Raw(b"5")),
                    "l": StartValue(type="Object", value=Raw(b'"{}"'), class_name="C", local=True),
                },
            ),
            Instruction(type="startTransition", transition_id="f"),
        ),
        skip_custom_listeners=True,
        skip_io_mappings=True,
        annotation="why",
    )


def test_members_that_are_null_are_left_out() -> None:
    body = {"skipCustomListeners": None, "skipIoMappings": None, "annotation": None, "instructions": [CANCEL]}
    assert modified(body) == modified({"instructions": [CANCEL]})


START = {"type": "startBeforeActivity", "activityId": "a"}
BAD: dict[str, tuple[Any, str]] = {
    "no instructions": ({}, "instruction"),
    "empty instructions": ({"instructions": []}, "instruction"),
    "null as instructions": ({"instructions": None}, "instruction"),
    "instructions that are no list": ({"instructions": CANCEL}, "array"),
    "unknown member": ({"instructions": [CANCEL], "annotate": 1}, "annotate"),
    "flag that is a text": ({"instructions": [CANCEL], "skipIoMappings": "true"}, "skipIoMappings"),
    "null as an instruction": ({"instructions": [CANCEL, None]}, "instruction 1"),
    "no type": ({"instructions": [{"activityId": "a"}]}, "instruction 0"),
    "unknown type": ({"instructions": [CANCEL, {"type": "restart"}]}, "instruction 1"),
    "unknown member of an instruction": (
        {"instructions": [CANCEL | {"cancelCurrentActiveActivityInstances": True}]},
        "cancelCurrentActiveActivityInstances",
    ),
    "cancel without an id": ({"instructions": [{"type": "cancel"}]}, "instruction 0"),
    "cancel by two ids": ({"instructions": [CANCEL | {"activityId": "a"}]}, "instruction 0"),
    "cancel with variables": ({"instructions": [CANCEL | {"variables": {"n": {"value": 1}}}]}, "instruction 0"),
    "start without its id": ({"instructions": [{"type": "startTransition", "activityId": "a"}]}, "transitionId"),
    "scalar for a variable": ({"instructions": [START | {"variables": {"n": 5}}]}, "instruction 0, variable n"),
    "null for a variable": ({"instructions": [START | {"variables": {"n": None}}]}, "instruction 0, variable n"),
    "unknown type of a variable": (
        {"instructions": [CANCEL, START | {"variables": {"a/b": {"value": 5, "type": "INTEGER"}}}]},
        "instruction 1, variable a/b",
    ),
    "local that is no flag": (
        {"instructions": [START | {"variables": {"n": {"value": 5, "local": "yes"}}}]},
        "instruction 0, variable n, local",
    ),
}


@pytest.mark.parametrize(("body", "said"), BAD.values(), ids=list(BAD))
def test_bad_modification_is_refused_naming_the_instruction_or_variable(body: Any, said: str) -> None:
    asked = request("POST", MODIFY, json.dumps(body).encode())
    with pytest.raises(InvalidRequest) as caught:
        DIALECT.decode(asked)
    answer = DIALECT.encode_error(caught.value, "", asked)
    shown = json.loads(answer.content())
    assert (answer.status, shown["type"], shown["code"]) == (400, "InvalidRequestException", None)
    assert said in shown["message"]


def test_modification_has_its_method_and_its_media_type() -> None:
    for method in ("GET", "PUT", "DELETE"):
        with pytest.raises(MethodNotAllowed):
            DIALECT.decode(request(method, MODIFY, b"{}"))
    with pytest.raises(UnsupportedMediaType):
        DIALECT.decode(request("POST", MODIFY, b"{}", "text/plain"))


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        pytest.param(
            InstanceNotFound(),
            500,
            (
                "ProcessEngineException",
                "ENGINE-13036 Process instance '1' cannot be modified. The process instance does not exist",
                0,
            ),
            id="missing instance",
        ),
        pytest.param(
            Unsupported("Not so.", errors=(Fault("/skipIoMappings", "no"), Fault("/instructions/0/type", "Not so."))),
            400,
            ("InvalidRequestException", "Not so. (skipIoMappings: no; instruction 0, type)", None),
            id="what the owner cannot say",
        ),
        pytest.param(InstanceStateConflict("Ended."), 500, ("RestException", "Ended.", 0), id="wrong state"),
    ],
)
def test_failed_modification_is_told_as_camunda_does(error: VarbridgeError, status: int, body: Any) -> None:
    answer = DIALECT.encode_error(error, "", request("POST", MODIFY))
    assert (answer.status, tuple(json.loads(answer.content()).values())) == (status, body)


def test_modified_instance_is_answered_with_nothing() -> None:
    answer = DIALECT.encode(request("POST", MODIFY), (InstanceModified(),))
    assert (answer.status, answer.content()) == (204, b"")


ACTIVITIES = "process-instance/x:1/activity-instances"


def tree_of(listed: ActivitiesListed) -> Any:
    answer = DIALECT.encode(request("GET", ACTIVITIES), (listed,))
    assert answer.status == 200
    return json.loads(answer.content())


def node(name: str, of: str, parent: str | None, kind: str | None, *inside: Any, waiting: Any = ()) -> Any:
    return {
        "id": name, "parentActivityInstanceId": parent, "activityId": of, "activityType": kind,
        "processInstanceId": "x:1", "processDefinitionId": "25.Claim", "childActivityInstances": list(inside),
        "childTransitionInstances": list(waiting), "executionIds": ["x:1"], "activityName": of.upper(),
        "incidentIds": [], "incidents": [], "name": of.upper(),
    }  # fmt: skip


INSTANCE = Instance(id="1", definition="CLAIM", definition_id="25.Claim")


def test_tokens_are_one_level_below_a_root_with_the_id_as_it_was_written() -> None:
    listed = ActivitiesListed(
        (Activity(id="1", activity="a", name="A", type="task"), Activity(id="5", activity="b", name="B")),
        instance=INSTANCE,
    )
    root = node(
        "x:1", "25.Claim", None, "processDefinition", node("1", "a", "x:1", "task"), node("5", "b", "x:1", None)
    )
    assert tree_of(listed) == root | {"activityName": "CLAIM", "name": "CLAIM"}
    assert list(tree_of(listed)) == list(root)


def test_tree_of_an_engine_that_has_one_keeps_its_levels() -> None:
    listed = ActivitiesListed(
        (
            Activity(id="1", activity="25.Claim", name="Claim", type="processDefinition"),
            Activity(id="s", activity="sub", name="SUB", type="subProcess", parent="1"),
            Activity(id="w", activity="job", name="JOB", type="transition", parent="s"),
            Activity(id="t", activity="a", name="A", type="userTask", parent="s"),
        ),
        whole="1",
        instance=INSTANCE,
    )
    waiting = {
        "id": "w", "parentActivityInstanceId": "s", "processInstanceId": "x:1", "processDefinitionId": "25.Claim",
        "activityId": "job", "activityName": "JOB", "activityType": None, "executionId": "x:1",
        "targetActivityId": "job", "incidentIds": [], "incidents": [],
    }  # fmt: skip
    inner = node("s", "sub", "x:1", "subProcess", node("t", "a", "s", "userTask"), waiting=[waiting])
    root = node("x:1", "25.Claim", None, "processDefinition", inner) | {"activityName": "Claim", "name": "Claim"}
    assert tree_of(listed) == root


def test_activities_of_a_missing_instance_are_not_found_as_camunda_says() -> None:
    asked = request("GET", ACTIVITIES)
    assert DIALECT.decode(asked) == (ListActivities(instance="x:1"),)
    answer = DIALECT.encode_error(InstanceNotFound(), "", asked)
    shown = tuple(json.loads(answer.content()).values())
    expected = ("InvalidRequestException", "Process instance with id x:1 does not exist", None)
    assert (answer.status, shown) == (404, expected)
