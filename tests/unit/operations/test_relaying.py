"""Front-door requests: scope, then owner, then lane; which way a request takes, by its facts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from gateway.errors import Forbidden, Unsupported, VarbridgeError
from gateway.operations import Gateway, Target, WriteLocks
from gateway.operations.destinations import Destination, DoorRequest, LaneFacts, lane
from gateway.operations.relaying import find_destination
from gateway.port import Capabilities, Credentials, Engine, RequestFacts
from gateway.routing import Candidate, Routing

FACTS = ("about", "same", "limited", "translates", "second", "body")
TABLE = list(itertools.product((False, True), repeat=len(FACTS)))


def said(facts: tuple[bool, ...]) -> str:
    return "+".join(itertools.compress(FACTS, facts)) or "nothing"


@pytest.mark.parametrize(FACTS, TABLE, ids=map(said, TABLE))
def test_lane_by_its_facts(about: bool, same: bool, limited: bool, translates: bool, second: bool, body: bool) -> None:
    if not about and same and not limited:
        expected = "passed_through"
    elif not about:
        expected = "translated" if translates else "refused"
    else:
        expected = "native" if same and not (limited or second or body) else "translated"
    facts = LaneFacts(
        about_variables=about, same_vendor=same, limited=limited, translates=translates, second_write=second,
        body_needed=body,
    )  # fmt: skip
    assert lane(facts) == expected


class Plain(Engine):
    vendor = "plain"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(features=frozenset(), types=frozenset())


class Other(Plain):
    vendor = "other"


HR, CLAIMS = Plain("hr", None, Credentials()), Other("claims", None, Credentials())


class Caller:
    """A caller's rights; what it was asked, in order."""

    def __init__(self, *engines: str, scopes: str = "variables:read", limited: bool = False) -> None:
        self.engines, self.scopes, self.limited = engines, scopes.split(), limited

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Forbidden(f"The caller lacks {scope}.")

    def may_use(self, engine: str) -> bool:
        return engine in self.engines

    def may_touch(self, name: str) -> bool:
        return not self.limited

    def require_names(self, names: tuple[str, ...]) -> None:
        if self.limited and names:
            raise Forbidden("The caller may touch no variable.")

    def is_masked(self, name: str) -> bool:
        return self.limited


async def _never(engine: str, plan: Any, call: Any) -> Any:
    raise AssertionError


def gateway() -> Gateway:
    routing = Routing(starts={"Claim": "claims", "Order": "hr"})
    routing.remember_root("hr", "inner", "1")
    routing.remember_beyond("hr", "known", Candidate("claims", "known"))
    routing.remember_beyond("hr", "task known", Candidate("claims", "known"))
    return Gateway({"hr": HR, "claims": CLAIMS}, _never, WriteLocks(), routing)


def found(caller: Caller, vendor: str = "plain", **facts: Any) -> Destination:
    known = RequestFacts(**{"scope": "variables:read", "writes": False, **facts})
    request = DoorRequest(vendor=vendor, default=HR, facts=known, call=lambda: "GET /x", rights=caller)
    return find_destination(gateway(), request)


BOTH_ENGINES = ("hr", "claims")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, Destination(engine=HR), id="no instance"),
        pytest.param(
            {"instance": "1"}, Destination(engine=HR, instance=Target(HR, "1"), is_certain=False), id="bare id"
        ),
        pytest.param({"execution": "1"}, Destination(engine=HR, is_certain=False), id="bare execution"),
        pytest.param({"execution": "hr:1"}, Destination(engine=HR, spelled="1"), id="execution of the door"),
        pytest.param(
            {"instance": "hr:1"}, Destination(engine=HR, instance=Target(HR, "1"), spelled="1"), id="id of the door"
        ),
        pytest.param(
            {"instance": "inner"},
            Destination(engine=HR, instance=Target(HR, "inner", "1"), is_certain=False),
            id="known execution",
        ),
        pytest.param(
            {"instance": "zz:1"},
            Destination(engine=HR, instance=Target(HR, "zz:1"), is_certain=False),
            id="no such engine",
        ),
        pytest.param({"task": "1"}, Destination(engine=HR, task="1", is_certain=False), id="bare task"),
        pytest.param({"task": "hr:1"}, Destination(engine=HR, task="1", spelled="1"), id="task of the door"),
        pytest.param({"task": "hr:1", "carries": True}, Destination(engine=HR, task="1", spelled="1"), id="completion"),
        pytest.param({"ids": ("1", "zz:2"), "tasks": ("1",)}, Destination(engine=HR), id="ids that nobody knows"),
        pytest.param({"definition": "Order"}, Destination(engine=HR), id="start by a rule"),
        pytest.param({"definition": "Other"}, Destination(engine=HR), id="start without a rule"),
    ],
)
def test_destination_of_what_is_behind_the_door(facts: dict[str, str], expected: Destination) -> None:
    assert found(Caller(*BOTH_ENGINES, scopes="variables:read variables:write"), **facts) == expected


TRANSLATED = Destination(engine=CLAIMS, instance=Target(CLAIMS, "1"), spelled="1", is_translated=True)


@pytest.mark.parametrize(
    ("caller", "facts", "expected"),
    [
        pytest.param(Caller(*BOTH_ENGINES), {"instance": "claims:1"}, TRANSLATED, id="instance of another vendor"),
        pytest.param(Caller(*BOTH_ENGINES), {"execution": "claims:1"}, TRANSLATED, id="execution of another vendor"),
        pytest.param(
            Caller(*BOTH_ENGINES, limited=True), {"instance": "claims:1"}, TRANSLATED, id="limited at another vendor"
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, limited=True),
            {"execution": "1"},
            Destination(engine=HR, instance=Target(HR, "1"), is_translated=True, is_certain=False),
            id="limited at an execution",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, scopes="modification variables:read"),
            {"scope": "modification", "task": "hr:1", "carries": True},
            Destination(engine=HR, task="1", spelled="1", is_translated=True),
            id="body that may write variables for who may not",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, limited=True),
            {"instance": "1"},
            Destination(engine=HR, instance=Target(HR, "1"), is_translated=True, is_certain=False),
            id="limited at the door's engine",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES), {"definition": "Claim"}, Destination(engine=CLAIMS, is_translated=True), id="start"
        ),
        pytest.param(
            Caller(*BOTH_ENGINES),
            {"task": "claims:1"},
            Destination(engine=CLAIMS, task="1", spelled="1", is_translated=True),
            id="task of another vendor",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES),
            {"instance": "hr:1", "in_body": True},
            Destination(engine=HR, instance=Target(HR, "1"), spelled="1", is_translated=True),
            id="engine in front of an id in the body",
        ),
    ],
)
def test_request_that_is_translated(caller: Caller, facts: dict[str, str], expected: Destination) -> None:
    assert found(caller, **facts) == expected


@pytest.mark.parametrize(
    ("caller", "facts", "error"),
    [
        pytest.param(
            Caller(scopes=""), {"instance": "claims:1"}, Forbidden("The caller lacks variables:read."), id="scope first"
        ),
        pytest.param(Caller("claims"), {}, Forbidden("The caller may not use this engine."), id="engine of the door"),
        pytest.param(
            Caller("hr"), {"instance": "claims:1"}, Forbidden("The caller may not use this engine."), id="other engine"
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, limited=True, scopes="passthrough:read"),
            {"scope": "passthrough:read", "instance": "claims:1"},
            Unsupported("GET /x is not offered here for what is on the engine claims."),
            id="other call at another vendor",
        ),
        pytest.param(
            Caller("hr"),
            {"definition": "Claim"},
            Forbidden("The caller may not use this engine."),
            id="start elsewhere",
        ),
        pytest.param(
            Caller("hr"), {"task": "claims:1"}, Forbidden("The caller may not use this engine."), id="task elsewhere"
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, scopes="passthrough:write"),
            {"scope": "passthrough:write", "ids": ("1", "claims:1")},
            Unsupported("GET /x is not offered here for what is on the engine claims."),
            id="other instance beside its own",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, scopes="passthrough:write"),
            {"scope": "passthrough:write", "ids": ("1", "known")},
            Unsupported("GET /x is not offered here for what is on the engine claims."),
            id="instance that is known elsewhere",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, scopes="passthrough:write"),
            {"scope": "passthrough:write", "tasks": ("1", "known")},
            Unsupported("GET /x is not offered here for what is on the engine claims."),
            id="task that is known elsewhere",
        ),
        pytest.param(
            Caller("hr", scopes="passthrough:write"),
            {"scope": "passthrough:write", "tasks": ("claims:1",)},
            Forbidden("The caller may not use this engine."),
            id="task of an engine that the caller may not use",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, scopes="passthrough:write"),
            {"scope": "passthrough:write", "ids": ("hr:1",)},
            Unsupported("GET /x takes ids without the name of the engine hr."),
            id="engine in front of an id that is not in the path",
        ),
        pytest.param(
            Caller(*BOTH_ENGINES, limited=True, scopes="passthrough:read"),
            {"scope": "passthrough:read"},
            Forbidden("This request cannot be handed on for this caller."),
            id="refused lane",
        ),
    ],
)
def test_request_that_goes_nowhere(caller: Caller, facts: dict[str, Any], error: VarbridgeError) -> None:
    with pytest.raises(type(error)) as raised:
        found(caller, **facts)
    assert raised.value.detail == error.detail


def test_door_of_another_vendor_translates_what_it_knows_and_refuses_the_rest() -> None:
    caller = Caller("hr", scopes="variables:read passthrough:read")
    assert found(caller, "other", instance="1").is_translated
    assert found(caller, "other").is_translated
    for facts in ({"scope": "passthrough:read"}, {"scope": "passthrough:read", "instance": "hr:1"}):
        with pytest.raises(Unsupported):
            found(caller, "other", **facts)
    bare = found(caller, "other", scope="passthrough:read", instance="1")  # refused once no other engine has it
    assert (bare.is_translated, bare.is_certain) == (True, False)


def test_call_that_only_passes_through_at_home_is_translated_elsewhere_if_it_can_be_said_there() -> None:
    caller = Caller(*BOTH_ENGINES, scopes="passthrough:write")
    facts = {"scope": "passthrough:write", "writes": True, "translates": True}
    assert found(caller, instance="claims:1", **facts) == TRANSLATED
    assert not found(caller, instance="1", **facts).is_translated
