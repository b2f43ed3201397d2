"""Differences: what a comparison of two instances says of each variable, without ever holding a value.

What must not live here: how values are compared (``gateway.bridge.compare``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.model.results import Scope

Outcome = Literal[
    "equal",
    "equal_by_rule",
    "type_drift",
    "value_drift",
    "missing_target",
    "extra_target",
    "unreadable",
    "raced",
    "ignored",
]
EXPLAINED: frozenset[Outcome] = frozenset({"equal", "equal_by_rule", "ignored"})
"""Outcomes that keep nothing from being cut over."""

NULL_IS_UNSET = "null-is-unset"
DELETE_SET_NULL = "delete-set-null"
NUMBER_RESPELLED = "number-respelled"
CLASS_OF_ENGINE = "class-of-engine"
CONTENT_NOT_COMPARED = "content-not-compared"
MEDIA_TYPE_DEFAULT = "media-type-default"
READ_AS = "read-as-"
"""Begins the id of a rule whose end is a type: ``read-as-int32``."""

COMPARISON_RULES: Mapping[str, str] = {
    f"{READ_AS}TYPE": "the engine has no such type, or does not tell it; digits, text or JSON are the same",
    NULL_IS_UNSET: "an engine whose names are declared does not tell null from unset, in objects neither",
    DELETE_SET_NULL: "the engine cannot delete a variable and holds null in its place",
    NUMBER_RESPELLED: "inside JSON, the same number in other digits, as 1.10 and 1.1",
    CLASS_OF_ENGINE: "the engine has put the class that its process declares on an object",
    CONTENT_NOT_COMPARED: "of a blob only type, name and size were at hand",
    MEDIA_TYPE_DEFAULT: "a file without a media type was given `application/octet-stream`",
}
"""Rules that a comparison names beside those of writes, each with what it means."""


class Glimpse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be stored and shown of a value.

    Args:
        type: with its format: ``integer/int32``.
        bytes: of its JSON text, or of a blob's content, where they are known.
        digest: of its canonical text, keyed per report: equal ones mean equal values, and nobody can try small ones.
    """

    type: str
    bytes: int | None = None
    digest: str | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one variable between the source and the target.

    Args:
        scope: where it lives on the side that has it, when that is not the instance.
        rules: those that explain it; of what is missing or ignored, the code for which it was not moved.
        pointers: JSON Pointers into the typed value, as ``/v1`` shows it, to the first differences:
            ``/value/lines/0/price``, ``/type``, ``/filename``.
        expires: until when it is ignored, in seconds since 1970; None = for good.
        source, target: what may be told of the values; None where there is none, and of equal ones.
    """

    name: str
    outcome: Outcome
    scope: Scope | None = None
    rules: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    expires: float | None = None
    source: Glimpse | None = None
    target: Glimpse | None = None

    @property
    def is_explained(self) -> bool:
        """Return whether it keeps nothing from being cut over."""
        return self.outcome in EXPLAINED
