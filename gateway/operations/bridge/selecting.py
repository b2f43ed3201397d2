"""Which instances a plan means: those of its links, then those of its selector; a walk goes on where it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from gateway.bridge.records import LinkStore
from gateway.model.bridge import BridgePlan, Link, LinkFilter, Side
from gateway.model.bridge_jobs import BridgeJob, NewItem
from gateway.model.commands import FindInstances
from gateway.model.results import Instance
from gateway.operations.finding import InstancePosition, find_page
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobRun
from gateway.operations.paging import native_ids, raise_failure
from gateway.plan import Call

_PAGE = 500
"""Links of one page."""
PIECE = 500
"""Instances of one request; some databases take no more than 1,000 ids in a list."""
_PAGE_S = 60.0
"""Deadline of one page."""


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
    limit = min(limit, PIECE)
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


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up to where instances have been selected, as it is stored with a job.

    Args:
        link: id of the last link; None = all links are done.
        position: where the walk over the selector's instances stands.
    """

    link: str | None = ""
    position: SelectionPosition = SelectionPosition()


class Selecting:
    """Selects the instances of one job, page by page.

    Args:
        gateway: whose engines are asked.
        links: where links are stored.
        job: its cursor says what was selected before.
        plan: the job's.
        run: opens calls.
    """

    def __init__(self, gateway: Gateway, links: LinkStore, job: BridgeJob, plan: BridgePlan, run: JobRun) -> None:
        self._gateway, self._links, self._job, self._plan, self._run = gateway, links, job, plan, run

    async def pages(self) -> AsyncIterator[tuple[list[NewItem], str]]:
        """Yield instances, and the cursor behind them.

        Raises:
            VarbridgeError: the source's engine could not be asked; a part of the instances would be worse than none.
        """
        cursor = Cursor() if self._job.cursor is None else msgspec.json.decode(self._job.cursor, type=Cursor)
        while cursor.link is not None:
            links = await self._links.list_some(LinkFilter(plan=self._plan.name), after=cursor.link, limit=_PAGE)
            cursor = Cursor(link=links[-1].id if len(links) == _PAGE else None)
            yield [_of_link(each) for each in links], _text(cursor)
        if not self._takes_unlinked():
            return
        position: SelectionPosition | None = cursor.position
        while position is not None:
            call = self._run.open_call(self._job.id, _PAGE_S)
            piece = await select_piece(self._gateway, self._plan, position, PIECE, call)
            sides = [Side(self._plan.source, each) for each in (*(one.id for one in piece.found), *piece.missing)]
            yield await self._unlinked(sides), _text(Cursor(link=None, position=piece.following or position))
            position = piece.following

    def _takes_unlinked(self) -> bool:
        """Return whether instances without a link matter: a comparison has nothing to compare them with."""
        plan = self._plan
        can_link = plan.twins is not None or plan.starts is not None
        return self._job.kind == "assess" or (self._job.kind == "copy" and can_link)

    async def _unlinked(self, sides: Sequence[Side]) -> list[NewItem]:
        linked = await self._links.find_by_sides(sides)
        return [NewItem(instance=each.native) for each in sides if each not in linked]


def _of_link(link: Link) -> NewItem:
    return NewItem(instance=link.source.native, link=link.id)


def _text(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
