"""Finding the twins of many instances by a plan's rule: the same business key, or a marker that holds the source's id.

A twin is never guessed: where two instances could be it, on either side, none is. ``twins`` finds or starts the twin of
one instance that is being copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.bridge import BridgePlan, TwinRule
from gateway.model.commands import FindInstances
from gateway.model.query import Filter, Row
from gateway.model.results import Instance
from gateway.model.values import text_of
from gateway.operations.concurrent import gather_bounded
from gateway.operations.gateway import Gateway
from gateway.operations.paging import PageRequest, raise_failure, read_page
from gateway.plan import Call

_TWO = 2
"""Of whom a second one is found, there are too many."""
_ROWS = 1000
"""Rows of one page while marker variables are read."""


class NoTwin(msgspec.Struct, frozen=True):
    """Why an instance has no twin; ``detail`` is for people."""

    reason: Literal["no-key", "missing", "ambiguous"]
    detail: str


async def find_twins(
    gateway: Gateway, plan: BridgePlan, rule: TwinRule, instances: Sequence[Instance], call: Call
) -> list[str | NoTwin]:
    """Return the native id of each instance's twin on the target engine, or why there is none; in order.

    Raises:
        VarbridgeError: an engine could not be asked.
    """
    if rule.by == "marker":
        return await _by_marker(gateway, plan, rule, instances, call)
    found = await gather_bounded([_by_key(gateway, plan, rule, each, call) for each in instances])
    for each in found:
        if isinstance(each, VarbridgeError):
            raise each
    return found


async def _by_key(gateway: Gateway, plan: BridgePlan, rule: TwinRule, instance: Instance, call: Call) -> str | NoTwin:
    key = instance.business_key
    if not key:
        return NoTwin("no-key", "It has no business key.")
    twins = await _of_key(gateway, plan.target, key, rule.definition, call)
    if not twins:
        return NoTwin("missing", f"No running instance of {plan.target} has its business key.")
    if len(twins) >= _TWO:
        return NoTwin("ambiguous", f"Several instances of {plan.target} have its business key: {', '.join(twins)}.")
    others = await _of_key(gateway, plan.source, key, plan.selector.definition, call)
    if len(others) >= _TWO:
        return NoTwin("ambiguous", f"Several instances of {plan.source} have this business key: {', '.join(others)}.")
    return twins[0]


async def _of_key(gateway: Gateway, name: str, key: str, definition: str | None, call: Call) -> list[str]:
    command = FindInstances(business_key=key, definition=definition, limit=_TWO)
    found = await gateway.run(name, gateway.engines[name].find_instances(command), call)
    return [each.id for each in found.instances]


async def _by_marker(
    gateway: Gateway, plan: BridgePlan, rule: TwinRule, instances: Sequence[Instance], call: Call
) -> list[str | NoTwin]:
    """Read all variables of the marker's name, once: that is as many as there are twins."""
    names = {name: each.id for each in instances for name in (each.id, f"{plan.source}:{each.id}")}
    marked: dict[str, set[str]] = {}
    wanted = PageRequest(filter=Filter(variable_name=rule.variable), engines=(plan.target,), limit=_ROWS)
    positions = None
    while True:
        page = await read_page(gateway, wanted, positions, call)
        raise_failure(page.shares)
        for _, row in page.rows:
            source = names.get(_marked(row))
            if source is not None and row.instance is not None and _is_of(row, rule.definition):
                marked.setdefault(source, set()).add(row.instance)
        if page.positions is None:
            return _unique(plan, rule, instances, marked)
        positions = page.positions


def _marked(row: Row) -> str:
    """Return the id that a marker holds, as text; ids that are numbers may be marked by numbers."""
    text = row.variable.value.text
    return text_of(text) if text.startswith(b'"') else text.decode()


def _is_of(row: Row, definition: str | None) -> bool:
    return definition is None or definition in {row.definition, row.definition_id}


def _unique(
    plan: BridgePlan, rule: TwinRule, instances: Sequence[Instance], marked: Mapping[str, set[str]]
) -> list[str | NoTwin]:
    sources: dict[str, list[str]] = {}
    for source, twins in marked.items():
        for twin in twins:
            sources.setdefault(twin, []).append(source)
    return [_unique_one(plan, rule, sorted(marked.get(each.id, ())), sources) for each in instances]


def _unique_one(plan: BridgePlan, rule: TwinRule, twins: list[str], sources: Mapping[str, list[str]]) -> str | NoTwin:
    if not twins:
        return NoTwin("missing", f"No instance of {plan.target} has its id in the variable {rule.variable}.")
    if len(twins) >= _TWO:
        several = f"Several instances of {plan.target} have its id in the variable {rule.variable}"
        return NoTwin("ambiguous", f"{several}: {', '.join(twins[:_TWO])}.")
    if len(sources[twins[0]]) >= _TWO:
        return NoTwin("ambiguous", f"{plan.target}:{twins[0]} has the ids of several instances in {rule.variable}.")
    return twins[0]
