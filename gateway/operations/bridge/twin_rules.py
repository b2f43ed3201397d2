"""Finding twins by a plan's rule: the same business key, or a marker that holds the source's id.

A twin is never guessed: where two could be it, or two instances share its business key, none is. Who is in a link
already does not count, on either side. ``twins`` starts what is not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from gateway.bridge.records import LinkStore
from gateway.model.bridge import BridgePlan, Link, Side, TwinRule
from gateway.model.bridge_jobs import TWIN_AMBIGUOUS, TWIN_ENDED, TWIN_MISSING
from gateway.model.commands import FindInstances
from gateway.model.condition import Condition
from gateway.model.query import Filter, QueryVariables, Row
from gateway.model.results import Instance
from gateway.model.values import json_text, text_of
from gateway.operations.finding import InstancePosition, find_page
from gateway.operations.gateway import Gateway
from gateway.operations.paging import PageRequest, raise_failure, read_page
from gateway.plan import Call

_ENOUGH = 10
"""Instances of one key that are looked at, at most; two free ones are too many already."""
_PAGE = 1000
_SIDES = 500
"""Instances whose links are read at once."""
_CODES = {"no-key": TWIN_MISSING, "missing": TWIN_MISSING, "ambiguous": TWIN_AMBIGUOUS, "ended": TWIN_ENDED}

Keyed: TypeAlias = Mapping[str, set[str]]
"""Native ids by what tells twins: business key, or the text of a marker."""


class NoTwin(Exception):
    """An instance has no twin that could be linked.

    Args:
        reason: ``ended``: its twin was started, and has ended at once.
        detail: for people.
    """

    def __init__(self, reason: Literal["no-key", "missing", "ambiguous", "ended"], detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.code = reason, detail, _CODES[reason]


class TwinIndex:
    """The twins of many instances: what tells them is read once, for all.

    Args:
        gateway: whose engines they are on.
        links: tell who is in a link.
        plan: the rule is its.
    """

    def __init__(self, gateway: Gateway, links: LinkStore, plan: BridgePlan) -> None:
        self._gateway, self._links, self._plan, self._rule = gateway, links, plan, rule_of(plan)
        self._told: tuple[Keyed, Keyed] | None = None

    async def find(self, sources: Sequence[Instance], call: Call) -> list[str | NoTwin]:
        """Return the native id of each instance's twin, or why there is none; in order.

        Raises:
            VarbridgeError: an engine could not be asked.
        """
        if self._rule is None:
            return [_without_rule()] * len(sources)
        if sources and self._told is None:
            self._told = await self._read(self._rule, call)
        twins, rivals = self._told or ({}, {})
        return await _decide(self._links, self._plan, self._rule, sources, twins, rivals)

    async def _read(self, rule: TwinRule, call: Call) -> tuple[Keyed, Keyed]:
        plan = self._plan
        if rule.by == "marker":
            return await self._read_markers(rule, call), {}
        twins = await self._read_keys(plan.target, rule.definition, call)
        return twins, await self._read_keys(plan.source, plan.selector.definition, call)

    async def _read_markers(self, rule: TwinRule, call: Call) -> Keyed:
        wanted = PageRequest(filter=Filter(variable_name=rule.variable), engines=(self._plan.target,), limit=_PAGE)
        found: defaultdict[str, set[str]] = defaultdict(set)
        positions = None
        while True:
            page = await read_page(self._gateway, wanted, positions, call)
            raise_failure(page.shares)
            for mark, native in _marks((row for _, row in page.rows), rule):
                found[mark].add(native)
            if page.positions is None:
                return found
            positions = page.positions

    async def _read_keys(self, engine: str, definition: str | None, call: Call) -> Keyed:
        command = FindInstances(definition=definition, limit=_PAGE)
        found: defaultdict[str, set[str]] = defaultdict(set)
        positions: dict[str, InstancePosition] | None = None
        while True:
            page = await find_page(self._gateway, [engine], command, positions, call)
            raise_failure(page.shares)
            for _, each in page.instances:
                if each.business_key:
                    found[each.business_key].add(each.id)
            if page.positions is None:
                return found
            positions = page.positions


async def find_twin(gateway: Gateway, links: LinkStore, plan: BridgePlan, source: Instance, call: Call) -> str | NoTwin:
    """Return the native id of one instance's twin as its engine has it now, or why there is none.

    Raises:
        VarbridgeError: an engine could not be asked.
    """
    rule = rule_of(plan)
    if rule is None:
        return _without_rule()
    twins: dict[str, set[str]] = {}
    rivals: dict[str, set[str]] = {}
    for key in _keys(plan, rule, source):
        if rule.by == "marker":
            twins[key] = await _find_marked(gateway, plan, rule, key, call)
        else:
            twins[key] = await _find_keyed(gateway, plan.target, key, rule.definition, call)
            rivals[key] = await _find_keyed(gateway, plan.source, key, plan.selector.definition, call)
    [found] = await _decide(links, plan, rule, [source], twins, rivals)
    return found


async def _find_marked(gateway: Gateway, plan: BridgePlan, rule: TwinRule, mark: str, call: Call) -> set[str]:
    engine, name = gateway.engines[plan.target], str(rule.variable)
    is_number = mark.isascii() and mark.isdigit() and str(int(mark)) == mark
    found: set[str] = set()
    for value in (json_text(mark), mark.encode()) if is_number else (json_text(mark),):
        condition = Condition(name=name, operator="eq", value=msgspec.Raw(value))
        wanted = Filter(variable_name=name, variable_values=(condition,))
        command = QueryVariables(filter=wanted, limit=_ENOUGH)
        rows = (await gateway.run(engine.name, engine.query_variables(command), call)).rows
        found |= {native for held, native in _marks(rows, rule) if held == mark}
    return found


async def _find_keyed(gateway: Gateway, name: str, key: str, definition: str | None, call: Call) -> set[str]:
    command = FindInstances(business_key=key, definition=definition, limit=_ENOUGH)
    found = await gateway.run(name, gateway.engines[name].find_instances(command), call)
    return {each.id for each in found.instances}


def rule_of(plan: BridgePlan) -> TwinRule | None:
    """Return the rule by which twins are found; those that are started without one have the business key in common."""
    if plan.twins is not None or plan.starts is None:
        return plan.twins
    return TwinRule(by="business-key", definition=plan.starts.definition)


def _without_rule() -> NoTwin:
    return NoTwin("missing", "The plan has no rule for twins.")


def _keys(plan: BridgePlan, rule: TwinRule, source: Instance) -> tuple[str, ...]:
    """Return what tells the twin of an instance; nothing where it has no business key."""
    if rule.by == "marker":
        return source.id, f"{plan.source}:{source.id}"
    return (source.business_key,) if source.business_key else ()


def _marks(rows: Iterable[Row], rule: TwinRule) -> Iterator[tuple[str, str]]:
    """Yield the text that each marker holds, and whose it is; ids that are numbers may be marked by numbers."""
    for row in rows:
        text = row.variable.value.text
        is_meant = rule.definition is None or rule.definition in {row.definition, row.definition_id}
        if row.instance is not None and is_meant:
            yield text_of(text) if text.startswith(b'"') else text.decode(), row.instance


async def _decide(  # noqa: PLR0913, PLR0917 - a rule, and all that was found by it
    links: LinkStore, plan: BridgePlan, rule: TwinRule, sources: Sequence[Instance], twins: Keyed, rivals: Keyed
) -> list[str | NoTwin]:
    every = [(_keys(plan, rule, each), each) for each in sources]
    sides = {Side(plan.target, native) for keys, _ in every for native in _those(twins, keys)}
    sides |= {Side(plan.source, native) for keys, _ in every for native in _those(rivals, keys)}
    linked = await _linked(links, sorted(sides, key=lambda each: each.public))
    return [
        _decide_one(
            plan,
            rule,
            keys,
            [each for each in _those(twins, keys) if Side(plan.target, each) not in linked],
            [each for each in _those(rivals, keys) if Side(plan.source, each) not in linked or each == source.id],
        )
        for keys, source in every
    ]


def _those(found: Keyed, keys: tuple[str, ...]) -> list[str]:
    return sorted({native for key in keys for native in found.get(key, ())})


async def _linked(links: LinkStore, sides: Sequence[Side]) -> dict[Side, Link]:
    found: dict[Side, Link] = {}
    for start in range(0, len(sides), _SIDES):
        found |= await links.find_by_sides(sides[start : start + _SIDES])
    return found


def _decide_one(
    plan: BridgePlan, rule: TwinRule, keys: tuple[str, ...], twins: list[str], rivals: list[str]
) -> str | NoTwin:
    """Return the twin among those that are free; ``rivals`` have the instance's business key, and it is one of them."""
    if not keys:
        return NoTwin("no-key", "It has no business key.")
    has = "its business key" if rule.by == "business-key" else f"its id in the variable {rule.variable}"
    for engine, found in ((plan.source, rivals), (plan.target, twins)):
        if len(found) > 1:
            return NoTwin("ambiguous", f"Several instances of {engine} have {has}: {', '.join(found[:_ENOUGH])}.")
    if not twins:
        return NoTwin("missing", f"No instance of {plan.target} that is in no link has {has}.")
    return twins[0]
