"""From an id to the engines that may own it, and what was learned about owners. Pure: no engine is asked here.

``engine:id`` splits at the first colon, and only where the text before it names an engine. Where several engines may
own an id, all of them are returned: the owner is never guessed. The counterpart is ``gateway.operations.placing``,
which asks the engines.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Container, Mapping

import msgspec

from gateway.errors import EngineNotFound, Fault, InvalidRequest, ValueInvalid
from gateway.port import Engine

_REMEMBERED = 100_000
"""Ids whose owner or instance was found out by asking: some 20 MB at most, and forgetting one costs one request."""


class Candidate(msgspec.Struct, frozen=True):
    """An engine that may own an instance, and the id in the spelling of that engine."""

    engine: str
    native: str


def split_id(public: str, engines: Container[str]) -> tuple[str | None, str]:
    """Split ``engine:id`` into engine and id; an id that names no known engine comes back whole, with None."""
    name, colon, rest = public.partition(":")
    return (name, rest) if colon and name in engines else (None, public)


class Routing:
    """The rules of routing, and the owners found so far.

    Args:
        probe: whether a bare id may be looked up on the engines.
        patterns: name of an engine to a regular expression; a bare id that matches it in full is that engine's.
        starts: definition to the engine on which its new instances start.
    """

    def __init__(
        self,
        *,
        probe: bool = True,
        patterns: Mapping[str, str] | None = None,
        starts: Mapping[str, str] | None = None,
    ) -> None:
        self.probe = probe
        self._starts = starts or {}
        self._patterns = {name: re.compile(pattern) for name, pattern in (patterns or {}).items()}
        self._owners: OrderedDict[str, Candidate] = OrderedDict()
        self._beyond: OrderedDict[tuple[str, str], Candidate] = OrderedDict()
        self._own: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._roots: OrderedDict[tuple[str, str], str] = OrderedDict()

    def take_over(self, before: Routing) -> None:
        """Know what another one has learned about owners; for the same engines."""
        self._owners, self._beyond, self._own, self._roots = before._owners, before._beyond, before._own, before._roots

    def choose_start(self, definition: str, explicit: str | None, engines: Container[str]) -> str:
        """Return the engine on which a new instance starts: the one of the rule, else the one that the caller names.

        Raises:
            EngineNotFound: the engine that the caller names is not configured.
            ValueInvalid: there is no rule, and the caller names no engine.
        """
        if explicit is not None and explicit not in engines:
            raise EngineNotFound
        engine = self._starts.get(definition, explicit)
        if engine is None:
            detail = "No rule says where this definition starts; name the engine."
            raise ValueInvalid(detail, errors=(Fault("/definition", detail),))
        return engine

    def start_rule(self, definition: str | None) -> str | None:
        """Return the engine on which new instances of a definition must start, None where no rule says so."""
        return self._starts.get(definition) if definition is not None else None

    def find_candidates(
        self, public: str, explicit: str | None, engines: Mapping[str, Engine]
    ) -> tuple[Candidate, ...]:
        """Return the engines that may own an instance; a single one is certain enough to ask no other.

        Args:
            public: the id as the caller wrote it.
            explicit: the engine that the caller names beside the id.
            engines: all engines, by name.

        Raises:
            EngineNotFound: the explicit engine is not configured.
            InvalidRequest: the id is empty, or no engine can have such an id.
        """
        if not public:
            raise InvalidRequest("The instance id is empty.")
        name, native = split_id(public, engines)
        if explicit is not None:
            if explicit not in engines:
                raise EngineNotFound
            name, native = choose_engine(name, native, explicit) or (None, native)
        if name is None:
            return self._find_bare(public, engines)
        return (Candidate(name, engines[name].native_id(native)),)

    def _find_bare(self, public: str, engines: Mapping[str, Engine]) -> tuple[Candidate, ...]:
        matching = [name for name, pattern in self._patterns.items() if pattern.fullmatch(public)]
        if matching:
            return _able(public, {name: engines[name] for name in matching if name in engines})
        remembered = self._owners.get(public)
        if remembered is not None:
            self._owners.move_to_end(public)
            return (remembered,)
        return _able(public, engines)

    def remember_owner(self, public: str, owner: Candidate) -> None:
        """Remember which engine owns a bare id."""
        self._owners[public] = owner
        if len(self._owners) > _REMEMBERED:
            _ = self._owners.popitem(last=False)

    def owner_beyond(self, door: str, public: str) -> Candidate | None:
        """Return the owner of a bare id that the engine of a front door does not have, None if none is known."""
        return self._beyond.get((door, public))

    def remember_beyond(self, door: str, public: str, owner: Candidate) -> None:
        """Remember which engine owns a bare id that the engine of a front door does not have.

        It is kept apart from other owners: at another front door, whose own engine goes first, the id may mean another
        instance.
        """
        self._beyond[door, public] = owner
        if len(self._beyond) > _REMEMBERED:
            _ = self._beyond.popitem(last=False)

    def is_own(self, door: str, public: str) -> bool:
        """Return whether the engine of a front door is known to have the instance of a bare id."""
        return (door, public) in self._own

    def remember_own(self, door: str, public: str) -> None:
        """Remember that the engine of a front door has the instance of a bare id."""
        self._own[door, public] = None
        if len(self._own) > _REMEMBERED:
            _ = self._own.popitem(last=False)

    def root_of(self, engine: str, native: str) -> str | None:
        """Return the instance that an execution is known to be inside of; None for instances, and for unknown ids."""
        return self._roots.get((engine, native))

    def remember_root(self, engine: str, native: str, root: str | None) -> None:
        """Remember the instance that an execution is inside of; an instance is its own root, and is not remembered.

        Args:
            engine: where it is.
            native: the id that was asked for.
            root: the instance that the engine's answer named; None where it named none.
        """
        if root == native:
            _ = self._roots.pop((engine, native), None)
        elif root is not None:
            self._roots[engine, native] = root
            if len(self._roots) > _REMEMBERED:
                _ = self._roots.popitem(last=False)


def choose_engine(named: str | None, native: str, explicit: str | None) -> tuple[str, str] | None:
    """Return the engine that a request names, in the id or beside it, with the id; None where it names none.

    Raises:
        InvalidRequest: the id names one engine, and the request another.
    """
    if named is not None and explicit not in {None, named}:
        raise InvalidRequest("The id names one engine and the request another.")
    engine = named if named is not None else explicit
    return None if engine is None else (engine, native)


def _able(public: str, engines: Mapping[str, Engine]) -> tuple[Candidate, ...]:
    """Return the engines whose ids may look like this one."""
    able: list[Candidate] = []
    for name, engine in engines.items():
        try:
            able.append(Candidate(name, engine.native_id(public)))
        except InvalidRequest:
            continue
    if not able:
        raise InvalidRequest("No engine can have an instance of this id.")
    return tuple(able)
