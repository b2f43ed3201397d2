"""What a front-door request names beside its path, and another engine has: such a request is not relayed as it is.

The counterparts, which find the owner of what a path names, are ``placing`` and ``placing_tasks``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import MayUse, locate_linked_behind, spell_instance, split_behind
from gateway.operations.placing_ids import known_elsewhere
from gateway.operations.placing_links import is_moved
from gateway.operations.placing_tasks import known_task_elsewhere, spell_task
from gateway.port import Engine, RequestFacts


def find_foreign(gateway: Gateway, door: Engine, facts: RequestFacts, may_use: MayUse) -> Engine | None:
    """Return the engine because of which a request cannot be relayed as it is; None where there is no such engine.

    That is one that an id names, be it that of the front door, which gets ids as they are written; or one that is known
    to own what a bare id names; or one that can have such an id where that of the front door cannot. None is asked.

    Raises:
        Forbidden: an id names an engine that the caller may not use.
    """
    for written in (*facts.ids, *facts.tasks):
        engine, _ = split_behind(gateway, written, may_use)
        if engine is not None:
            return engine
    owners = (
        *_owners(gateway, door, facts.ids, known_elsewhere, spell_instance),
        *_owners(gateway, door, facts.tasks, known_task_elsewhere, spell_task),
    )
    return next((gateway.engines[name] for name in owners if may_use(name)), None)


def find_moved(gateway: Gateway, door: Engine, facts: RequestFacts, may_use: MayUse) -> dict[str, Target]:
    """Return the ids of linked instances of which another side decides than the one that is named, with that side.

    Raises:
        Forbidden: it is on an engine that the caller may not use.
    """
    named = facts.ids if facts.named is None else (facts.named, *facts.ids)
    linked = {each: locate_linked_behind(gateway, door, each, may_use) for each in named}
    return {
        written: target
        for written, target in linked.items()
        if target is not None and is_moved(gateway, door, written, target)
    }


def _owners(
    gateway: Gateway,
    door: Engine,
    ids: tuple[str, ...],
    known: Callable[[Gateway, Engine, str], str | None],
    spell: Callable[[Engine, str], str | None],
) -> Iterator[str]:
    """Yield the engines that own what bare ids name, or can have it where that of the front door cannot.

    Args:
        gateway: whose engines they are.
        door: the engine of the front door.
        ids: all of instances, or all of tasks.
        known: returns the owner of one that is known to be another engine's.
        spell: returns one in the spelling of an engine that can have such an id.
    """
    for written in ids:
        owner = known(gateway, door, written)
        if owner is not None:
            yield owner
        elif spell(door, written) is None:
            yield from (name for name, engine in gateway.engines.items() if spell(engine, written) is not None)
