"""The instances that a plan selects on its source engine, piece by piece; a walk goes on where it ended.

``selecting`` walks for a job and leaves out what is linked; here what a selector names in vain is told, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.model.bridge import BridgePlan
from gateway.model.commands import FindInstances
from gateway.model.results import Instance
from gateway.operations.finding import InstancePosition, find_page
from gateway.operations.gateway import Gateway
from gateway.operations.paging import native_ids, raise_failure
from gateway.plan import Call

_PIECE = 500
"""Instances of one request; some databases take no more than 1,000 ids in a list."""


class SelectionPosition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a walk stands.

    Args:
        ids: how many of the selector's ids are done, where it has ids.
        engines: where the walk over the engine stands, where it has none.
    """

    ids: int = 0
    engines: dict[str, InstancePosition] | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a plan's instances.

    Args:
        found: running instances.
        missing: ids of the selector, as it has them, that are no running instances of what it asks for.
        following: where the next piece begins; None = this is the last one.
    """

    found: tuple[Instance, ...]
    missing: tuple[str, ...] = ()
    following: SelectionPosition | None = None


async def select_piece(
    gateway: Gateway, plan: BridgePlan, position: SelectionPosition, limit: int, call: Call
) -> Selection:
    """Return the next instances of a plan, at most ``limit`` or one request's worth of them.

    Raises:
        CursorExpired: too many instances came or went since the piece before.
        VarbridgeError: the engine could not be asked.
    """
    limit = min(limit, _PIECE)
    if plan.selector.ids is not None:
        return await _select_ids(gateway, plan, plan.selector.ids, position, limit, call)
    command = FindInstances(definition=plan.selector.definition, limit=limit)
    page = await find_page(gateway, (plan.source,), command, position.engines, call)
    raise_failure(page.shares)
    following = None if page.positions is None else SelectionPosition(engines=page.positions)
    return Selection(found=_of_tenant(plan, [each for _, each in page.instances]), following=following)


async def _select_ids(  # noqa: PLR0913, PLR0917 - a walk, and where it stands
    gateway: Gateway, plan: BridgePlan, ids: Sequence[str], position: SelectionPosition, limit: int, call: Call
) -> Selection:
    chunk = tuple(ids[position.ids : position.ids + limit])
    engine = gateway.engines[plan.source]
    spelled = {each: native_ids(engine, gateway, (each,)) for each in chunk}
    wanted = tuple(dict.fromkeys(native for natives in spelled.values() for native in natives))
    found: tuple[Instance, ...] = ()
    if wanted:
        command = FindInstances(definition=plan.selector.definition, ids=wanted, limit=len(wanted))
        found = (await gateway.run(engine.name, engine.find_instances(command), call)).instances
    there = _of_tenant(plan, found)
    known = {each.id for each in there}
    missing = tuple(each for each, natives in spelled.items() if not known & set(natives))
    end = position.ids + len(chunk)
    following = SelectionPosition(ids=end) if end < len(ids) else None
    return Selection(found=there, missing=missing, following=following)


def _of_tenant(plan: BridgePlan, instances: Sequence[Instance]) -> tuple[Instance, ...]:
    tenant = plan.selector.tenant
    return tuple(each for each in instances if tenant is None or each.tenant == tenant)
