"""The items of an assessment: what a copy would make of each instance. Engines are only read, in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bridge import BridgePlan, Side
from gateway.model.bridge_jobs import BridgeItem, BridgeItemOutcome, BridgeJob, pending_item
from gateway.model.copying import CopyOutcome, policy_of
from gateway.model.results import Instance, Variable
from gateway.operations.bridge.bulk_reads import VariablesReader, find_states
from gateway.operations.bridge.evidence import ended_item
from gateway.operations.bridge.judging import judge
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.sides import seen_of
from gateway.operations.bridge.twin_rules import NoTwin, TwinIndex
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobRun

CHUNK_S = 300.0
"""Deadline of one chunk of instances."""
_TRIES = 3
_PAUSE_S = 0.5
_GONE = "instance-not-found"


class Assessment:
    """Assesses the instances of one job.

    Args:
        gateway: whose engines are read.
        links: read, too.
        job: the request id of every call is its id.
        plan: the job's.
        run: the job under way.
    """

    def __init__(self, gateway: Gateway, links: Links, job: BridgeJob, plan: BridgePlan, run: JobRun) -> None:
        self._gateway, self._links, self._job, self._plan, self._run = gateway, links, job, plan, run
        self._source, self._target = gateway.engines[plan.source], gateway.engines[plan.target]
        self._policy = policy_of(plan)
        self._reader = VariablesReader(gateway, self._source)
        self._twins = TwinIndex(gateway, links.records, plan)

    async def work(self, items: list[BridgeItem]) -> list[BridgeItemOutcome]:
        """Assess some instances; where an engine cannot be read, all of them have failed.

        Raises:
            StoreUnavailable: links cannot be read.
        """
        for tried in range(1, _TRIES + 1):
            try:
                return await self._assess(items)
            except StoreUnavailable:
                raise
            except VarbridgeError as error:
                if self._run.must_stop:
                    return [pending_item(each) for each in items]
                if tried == _TRIES or not error.retryable:
                    failed = CopyOutcome(result="failed", code=error.code, reason=error.detail)
                    return [_ended(each, failed) for each in items]
                await asyncio.sleep(_PAUSE_S * tried)
        raise AssertionError  # the last try returns

    async def _assess(self, items: list[BridgeItem]) -> list[BridgeItemOutcome]:
        call = self._run.open_call(self._job.id, CHUNK_S)
        natives = [each.instance for each in items]
        variables = await self._reader.read(natives, call)
        running = await find_states(self._gateway, self._source, natives, call)
        sides = [Side(self._plan.source, native) for native in natives]
        linked = await self._links.records.find_by_sides(sides)
        alone = [running[side.native] for side in sides if side.native in running and side not in linked]
        twins: dict[str, str | NoTwin] = {side.native: link.target.native for side, link in linked.items()}
        twins |= zip([each.id for each in alone], await self._twins.find(alone, call), strict=True)
        found = dict.fromkeys(each for each in twins.values() if isinstance(each, str))
        states = await find_states(self._gateway, self._target, list(found), call)
        call_ms = round(1000 * call.engine_s / max(call.engine_calls, 1), 2)
        outcomes: list[BridgeItemOutcome] = []
        for item in items:
            source = running.get(item.instance)
            done = self._judge(source, variables[item.instance], twins.get(item.instance), states)
            outcomes.append(_ended(item, msgspec.structs.replace(done, call_ms=call_ms)))
        return outcomes

    def _judge(
        self,
        source: Instance | None,
        variables: Sequence[Variable],
        twin: str | NoTwin | None,
        states: dict[str, Instance],
    ) -> CopyOutcome:
        """Return what a copy of an instance would come to."""
        if source is None:
            return CopyOutcome(result="failed", code=_GONE, reason="The instance is gone, or has ended.")
        judged = judge(self._target, seen_of(tuple(variables), ()), self._policy, {})
        outcome = CopyOutcome(
            result="copied",
            verdicts=judged.counts,
            size=judged.size,
            skipped=judged.skipped(self._policy),
            said=judged.said,
        )
        if twin is None or (isinstance(twin, str) and twin not in states):
            twin = NoTwin("missing", "The twin has ended.")
        elif isinstance(twin, str):
            outcome = msgspec.structs.replace(outcome, twin=states[twin].state)
        elif twin.reason == "missing" and self._plan.starts is not None:
            outcome, twin = msgspec.structs.replace(outcome, twin="to be started"), ""
        if isinstance(twin, NoTwin):
            return msgspec.structs.replace(outcome, result="failed", code=twin.code, reason=twin.detail)
        if judged.stopped is None:
            return outcome
        verdict, handling = judged.stopped
        result = "failed" if handling == "fail" else "skipped"
        reason = f"`{verdict.name}`: {verdict.detail or verdict.codes[0]}"
        return msgspec.structs.replace(outcome, result=result, code=verdict.codes[0], reason=reason)


def _ended(item: BridgeItem, done: CopyOutcome) -> BridgeItemOutcome:
    return ended_item(item, "ready" if done.result == "copied" else done.result, done)
