"""Links under random commands of several operators, some of whom act on what they read a while ago, against a model.

The model is the table as people read it (``test_transitions``) and a dict. After each command the store, whoever was
told of the changes, and a process that follows them by their numbers know the same links as the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.bridge.audit import verify
from gateway.bridge.linking import new_link
from gateway.bridge.transitions import Event
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate
from gateway.model.audit import GENESIS, Head
from gateway.model.bridge import Link, Move, Side
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.switch import Switch
from gateway.store import AuditRecords, LinkRecords, PlanRecords, Settings, Store
from tests.unit.bridge.test_transitions import cells

TABLE = {
    (event, state, authority): after for state, authority, event, after in (cell.values for cell in cells())
}  # fmt: skip
SIDES = st.builds(Side, st.sampled_from(["hr", "claims", "third"]), st.sampled_from("123456789"))
EVENTS = st.sampled_from(sorted({event for event, _, _ in TABLE} - {"unlink"}))
OPERATOR = st.sampled_from(["ann", "bob"])
KIND = st.sampled_from(["cut-over", "roll-back"])
MUST_HAPPEN = {
    "create", "copy", "fail", "dual", "shadow", "demote", "cut-over", "roll-back", "finish", "diverge", "resync", "stale",
    "unlink", "begin", "step", "end", "refused", "too late",
}  # fmt: skip
"""What the machine has to have seen, or it has proved less than it says."""
WAYS: tuple[tuple[Event, ...], ...] = (
    ("copy", "fail"),
    ("copy", "dual", "shadow", "demote", "demote"),
    ("copy", "dual", "diverge"),
    ("copy", "cut-over", "diverge"),
    ("copy", "cut-over", "diverge", "resync"),
    ("copy", "cut-over", "roll-back"),
    ("copy", "cut-over", "finish"),
)
"""To each state from which not everything else is one event away."""
BOUNDED = settings(
    max_examples=20, stateful_step_count=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip


class LinksMachine(RuleBasedStateMachine):
    """A ``read`` is a link as somebody has read it; it may have changed since."""

    read = Bundle("read")

    def __init__(self, seen: set[str]) -> None:
        super().__init__()
        self.seen = seen
        self.loop = asyncio.new_event_loop()
        self.store = Store(Settings(url="sqlite://"))
        self.on = True
        self.links = Links(LinkRecords(self.store), PlanRecords(self.store), self.note, Switch(lambda: self.on))
        self.model: dict[str, Link] = {}
        self.noted: dict[str, Link] = {}
        self.followed: dict[str, Link] = {}
        self.number = 0
        self.acts = 0

    def teardown(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.loop.close()

    def note(self, links: Any, removed: Any) -> None:
        self.noted |= {each.id: each for each in links}
        for each in removed:
            del self.noted[each]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.loop.run_until_complete(work)
        except (BridgeTransitionRefused, ConcurrentUpdate) as error:
            self.seen.add("refused" if isinstance(error, BridgeTransitionRefused) else "too late")
            return type(error)

    def changed(self, what: str, made: Link, wanted: Link, acts: int = 1) -> Link:
        """The link is as wanted, but for its number and the time."""
        self.seen.add(what)
        assert made == msgspec.structs.replace(wanted, changed=made.changed, updated=made.updated)
        assert made.changed > wanted.changed
        self.acts += acts
        self.model[made.id] = made
        return made

    def refusal(self, link: Link, may: bool) -> type[Exception] | None:
        if not (self.on and may):
            return BridgeTransitionRefused
        return self.too_late(link)

    def too_late(self, link: Link) -> type[Exception] | None:
        return None if self.model.get(link.id) == link else ConcurrentUpdate

    @rule(target=read, source=SIDES, other=SIDES, operator=OPERATOR)
    def create(self, source: Side, other: Side, operator: str) -> Any:
        taken = {side for each in self.model.values() for side in (each.source, each.target)}
        wanted = new_link(source, other)
        made = self.run(self.links.create(wanted, operator))
        if not self.on or source.engine == other.engine or {source, other} & taken:
            assert made is BridgeTransitionRefused
            return multiple()
        return self.changed("create", made, msgspec.structs.replace(wanted, created=made.created))

    @rule(target=read, link=read, event=EVENTS, operator=OPERATOR, problem=st.sampled_from([None, "It failed."]))
    def apply(self, link: Link, event: Event, operator: str, problem: str | None) -> Any:
        after = TABLE[event, link.state, link.authority]
        may = after != "." and link.move is None and not (event == "cut-over" and link.stale)
        return self.happened(
            self.run(self.links.apply(link, event, operator, problem=problem)), link, event, may, problem
        )

    @rule(target=read, link=read, kind=KIND, operator=OPERATOR)
    def flip(self, link: Link, kind: Event, operator: str) -> Any:
        """What whoever carries a cut-over or roll-back out does at its end."""
        may = TABLE[kind, link.state, link.authority] != "." and not (kind == "cut-over" and link.stale)
        return self.happened(self.run(self.links.apply(link, kind, operator, move=None)), link, kind, may, None)

    def happened(self, made: Any, link: Link, event: Event, may: bool, problem: str | None) -> Any:
        refusal = self.refusal(link, may)
        if refusal is not None:
            assert made is refusal
            return multiple()
        after = TABLE[event, link.state, link.authority]
        authority = "target" if ">" in after else "source" if "<" in after else link.authority
        wanted: dict[str, Any] = {"state": after.strip("<>"), "authority": authority, "problem": problem, "move": None}
        stale = None if event == "copy" else link.stale
        return self.changed(event, made, msgspec.structs.replace(link, stale=stale, **wanted))

    @rule(target=read, link=read, kind=KIND, operator=OPERATOR)
    def begin_or_go_on(self, link: Link, kind: Any, operator: str) -> Any:
        move = Move(kind=kind, step="copying", caller=operator, process="p")
        made = self.run(self.links.set_move(link, move, operator))
        goes_on = link.move is not None and link.move.kind == kind
        refusal = self.refusal(link, link.move is None) if not goes_on else self.too_late(link)
        if refusal is not None:
            assert made is refusal
            return multiple()
        acts = 0 if goes_on else 1
        return self.changed("step" if goes_on else "begin", made, msgspec.structs.replace(link, move=move), acts)

    @rule(target=read, link=read, operator=OPERATOR)
    def give_up(self, link: Link, operator: str) -> Any:
        made = self.run(self.links.set_move(link, None, operator))
        if self.model.get(link.id) != link:
            assert made is ConcurrentUpdate
            return multiple()
        return self.changed("end", made, msgspec.structs.replace(link, move=None), 0 if link.move is None else 1)

    @rule(target=read, link=read, why=st.sampled_from(["a message", "a task"]))
    def mark(self, link: Link, why: str) -> Any:
        current = self.model.get(link.id)
        made = self.run(self.links.mark_stale(link.id, why))
        if current is None or current.stale is not None or current.state in {"linked", "final"}:
            assert made == current
            return multiple()
        return self.changed("stale", made, msgspec.structs.replace(current, stale=why))

    @rule(link=read, operator=OPERATOR)
    def remove(self, link: Link, operator: str) -> None:
        may = TABLE["unlink", link.state, link.authority] != "." and link.move is None
        made = self.run(self.links.remove(link, operator))
        refusal = self.refusal(link, may)
        assert made is refusal
        if refusal is None:
            del self.model[link.id]
            self.acts += 1
            self.seen.add("unlink")

    @initialize(target=read)
    def begin_with_links_in_every_state(self) -> Any:
        links = []
        for number, way in enumerate(WAYS, 1):
            link = self.create(Side("hr", str(number)), Side("claims", str(number)), "ann")
            for event in way:
                link = self.flip(link, event, "ann")
            links.append(link)
        return multiple(*links)

    @precondition(lambda self: self.model)
    @rule(target=read, which=st.integers(0, 9), kind=KIND)
    def begin_and_go_on(self, which: int, kind: Any) -> Any:
        link = self.begin_or_go_on(self.current(which), kind, "bob")
        return link if link == multiple() else self.begin_or_go_on(link, kind, "bob")

    @precondition(lambda self: self.model)
    @rule(which=st.integers(0, 9))
    def remove_what_is_there(self, which: int) -> None:
        self.remove(self.current(which), "bob")

    def current(self, which: int) -> Link:
        links = sorted(self.model.values(), key=lambda each: each.changed)
        return links[which % len(links)]

    @rule(target=read, link=read, event=EVENTS, source=SIDES, other=SIDES)
    def try_it_while_the_bridge_is_switched_off(self, link: Link, event: Event, source: Side, other: Side) -> Any:
        self.on = False
        try:
            assert self.create(source, other, "ann") == multiple()
            assert self.apply(link, event, "ann", None) == multiple()
            self.remove(link, "ann")
            return self.mark(link, "a task")
        finally:
            self.on = True

    @invariant()
    def everybody_knows_the_same_links(self) -> None:
        records = self.links.records
        there = {each.id: each for each in self.run(records.list_some(limit=1000))}
        while True:
            changed, removed, self.number = self.run(records.changed_since(self.number, 2))
            self.followed = {key: each for key, each in self.followed.items() if key not in removed}
            self.followed |= {each.id: each for each in changed}
            if len(changed) < 2:
                break
        assert there == self.model == self.noted == self.followed

    @invariant()
    def every_side_leads_to_its_link_and_no_other(self) -> None:
        every = [Side(engine, native) for engine in ("hr", "claims", "third") for native in "123456789"]
        wanted = {side: each for each in self.model.values() for side in (each.source, each.target)}
        assert len(wanted) == 2 * len(self.model)
        assert self.run(self.links.records.find_by_sides(every)) == wanted

    @invariant()
    def every_change_is_in_the_trail(self) -> None:
        entries = self.run(AuditRecords(self.store).list_after(0, 10_000))
        assert len(entries) == self.acts
        assert isinstance(verify(entries, GENESIS), Head)


def test_everybody_knows_the_links_of_the_model_whatever_operators_do() -> None:
    seen: set[str] = set()
    run_state_machine_as_test(lambda: LinksMachine(seen), settings=BOUNDED)
    assert MUST_HAPPEN - seen == set()
