"""The items of an assessment: what a copy would make of each instance. Engines are only read, in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from gateway.errors import StoreUnavailable, VarbridgeError
from gateway.model.bridge import BridgePlan, Link, Side
from gateway.model.bridge_jobs import TWIN_AMBIGUOUS, TWIN_MISSING, BridgeItem, BridgeItemOutcome, BridgeJob
from gateway.model.copying import CopyOutcome, policy_of
from gateway.model.results import Instance, Variable
from gateway.operations.bridge.bulk_reads import VariablesReader, find_states
from gateway.operations.bridge.judging import judge
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.sides import seen_of
from gateway.operations.bridge.twin_index import TwinIndex
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobRun
from gateway.plan import Call

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
        self._twins = TwinIndex(gateway, plan)

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
                    return [BridgeItemOutcome(number=each.number, instance=each.instance) for each in items]
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
        links = [linked.get(side) for side in sides]
        twins = [
            await self._twins_of(running.get(each.instance), link, call)
            for each, link in zip(items, links, strict=True)
        ]
        found = dict.fromkeys(each[0] for each in twins if len(each) == 1)
        states = await find_states(self._gateway, self._target, list(found), call)
        call_ms = round(1000 * call.engine_s / max(call.engine_calls, 1), 2)
        outcomes: list[BridgeItemOutcome] = []
        for item, natives_of in zip(items, twins, strict=True):
            done = self._judge(running.get(item.instance), variables[item.instance], natives_of, states)
            outcomes.append(_ended(item, msgspec.structs.replace(done, call_ms=call_ms)))
        return outcomes

    async def _twins_of(self, source: Instance | None, link: Link | None, call: Call) -> Sequence[str]:
        if link is not None:
            return (link.target.native,)
        return () if source is None else await self._twins.find(source, call)

    def _judge(
        self,
        source: Instance | None,
        variables: Sequence[Variable],
        twins: Sequence[str],
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
            skipped=tuple(sorted(judged.left_out - self._policy.kept)),
            said=judged.said,
        )
        if (code := self._twin_code(twins, states)) is not None:
            return msgspec.structs.replace(outcome, result="failed", code=code, reason=_REASONS[code])
        twin = states.get(twins[0]) if twins else None
        outcome = msgspec.structs.replace(outcome, twin="to be started" if twin is None else twin.state)
        if judged.stopped is None:
            return outcome
        verdict, handling = judged.stopped
        result = "failed" if handling == "fail" else "skipped"
        reason = f"`{verdict.name}`: {verdict.detail or verdict.codes[0]}"
        return msgspec.structs.replace(outcome, result=result, code=verdict.codes[0], reason=reason)

    def _twin_code(self, twins: Sequence[str], states: dict[str, Instance]) -> str | None:
        """Return why an instance has no twin that could be written; None where it has, or one can be started."""
        if len(twins) > 1:
            return TWIN_AMBIGUOUS
        if not twins:
            return None if self._plan.starts is not None else TWIN_MISSING
        return None if twins[0] in states else TWIN_MISSING


_REASONS = {
    TWIN_AMBIGUOUS: "More than one instance may be the twin.",
    TWIN_MISSING: "There is no twin, or it has ended.",
}


def _ended(item: BridgeItem, done: CopyOutcome) -> BridgeItemOutcome:
    outcome = "ready" if done.result == "copied" else done.result
    return BridgeItemOutcome(
        number=item.number,
        instance=item.instance,
        link=item.link,
        outcome=outcome,
        code=done.code,
        evidence=msgspec.json.encode(done.capped()),
        verdicts=done.verdicts,
    )
