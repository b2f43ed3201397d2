"""Why an engine shows something else than it was given: by which rules of the write, and by which of the comparison.

What is right is what the engine itself would make of the value (``Engine.foresee``); nothing else is taken for right.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gateway.bridge.likeness import Latitude, Seen, likeness, type_rule
from gateway.errors import Refusal
from gateway.model.verdict import Declared, Foreseen
from gateway.port import Engine


class Explanation(msgspec.Struct, frozen=True):
    """What should be there, and the rules by which what is there is just that; None where it is not."""

    wanted: Seen
    rules: tuple[str, ...] | None = None


def explain(engine: Engine, given: Seen, shown: Seen, declared: Declared | None, latitude: Latitude) -> Explanation:
    """Return whether what an engine shows is what it would have made of a value, and by which rules.

    Args:
        engine: the one that shows it.
        given: what it was given.
        shown: what it shows.
        declared: names and types that its process declares, as far as they are known.
        latitude: what it may change of its own accord.
    """
    wanted = given
    for foreseen in _foresee(engine, given, shown, declared, latitude):
        wanted = given.holding(foreseen.value)
        rules = likeness(wanted, shown, latitude)
        if rules is not None:
            named = foreseen.rules or type_rule(given.value, shown.value)
            return Explanation(wanted, tuple(dict.fromkeys((*named, *rules))))
    return Explanation(wanted)


def _foresee(
    engine: Engine, given: Seen, shown: Seen, declared: Declared | None, latitude: Latitude
) -> Iterator[Foreseen]:
    """Yield what an engine should show; where it stores no types, also as if it declared the type that it shows."""
    try:
        yield engine.foresee(given.variable, declared)
        if latitude.types:
            yield engine.foresee(given.variable, {**(declared or {}), given.variable.name: shown.value.type})
    except Refusal:
        return
