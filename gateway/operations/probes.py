"""Probes: asking engines which of them has an instance, or whatever else has one owner.

What must not live here: which engines may be asked (``placing``, ``placing_tasks``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.errors import InstanceAmbiguous, InstanceNotFound
from gateway.model.commands import DescribeInstance
from gateway.operations.gateway import Gateway
from gateway.plan import Call
from gateway.routing import Candidate


def with_ended(gateway: Gateway, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the candidates whose engines know instances that have ended."""
    return tuple(each for each in candidates if "instances.ended" in gateway.engines[each.engine].capabilities.features)


async def probe(gateway: Gateway, candidates: tuple[Candidate, ...], call: Call, *, ended: bool) -> Candidate:
    """Ask every candidate which instances it has.

    Raises:
        InstanceNotFound: none of them has it; else as ``pick_owner``.
    """
    owner = await pick_owner(candidates, lambda each: has_instance(gateway, each, call, ended=ended))
    if owner is None:
        raise InstanceNotFound
    return owner


async def pick_owner(candidates: Sequence[Candidate], has: Callable[[Candidate], Awaitable[bool]]) -> Candidate | None:
    """Ask every candidate whether it has something; return the one that has it, None where none has.

    Two owners make the id ambiguous, whatever the other engines say. With fewer, an engine that did not answer might
    be an owner too, so its failure is raised.

    Raises:
        InstanceAmbiguous: more than one engine has it. EngineFailure: an engine could not be asked.
    """
    answers = await asyncio.gather(*map(has, candidates), return_exceptions=True)
    owners = [candidate for candidate, answer in zip(candidates, answers, strict=True) if answer is True]
    if len(owners) > 1:
        names = tuple(f"{owner.engine}:{owner.native}" for owner in owners)
        raise InstanceAmbiguous(f"More than one engine has it: {', '.join(names)}.", candidates=names)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return owners[0] if owners else None


async def has_instance(gateway: Gateway, candidate: Candidate, call: Call, *, ended: bool) -> bool:
    """Return whether an engine has an instance; one that has ended counts only with ``ended``.

    One that is in a link is there, and may be what nobody must ask for.
    """
    if gateway.links.active and gateway.links.find(candidate.engine, candidate.native) is not None:
        return True
    engine = gateway.engines[candidate.engine]
    command = DescribeInstance(instance=candidate.native, ended=ended)
    try:
        found = await gateway.run(engine.name, engine.describe_instance(command), call)
    except InstanceNotFound:
        return False
    gateway.routing.remember_root(engine.name, candidate.native, found.instance.id)
    return True
