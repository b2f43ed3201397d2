"""What a front-door request names beside its path, and another engine has: such a request is not relayed as it is.

The counterparts, which find the owner of what a path names, are ``placing`` and ``placing_tasks``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.operations.gateway import Gateway
from gateway.operations.placing import MayUse, find_engine
from gateway.operations.placing_ids import known_elsewhere, spell_instance
from gateway.operations.placing_tasks import known_task_elsewhere, spell_task
from gateway.port import Engine, RequestFacts
from gateway.routing import split_id


def find_foreign(gateway: Gateway, door: Engine, facts: RequestFacts, may_use: MayUse) -> Engine | None:
    """Return the engine because of which a request cannot be relayed as it is; None where there is no such engine.

    That is one that an id names, be it that of the front door, which gets ids as they are written; or one that is known
    to own what a bare id names; or one that can have such an id where that of the front door cannot. None is asked.

    Raises:
        Forbidden: an id names an engine that the caller may not use.
    """
    for written in (*facts.ids, *facts.tasks):
        name, _ = split_id(written, gateway.engines)
        if name is not None:
            return find_engine(gateway, name, may_use)
    owners = (*_instance_owners(gateway, door, facts.ids), *_task_owners(gateway, door, facts.tasks))
    return next((gateway.engines[name] for name in owners if may_use(name)), None)


def _instance_owners(gateway: Gateway, door: Engine, ids: tuple[str, ...]) -> Iterator[str]:
    """Yield the engines that own bare ids of instances, or can have them where that of the front door cannot."""
    for written in ids:
        known = known_elsewhere(gateway, door, written)
        if known is not None:
            yield known
        elif spell_instance(door, written) is None:
            yield from (name for name, engine in gateway.engines.items() if spell_instance(engine, written) is not None)


def _task_owners(gateway: Gateway, door: Engine, tasks: tuple[str, ...]) -> Iterator[str]:
    """Yield the engines that own bare ids of tasks, or can have them where that of the front door cannot."""
    for written in tasks:
        known = known_task_elsewhere(gateway, door, written)
        if known is not None:
            yield known
        elif spell_task(door, written) is None:
            yield from (name for name, engine in gateway.engines.items() if spell_task(engine, written) is not None)
