"""Linking by a plan's rule: its instances are walked, their twins are found, and each pair becomes a link."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.bridge.linking import NotLinked, new_link
from gateway.errors import InvalidRequest
from gateway.model.bridge import BridgePlan, Side
from gateway.model.results import Instance
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.selecting import SelectionPosition, select_piece
from gateway.operations.bridge.twin_rules import NoTwin, TwinIndex
from gateway.operations.gateway import Gateway
from gateway.plan import Call

_BATCH = 500
"""Links of one transaction."""


class PairProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why an instance was not linked.

    Args:
        instance: canonical id, or an id of the selector that is no running instance.
        reason: as for ``NoTwin`` and ``NotLinked``; ``gone``: the selector names it, and it is not there.
        detail: for people.
    """

    instance: str
    reason: str
    detail: str


class PairReport(msgspec.Struct, kw_only=True):
    """What became of some of a plan's instances.

    Args:
        linked: were linked now; ``present``: were in a link already.
        problems: of those that were not linked.
        following: where the rest begins; None = there is no rest.
    """

    linked: int = 0
    present: int = 0
    problems: list[PairProblem] = msgspec.field(default_factory=list)
    following: SelectionPosition | None = None


async def link_by_rule(  # noqa: PLR0913 - a plan, and how far to go
    gateway: Gateway,
    links: Links,
    plan: BridgePlan,
    *,
    position: SelectionPosition,
    limit: int,
    caller: str,
    call: Call,
) -> PairReport:
    """Link the next instances of a plan to their twins; doing it again does no harm.

    Raises:
        InvalidRequest: the plan has no rule.
        BridgeTransitionRefused: the bridge is switched off. VarbridgeError: an engine could not be asked.
    """
    if plan.twins is None:
        raise InvalidRequest("The plan has no rule for twins (`twins`); import its links.")
    report = PairReport(following=position)
    new: list[Instance] = []
    seen = 0
    while report.following is not None and seen < limit:
        piece = await select_piece(gateway, plan, report.following, limit - seen, call)
        new += await _without_links(links, plan, piece.found, report)
        report.problems += [_gone(plan, each) for each in piece.missing]
        report.following, seen = piece.following, seen + max(1, len(piece.found) + len(piece.missing))
    found = await TwinIndex(gateway, links.records, plan).find(new, call)
    await _link(links, plan, list(zip(new, found, strict=True)), report, caller)
    return report


async def _without_links(
    links: Links, plan: BridgePlan, instances: Sequence[Instance], report: PairReport
) -> list[Instance]:
    """Return the instances that are in no link; the others are present."""
    known = await links.records.find_by_sides([Side(plan.source, each.id) for each in instances])
    report.present += len(known)
    return [each for each in instances if Side(plan.source, each.id) not in known]


async def _link(
    links: Links, plan: BridgePlan, pairs: list[tuple[Instance, str | NoTwin]], report: PairReport, caller: str
) -> None:
    for each, twin in pairs:
        if isinstance(twin, NoTwin):
            public = f"{plan.source}:{each.id}"
            report.problems.append(PairProblem(instance=public, reason=twin.reason, detail=twin.detail))
    fitting = [
        new_link(Side(plan.source, each.id), Side(plan.target, twin), plan.name, each.business_key)
        for each, twin in pairs
        if isinstance(twin, str)
    ]
    for start in range(0, len(fitting), _BATCH):
        batch = fitting[start : start + _BATCH]
        for link, made in zip(batch, await links.create_many(batch, caller), strict=True):
            if isinstance(made, NotLinked):
                report.problems.append(PairProblem(instance=link.public, reason=made.reason, detail=made.detail))
            else:
                report.linked += 1


def _gone(plan: BridgePlan, written: str) -> PairProblem:
    detail = f"The selector names it, but it is no running instance of {plan.source} that the selector means."
    return PairProblem(instance=written, reason="gone", detail=detail)
