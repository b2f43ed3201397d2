"""The items of a copy or a comparison: each link with what was found, and the event that follows for the link."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from gateway.bridge import allowed, apply
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate, LinkNotFound, StoreUnavailable, VarbridgeError
from gateway.model.bridge import BridgePlan, Link
from gateway.model.bridge_jobs import BridgeItem, BridgeItemOutcome, BridgeJob, pending_item
from gateway.model.copying import CopyOutcome, policy_of
from gateway.operations.bridge.copying import compare_link, copy_link
from gateway.operations.bridge.evidence import ended_item
from gateway.operations.bridge.job_store import BridgeJobStore
from gateway.operations.bridge.links import Left, Links
from gateway.operations.bridge.twin_rules import NoTwin
from gateway.operations.bridge.twins import Twins
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobRun

ITEM_S = 300.0
"""Deadline of one item: a blob of some GiB may be in it."""
_TRIES = 3
"""Tries of an item whose engine or road failed, and of one whose link changed while it was copied."""
_PAUSE_S = 0.5
"""Pause before the second try; each further pause is longer by as much."""


class MustStop(Exception):
    """The job must stop here: the gateway stops, the bridge is switched off, or another process has the job."""


class LinkItems:
    """Copies or compares the links of one job.

    Args:
        gateway: whose engines they are.
        links: changes links.
        records: where the job is stored.
        job: names the caller for the audit trail.
        plan: the job's.
        run: the job under way.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the items are made of, once
        self, gateway: Gateway, links: Links, records: BridgeJobStore, job: BridgeJob, plan: BridgePlan, run: JobRun
    ) -> None:
        self._gateway, self._links, self._job, self._plan = gateway, links, job, plan
        self._policy, self._run = policy_of(plan), run
        self._twins = Twins(gateway, links, records, job, plan, self.go_on)

    def go_on(self) -> None:
        """Return if the next step may be taken.

        Raises:
            MustStop: it may not.
        """
        if self._run.must_stop or not self._links.switch.is_on:
            raise MustStop

    async def work(self, item: BridgeItem) -> BridgeItemOutcome:
        """Copy or compare one link; an item that must stop before its end comes back without an outcome.

        Raises:
            StoreUnavailable: what became of it cannot be stored.
        """
        try:
            return await self._try(item)
        except MustStop:
            return pending_item(item)
        except NoTwin as missing:
            return self._ended(item, CopyOutcome(result="failed", code=missing.code, reason=missing.detail))

    async def _try(self, item: BridgeItem) -> BridgeItemOutcome:
        for tried in range(1, _TRIES + 1):
            self.go_on()
            try:
                return await self._once(item)
            except StoreUnavailable:
                raise
            except VarbridgeError as error:
                self.go_on()
                if tried == _TRIES or not (error.retryable or isinstance(error, ConcurrentUpdate)):
                    return await self._failed(item, error)
                await asyncio.sleep(_PAUSE_S * tried)
        raise AssertionError  # the last try returns

    async def _once(self, item: BridgeItem) -> BridgeItemOutcome:
        call = self._run.open_call(self._job.id, ITEM_S)
        link = await self._find(item) if item.link is not None else await self._twins.link(item, call)
        item = msgspec.structs.replace(item, link=link.id)
        if self._job.kind == "verify":
            return self._ended(
                item, await self._compared(link, await compare_link(self._gateway, link, self._policy, call))
            )
        if (reason := self._no_copy(link)) is not None:
            return self._ended(item, CopyOutcome(result="skipped", code=BridgeTransitionRefused.code, reason=reason))
        done = await copy_link(self._gateway, self._links.records, link, self._policy, call, go_on=self.go_on)
        await self._note(link, done)
        return self._ended(item, done)

    def _no_copy(self, link: Link) -> str | None:
        """Return why a link is not copied as it is now; None where it may be."""
        if link.move is not None:
            return f"A {link.move.kind} is under way."
        try:
            _ = apply(link, "copy", self._plan.stage)
        except BridgeTransitionRefused as refused:
            return refused.detail
        return None

    async def _find(self, item: BridgeItem) -> Link:
        link = None if item.link is None else await self._links.records.find(item.link)
        if link is None:
            raise LinkNotFound
        return link

    async def _note(self, link: Link, done: CopyOutcome) -> None:
        """Let the event happen that a copy stands for; a link that changed meanwhile is copied again."""
        if done.result == "copied":
            left = Left(was_running=link.was_running, left_out=done.skipped)
            _ = await self._links.apply(link, "copy", self._job.caller, self._evidence(done), left=left)
        elif done.result == "failed":
            _ = await self._links.apply(link, "fail", self._job.caller, self._evidence(done), problem=done.reason)

    async def _compared(self, link: Link, found: CopyOutcome) -> CopyOutcome:
        if found.result == "failed":
            _ = await self._links.mark_stale(link.id, str(found.reason), self._job.caller)
        return found

    async def _failed(self, item: BridgeItem, error: VarbridgeError) -> BridgeItemOutcome:
        """Return that an item has failed, and note it on its link where that is possible now."""
        done = CopyOutcome(result="failed", code=error.code, reason=error.detail)
        if self._job.kind == "copy" and not isinstance(error, LinkNotFound):
            try:
                link = await self._find(item)
                if "fail" in allowed(link) and link.move is None:
                    await self._note(link, done)
            except StoreUnavailable:
                raise
            except VarbridgeError:
                pass  # the link has changed again; what counts is what became of it there
        return self._ended(item, done)

    def _evidence(self, done: CopyOutcome) -> dict[str, Any]:
        names = ("code", "verdicts", "size", "written", "deleted", "passes", "different", "raced", "by_rule")
        found = {name: getattr(done, name) for name in names}
        return {"job": self._job.id} | {name: each for name, each in found.items() if each}

    def _ended(self, item: BridgeItem, done: CopyOutcome) -> BridgeItemOutcome:
        outcome: str = done.result
        if self._job.kind == "verify":
            outcome = {"copied": "equal", "failed": "different" if done.different else "failed"}.get(outcome, outcome)
        return ended_item(item, outcome, done)
