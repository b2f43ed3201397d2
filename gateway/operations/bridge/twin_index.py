"""All twins of a plan by what tells them, read once for many instances: markers, or business keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from gateway.model.bridge import BridgePlan, TwinRule
from gateway.model.commands import FindInstances
from gateway.model.query import Filter, QueryVariables
from gateway.model.results import Instance
from gateway.model.values import text_of
from gateway.operations.bridge.twins import rule_of
from gateway.operations.finding import find_page
from gateway.operations.gateway import Gateway
from gateway.plan import Call

_PAGE = 1000


class TwinIndex:
    """The instances of the target's engine that may be twins.

    Args:
        gateway: whose engines they are.
        plan: the rule by which twins are told is its.
    """

    def __init__(self, gateway: Gateway, plan: BridgePlan) -> None:
        self._gateway, self._plan, self._rule = gateway, plan, rule_of(plan)
        self._found: Mapping[str, Sequence[str]] | None = None

    async def find(self, source: Instance, call: Call) -> Sequence[str]:
        """Return the instances that may be the twin of one; linked ones, too."""
        if self._rule is None:
            return ()
        if self._found is None:
            self._found = await (self._marked if self._rule.by == "marker" else self._keyed)(self._rule, call)
        told = source.id if self._rule.by == "marker" else source.business_key
        return () if told is None else self._found.get(told, ())

    async def _marked(self, rule: TwinRule, call: Call) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        engine = self._gateway.engines[self._plan.target]
        command = QueryVariables(filter=Filter(variable_name=rule.variable), limit=engine.capabilities.limits.rows)
        offset = 0
        while True:
            piece = await self._gateway.run(engine.name, engine.query_variables(command), call)
            for row in piece.rows:
                is_meant = rule.definition is None or rule.definition in {row.definition, row.definition_id}
                if row.instance is not None and row.variable.value.type == "string" and is_meant:
                    found[text_of(row.variable.value.text)].append(row.instance)
            if not piece.more:
                return found
            offset += len(piece.rows)
            after = piece.position if engine.seeks else None
            command = msgspec.structs.replace(command, after=after, offset=0 if engine.seeks else offset)

    async def _keyed(self, rule: TwinRule, call: Call) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        command, positions = FindInstances(definition=rule.definition, limit=_PAGE), None
        while True:
            page = await find_page(self._gateway, [self._plan.target], command, positions, call)
            for share in page.shares:
                if share.error is not None:
                    raise share.error
            for _, each in page.instances:
                if each.business_key is not None:
                    found[each.business_key].append(each.id)
            if page.positions is None:
                return found
            positions = page.positions
