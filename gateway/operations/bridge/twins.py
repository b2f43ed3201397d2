"""The twins of instances that have no link yet: found by the plan's rule, or started by its template and parked.

A start is noted in the store before it is sent, and nothing else starts a twin for the same instance meanwhile. After a
crash the rule finds what had been started, by its marker or business key; only where it finds nothing once the engine
has had time to settle is a twin started anew. What remains: a start that an engine carries out later than that makes a
second twin; then the rule finds two, and none of them is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.bridge.linking import new_link
from gateway.errors import BridgeTransitionRefused
from gateway.model.bridge import BridgePlan, Link, Side, StartTemplate, TwinRule
from gateway.model.bridge_jobs import BridgeItem, BridgeJob
from gateway.model.lifecycle import ChangeState, StartInstance
from gateway.model.results import Instance
from gateway.model.values import Value, json_text
from gateway.operations import instances, lifecycle
from gateway.operations.bridge.job_store import BridgeJobStore
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.twin_rules import NoTwin, find_twin, rule_of
from gateway.operations.gateway import Gateway, Target
from gateway.operations.write import write_under
from gateway.plan import Call

SETTLE_S = 30.0
"""How long after a start that was broken off its twin may still appear: engines answer late, and indexes lag."""
_STEP_S = 0.5
_OVER = frozenset(("completed", "terminated", "failed"))


class Twins:
    """Finds, starts and links the twins of one job's instances.

    Args:
        gateway: whose engines they are.
        links: makes links.
        records: where the begin of a start is noted.
        job: names the caller for the audit trail.
        plan: the job's.
        go_on: called before each step; raises what ends the work there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what twins are made of, once
        self,
        gateway: Gateway,
        links: Links,
        records: BridgeJobStore,
        job: BridgeJob,
        plan: BridgePlan,
        go_on: Callable[[], None],
    ) -> None:
        self._gateway, self._links, self._records, self._job = gateway, links, records, job
        self._plan, self._go_on = plan, go_on

    async def link(self, item: BridgeItem, call: Call) -> Link:
        """Return the link of an instance, which is made with the one twin that is there or is started.

        Raises:
            NoTwin: there is none, or more than one.
            VarbridgeError: an engine or the store failed; repeating it does no harm.
        """
        source = Side(self._plan.source, item.instance)
        key = ("", f"twin of {source.public}")  # engines have names, so no instance's lock is the same
        return await write_under(self._gateway, key, call, lambda: self._link(item, source, call))

    async def _link(self, item: BridgeItem, source: Side, call: Call) -> Link:
        self._go_on()
        linked = await self._links.records.find_by_side(source)
        if linked is not None:
            return self._of_plan(linked)
        engine = self._gateway.engines[source.engine]
        described = await instances.describe_instance(self._gateway, Target(engine, source.native), call)
        found = await find_twin(self._gateway, self._links.records, self._plan, described, call)
        twin = found if isinstance(found, str) else await self._start(item, described, found, call)
        if item.starting_s is not None or not isinstance(found, str):
            await self._park(twin, call)
        made = new_link(source, Side(self._plan.target, twin), self._plan.name, described.business_key)
        return await self._links.create(made, self._job.caller)

    def _of_plan(self, link: Link) -> Link:
        if link.plan != self._plan.name:
            raise BridgeTransitionRefused(f"{link.source.public} is in a link of another plan: {link.id}.")
        return link

    async def _start(self, item: BridgeItem, source: Instance, found: NoTwin, call: Call) -> str:
        """Start a twin; note that before.

        Raises:
            NoTwin: the plan starts none, there are several, or nothing would tell the twin from others afterwards.
        """
        template, rule = self._plan.starts, rule_of(self._plan)
        if template is None or rule is None or found.reason != "missing":
            raise found
        await self._settle(item)
        if item.starting_s is not None:
            later = await find_twin(self._gateway, self._links.records, self._plan, source, call)
            if isinstance(later, str):
                return later
            if later.reason != "missing":
                raise later
        await self._records.note_starting(self._job.id, item.number)
        engine = self._gateway.engines[self._plan.target]
        command = _start_command(template, rule, source)
        started = (await lifecycle.start_instance(self._gateway, engine, command, call)).instance
        if started.state in _OVER:
            raise NoTwin("ended", f"The instance that was started, {started.id}, has ended at once.")
        return started.id

    async def _settle(self, item: BridgeItem) -> None:
        """Wait until a start that was broken off has had its time."""
        if item.starting_s is None:
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_S - item.starting_s
        while (left := until - loop.time()) > 0:
            self._go_on()
            await asyncio.sleep(min(left, _STEP_S))

    async def _park(self, native: str, call: Call) -> None:
        """Suspend a twin that was started, where its engine can."""
        engine = self._gateway.engines[self._plan.target]
        if "instances.state" in engine.capabilities.features:
            command = ChangeState(instance=native, state="suspended")
            _ = await lifecycle.change_state(self._gateway, Target(engine, native), command, call)


def _start_command(template: StartTemplate, rule: TwinRule, source: Instance) -> StartInstance:
    values = dict(template.variables)
    if rule.by == "marker":
        values[str(rule.variable)] = Value(type="string", value=json_text(source.id))
    return StartInstance(definition=template.definition, business_key=source.business_key, variables=values)
