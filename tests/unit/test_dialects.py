"""Dialects: what requests are about, and every error of the gateway in the vendors' words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest

from adapters import camunda7, ibm_bpm
from adapters.camunda7.dialect import errors as camunda_errors
from adapters.ibm_bpm.dialect import errors as ibm_errors
from gateway.errors import Fault, InstanceNotFound, InvalidJson, Unsupported, ValueInvalid, VarbridgeError
from gateway.model.results import EngineDescribed
from gateway.plan import VendorResponse
from gateway.port import Dialect, DialectRequest, FormShape, Passed, RequestFacts, UploadedForm

CAMUNDA, IBM = camunda7.VENDOR.dialect(), ibm_bpm.VENDOR.dialect()


def request(method: str, path: str, body: bytes = b"", **query: str) -> DialectRequest:
    return DialectRequest(method=method, segments=tuple(path.split("/")), query=query, body=body)


REQUESTS = [
    pytest.param(
        CAMUNDA,
        request("POST", "process-instance/1/modification-async", b"{}"),
        RequestFacts(scope="passthrough:write", writes=True, instance="1"),
        id="camunda modification by a job",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "engine/default/process-instance/1/comment"),
        RequestFacts(scope="passthrough:read", writes=False, instance="1"),
        id="camunda read below an engine's name",
    ),
    pytest.param(
        CAMUNDA,
        request("PUT", "task/1/variables/a"),
        RequestFacts(scope="variables:write", writes=True, task="1"),
        id="camunda write of a task",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "execution/1/localVariables/a/b"),
        RequestFacts(scope="variables:read", writes=False, execution="1"),
        id="camunda execution",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "history/process-instance/count"),
        RequestFacts(scope="passthrough:read", writes=False),
        id="camunda word where ids stand",
    ),
    pytest.param(
        CAMUNDA,
        request("PUT", "process-instance/suspended", b"{}"),
        RequestFacts(scope="passthrough:write", writes=True),
        id="camunda write of many instances",
    ),
    pytest.param(
        CAMUNDA,
        request("DELETE", "history/process-instance/1"),
        RequestFacts(scope="passthrough:write", writes=True, instance="1"),
        id="camunda instance of the history",
    ),
    pytest.param(
        CAMUNDA,
        request("POST", "history/process-instance/count"),
        RequestFacts(scope="passthrough:read", writes=False),
        id="camunda word in the history",
    ),
    pytest.param(
        CAMUNDA,
        request("POST", "external-task/fetchAndLock"),
        RequestFacts(scope="passthrough:write", writes=True, polls=True),
        id="camunda poll",
    ),
    pytest.param(
        IBM,
        request("PUT", "process/1/allVariables", b"{}"),
        RequestFacts(scope="variables:write", writes=True, instance="1"),
        id="ibm write of inner scopes",
    ),
    pytest.param(
        IBM,
        request("PUT", "process/1", action="retry"),
        RequestFacts(scope="passthrough:write", writes=True, instance="1"),
        id="ibm action",
    ),
    pytest.param(
        IBM,
        request("PUT", "process/bulk", action="suspend"),
        RequestFacts(scope="passthrough:write", writes=True),
        id="ibm action on many instances",
    ),
    pytest.param(
        IBM,
        request("PUT", "process/1", action="js"),
        RequestFacts(scope="variables:write", writes=True, instance="1"),
        id="ibm script",
    ),
    pytest.param(
        IBM,
        request("POST", "process", action="sendMessage"),
        RequestFacts(scope="passthrough:write", writes=True),
        id="ibm message",
    ),
    pytest.param(
        CAMUNDA,
        request("POST", "engine/default/task/1/claim", b"{}"),
        RequestFacts(scope="passthrough:write", writes=True, task="1"),
        id="camunda claim",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "task/1/form-variables"),
        RequestFacts(scope="passthrough:read", writes=False, task="1"),
        id="camunda form of a task",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "task/report/candidate-group-count"),
        RequestFacts(scope="passthrough:read", writes=False),
        id="camunda word where tasks stand",
    ),
    pytest.param(
        IBM,
        request("PUT", "task/5", action="claim"),
        RequestFacts(scope="passthrough:write", writes=True, task="5"),
        id="ibm claim",
    ),
    pytest.param(
        IBM,
        request("PUT", "task/5", action="setData"),
        RequestFacts(scope="variables:write", writes=True, task="5"),
        id="ibm data of a task",
    ),
    pytest.param(
        IBM,
        request("GET", "task/5", action="getData"),
        RequestFacts(scope="variables:read", writes=False, task="5"),
        id="ibm data of a task that is read",
    ),
    pytest.param(
        IBM, request("GET", "systems"), RequestFacts(scope="passthrough:read", writes=False), id="ibm other call"
    ),
]


@pytest.mark.parametrize(("dialect", "asked", "facts"), REQUESTS)
def test_request_that_means_no_command_is_known_by_its_facts_and_only_passes(
    dialect: Dialect, asked: DialectRequest, facts: RequestFacts
) -> None:
    assert dialect.facts(asked) == facts
    assert dialect.decode(asked) == Passed(facts)


@pytest.mark.parametrize("path", ["process-instance/1/variables/a/data", "execution/1/localVariables/a/data"])
def test_upload_of_content_is_known_by_the_parts_of_its_form(path: str) -> None:
    shape = FormShape(content="data", fields=frozenset({"valueType", "variableType", "type"}), held="application/json")
    assert CAMUNDA.facts(request("POST", path)).uploads == shape
    assert CAMUNDA.facts(request("GET", path)).uploads is None
    assert CAMUNDA.facts(request("POST", path.removesuffix("/a/data"))).uploads is None


def test_dialect_without_uploads_knows_no_kind_of_content() -> None:
    with pytest.raises(Unsupported, match="The ibm_bpm dialect takes no uploads."):
        _ = IBM.upload_kind(UploadedForm(fields={}, content=b""))


def refused(message: str) -> bytes:
    return json.dumps({"type": "RestException", "message": message, "code": 0}).encode()


CAMUNDA_SAYS = [
    (500, "Cannot complete task 1: Cannot find task with id 1: task is null"),
    (500, "Cannot submit task form 1: Cannot find task with id 1: task is null"),
    (500, "task 1 doesn't exist: task is null"),
    (500, "Cannot get task variable a: task 1 doesn't exist: task is null"),
    (500, "Cannot find task with id 1: task is null"),
    (400, "Cannot find task with id '1'.: task is null"),
    (404, "No matching task with id 1"),
    (404, "No task found for task id 1"),
    (400, "Cannot get form for task 1"),
]
"""What Camunda 7.24 answers for an unknown task: completion, variables, claims, form variables, comments, the form."""


@pytest.mark.parametrize(("status", "message"), CAMUNDA_SAYS, ids=[message for _, message in CAMUNDA_SAYS])
def test_unknown_task_is_told_by_what_camunda_says(status: int, message: str) -> None:
    answer = VendorResponse(status, body=refused(message))
    assert CAMUNDA.misses(answer, RequestFacts(scope="modification", writes=True, task="1"))
    assert not CAMUNDA.misses(answer, RequestFacts(scope="modification", writes=True, instance="1"))
    other = VendorResponse(status, body=refused("Cannot complete task 1: ENGINE-03043 task with id '1' is suspended."))
    assert not CAMUNDA.misses(other, RequestFacts(scope="modification", writes=True, task="1"))


@pytest.mark.parametrize(
    ("task", "status", "number", "missed"),
    [
        ("5", 404, "CWTBG0013E", True),
        ("5", 404, "CWTBG0059E", True),
        ("5", 404, "CWTBG0999E", True),
        ("5", 404, "", False),
        ("5", 500, "CWTBG0019E", True),
        ("5", 401, "CWTBG0549E", False),
        ("5", 400, "CWTBG0012E", False),
        ("2f3c-a", 400, "CWTBG0012E", True),
        ("2f3c-a", 400, "CWTBG0551E", True),
        ("2f3c-a", 500, "CWTBG0999E", True),
        ("2f3c-a", 400, "", False),
    ],
)
def test_unknown_task_is_told_by_what_ibm_may_say(task: str, status: int, number: str, missed: bool) -> None:
    body = json.dumps({"status": "error", "Data": {"errorNumber": number}}).encode()
    facts = RequestFacts(scope="modification", writes=True, task=task)
    assert IBM.misses(VendorResponse(status, body=body), facts) is missed


def test_token_that_ibm_does_not_know_is_no_unknown_instance() -> None:
    body = json.dumps({"status": "error", "Data": {"errorNumber": "CWTBG0013E"}}).encode()
    assert not IBM.misses(VendorResponse(404, body=body), RequestFacts(scope="modification", writes=True, instance="1"))


@pytest.mark.parametrize(
    ("scope", "is_known"), [("variables:read", True), ("admin", True), ("passthrough:read", False)]
)
def test_request_is_known_unless_it_only_passes_through(scope: str, is_known: bool) -> None:
    assert RequestFacts(scope=scope, writes=False).is_known is is_known


@pytest.mark.parametrize("dialect", [CAMUNDA, IBM], ids=lambda dialect: dialect.vendor)
def test_result_that_no_answer_shows_is_not_encoded(dialect: Dialect) -> None:
    with pytest.raises(Unsupported, match=f"The {dialect.vendor} dialect has no answer for EngineDescribed."):
        dialect.encode(request("GET", "version"), (EngineDescribed(),))


def kinds_of(kind: type[VarbridgeError]) -> set[type[VarbridgeError]]:
    return {kind}.union(*map(kinds_of, kind.__subclasses__()))


KINDS = sorted(kinds_of(VarbridgeError), key=lambda kind: kind.__name__)
TABLES = {"camunda7": camunda_errors.ERRORS, "ibm_bpm": ibm_errors.ERRORS}
ASKED = {
    "camunda7": [
        request(method, path)
        for path in (
            "process-instance/1",
            "process-instance/1/variables",
            "execution/1/localVariables/a",
            "task/1/complete",
            "task/1/localVariables",
            "task/1/variables/a",
            "other",
        )
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
    ],
    "ibm_bpm": [request("GET", "process/1"), request("PUT", "process/1/variables"), request("PUT", "other")],
}


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_error_has_a_row_and_no_other_has(table: Mapping[type[VarbridgeError], object]) -> None:
    assert set(table) == set(KINDS)


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
@pytest.mark.parametrize("dialect", [CAMUNDA, IBM], ids=lambda dialect: dialect.vendor)
def test_every_error_is_told_in_the_vendors_shape(dialect: Dialect, kind: type[VarbridgeError], accept: str) -> None:
    error = kind("What <happened>.", errors=(Fault("/modifications/a~1b", "this"),))
    for asked in ASKED[dialect.vendor]:
        answer = dialect.encode_error(error, accept, asked)
        assert 400 <= answer.status != 422
        assert told(answer, dialect.vendor, accept)
    alone = dialect.encode_error(error, accept)
    assert alone.status == (400 if kind.status == 422 else kind.status)
    assert kind.__name__ in alone.content().decode()
    assert "<happened>" in told(alone, dialect.vendor, accept)


def told(answer: VendorResponse, vendor: str, accept: str) -> str:
    """The message of an error, after a look at its shape."""
    if vendor == "camunda7":
        body = json.loads(answer.content())
        assert (answer.headers, list(body)) == ((("Content-Type", "application/json"),), ["type", "message", "code"])
        return body["message"]
    if accept == "application/xml":
        members = {each.tag.rpartition("}")[2]: each.text for each in ET.fromstring(answer.content()).iter()}
        assert (answer.headers, members["status"]) == ((("Content-Type", "application/xml"),), "error")
    else:
        body = json.loads(answer.content())
        members = body["Data"]
        assert (body["status"], members["status"]) == ("error", "error")
    assert members["errorMessage"].startswith(members["errorNumber"] + ": ")
    return members["errorMessage"]


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        pytest.param(
            request("GET", "process-instance/1"),
            404,
            ("InvalidRequestException", "Process instance with id 1 does not exist", None),
            id="instance",
        ),
        pytest.param(
            request("GET", "process-instance/1/variables"),
            500,
            ("NullValueException", "execution 1 doesn't exist: execution is null", 0),
            id="list",
        ),
        pytest.param(
            request("GET", "process-instance/1/variables/a"),
            500,
            (
                "RestException",
                "Cannot get process instance variable a: execution 1 doesn't exist: execution is null",
                0,
            ),
            id="variable",  # recording missing-instance-get
        ),
        pytest.param(
            request("PUT", "engine/default/execution/1/localVariables/a"),
            500,
            ("RestException", "Cannot put execution variable a: execution 1 doesn't exist: execution is null", 0),
            id="write of one",
        ),
        pytest.param(
            request("POST", "process-instance/1/variables"),
            500,
            (
                "RestException",
                "Cannot modify variables for process instance 1: execution 1 doesn't exist: execution is null",
                0,
            ),
            id="patch",
        ),
    ],
)
def test_missing_instance_is_told_as_camunda_does(
    asked: DialectRequest, status: int, body: tuple[str, str, int | None]
) -> None:
    answer = CAMUNDA.encode_error(InstanceNotFound(), "", asked)
    assert answer.status == status
    assert tuple(json.loads(answer.content()).values()) == body


def test_refused_value_names_its_variable() -> None:
    error = ValueInvalid("It is no date.", errors=(Fault("/modifications/a~1b/value", "It is no date."),))
    camunda = CAMUNDA.encode_error(error, "", request("POST", "process-instance/1/variables"))
    assert json.loads(camunda.content()) == {
        "type": "InvalidRequestException",
        "message": "Cannot modify variables for process instance: variable a/b: It is no date.",
        "code": None,
    }
    ibm = IBM.encode_error(error, "", request("PUT", "process/1/variables"))
    assert "variable a/b: It is no date." in json.loads(ibm.content())["Data"]["errorMessage"]


def test_ibm_error_carries_the_vendors_number_only_where_a_server_gives_it() -> None:
    missing = json.loads(IBM.encode_error(InstanceNotFound(), "", request("GET", "process/1")).content())["Data"]
    assert (missing["errorNumber"], missing["exceptionType"]) == (
        "CWTBG0059E",
        "com.ibm.bpm.wle.api.InstanceDoesNotExistException",
    )
    unsaid = json.loads(IBM.encode_error(Unsupported(), "", request("GET", "process/1")).content())["Data"]
    assert (unsaid["errorNumber"], unsaid["exceptionType"]) == ("VBG0002E", "varbridge.Unsupported")
    malformed = json.loads(IBM.encode_error(InvalidJson(), "").content())["Data"]
    assert (malformed["errorNumber"], malformed["exceptionType"]) == ("VBG0019E", "varbridge.InvalidJson")
