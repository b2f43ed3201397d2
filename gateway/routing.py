"""From a public instance id to the engines that may own it. Pure; asking the engines is an operation.

``engine:native`` splits at the first colon only where the text before it names an engine. Never a guess: more than one
candidate stays more than one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from gateway.errors import EngineNotFound, Fault, InvalidRequest, ValueInvalid
from gateway.port import Engine

_REMEMBERED = 100_000
"""Ids whose owner was found by asking; some 20 MB at most, and forgetting one costs one probe."""


class Candidate(msgspec.Struct, frozen=True):
    """An engine that may own an instance, and the id in its own spelling."""

    engine: str
    native: str


class Routing:
    """Settings of routing, and the owners found so far.

    Args:
        probe: whether a bare id may be looked up on the engines.
        patterns: engine name to a regular expression that its bare ids match in full.
        starts: definition to the engine where its new instances start.
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
        self._roots: OrderedDict[tuple[str, str], str] = OrderedDict()

    def starts_on(self, definition: str, explicit: str | None, engines: Mapping[str, Engine]) -> str:
        """Give the engine where a new instance of a definition starts: as is set, else as the caller says.

        Raises:
            EngineNotFound: the explicit engine is not configured.
            ValueInvalid: nothing tells.
        """
        if explicit is not None and explicit not in engines:
            raise EngineNotFound
        engine = self._starts.get(definition, explicit)
        if engine is None:
            detail = "No rule says where this definition starts; name the engine."
            raise ValueInvalid(detail, errors=(Fault("/definition", detail),))
        return engine

    def rule(self, definition: str | None) -> str | None:
        """Give the engine where new instances of a definition must start, None where no rule says so."""
        return self._starts.get(definition) if definition is not None else None

    def candidates(self, public: str, explicit: str | None, engines: Mapping[str, Engine]) -> tuple[Candidate, ...]:
        """Give the engines that may own an id; one = certain enough to ask only it.

        Raises:
            EngineNotFound: the explicit engine is not configured.
            InvalidRequest: the id is empty, or no engine can have such an id.
        """
        if not public:
            raise InvalidRequest("The instance id is empty.")
        if explicit is not None and explicit not in engines:
            raise EngineNotFound
        name, colon, rest = public.partition(":")
        if colon and name in engines:
            if explicit not in {None, name}:
                raise InvalidRequest("The id names one engine and the request another.")
            return (Candidate(name, engines[name].native_id(rest)),)
        if explicit is not None:
            return (Candidate(explicit, engines[explicit].native_id(public)),)
        return self._bare(public, engines)

    def _bare(self, public: str, engines: Mapping[str, Engine]) -> tuple[Candidate, ...]:
        matching = [name for name, pattern in self._patterns.items() if pattern.fullmatch(public)]
        if matching:
            return _able(public, {name: engines[name] for name in matching if name in engines})
        remembered = self._owners.get(public)
        if remembered is not None:
            self._owners.move_to_end(public)
            return (remembered,)
        return _able(public, engines)

    def remember(self, public: str, owner: Candidate) -> None:
        """Keep who owns a bare id."""
        self._owners[public] = owner
        if len(self._owners) > _REMEMBERED:
            _ = self._owners.popitem(last=False)

    def root(self, engine: str, native: str) -> str | None:
        """Give the instance that an id is known to be inside of, None where it is one itself or nothing is known."""
        return self._roots.get((engine, native))

    def rooted(self, engine: str, native: str, root: str | None) -> None:
        """Keep which instance an id is inside of, as something that was read has told; of instances nothing is kept."""
        if root == native:
            _ = self._roots.pop((engine, native), None)
        elif root is not None:
            self._roots[engine, native] = root
            if len(self._roots) > _REMEMBERED:
                _ = self._roots.popitem(last=False)

    def forget(self, public: str) -> None:
        """Drop what was remembered: the engine no longer knows the id."""
        _ = self._owners.pop(public, None)


def _able(public: str, engines: Mapping[str, Engine]) -> tuple[Candidate, ...]:
    """Give the engines whose ids may look like this."""
    able: list[Candidate] = []
    for name, engine in engines.items():
        try:
            able.append(Candidate(name, engine.native_id(public)))
        except InvalidRequest:
            continue
    if not able:
        raise InvalidRequest("No engine can have an instance of this id.")
    return tuple(able)
