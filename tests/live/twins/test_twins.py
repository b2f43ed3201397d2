"""Front doors hand on byte for byte: the same request straight to the engine and through the gateway."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.live.server import delete_instance
from tests.live.twins import cases
from tests.live.twins.ask import Ask
from tests.live.twins.cases import reads, values
from tests.live.twins.cases.spelled import VARIABLES, Case, value
from tests.live.twins.sides import Side, given

CASES = tuple(cases.cases())


@pytest.fixture(scope="module")
def still(live_camunda: str) -> Mapping[str, str]:
    """What both sides may look at: instances that no case changes."""
    return _settled(live_camunda)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_request_through_the_door_is_answered_as_straight(
    case: Case, live_camunda: str, live_gateway: str, still: Mapping[str, str]
) -> None:
    twins = case.model is not None
    straight, through = (Side(url, live_camunda, {} if twins else still) for url in (live_camunda, live_gateway))
    if case.model is not None:
        for side in (straight, through):
            side.start(case.model, VARIABLES)
    for ask in case.asks:
        one, other = (side.compared(side.answer(ask), twins=twins) for side in (straight, through))
        assert other == one, f"{ask.method} {ask.target}"


@pytest.mark.parametrize("target", reads.UNREADABLE, ids=ascii)
def test_target_that_is_no_http_is_refused_by_both(
    target: str, live_camunda: str, live_gateway: str, still: Mapping[str, str]
) -> None:
    statuses = [
        Side(url, live_camunda, still).answer(Ask("GET", target)).status for url in (live_camunda, live_gateway)
    ]
    assert statuses == [400, 400]


def test_cases_are_many_and_named_apart() -> None:
    assert len({case.id for case in CASES}) == len(CASES) >= 300


def _settled(url: str) -> dict[str, str]:
    def started(model: str, key: str, variables: object) -> str:
        return given(url, f"/process-definition/key/{model}/start", {"businessKey": key, "variables": variables})["id"]

    variables = {**values.VALUES, **{name: value("odd") for name in values.ODD_NAMES}}
    found = {"key": "twins-still", "r": started("userTask", "twins-still", variables)}
    found["p"] = started("parallelScope", "p", {"root": value("r")})
    found["m"] = started("messageWait", "m", {})
    found["x"] = started("externalTask", "x", {})
    found["broken"] = started("userTask", "broken", {"v": value("{bad", "Json"), "w": value(1)})
    found["past"] = started("userTask", "past", values.VALUES)
    delete_instance(url, found["past"])
    found["task"] = given(url, f"/task?processInstanceId={found['r']}")[0]["id"]
    for name, typed in {"t": value(1), "tf": values.VALUES["file"]}.items():
        given(url, f"/task/{found['task']}/localVariables", {"modifications": {name: typed}})
    inner = given(url, f"/task?processInstanceId={found['p']}&taskDefinitionKey=innerTask")[0]["executionId"]
    found["inner"] = inner
    found["external"] = given(url, f"/external-task?processInstanceId={found['x']}")[0]["id"]
    for name in ("file", "bytes"):
        rows = given(url, f"/variable-instance?processInstanceIdIn={found['r']}&variableName={name}")
        found[f"v{name}"] = rows[0]["id"]
    found["d"] = given(url, "/process-definition/key/userTask")["deploymentId"]
    found["res"] = given(url, f"/deployment/{found['d']}/resources")[0]["id"]
    return found
