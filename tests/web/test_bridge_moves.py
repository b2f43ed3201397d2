"""Cut-over and roll-back over a socket: the owner changes with everything verified, or nothing has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from gateway.bridge.linking import new_link
from gateway.errors import EngineUnavailable
from gateway.model.bridge import BridgePlan, Link, Move, Side
from gateway.model.commands import DescribeInstance, ListVariables, PatchVariables
from gateway.model.lifecycle import ChangeState
from gateway.model.values import Value
from gateway.operations.bridge.settling import settling
from gateway.plan import Call, VendorRequest
from tests.until import until
from tests.web.bridged import Bridged

HELD = {"amount": {"type": "Integer", "value": 12}, "name": {"type": "String", "value": "x"}}
INNER = {"blob": {"type": "Bytes", "value": "aGVsbG8="}}
POLICY = {"binary-refused": "skip-variable", "*": "skip-variable"}


class Moved(Bridged):
    """Linked instances on ``hr`` and ``claims`` (or ``other``), and a fault of an engine, once."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_at: int | None = None
        self.hangs = False
        self.reached, self.goes_on = asyncio.Event(), asyncio.Event()
        self.watch: Callable[[str, VendorRequest], None] = lambda _engine, _request: None

    async def run(self, engine, plan, call):
        if self.hangs and engine == "claims":
            self.reached.set()
            await self.goes_on.wait()
        return await super().run(engine, self._broken(engine, plan), call)

    def _broken(self, engine: str, plan: Any) -> Any:
        """The plan, one of whose requests fails on the road."""
        try:
            request = next(plan)
            while True:
                self.watch(engine, request)
                if self.fails_at is not None:
                    self.fails_at -= 1
                    if self.fails_at < 0:
                        self.fails_at = None
                        request = plan.throw(EngineUnavailable(engine=engine))
                        continue
                request = plan.send((yield request))
        except StopIteration as done:
            return done.value

    async def linked(self, held: Any = None, target: str = "claims") -> Link:
        """A link that is copied, whose target is suspended."""
        source = self.fakes["hr"].start("claim", HELD if held is None else held)
        twin = self.fakes[target].start("claim", {"amount": 1, "name": "y"} if target == "claims" else {})
        await self.park(target, twin)
        link = await self.links.create(
            new_link(Side("hr", source), Side(target, twin), "move" if target == "claims" else None), "ops"
        )
        return await self.links.apply(link, "copy", "ops")

    async def park(self, engine: str, native: str, state: Any = "suspended") -> None:
        await super().run(engine, self.engines[engine].change_state(ChangeState(instance=native, state=state)), call())

    async def state(self, side: Side) -> str:
        command = DescribeInstance(instance=side.native, ended=True)
        found = await super().run(side.engine, self.engines[side.engine].describe_instance(command), call())
        return str(found.instance.state)

    async def values(self, side: Side) -> dict[str, Any]:
        command = ListVariables(instance=side.native)
        found = await super().run(side.engine, self.engines[side.engine].list_variables(command), call())
        return {each.name: msgspec.json.decode(each.value.text or b"null") for each in found.variables}

    async def stored(self, link: Link) -> Link:
        return await self.links.find(link.id)

    async def move(self, link: Link, kind: str = "cut-over", **body: Any) -> tuple[int, Any]:
        return (await self.admin("POST", "links", link.id, kind, body=body))[:2]

    async def write(self, side: Side, name: str, number: int) -> None:
        change = {name: Value(type="integer", format="int32", value=msgspec.Raw(str(number).encode()))}
        command = PatchVariables(instance=side.native, modifications=change)
        await super().run(side.engine, self.engines[side.engine].patch_variables(command), call())


def call() -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + 30, request_id="test")


@pytest.fixture
async def site(started: Any) -> AsyncIterator[Moved]:
    made = await started(Moved())
    plan = BridgePlan(name="move", source="hr", target="claims", policy=POLICY, stage="final")
    assert await made.services.plans.records.create(plan)
    yield made
    await made.store.close()


async def test_target_decides_after_a_cut_over_and_holds_what_the_source_held(site: Moved) -> None:
    link = await site.linked()
    status, shown = await site.move(link)
    assert status == 200, shown
    assert (shown["link"]["state"], shown["link"]["authority"]) == ("live", "target")
    assert await site.values(link.target) == {"amount": 12, "name": "x"}
    assert await site.state(link.source) == await site.state(link.target) == "suspended"
    stored = await site.stored(link)
    assert (stored.move, stored.was_running, stored.problem) == (None, True, None)
    report = shown["report"]
    assert (report["left"], report["leftState"]) == (link.source.public, "suspended")
    assert (report["owner"], report["ownerState"]) == (link.target.public, "suspended")
    assert (report["copied"]["written"], report["verified"]["written"]) == (2, 0)
    assert [text.split()[0] for text in report["todo"]] == ["Place", "Activate"]
    assert (await site.recorded())[-2:] == ["ops link.cut-over.begin", "ops link.cut-over"]


async def test_source_runs_again_after_a_roll_back_with_what_the_target_got_since(site: Moved) -> None:
    link = await site.linked(HELD | {"blob": {"type": "Bytes", "value": "aGVsbG8="}})
    status, shown = await site.move(link)
    assert (status, shown["report"]["copied"]["skipped"]) == (200, ["blob"])
    await site.park("claims", link.target.native, "active")
    await site.write(link.target, "amount", 77)
    status, shown = await site.move(link, "roll-back")
    assert status == 200, shown
    assert (shown["link"]["state"], shown["link"]["authority"]) == ("rolled_back", "source")
    assert (await site.state(link.source), await site.state(link.target)) == ("active", "suspended")
    values = await site.values(link.source)
    assert (values["amount"], values["name"], "blob" in values) == (77, "x", True)
    assert (await site.stored(link)).move is None
    status, shown = await site.move(link)
    assert (status, shown["code"]) == (409, "bridge-transition-refused")


async def test_name_that_only_a_write_shows_to_be_undeclared_is_left_out_on_the_way_there_and_back(
    site: Moved,
) -> None:
    link = await site.linked(HELD | {"undeclared": {"type": "String", "value": "only here"}})
    status, shown = await site.move(link)
    assert (status, shown["report"]["copied"]["skipped"]) == (200, ["undeclared"]), shown
    assert (await site.stored(link)).left_out == ("undeclared",)
    status, shown = await site.move(link, "roll-back")
    assert status == 200, shown
    assert shown["report"]["ownerState"] == "active"
    assert (await site.values(link.source))["undeclared"] == "only here"


async def test_source_that_was_suspended_before_stays_so(site: Moved) -> None:
    link = await site.linked()
    await site.park("hr", link.source.native)
    assert (await site.move(link))[0] == 200
    assert (await site.move(link, "roll-back"))[0] == 200
    assert await site.state(link.source) == "suspended"


@pytest.mark.parametrize("kind", ["cut-over", "roll-back"])
@pytest.mark.parametrize("target", ["claims", "other"])
async def test_engine_that_fails_once_anywhere_leaves_the_instance_before_or_after(
    site: Moved, kind: str, target: str
) -> None:
    outcomes = set()
    for number in range(40):
        link = await site.linked(target=target)
        if kind == "roll-back":
            assert (await site.move(link))[0] == 200
        site.fails_at = number
        status, shown = await site.move(link, kind)
        is_done, site.fails_at = site.fails_at is not None, None
        stored = await site.stored(link)
        if stored.move is not None:  # the source could not be made to run again at once
            await swept(site, link)
            stored = await site.stored(link)
        moved = "target" if kind == "cut-over" else "source"
        assert stored.move is None
        assert stored.owner == (link.target if stored.authority == "target" else link.source)
        if status == 200:
            assert stored.authority == moved
        else:
            assert stored.authority != moved, shown
            assert str(stored.problem).startswith(f"The {kind} failed: ") or stored.problem is None
        if stored.authority == "source":
            assert await site.state(link.source) == "active"
        assert await site.values(stored.owner) == {"amount": 12, "name": "x"}
        outcomes.add(status)
        if is_done:
            break
    else:
        raise AssertionError
    assert outcomes >= {200, 503}


async def swept(site: Moved, link: Link) -> None:
    kind = settling(site.gateway, site.links)
    assert await kind.list_due() == [link.id]
    assert not await kind.carry_out(link.id, Run())


class Run:
    """A job under way that may take its time."""

    def open_call(self, request_id: str, seconds: float) -> Call:
        return Call(deadline=asyncio.get_running_loop().time() + seconds, request_id=request_id)


@pytest.mark.parametrize("step", ["suspending", "copying", "comparing", "resuming"])
async def test_move_of_a_process_that_died_is_ended_by_the_sweeper(site: Moved, step: Any) -> None:
    link = await site.linked()
    link = await site.links.set_move(link, Move(kind="cut-over", step=step, process="dead"), "ops")
    await site.park("hr", link.source.native)
    site.on = False
    await swept(site, link)
    stored = await site.stored(link)
    assert (stored.state, stored.authority, stored.move) == ("copied", "source", None)
    assert await site.state(link.source) == "active"
    assert await settling(site.gateway, site.links).list_due() == []


async def test_instance_that_is_gone_is_not_tried_for_ever(site: Moved) -> None:
    link = await site.linked()
    _ = await site.links.set_move(link, Move(kind="cut-over", step="copying", process="dead"), "ops")
    del site.fakes["hr"].instances[link.source.native]
    await swept(site, link)
    stored = await site.stored(link)
    assert stored.move is None
    assert "could not be made to run again" in str(stored.problem)


async def refused(site: Moved, link: Link, **body: Any) -> tuple[int, str, str]:
    status, shown = await site.move(link, **body)
    assert await site.state(link.source) == "active"
    assert (await site.stored(link)).authority == "source"
    return status, shown["code"], shown["detail"]


async def test_target_that_runs_must_be_meant(site: Moved) -> None:
    link = await site.linked()
    await site.park("claims", link.target.native, "active")
    status, code, detail = await refused(site, link)
    assert (status, code) == (409, "instance-state-conflict")
    assert "activeTarget" in detail
    assert (await site.move(link, activeTarget=True))[0] == 200


async def test_side_that_has_ended_is_refused(site: Moved) -> None:
    link = await site.linked()
    await site.park("claims", link.target.native, "terminated")
    assert (await refused(site, link))[0] in {404, 409}


async def test_link_that_is_stale_or_not_copied_is_refused(site: Moved) -> None:
    link = await site.linked()
    _ = await site.links.mark_stale(link.id, "somebody wrote")
    assert (await refused(site, link))[:2] == (409, "bridge-transition-refused")
    source, twin = site.fakes["hr"].start("claim", HELD), site.fakes["claims"].start("claim", {})
    fresh = await site.links.create(new_link(Side("hr", source), Side("claims", twin), "move"), "ops")
    assert (await refused(site, fresh))[:2] == (409, "bridge-transition-refused")


async def test_plan_that_does_not_go_so_far_is_found_before_anything_is_suspended(site: Moved) -> None:
    link = await site.linked()
    plan = await site.services.plans.records.find("move")
    assert await site.services.plans.records.replace(msgspec.structs.replace(plan, stage="copied"))
    site.sent.clear()
    assert (await refused(site, link))[:2] == (409, "bridge-transition-refused")
    assert site.writes == []


async def test_second_operator_is_refused_while_a_move_is_under_way(site: Moved) -> None:
    link = await site.linked()
    _ = await site.links.set_move(link, Move(kind="cut-over", step="suspending", process="other"), "ops")
    status, _, detail = await refused(site, link)
    assert (status, "under way" in detail) == (409, True)


async def test_switch_that_goes_off_in_the_middle_leaves_the_source_running(site: Moved) -> None:
    link = await site.linked()

    def watch(engine: str, request: VendorRequest) -> None:
        if engine == "claims" and request.writes:
            site.on = False

    site.watch = watch
    status, code, detail = await refused(site, link)
    assert (status, code) == (409, "bridge-transition-refused")
    assert "bridge.enabled" in detail
    assert (await site.stored(link)).move is None


async def test_target_that_keeps_something_else_makes_the_link_stale(site: Moved) -> None:
    link = await site.linked()

    def watch(engine: str, request: VendorRequest) -> None:
        if engine == "claims" and not request.writes:
            site.fakes["claims"].instances[link.target.native].variables["name"] = "lies"

    site.watch = watch
    status, code, _ = await refused(site, link)
    assert (status, code) == (409, "bridge-transition-refused")
    assert (await site.stored(link)).stale is not None


async def test_caller_who_goes_away_in_the_middle_leaves_the_move_to_end_by_itself(site: Moved) -> None:
    link = await site.linked()

    def watch(engine: str, request: VendorRequest) -> None:
        site.hangs = site.hangs or (engine == "hr" and request.writes)  # it is suspended: from now on the target hangs

    site.watch = watch
    asking = asyncio.ensure_future(site.move(link))
    _ = await site.reached.wait()
    assert (await site.stored(link)).move is not None
    _ = asking.cancel()
    site.hangs = False
    site.watch = lambda _engine, _request: None

    async def has_ended() -> bool:
        site.goes_on.set()
        return (await site.stored(link)).move is None

    await until(has_ended)
    stored = await site.stored(link)
    assert (stored.authority, await site.state(link.source)) in {("source", "active"), ("target", "suspended")}


async def test_two_operators_at_once_move_a_link_once(site: Moved) -> None:
    link = await site.linked()
    answers = await asyncio.gather(*(site.move(link) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    assert (await site.recorded()).count("ops link.cut-over") == 1


async def test_members_that_there_are_not_are_named(site: Moved) -> None:
    link = await site.linked()
    status, shown = await site.move(link, activeTargets=True)
    assert (status, "activeTarget" in shown["detail"]) == (400, True)
