"""Reading many instances of one engine with few requests: their variables, and which of them there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gateway.model.commands import FindInstances
from gateway.model.query import Filter, QueryVariables, Row
from gateway.model.results import Instance, Variable
from gateway.operations.gateway import Gateway
from gateway.plan import Call
from gateway.port import Engine

_FIRST = 50
"""Instances of the first read, before it is known how many variables they have."""
_MOST = 500
"""Instances of one read at most: databases take no longer lists."""


class VariablesReader:
    """Reads the variables of instances, as many instances at a time as fit into one answer.

    Args:
        gateway: whose engine it is.
        engine: that of the instances.
    """

    def __init__(self, gateway: Gateway, engine: Engine) -> None:
        self._gateway, self._engine = gateway, engine
        self._rows = engine.capabilities.limits.rows
        self._at_once = min(_FIRST, self._rows)

    async def read(self, natives: Sequence[str], call: Call) -> dict[str, list[Variable]]:
        """Return the variables of each instance, those of inner scopes too; one that is gone has none."""
        found: dict[str, list[Variable]] = {native: [] for native in natives}
        done = 0
        while done < len(natives):
            part = natives[done : done + self._at_once]
            rows = await self._read_rows(part, call)
            for row in rows:
                if row.instance in found:
                    found[row.instance].append(_own(row.variable))
            done += len(part)
            self._fit(len(rows), len(part))
        return found

    async def _read_rows(self, natives: Sequence[str], call: Call) -> list[Row]:
        rows: list[Row] = []
        command = QueryVariables(filter=Filter(instance_id_in=tuple(natives)), limit=self._rows)
        while True:
            plan = self._engine.query_variables(command)
            piece = await self._gateway.run(self._engine.name, plan, call)
            rows += piece.rows
            if not piece.more:
                return rows
            after = piece.position if self._engine.seeks else None
            offset = 0 if self._engine.seeks else len(rows)
            command = msgspec.structs.replace(command, after=after, offset=offset)

    def _fit(self, rows: int, instances: int) -> None:
        """Ask for as many instances next time as have one row less than an answer holds: a full one looks cut off."""
        each = max(-(-rows // instances), 1)
        self._at_once = max(1, min((self._rows - 1) // each, _MOST))


async def find_states(gateway: Gateway, engine: Engine, natives: Sequence[str], call: Call) -> dict[str, Instance]:
    """Return those of some instances that run, by their ids."""
    found: dict[str, Instance] = {}
    for part in _parts(natives):
        command = FindInstances(ids=tuple(part), limit=len(part))
        instances = (await gateway.run(engine.name, engine.find_instances(command), call)).instances
        found |= {each.id: each for each in instances}
    return found


def _parts(natives: Sequence[str]) -> Iterator[Sequence[str]]:
    return (natives[start : start + _MOST] for start in range(0, len(natives), _MOST))


def _own(variable: Variable) -> Variable:
    """Return a variable of an instance as a list of that instance shows it."""
    scope = variable.scope
    return msgspec.structs.replace(variable, scope=None) if scope is not None and scope.kind == "instance" else variable
