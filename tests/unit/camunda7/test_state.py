"""What is sent to bring an instance of Camunda's into a state, and what the engine's answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.camunda7.engine import Camunda7Engine
from adapters.camunda7.settings import Settings
from gateway import errors
from gateway.model.lifecycle import ChangeState
from gateway.model.results import Instance, StateChanged
from gateway.plan import VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = Camunda7Engine("hr", Settings(), Credentials())
MISSING = answer(404, {"type": "InvalidRequestException", "message": "does not exist", "code": None})


def shown(*, suspended: bool = False) -> VendorResponse:
    return answer(200, {"id": "1", "definitionId": "d:1:1", "suspended": suspended})


def change(state: str) -> Any:
    return ENGINE.change_state(ChangeState(instance="1", state=state))


@pytest.mark.parametrize(
    ("suspended", "after", "write"),
    [
        (False, "suspended", ("PUT", ("process-instance", "1", "suspended"), b'{"suspended":true}', True)),
        (True, "active", ("PUT", ("process-instance", "1", "suspended"), b'{"suspended":false}', True)),
        (True, "terminated", ("DELETE", ("process-instance", "1"), b"", False)),
    ],
    ids=["suspend", "activate", "delete"],
)
def test_instance_is_read_before_its_state_is_changed(suspended: bool, after: str, write: Any) -> None:
    result, sent = played(change(after), shown(suspended=suspended), answer(204))
    assert result == StateChanged(instance=Instance(id="1", definition="d", definition_id="d:1:1", state=after))
    assert [each.writes for each in sent] == [False, True]
    assert (sent[1].method, sent[1].path, sent[1].body, sent[1].idempotent) == write


@pytest.mark.parametrize(
    ("state", "answers", "kind", "outcome"),
    [
        pytest.param("suspended", [MISSING, MISSING], errors.InstanceNotFound, "not_applied", id="missing"),
        pytest.param(
            "terminated", [shown(), MISSING], errors.InstanceNotFound, "not_applied", id="ended before it was deleted"
        ),
        pytest.param(
            "suspended",
            [shown(), answer(403, {"type": "AuthorizationException", "message": "x", "code": 0})],
            errors.EngineForbidden,
            "not_applied",
            id="not allowed",
        ),
        pytest.param(
            "terminated",
            [shown(), answer(500, {"type": "RestException", "message": "optimistic", "code": 1})],
            errors.ConcurrentUpdate,
            "not_applied",
            id="at the same time",
        ),
        pytest.param("suspended", [shown(), answer(502)], errors.OutcomeUnknown, "unknown", id="proxy"),
    ],
)
def test_answer_that_is_no_success_is_told_apart(
    state: str, answers: list[VendorResponse], kind: type[errors.VarbridgeError], outcome: str
) -> None:
    with pytest.raises(kind) as failed:
        _ = played(change(state), *answers)
    assert (type(failed.value), failed.value.outcome) == (kind, outcome)
