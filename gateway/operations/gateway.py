"""What operations stand on: the engines, the runner, the write locks, and what is known of owners."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from gateway.bridge.routes import LinkRoute, LinkRoutes
from gateway.errors import Unsupported
from gateway.operations.locks import WriteLocks
from gateway.plan import Call, Plan
from gateway.port import Engine
from gateway.raw import RawAnswer, RawRequest, Relayer
from gateway.routing import Routing

R = TypeVar("R")


MarkStale = Callable[[str, str], Awaitable[None]]


async def _mark_nothing(_link: str, _why: str) -> None:
    """Leave links alone: this gateway has none."""


class Runner(Protocol):
    """Carries a plan out on an engine."""

    def __call__(self, engine: str, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Return the plan's result."""
        ...


class Target(msgspec.Struct, frozen=True):
    """One instance: the engine that owns it, and its id there.

    Args:
        native: the id in the engine's own spelling; it may be that of an execution inside an instance.
        root: the instance that the execution is inside of, where that is known.
        link: the link that the instance is in, whose owner it is; None where it is in none.
        pinned: whether what is to be done was prepared for this instance of this engine, and for no other.
    """

    engine: Engine
    native: str
    root: str | None = None
    link: LinkRoute | None = None
    pinned: bool = False

    @property
    def public(self) -> str:
        """Return the canonical id, ``engine:id``; of a linked instance the one that it has for life."""
        if self.link is not None and self.root is None:
            return self.link.public
        return f"{self.engine.name}:{self.native}"

    @property
    def lock(self) -> tuple[str, str]:
        """Return the key of the write lock of this instance; both sides of a link have one and the same."""
        return (self.engine.name, self.root or self.native) if self.link is None else self.link.lock


class Gateway:
    """Everything that an operation needs; made once at start.

    Args:
        engines: all engines, by name.
        run: carries plans out.
        locks: the write locks; only ``operations.write`` takes them.
        routing: the rules of routing, and the owners found so far.
        relay: sends a caller's request to an engine as it is; None = this gateway has no front doors.
        base_paths: engine to the path of its base URL, without a trailing slash.
        links: which instances are linked, and who decides; None = none are.
        mark_stale: given the id of a link and why, for people, stores that its copy is out of date.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what operations stand on, once
        self,
        engines: Mapping[str, Engine],
        run: Runner,
        locks: WriteLocks,
        routing: Routing,
        relay: Relayer | None = None,
        base_paths: Mapping[str, str] | None = None,
        links: LinkRoutes | None = None,
        mark_stale: MarkStale = _mark_nothing,
    ) -> None:
        self.engines = engines
        self.run = run
        self.locks = locks
        self.routing = routing
        self.links = LinkRoutes() if links is None else links
        self.mark_stale = mark_stale
        self.is_dry_run = False
        self._relay = relay
        self._base_paths = base_paths or {}

    def base_path(self, engine: str) -> str:
        """Return the path of an engine's base URL, without a trailing slash."""
        return self._base_paths.get(engine, "")

    def for_dry_run(self, run: Runner, locks: WriteLocks) -> Gateway:
        """Return a copy of this gateway with another runner and other locks, for a dry run."""
        other = copy.copy(self)
        other.run, other.locks, other.is_dry_run = run, locks, True
        return other

    async def relay(self, engine: str, request: RawRequest, call: Call) -> RawAnswer:
        """Send a caller's request to an engine as it is.

        Raises:
            Unsupported: this gateway has no front doors.
        """
        if self._relay is None:
            raise Unsupported("This gateway relays no requests.", engine=engine)
        return await self._relay(engine, request, call)
