"""What stands against a plan: wrong members, engines that cannot, and another plan against its direction."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from gateway.bridge.planning import check_beside, check_plan
from gateway.errors import BridgeTransitionRefused, InvalidRequest, Unsupported
from gateway.model.bridge import BridgePlan, Selector, StartTemplate, TwinRule
from gateway.port import Credentials

ENGINES = {
    "hr": camunda7.VENDOR.engine("hr", camunda7.VENDOR.settings(), Credentials()),
    "claims": ibm_bpm.VENDOR.engine("claims", ibm_bpm.VENDOR.settings(), Credentials()),
    "other": camunda7.VENDOR.engine("other", camunda7.VENDOR.settings(), Credentials()),
    "theirs": camunda7.VENDOR.engine("theirs", camunda7.VENDOR.settings(), Credentials(kind="forward")),
}


def plan(source: str = "hr", target: str = "claims", **more: Any) -> BridgePlan:
    return BridgePlan(**{"name": "move", "source": source, "target": target, **more})


@pytest.mark.parametrize(
    "good",
    [
        plan(),
        plan("other", "hr", selector=Selector(definition="Claim"), twins=TwinRule(by="business-key")),
        plan(selector=Selector(ids=("1",), tenant="a"), twins=TwinRule(by="marker", variable="origin")),
        plan(name="a" * 63, starts=StartTemplate(definition="Parked")),
    ],
    ids=["no rules", "by business key", "by marker", "started"],
)
def test_plan_that_can_be_carried_out_is_taken(good: BridgePlan) -> None:
    check_plan(good, ENGINES)


@pytest.mark.parametrize(
    ("bad", "pointer", "says"),
    [
        (plan(name="Move"), "/name", "a-z, 0-9 and hyphens"),
        (plan(name="a" * 64), "/name", "1 to 63"),
        (plan(name="-a"), "/name", "no hyphen at either end"),
        (plan("hrr"), "/source", "No engine of this name is configured. Did you mean `hr`?"),
        (plan(target="nobody"), "/target", "No engine of this name is configured."),
        (plan(target="hr"), "/target", "the same engine"),
        (plan(selector=Selector(ids=())), "/selector/ids", "1 to 10000"),
        (plan(selector=Selector(ids=("1",) * 10_001)), "/selector/ids", "import links for more"),
        (plan(selector=Selector(definition="")), "/selector/definition", "empty"),
        (plan(selector=Selector(tenant="")), "/selector/tenant", "empty"),
        (plan(twins=TwinRule(by="marker")), "/twins/variable", "name it"),
        (plan(twins=TwinRule(by="business-key", variable="x")), "/twins/variable", "Only a marker"),
        (plan(starts=StartTemplate(definition="")), "/starts/definition", "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_member_of_a_plan_is_named(bad: BridgePlan, pointer: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_plan(bad, ENGINES)
    assert refused.value.errors[0].pointer == pointer
    assert says in refused.value.detail


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (plan(twins=TwinRule(by="business-key")), "The engine claims cannot find instances by business key"),
        (
            plan("claims", "hr", twins=TwinRule(by="business-key")),
            "The engine claims cannot find instances by business",
        ),
        (
            plan("claims", "hr", selector=Selector(tenant="a")),
            "The engine claims cannot filter a query by `tenantIdIn`",
        ),
        (plan("theirs"), "theirs is sent the caller's own credentials"),
        (plan("claims", "theirs"), "theirs is sent the caller's own credentials"),
    ],
    ids=[
        "business keys of twins",
        "business keys",
        "tenants",
        "source of callers' credentials",
        "target of callers' credentials",
    ],
)
def test_engine_that_cannot_take_part_is_named(bad: BridgePlan, says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        check_plan(bad, ENGINES)


def ways(there: dict[str, Any], back: dict[str, Any]) -> tuple[BridgePlan, BridgePlan]:
    return plan(name="there", **there), plan("claims", "hr", name="back", **back)


PARKED, CLAIM = StartTemplate(definition="Parked"), TwinRule(by="marker", variable="origin", definition="Claim")


@pytest.mark.parametrize(
    ("plans", "meet"),
    [
        (ways({}, {}), True),
        (ways({"selector": Selector(definition="invoice")}, {"selector": Selector(definition="Claim")}), True),
        (ways({"selector": Selector(definition="invoice")}, {"starts": StartTemplate(definition="order")}), False),
        (ways({"selector": Selector(definition="invoice")}, {"starts": StartTemplate(definition="invoice")}), True),
        (ways({"starts": PARKED}, {"selector": Selector(definition="Claim")}), False),
        (ways({"starts": PARKED}, {"selector": Selector(definition="Parked")}), True),
        (ways({"starts": PARKED, "twins": CLAIM}, {"selector": Selector(definition="Other")}), True),
        ((plan(name="there"), plan(name="again")), False),
        ((plan(name="there"), plan("claims", "theirs", name="on")), False),
    ],
    ids=[
        "all of both", "twins of any definition", "other definitions at the source", "one definition at the source",
        "other definitions at the target", "one definition at the target", "twins of two definitions",
        "one direction twice", "another pair",
    ],
)  # fmt: skip
def test_plans_against_each_other_are_refused_unless_their_definitions_keep_them_apart(
    plans: tuple[BridgePlan, BridgePlan], meet: bool
) -> None:
    for one, other in (plans, plans[::-1]):
        if meet:
            with pytest.raises(BridgeTransitionRefused, match=f"The plan {other.name} goes from {other.source} to"):
                check_beside(one, [other])
        else:
            check_beside(one, [other])
