"""Which engine an instance is on by its link: the routes of all links, in the memory of each process.

Reads may be routed by what was known a second ago. Writes never are: under its write lock a write asks whether any link
has changed since (``is_current``), and reads the changes from the store first where one has. Where links are stored is
given (``records.LinkStore``); how a process learns of changes that others make, too (``ChangeSignal``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from sys import intern
from typing import Protocol, get_args

import msgspec

from gateway.bridge.records import LinkStore
from gateway.errors import StoreUnavailable
from gateway.model.bridge import FORGOTTEN, Link, LinkState, Side

_PAGE = 2000
"""Links of one read while all are loaded: some 20 ms of the store's thread."""
_STATES: dict[LinkState, LinkState] = {state: state for state in get_args(LinkState)}
"""Each state as one object, instead of one for each link."""
_MOST_UNLINKED = 20_000
"""Ids that are known to be in no link: some 3 MB; they are looked up anew after that."""
_POLL_S = 0.5
"""Between two looks for changes that nobody has told of: with the read itself, reads are right within a second."""


def _report_nothing() -> None:
    """Do nothing: nobody is told."""


class LinkRoute(msgspec.Struct, frozen=True, gc=False):
    """One link, as far as routing goes by it.

    Args:
        link: the link's id.
        moved: whether the target decides; else the source does.
        changed: number of the change after which it has been so.
        named: the public id where it is not that of the source.
    """

    link: str
    source: Side
    target: Side
    state: LinkState
    moved: bool
    changed: int
    named: str | None

    @property
    def owner(self) -> Side:
        """Return the side that decides."""
        return self.target if self.moved else self.source

    @property
    def twin(self) -> Side:
        """Return the side that does not decide; nothing is ever sent there for a caller."""
        return self.source if self.moved else self.target

    @property
    def public(self) -> str:
        """Return the id that ``/v1`` answers with for life."""
        return self.named or self.source.public

    @property
    def lock(self) -> tuple[str, str]:
        """Return the key of the one write lock of both sides."""
        return (self.source.engine, self.source.native)

    def has(self, engine: str, native: str) -> bool:
        """Return whether an instance is one of the two sides."""
        return (self.source.native == native and self.source.engine == engine) or (
            self.target.native == native and self.target.engine == engine
        )


class ChangeSignal(Protocol):
    """How a process learns, without a read of the store, that another one has changed links."""

    def mark(self) -> int | None:
        """Return where the signal stands; None while a change is under way, or was broken off."""
        ...

    def is_current(self, mark: int | None, number: int) -> bool:
        """Return whether nothing has changed since.

        Args:
            mark: where the signal stood before the changes were read last.
            number: of the last change that is known.
        """
        ...

    async def begin(self) -> int | None:
        """Show every process that a change is under way; return where the signal stood before, None as ``mark``.

        Raises:
            StoreUnavailable: it cannot be shown; nothing may be changed then.
        """
        ...

    async def end(self) -> int | None:
        """Show every process that the change is made, or will not be; return where the signal stands from now on."""
        ...

    async def mend(self) -> None:
        """Let the signal stand still again where a process has died in the middle of a change."""
        ...


class LinkRoutes:
    """The routes of all links that this process knows of.

    Args:
        store: where links are stored; None = there are none, and never will be.
        signal: shows changes of other processes; None = there are no other processes.
        report_older: called when the store turns out to be an older one than before, as a backup that was restored.
    """

    def __init__(
        self,
        store: LinkStore | None = None,
        signal: ChangeSignal | None = None,
        report_older: Callable[[], None] = _report_nothing,
    ) -> None:
        self._report_older = report_older
        self._store, self._signal = store, signal
        self.routed: Counter[str] = Counter()
        """How many requests were routed by link, by the engine that decides."""
        self._links: dict[str, LinkRoute] = {}
        self._by_native: dict[str, LinkRoute | tuple[LinkRoute, ...]] = {}
        self._twins: Counter[str] = Counter()
        self.unlinked: set[tuple[str, str]] = set()
        """Ids, as callers wrote them and behind which front door, that were looked up in vain: no link has them."""
        self._number = 0
        self._mark: int | None = None
        self._in_doubt = False
        self._is_open = False  # the signal shows a change of ours whose outcome is not known
        self._forgotten: set[str] = set()
        self._reading, self._changing = asyncio.Lock(), asyncio.Lock()
        self.is_known = store is None
        """Whether the links were ever read; before, nobody can say which engine an instance is on."""
        self.active = store is not None
        """Whether a look at the routes can tell anything: there are links, or they were never read."""
        self.generation = 0
        """One more for each change of a route; as long as it stays, what was found stays true."""

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[LinkRoute]:
        return iter(self._links.values())

    def find(self, engine: str, native: str) -> LinkRoute | None:
        """Return the link that an instance is in, on whichever side, or None."""
        found = self._by_native.get(native)
        if found is None:
            return None
        if isinstance(found, LinkRoute):
            return found if found.has(engine, native) else None
        return next((each for each in found if each.has(engine, native)), None)

    def find_all(self, native: str) -> tuple[LinkRoute, ...]:
        """Return the links that have an instance of this id, on whatever engine."""
        found = self._by_native.get(native)
        return () if found is None else (found,) if isinstance(found, LinkRoute) else found

    def note_routed(self, engine: str) -> None:
        """Count a request that was routed by link."""
        self.routed[engine] += 1

    def note_unlinked(self, door: str, written: str) -> None:
        """Note that no link has an id, until one is made; empty door: of the unified API."""
        if len(self.unlinked) >= _MOST_UNLINKED:
            self.unlinked.clear()
        self.unlinked.add((door, written))

    def is_twin(self, engine: str, native: str) -> bool:
        """Return whether an instance is the side of a link that does not decide."""
        found = self.find(engine, native)
        return found is not None and found.twin.engine == engine and found.twin.native == native

    def count_twins(self, engine: str) -> int:
        """Return how many instances of an engine are sides of links that do not decide."""
        return self._twins[engine]

    def list_twins(self, engine: str) -> list[str]:
        """Return the ids of those instances."""
        return [each.twin.native for each in self._links.values() if each.twin.engine == engine]

    def is_current(self) -> bool:
        """Return whether every change that was ever answered is known here."""
        if self._in_doubt or not self.is_known:
            return False
        return self._signal is None or self._signal.is_current(self._mark, self._number)

    async def refresh(self) -> None:
        """Read what has changed; whoever asks while it is read waits for that, and reads again only if it must.

        Raises:
            StoreUnavailable: nobody can say what has changed.
        """
        async with self._reading:
            if not self.is_current():
                await self._read()

    async def check(self) -> None:
        """Read what has changed; where others may have changed something unnoticed, ask the store whether they have.

        Raises:
            StoreUnavailable: nobody can say.
        """
        if self._store is None or self._signal is None or not self.is_current():
            await self.refresh()
        elif await self._store.last_change() != self._number:
            async with self._reading:
                await self._read()

    async def _read(self) -> None:
        if self._store is None:
            return
        if self._signal is not None:
            await self._signal.mend()
        mark = None if self._signal is None else self._signal.mark()
        self._in_doubt, was_in_doubt = False, self._in_doubt
        self._forgotten.clear()
        try:
            self._number = await self._read_pages(self._store)
        except BaseException:
            self._in_doubt = self._in_doubt or was_in_doubt
            raise
        self._mark, self.is_known = mark, True
        self._note_active()
        if self._is_open and self._signal is not None and not self._changing.locked():
            self._is_open = False  # the read came behind the change that had failed, whatever became of it
            await self._signal.end()

    async def follow(self, woken: asyncio.Event) -> None:
        """Read what others change, until cancelled: when woken, and every half second all the same."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    _ = await woken.wait()
            woken.clear()
            with contextlib.suppress(StoreUnavailable):
                await self.check()

    async def _read_pages(self, store: LinkStore) -> int:
        """Read changes until there are no more; return the number of the last one."""
        number = known = self._number
        if not self.is_known:
            self._clear()  # a first read that was broken off may have left links that are gone
            number = known = 0
        while True:
            links, removed, last = await store.changed_since(number, _PAGE, known)
            if last < number:
                if last != FORGOTTEN:  # the store is an older one: it was restored from a backup
                    self._report_older()
                self._clear()
                number = known = 0
                continue
            for link in links:
                self._put(link)
            for link_id in removed:
                self._drop(link_id)
            number = last
            if len(links) < _PAGE:
                return number

    def note(self, links: Iterable[Link], removed: Iterable[str] = ()) -> None:
        """Note what one change of this process has done, at once after ``changing``.

        Args:
            links: as it has stored them.
            removed: ids of links that are no more.
        """
        for link in links:
            if link.changed == self._number + 1:
                self._number = link.changed
            self._put(link)
        for link_id in removed:
            self._forgotten.add(link_id)
            self._drop(link_id)
        self._note_active()

    @contextlib.asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """Let the block change links in the store: other processes see it before their next write.

        Where the block fails, nobody knows whether the change was made: the links are read before the next write.

        Raises:
            StoreUnavailable: other processes cannot be shown the change; the block is not begun.
        """
        async with self._changing:
            before = None
            if self._signal is not None and not self._is_open:
                before = await self._signal.begin()
            self._is_open = True
            try:
                yield
            except BaseException:
                self._in_doubt = True  # the signal goes on showing a change until a read has come behind it
                raise
            self._is_open = False
            if self._signal is not None:
                after = await self._signal.end()
                if before is not None and before == self._mark:
                    self._mark = after  # nobody else has changed anything, and this change is noted

    def _put(self, link: Link) -> None:
        known = self._links.get(link.id)
        if link.id in self._forgotten or (known is not None and known.changed >= link.changed):
            return
        if known is None:
            self.unlinked.clear()
        else:
            self._drop(link.id)
        route = LinkRoute(
            link.id,
            _side(link.source),
            _side(link.target),
            _STATES[link.state],
            link.authority == "target",
            link.changed,
            None if link.public == link.source.public else link.public,
        )
        self._links[link.id] = route
        for side in (route.source, route.target):
            others = self.find_all(side.native)
            self._by_native[side.native] = route if not others else tuple({id(r): r for r in (*others, route)}.values())
        self._twins[route.twin.engine] += 1
        self.generation += 1

    def _drop(self, link_id: str) -> None:
        route = self._links.pop(link_id, None)
        if route is None:
            return
        for side in {route.source, route.target}:
            left = tuple(each for each in self.find_all(side.native) if each is not route)
            if len(left) > 1:
                self._by_native[side.native] = left
            elif left:
                self._by_native[side.native] = left[0]
            else:
                _ = self._by_native.pop(side.native, None)
        self._twins[route.twin.engine] -= 1
        self.generation += 1

    def _clear(self) -> None:
        for link_id in list(self._links):
            self._drop(link_id)

    def _note_active(self) -> None:
        self.active = not self.is_known or bool(self._links)


def _side(side: Side) -> Side:
    """Return a side whose engine's name is one object for all links."""
    return Side(intern(side.engine), side.native)
