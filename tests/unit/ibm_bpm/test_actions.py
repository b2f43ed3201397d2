"""Actions on instances in IBM's language: parameters to commands, results to details, and trees that read as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import ibm_bpm
from adapters.ibm_bpm.activities import Token, tokens_in
from adapters.ibm_bpm.wire import DETAILS, WireDetails, data_in
from gateway.errors import Fault, InstanceNotFound, InstanceStateConflict, ValueInvalid, VarbridgeError
from gateway.model.commands import DescribeInstance, ListActivities, ListVariables
from gateway.model.lifecycle import ChangeState
from gateway.model.modification import Instruction, ModifyInstance
from gateway.model.results import (
    ActivitiesListed,
    Activity,
    Instance,
    InstanceDescribed,
    InstanceModified,
    StateChanged,
)
from gateway.port import DialectRequest

DIALECT = ibm_bpm.VENDOR.dialect()


def request(method: str = "POST", body: bytes = b"", kind: str = "", **query: str) -> DialectRequest:
    headers = {"Content-Type": kind} if kind else {}
    return DialectRequest(method=method, segments=("process", "x:1"), query=query, headers=headers, body=body)


START = Instruction(type="startBeforeActivity", activity_id="b")
CANCEL = Instruction(type="cancel", activity_instance_id="4")
DESCRIBE = DescribeInstance(instance="x:1", ended=True)
TOKENS = ListActivities(instance="x:1", ended=True)


def test_move_starts_anew_before_it_cancels_and_reads_what_has_changed() -> None:
    moved = ModifyInstance(instance="x:1", instructions=(START, CANCEL))
    assert DIALECT.decode(request(action="moveToken", tokenId="4", target="b", resume="TRUE")) == (
        moved, DESCRIBE, TOKENS,
    )  # fmt: skip
    assert DIALECT.decode(request(action="moveToken", tokenId="4", target="b", parts="data,header")) == (
        moved, DESCRIBE, ListVariables(instance="x:1", ended=True),
    )  # fmt: skip
    assert DIALECT.decode(request(action="moveToken", tokenId="4", target="b", parts="none")) == (moved,)


def test_deletion_cancels_the_token_alone() -> None:
    deleted = ModifyInstance(instance="x:1", instructions=(CANCEL,))
    assert DIALECT.decode(request(action="deleteToken", tokenId="4")) == (deleted, DESCRIBE, TOKENS)


def test_parameters_of_a_form_count_as_those_of_the_query() -> None:
    form = request(
        body=b"tokenId=4&target=b&parts=none",
        kind="application/x-www-form-urlencoded; charset=UTF-8",
        action="moveToken",
    )
    assert DIALECT.decode(form) == (ModifyInstance(instance="x:1", instructions=(START, CANCEL)),)
    empty = request(body=b"{}", kind="application/json", action="deleteToken", tokenId="4", parts="none")
    assert DIALECT.decode(empty) == (ModifyInstance(instance="x:1", instructions=(CANCEL,)),)


def test_body_of_a_get_means_nothing() -> None:
    assert DIALECT.decode(request("GET", body=b"parts=data", kind="text/plain", parts="header")) == (DESCRIBE,)


@pytest.mark.parametrize(
    ("action", "state"), [("suspend", "suspended"), ("resume", "active"), ("terminate", "terminated")]
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_state_is_changed_and_its_header_needs_no_read(action: str, state: Any, method: str) -> None:
    changed = ChangeState(instance="x:1", state=state)
    assert DIALECT.decode(request(method, action=action)) == (changed,)
    assert DIALECT.decode(request(method, action=action, parts="header|executionTree")) == (changed, TOKENS)


def details(asked: DialectRequest, *results: Any) -> dict[str, Any]:
    answer = DIALECT.encode(asked, results)
    assert answer.status == 200
    shown: dict[str, Any] = json.loads(answer.content())["data"]
    return shown


INSTANCE = Instance(id="1", definition="order", definition_id="order:1:1", state="suspended")


def test_details_say_the_state_only_where_the_header_is_asked_for() -> None:
    moved = details(request(action="moveToken"), InstanceModified(), InstanceDescribed(INSTANCE), ActivitiesListed(()))
    assert (moved["piid"], moved["state"], moved["executionState"]) == ("x:1", "STATE_SUSPENDED", "Suspended")
    assert moved["executionTree"]["root"]["children"] is None
    changed = details(request(action="suspend"), StateChanged(instance=INSTANCE))
    assert (changed["piid"], changed["name"], changed["state"]) == ("x:1", "order", "STATE_SUSPENDED")
    silent = details(request(action="suspend", parts="none"), StateChanged(instance=INSTANCE))
    assert ("piid" in silent, "state" in silent) == (False, False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            ValueInvalid("No such element.", errors=(Fault("/instructions/1/activityInstanceId", "x"),)),
            (404, "CWTBG0013E", "No such element. (tokenId)"),
            id="unknown token",
        ),
        pytest.param(
            InstanceStateConflict("No token is there.", errors=(Fault("/instructions/0/activityInstanceId", "x"),)),
            (404, "CWTBG0013E", "No token is there. (tokenId)"),
            id="token that is gone",
        ),
        pytest.param(
            ValueInvalid("No such element.", errors=(Fault("/instructions/0/activityId", "x"),)),
            (400, "VBG0016E", "No such element. (target)"),
            id="unknown step",
        ),
        pytest.param(InstanceStateConflict("Ended."), (409, "CWTBG0014E", "Ended."), id="wrong state"),
        pytest.param(InstanceNotFound("None."), (404, "CWTBG0059E", "None."), id="no instance"),
    ],
)
def test_failed_move_is_told_in_the_words_of_the_action(error: VarbridgeError, said: tuple[int, str, str]) -> None:
    answer = DIALECT.encode_error(error, "", request(action="moveToken"))
    data = json.loads(answer.content())["Data"]
    assert (answer.status, data["errorNumber"], data["errorMessage"]) == (said[0], said[1], f"{said[1]}: {said[2]}")
    elsewhere = DIALECT.encode_error(error, "", request("PUT", action="suspend"))
    assert b"CWTBG0013E" not in elsewhere.content()


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@st.composite
def listings(draw: st.DrawFn) -> ActivitiesListed:
    """Trees of any shape, with or without an activity for the whole; parents before their children."""
    ids = draw(st.lists(TEXTS, unique=True, max_size=7))
    whole = draw(st.booleans()) and bool(ids)
    found: list[Activity] = []
    for name in ids:
        parents = [each.id for each in found]
        parent = draw(st.sampled_from(parents)) if parents and (whole or draw(st.booleans())) else None
        found.append(Activity(id=name, activity=draw(TEXTS), name=draw(st.none() | TEXTS), parent=parent))
    return ActivitiesListed(tuple(found), found[0].id if whole else None, INSTANCE)


@given(listings())
def test_tree_is_read_by_the_adapter_as_it_was_listed(listed: ActivitiesListed) -> None:
    wire = data_in(DIALECT.encode(request("GET", parts="executionTree"), (listed,)), DETAILS)
    assert isinstance(wire, WireDetails)
    expected = {
        Token(each.id, each.activity, each.name, None if each.parent == listed.whole else each.parent)
        for each in listed.activities
        if each.id != listed.whole
    }
    assert set(tokens_in(wire)) == expected


def test_token_between_two_steps_cannot_be_named() -> None:
    between = Activity(id="w", activity="job", name="Job", type="transition")
    shown = details(request("GET", parts="executionTree"), ActivitiesListed((between,), instance=INSTANCE))
    (node,) = shown["executionTree"]["root"]["children"]
    assert (node["tokenId"], node["flowObjectId"], node["name"]) == (None, "job", "Job")
