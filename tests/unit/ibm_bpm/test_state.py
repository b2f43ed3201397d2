"""What is sent to bring an instance of IBM's into a state, and what its server's refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.model.lifecycle import ChangeState
from gateway.model.results import Instance, StateChanged
from gateway.plan import VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = IbmBpmEngine("claims", Settings(), Credentials())
SPELLED = {"active": "Active", "suspended": "Suspended", "failed": "Failed", "terminated": "Terminated"}


def header(state: str) -> VendorResponse:
    data = {"executionState": SPELLED[state], "processTemplateName": "Claim", "processTemplateID": "25.a"}
    return answer(200, {"status": "200", "data": data})


def error(status: int, number: str) -> VendorResponse:
    data = {"status": "error", "errorNumber": number, "errorMessage": f"{number}: x", "errorMessageParameters": []}
    return answer(status, {"status": "error", "Data": data})


def change(state: str) -> Any:
    return ENGINE.change_state(ChangeState(instance="7", state=state))


@pytest.mark.parametrize(
    ("before", "after", "request_line"),
    [
        ("active", "suspended", ("PUT", "suspend")),
        ("suspended", "active", ("PUT", "resume")),
        ("failed", "terminated", ("POST", "terminate")),
    ],
    ids=["suspend", "resume", "terminate"],
)
def test_state_is_read_and_then_changed_by_the_servers_action(
    before: str, after: str, request_line: tuple[str, str]
) -> None:
    # S6: success bodies of these actions have no `status`
    result, sent = played(change(after), header(before), answer(200, {"data": {"state": "x"}}))
    assert result == StateChanged(instance=Instance(id="7", definition="Claim", definition_id="25.a", state=after))
    read, write = sent
    assert (read.method, read.path, read.query, read.writes) == (
        "GET", ("process", "7"), (("parts", "header"),), False,
    )  # fmt: skip
    assert (write.method, write.path, write.query, write.body) == (
        request_line[0], ("process", "7"), (("action", request_line[1]),), b"",
    )  # fmt: skip
    assert (write.writes, write.idempotent) == (True, False)


@pytest.mark.parametrize(
    ("answers", "kind", "outcome"),
    [
        pytest.param(
            [header("active"), error(401, "CWTBG0549E"), header("terminated")],
            errors.InstanceStateConflict,
            "not_applied",
            id="ended meanwhile",
        ),
        pytest.param(
            [header("active"), error(401, "CWTBG0549E"), header("active")],
            errors.EngineForbidden,
            "not_applied",
            id="not by this user",
        ),
        pytest.param(
            [header("failed"), error(401, "CWTBG0549E"), header("failed")],
            errors.InstanceStateConflict,
            "not_applied",
            id="a state that cannot be suspended",
        ),
        pytest.param(
            [header("active"), error(409, "CWTBG0014E")], errors.InstanceStateConflict, "not_applied", id="wrong state"
        ),
        pytest.param(
            [header("active"), error(500, "CWTBG0025E"), header("active")], errors.EngineError, "not_applied", id="500"
        ),
        pytest.param(
            [header("active"), error(500, "CWTBG0025E"), header("suspended")],
            errors.EngineError,
            "applied",
            id="500 after all was done",
        ),
        pytest.param(
            [header("active"), error(500, "CWTBG0025E"), error(404, "CWTBG0059E")],
            errors.InstanceNotFound,
            "not_applied",
            id="gone meanwhile",
        ),
        pytest.param([error(404, "CWTBG0059E")], errors.InstanceNotFound, "not_applied", id="unknown"),
        pytest.param(
            [header("active"), answer(200, b"<html>log in</html>", "text/html")],
            errors.EngineMisbehaved,
            "unknown",
            id="page of a log-in",
        ),
        pytest.param([header("active"), answer(502)], errors.OutcomeUnknown, "unknown", id="proxy"),
    ],
)
def test_refusal_of_an_action_is_told_apart(
    answers: list[VendorResponse], kind: type[errors.VarbridgeError], outcome: str
) -> None:
    with pytest.raises(kind) as failed:
        _ = played(change("suspended"), *answers)
    assert (type(failed.value), failed.value.outcome) == (kind, outcome)
