"""Changes of links and plans: allowed, stored, recorded and noted together, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from adapters import camunda7, ibm_bpm
from gateway.bridge.linking import NotLinked, new_link
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate, LinkNotFound, PlanNotFound
from gateway.model.bridge import BridgePlan, Link, Move, Selector, Side, StartTemplate
from gateway.model.values import Value
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.bridge.switch import Switch
from gateway.port import Credentials
from gateway.store import AuditRecords, LinkRecords, PlanRecords, Settings, Store

ENGINES = {
    name: vendor.engine(name, vendor.settings(), Credentials())
    for name, vendor in (("hr", camunda7.VENDOR), ("claims", ibm_bpm.VENDOR))
}
BEGUN = Move(kind="cut-over", step="suspending", caller="ops", process="p1")


class Room:
    """Links and plans in memory, with what was noted and recorded."""

    def __init__(self) -> None:
        self.store = Store(Settings(url="sqlite://"))
        self.on = True
        self.noted: list[tuple[list[str], list[str]]] = []
        switch = Switch(lambda: self.on)
        plans = PlanRecords(self.store)
        self.plans = Plans(plans, switch)
        self.links = Links(LinkRecords(self.store), plans, self.note, switch)

    def note(self, links: Any, removed: Any) -> None:
        self.noted.append(([f"{each.public} {each.state} {each.authority}" for each in links], list(removed)))

    async def recorded(self) -> list[tuple[str, str, dict[str, Any]]]:
        entries = await AuditRecords(self.store).list_after(0, 100)
        return [(each.caller, each.action, msgspec.json.decode(each.evidence)) for each in entries]

    async def link(self, number: int = 1, plan: str | None = None) -> Link:
        return await self.links.create(pair(number, plan), "ops")


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    await made.store.close()


def pair(number: int, plan: str | None = None) -> Link:
    return new_link(Side("hr", f"s{number}"), Side("claims", f"t{number}"), plan)


def plan(name: str = "move", **more: Any) -> BridgePlan:
    return BridgePlan(**{"name": name, "source": "hr", "target": "claims", **more})


async def test_link_that_is_made_is_recorded_and_noted(room: Room) -> None:
    made = await room.link()
    assert (made.public, made.state, made.authority, made.changed) == ("hr:s1", "linked", "source", 1)
    sides = {"source": "hr:s1", "target": "claims:t1"}
    assert await room.recorded() == [("ops", "link.create", sides | {"plan": None})]
    assert room.noted == [(["hr:s1 linked source"], [])]
    assert await room.links.find(made.id) == made
    with pytest.raises(LinkNotFound):
        await room.links.find("0" * 32)


async def test_of_many_links_those_that_cannot_be_made_are_named_with_reasons_and_the_others_made(room: Room) -> None:
    await room.plans.create(plan(), ENGINES, "ops")
    first = await room.link()
    same, here = Side("hr", "x"), Side("hr", "y")
    given = [
        pair(2, "move"),
        pair(1),
        new_link(same, same),
        new_link(same, here),
        new_link(Side("hr", "s9"), first.target),
        new_link(first.target, Side("hr", "s9")),
        pair(2),
        pair(3, "gone"),
        new_link(Side("claims", "t4"), Side("hr", "s4"), "move"),
        pair(5),
    ]
    made = await room.links.create_many(given, "ops")
    refused = [(each.reason, each.detail) for each in made if isinstance(each, NotLinked)]
    assert [isinstance(each, Link) for each in made] == [True, *[False] * 8, True]
    assert refused == [
        ("exists", f"They are linked already: link {first.id}."),
        ("self", "hr:x cannot be linked to itself."),
        ("self", "hr:x and hr:y are on the same engine."),
        ("taken", f"claims:t1 is in another link already: {first.id}, hr:s1 → claims:t1."),
        ("taken", f"claims:t1 is in another link already: {first.id}, hr:s1 → claims:t1."),
        ("exists", f"They are linked already: link {given[0].id}."),
        ("plan", "There is no bridge plan gone."),
        ("plan", "The plan move links instances of hr to twins on claims."),
    ]
    assert room.noted[-1] == (["hr:s2 linked source", "hr:s5 linked source"], [])
    assert [action for _, action, _ in await room.recorded()] == ["plan.create", *["link.create"] * 3]


async def test_one_link_that_cannot_be_made_is_refused(room: Room) -> None:
    await room.link()
    with pytest.raises(BridgeTransitionRefused, match="They are linked already"):
        await room.link()


async def test_event_is_stored_with_its_evidence_and_noted(room: Room) -> None:
    made = await room.link()
    after = await room.links.apply(made, "copy", "job", {"variables": 12})
    assert (after.state, after.changed, after.problem) == ("copied", 2, None)
    failed = await room.links.apply(after, "fail", "job", problem="The target does not know `amount`.")
    assert (failed.state, failed.problem) == ("failed", "The target does not know `amount`.")
    sides = {"source": "hr:s1", "target": "claims:t1", "authority": "source"}
    assert (await room.recorded())[1:] == [
        ("job", "link.copy", sides | {"before": "linked", "after": "copied", "variables": 12}),
        ("job", "link.fail", sides | {"before": "copied", "after": "failed"}),
    ]
    assert room.noted[1:] == [(["hr:s1 copied source"], []), (["hr:s1 failed source"], [])]


async def test_event_that_is_not_allowed_leaves_no_trace(room: Room) -> None:
    await room.plans.create(plan(stage="copied"), ENGINES, "ops")
    made = await room.link(plan="move")
    with pytest.raises(BridgeTransitionRefused, match="allows no dual; allowed now: copy, fail, unlink"):
        await room.links.apply(made, "dual", "ops")
    copied = await room.links.apply(made, "copy", "ops")
    with pytest.raises(BridgeTransitionRefused, match="as far as copied; cut-over goes further"):
        await room.links.apply(copied, "cut-over", "ops")
    assert await room.links.find(made.id) == copied
    assert len(await room.recorded()) == len(room.noted) + 1 == 3


async def test_of_two_operators_at_once_the_second_is_refused(room: Room) -> None:
    made = await room.link()
    await room.links.apply(made, "copy", "first")
    with pytest.raises(ConcurrentUpdate):
        await room.links.apply(made, "fail", "second")
    with pytest.raises(ConcurrentUpdate):
        await room.links.remove(made, "second")
    with pytest.raises(ConcurrentUpdate):
        await room.links.set_move(made, BEGUN, "second")
    assert [caller for caller, _, _ in await room.recorded()] == ["ops", "first"]


async def test_stale_mark_is_made_once_and_only_where_there_is_a_copy(room: Room) -> None:
    made = await room.link()
    assert await room.links.mark_stale(made.id, "a completed task") == made
    copied = await room.links.apply(made, "copy", "ops")
    stale = await room.links.mark_stale(made.id, "a completed task", "portal")
    assert stale is not None
    assert (stale.stale, stale.state) == ("a completed task", "copied")
    assert await room.links.mark_stale(copied.id, "another one") == stale
    assert (await room.recorded())[-1][:2] == ("portal", "link.stale")
    assert len(await room.recorded()) == 3
    with pytest.raises(BridgeTransitionRefused, match="copied and stale allows no cut-over"):
        await room.links.apply(stale, "cut-over", "ops")
    await room.links.remove(await room.links.apply(stale, "copy", "ops"), "ops")
    assert await room.links.mark_stale(made.id, "too late") is None


async def test_copy_that_began_before_a_link_became_stale_does_not_count(room: Room) -> None:
    before = await room.link()
    copied = await room.links.apply(before, "copy", "ops")
    await room.links.mark_stale(copied.id, "a message")
    with pytest.raises(ConcurrentUpdate):
        await room.links.apply(copied, "copy", "job")


async def test_removed_link_is_recorded_and_noted(room: Room) -> None:
    made = await room.link()
    await room.links.remove(made, "ops")
    assert (await room.recorded())[-1][:2] == ("ops", "link.unlink")
    assert room.noted[-1] == ([], [made.id])
    live = await room.links.apply(await room.links.apply(await room.link(2), "copy", "ops"), "cut-over", "ops")
    with pytest.raises(BridgeTransitionRefused, match="live allows no unlink; allowed now: roll-back, finish, diverge"):
        await room.links.remove(live, "ops")


async def test_nothing_comes_between_the_steps_of_a_cut_over(room: Room) -> None:
    copied = await room.links.apply(await room.link(), "copy", "ops")
    begun = await room.links.set_move(copied, BEGUN, "ops")
    step = await room.links.set_move(begun, msgspec.structs.replace(BEGUN, step="copying"), "ops")
    for refused in (
        room.links.apply(step, "copy", "other"),
        room.links.remove(step, "other"),
        room.links.set_move(step, msgspec.structs.replace(BEGUN, kind="roll-back"), "other"),
    ):
        with pytest.raises(BridgeTransitionRefused, match="A cut-over of this link is under way"):
            await refused
    live = await room.links.apply(step, "cut-over", "ops", move=None)
    assert (live.state, live.authority, live.move) == ("live", "target", None)
    actions = ["link.create", "link.copy", "link.cut-over.begin", "link.cut-over"]
    assert [action for _, action, _ in await room.recorded()] == actions


async def test_cut_over_that_ends_without_effect_is_recorded(room: Room) -> None:
    copied = await room.links.apply(await room.link(), "copy", "ops")
    ended = await room.links.set_move(await room.links.set_move(copied, BEGUN, "ops"), None, "ops")
    assert (ended.state, ended.move) == ("copied", None)
    assert (await room.recorded())[-1][1:] == (
        "link.cut-over.end", {"source": "hr:s1", "target": "claims:t1", "step": "suspending"})  # fmt: skip


async def test_bridge_that_is_switched_off_changes_nothing_but_stale_marks_and_the_end_of_what_has_begun(
    room: Room,
) -> None:
    stored = await room.plans.create(plan(), ENGINES, "ops")
    copied = await room.links.apply(await room.link(), "copy", "ops")
    begun = await room.links.set_move(copied, BEGUN, "ops")
    other = await room.links.apply(await room.link(2), "copy", "ops")
    room.on = False
    for refused in (
        room.link(3),
        room.links.apply(other, "copy", "ops"),
        room.links.apply(begun, "cut-over", "ops", move=None),
        room.links.remove(other, "ops"),
        room.links.set_move(other, BEGUN, "ops"),
        room.plans.create(plan("next"), ENGINES, "ops"),
        room.plans.change(stored, stored, ENGINES, "ops"),
        room.plans.remove(stored, "ops"),
    ):
        with pytest.raises(BridgeTransitionRefused, match=r"switched off \(`bridge.enabled = false`\)"):
            await refused
    assert (await room.links.mark_stale(other.id, "a message")).stale == "a message"  # type: ignore[union-attr]
    resuming = await room.links.set_move(begun, msgspec.structs.replace(BEGUN, step="resuming"), "ops")
    assert (await room.links.set_move(resuming, None, "ops")).move is None
    room.on = True
    assert await room.link(3)


async def test_plan_is_recorded_with_what_changed_and_without_values(room: Room) -> None:
    starts = StartTemplate(definition="parked", variables={"iban": Value(value=msgspec.Raw(b'"secret"'))})
    made = await room.plans.create(plan(starts=starts, selector=Selector(ids=("1", "2"))), ENGINES, "ops")
    changed = await room.plans.change(made, msgspec.structs.replace(made, stage="live"), ENGINES, "boss")
    assert (changed.version, changed.stage, changed.caller) == (2, "live", "ops")
    with pytest.raises(ConcurrentUpdate):
        await room.plans.change(made, msgspec.structs.replace(made, stage="final"), ENGINES, "late")
    await room.plans.remove(changed, "ops")
    created, change, removed = await room.recorded()
    assert created[2] == {
        "source": "hr", "target": "claims", "stage": "copied", "policy": {}, "selector": {"instances": 2},
        "starts": {"definition": "parked", "variables": ["iban"]},
    }  # fmt: skip
    assert change == ("boss", "plan.change", {"stage": {"before": "copied", "after": "live"}})
    assert removed[:2] == ("ops", "plan.remove")
    with pytest.raises(PlanNotFound):
        await room.plans.find("move")


async def test_plan_of_a_name_that_is_there_and_removal_of_one_with_links_are_refused(room: Room) -> None:
    made = await room.plans.create(plan(), ENGINES, "ops")
    with pytest.raises(BridgeTransitionRefused, match="There is a plan move already"):
        await room.plans.create(plan(), ENGINES, "ops")
    await room.link(plan="move")
    with pytest.raises(BridgeTransitionRefused, match="has links; unlink them first"):
        await room.plans.remove(made, "ops")
