"""Which instances a bridge job is about: those of the plan's links, then those of its selector that have no link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from gateway.bridge.records import LinkStore
from gateway.model.bridge import BridgePlan, Link, LinkFilter, Selector, Side
from gateway.model.bridge_jobs import BridgeJob, NewItem
from gateway.model.commands import FindInstances
from gateway.model.results import Instance
from gateway.operations.finding import InstancePosition, find_page
from gateway.operations.gateway import Gateway
from gateway.operations.jobs import JobRun

_PAGE = 500
"""Links or instances of one page."""
_PAGE_S = 60.0
"""Deadline of one page."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up to where instances have been selected, as it is stored with a job.

    Args:
        link: id of the last link; None = all links are done.
        ids: instances of the selector's own list that are done.
        positions: where the walk over the engine's instances stands.
    """

    link: str | None = ""
    ids: int = 0
    positions: dict[str, InstancePosition] | None = None


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
        if (ids := self._plan.selector.ids) is not None:
            async for page in self._named(ids, cursor.ids):
                yield page
        else:
            async for page in self._found(cursor.positions):
                yield page

    def _takes_unlinked(self) -> bool:
        """Return whether instances without a link matter: a comparison has nothing to compare them with."""
        plan = self._plan
        can_link = plan.twins is not None or plan.starts is not None
        return self._job.kind == "assess" or (self._job.kind == "copy" and can_link)

    async def _named(self, ids: Sequence[str], done: int) -> AsyncIterator[tuple[list[NewItem], str]]:
        for start in range(done, len(ids), _PAGE):
            page = [Side(self._plan.source, each) for each in ids[start : start + _PAGE]]
            yield await self._unlinked(page), _text(Cursor(link=None, ids=start + len(page)))

    async def _found(self, positions: dict[str, InstancePosition] | None) -> AsyncIterator[tuple[list[NewItem], str]]:
        command = FindInstances(definition=self._plan.selector.definition, limit=_PAGE)
        while True:
            call = self._run.open_call(self._job.id, _PAGE_S)
            page = await find_page(self._gateway, [self._plan.source], command, positions, call)
            for share in page.shares:
                if share.error is not None:
                    raise share.error
            sides = [Side(name, each.id) for name, each in page.instances if _fits(each, self._plan.selector)]
            yield await self._unlinked(sides), _text(Cursor(link=None, positions=page.positions))
            if page.positions is None:
                return
            positions = page.positions

    async def _unlinked(self, sides: Sequence[Side]) -> list[NewItem]:
        linked = await self._links.find_by_sides(sides)
        return [NewItem(instance=each.native) for each in sides if each not in linked]


def _of_link(link: Link) -> NewItem:
    return NewItem(instance=link.source.native, link=link.id)


def _fits(instance: Instance, selector: Selector) -> bool:
    return selector.tenant is None or instance.tenant == selector.tenant


def _text(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
