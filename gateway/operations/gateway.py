"""What operations stand on: the engines, the runner, the write locks, and finding out who owns an instance."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from gateway.errors import Forbidden, InstanceAmbiguous, InstanceNotFound, InvalidRequest, Unsupported
from gateway.model.commands import DescribeInstance
from gateway.operations.locks import WriteLocks
from gateway.plan import Call, Plan
from gateway.port import Engine
from gateway.raw import RawAnswer, RawRequest, Relayer
from gateway.routing import Candidate, Routing

R = TypeVar("R")


class Runner(Protocol):
    """Carries a plan out on an engine."""

    def __call__(self, engine: str, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Give the plan's result."""
        ...


class Target(msgspec.Struct, frozen=True):
    """The one engine that owns an instance, and the id there; ``root`` where that is of an execution inside another."""

    engine: Engine
    native: str
    root: str | None = None

    @property
    def public(self) -> str:
        """Give the canonical id."""
        return f"{self.engine.name}:{self.native}"

    @property
    def lock(self) -> tuple[str, str]:
        """Give the key of its write lock."""
        return (self.engine.name, self.root or self.native)


class Gateway:
    """All an operation needs."""

    def __init__(  # noqa: PLR0913, PLR0917 - what operations stand on, once
        self,
        engines: Mapping[str, Engine],
        run: Runner,
        locks: WriteLocks,
        routing: Routing,
        relay: Relayer | None = None,
        base_paths: Mapping[str, str] | None = None,
    ) -> None:
        self.engines = engines
        self.run = run
        self.locks = locks
        self.routing = routing
        self.rehearses = False
        self._relay = relay
        self._base_paths = base_paths or {}

    def base_path(self, engine: str) -> str:
        """Give the path of an engine's base URL, without a trailing slash."""
        return self._base_paths.get(engine, "")

    def running(self, run: Runner, locks: WriteLocks) -> Gateway:
        """Give this gateway with another runner and other write locks, for rehearsals."""
        other = copy.copy(self)
        other.run, other.locks, other.rehearses = run, locks, True
        return other

    def placed(self, target: Target) -> Target:
        """Give a target with the instance that it is inside of, where that is known."""
        root = self.routing.root(target.engine.name, target.native)
        return target if root == target.root else msgspec.structs.replace(target, root=root)

    async def relay(self, engine: str, request: RawRequest, call: Call) -> RawAnswer:
        """Hand a request on to an engine as it is.

        Raises:
            Unsupported: this gateway was made without that way.
        """
        if self._relay is None:
            raise Unsupported("Nothing is handed on here.", engine=engine)
        return await self._relay(engine, request, call)

    async def locate(
        self, public: str, explicit: str | None, may: Callable[[str], bool], call: Call, *, ended: bool = False
    ) -> Target:
        """Find the one engine that owns an instance.

        Args:
            public: id as the caller wrote it.
            explicit: engine that the caller named beside it.
            may: whether the caller may use an engine.
            call: for the probe.
            ended: whether instances that have ended count.

        Raises:
            Forbidden: the caller may not use that engine.
            InstanceAmbiguous: several engines have it; InstanceNotFound: none has it.
        """
        candidates = self.routing.candidates(public, explicit, self.engines)
        if len(candidates) == 1 and may(candidates[0].engine):
            return self._target(candidates[0])
        allowed = tuple(candidate for candidate in candidates if may(candidate.engine))
        if not allowed:
            raise Forbidden("The caller may not use this engine.")
        if not self.routing.probe:
            raise InvalidRequest("A bare id needs the engine's name: `engine:id`, `?engine=` or `Gateway-Engine`.")
        try:
            owner = await self._probe(allowed, call, ended=ended)
        except InstanceNotFound:
            if ended:
                raise
            return self._target(await self._probe(self._remembering(allowed), call, ended=True))
        self.routing.remember(public, owner)
        return self._target(owner)

    def _remembering(self, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Return the candidates whose engines know ended instances: a write to one is for its engine to refuse."""
        return tuple(
            each for each in candidates if "instances.ended" in self.engines[each.engine].capabilities.features
        )

    def _target(self, owner: Candidate) -> Target:
        return self.placed(Target(self.engines[owner.engine], owner.native))

    async def _probe(self, candidates: tuple[Candidate, ...], call: Call, *, ended: bool) -> Candidate:
        """Ask every candidate; an engine that fails to answer leaves the owner in doubt, so its failure is raised."""
        asked = await asyncio.gather(
            *(self._has(candidate, call, ended=ended) for candidate in candidates), return_exceptions=True
        )
        for answer in asked:
            if isinstance(answer, BaseException):
                raise answer
        owners = [candidate for candidate, has in zip(candidates, asked, strict=True) if has is True]
        if len(owners) > 1:
            names = tuple(f"{owner.engine}:{owner.native}" for owner in owners)
            raise InstanceAmbiguous(f"More than one engine has it: {', '.join(names)}.", candidates=names)
        if not owners:
            raise InstanceNotFound
        return owners[0]

    async def _has(self, candidate: Candidate, call: Call, *, ended: bool) -> bool:
        engine = self.engines[candidate.engine]
        command = DescribeInstance(instance=candidate.native, ended=ended)
        try:
            found = await self.run(engine.name, engine.describe_instance(command), call)
        except InstanceNotFound:
            return False
        self.routing.rooted(engine.name, candidate.native, found.instance.id)
        return True
