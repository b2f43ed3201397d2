"""Front-door requests about linked instances: they go to the side that decides, with the ids that it knows.

What is inside of the other side, an execution or a task, is refused before anything is sent. The counterpart, for all
other requests, is ``relaying``.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.errors import TaskNotFound, Unsupported
from gateway.model.lifecycle import DescribeTask
from gateway.operations.destinations import Destination, DoorRequest, destination_of
from gateway.operations.gateway import Gateway, Target
from gateway.operations.placing import place, place_task
from gateway.operations.placing_links import is_moved, require_links
from gateway.operations.probes import has_instance
from gateway.plan import Call
from gateway.routing import Candidate


def follow_named(gateway: Gateway, request: DoorRequest, target: Target, *, qualified: bool) -> Destination:
    """Return the destination of a request whose instance is linked: the side that decides, and no other."""
    gateway.links.note_routed(target.engine.name)
    written = request.facts.named or ""
    native = target.native if target.root is None else None  # an execution stays on its engine, as it is written
    moved = {written: native} if native and is_moved(gateway, request.default, written, target) else {}
    pinned = msgspec.structs.replace(target, pinned=True)
    return destination_of(request, target.engine, pinned, qualified=qualified, moved=moved)


def follow_moved(gateway: Gateway, request: DoorRequest, moved: Mapping[str, Target]) -> Destination:
    """Return the destination of a request that names, beside its path, linked instances that another side decides on.

    Raises:
        Unsupported: not all that it names is on one engine of the caller's language.
    """
    facts, engine = request.facts, next(iter(moved.values())).engine
    named = set(facts.ids) if facts.named is None else {*facts.ids, facts.named}
    is_whole = (
        named <= moved.keys() and not facts.tasks and {each.engine.name for each in moved.values()} == {engine.name}
    )
    if not is_whole or engine.vendor != request.vendor or facts.is_known:
        raise Unsupported(
            f"{request.call()} is not offered here for what is on the engine {engine.name}.", engine=engine.name
        )
    gateway.links.note_routed(engine.name)
    target = None if facts.named is None else moved[facts.named]
    ids = {written: each.native for written, each in moved.items()}
    return destination_of(request, engine, target, moved=ids)


async def check_inside(gateway: Gateway, request: DoorRequest, found: Destination, call: Call) -> Destination:
    """Refuse a task or an execution inside of the side of a link that does not decide; the engine is asked for it once.

    Only engines that have such sides are asked. A request about what is inside of a side that decides holds the write
    lock of its link.

    Raises:
        TaskNotFound, InstanceNotFound: it is inside of the side that does not decide.
        EngineFailure: the engine could not be asked.
    """
    if not gateway.links.active or not (request.facts.task or request.facts.execution):
        return found
    if not gateway.links.is_known:
        require_links(gateway)
    if not gateway.links.count_twins(found.engine.name):
        return found
    if found.task is not None:
        owner = await _find_around(gateway, found, found.task, call)
        return found if owner is None else msgspec.structs.replace(found, instance=owner)
    target = found.instance
    if request.facts.execution is None or target is None or target.link is not None:
        return found
    if target.root is None:
        _ = await has_instance(gateway, Candidate(target.engine.name, target.native), call, ended=True)
    placed = place(gateway, target)
    return found if placed.link is None else msgspec.structs.replace(found, instance=placed)


async def _find_around(gateway: Gateway, found: Destination, task: str, call: Call) -> Target | None:
    """Return the linked instance that a task belongs to; None where it belongs to none."""
    engine = found.engine
    if "tasks.complete" not in engine.capabilities.features:
        return None
    try:
        described = await gateway.run(engine.name, engine.describe_task(DescribeTask(task=task, ended=True)), call)
    except TaskNotFound:
        return None
    owner = place_task(gateway, engine, task, described)
    return None if owner.link is None else owner
