"""The comparison of an instance with its twin: what became of each variable, told without its value. Pure.

The target is right if it shows what a write of the source's value would have made of it (``Engine.foresee``): then the
rules of that write explain what is different. Verdicts go by the same foresight, so a plan and its verification agree.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from gateway.bridge.contents import content_digest, is_null
from gateway.bridge.explaining import Explanation, explain
from gateway.bridge.likeness import Latitude, Seen, drift, likeness
from gateway.model.commands import MAX_HELD_BYTES
from gateway.model.difference import DELETE_SET_NULL, NULL_IS_UNSET, Difference, Glimpse, Outcome
from gateway.model.etag import BLOBS, canonical_text
from gateway.model.results import Variable
from gateway.model.verdict import Declared, size_of, type_name
from gateway.port import Engine

_TYPED = "variables.stored_types"
_CREATES = "variables.create"
_EXACT = Latitude()


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """Variables whose differences do not count.

    Args:
        names: a name, or a pattern with ``*`` and ``?``.
        rule: what it is called in the report.
        expires: until when it holds, in seconds since 1970; None = for good.
    """

    names: str
    rule: str
    expires: float | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison goes by.

    Args:
        source, target: the engines of the two sides, with their settings.
        key: of the report; digests of another report cannot be compared with this one's.
        declared: names that the target's process declares, as far as they are known.
        ignored: variables that do not count.
        now: seconds since 1970, for ``ignored``.
        returning: whether the source's values may have been made of the target's, as on a way back: then what the
            source's engine would have made of the target's value is right too.
        max_held_bytes: as in ``Engine.assess``.
    """

    source: Engine
    target: Engine
    key: bytes
    declared: Declared | None = None
    ignored: tuple[Ignored, ...] = ()
    now: float = 0.0
    returning: bool = False
    max_held_bytes: int = MAX_HELD_BYTES


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """SHA-256 of the contents of blobs that were streamed, by name; what came inline needs none."""

    source: Mapping[str, bytes] = {}
    target: Mapping[str, bytes] = {}


def compare(
    source: Iterable[Variable], target: Iterable[Variable], terms: Terms, digests: Digests | None = None
) -> tuple[Difference, ...]:
    """Return what became of each variable of either side, equal ones too, by name.

    Args:
        source: its variables as they were read; those of inner scopes pair with none.
        target: likewise.
        terms: what the comparison goes by.
        digests: of blobs that came without content.
    """
    return tuple(_Comparing(terms, digests or Digests()).each(source, target))


class _Comparing:
    """One comparison."""

    def __init__(self, terms: Terms, digests: Digests) -> None:
        self._terms, self._digests = terms, digests
        before, after = (engine.capabilities.features for engine in (terms.source, terms.target))
        self._nulls = _CREATES not in before & after
        self._to_source, self._to_target = (
            Latitude(types=_TYPED not in each, nulls=_CREATES not in each) for each in (before, after)
        )
        self._unset = DELETE_SET_NULL if "variables.delete_by_null" in after else NULL_IS_UNSET

    def each(self, source: Iterable[Variable], target: Iterable[Variable]) -> Iterator[Difference]:
        """Yield the difference of each variable."""
        left, right = _by_place(source), _by_place(target)
        for place in sorted(left.keys() | right.keys()):
            yield self._tell(left.get(place), right.get(place))

    def _tell(self, source: Variable | None, target: Variable | None) -> Difference:
        some = source or target
        assert some is not None  # noqa: S101 - a place is one of either side
        found = self._ignored(some.name) or self._judge(source, target)
        difference = Difference(
            name=some.name,
            scope=some.scope,
            outcome=found.outcome,
            rules=found.rules,
            pointers=found.pointers,
            expires=found.expires,
        )
        if found.outcome == "equal":
            return difference
        before, after = self._glimpse(source, self._digests.source), self._glimpse(target, self._digests.target)
        return msgspec.structs.replace(difference, source=before, target=after)

    def _ignored(self, name: str) -> _Finding | None:
        for each in self._terms.ignored:
            if (each.expires is None or self._terms.now < each.expires) and fnmatchcase(name, each.names):
                return _Finding("ignored", (each.rule,), expires=each.expires)
        return None

    def _judge(self, source: Variable | None, target: Variable | None) -> _Finding:
        if source is None:
            return self._extra(target)
        if target is None or (self._nulls and is_null(target.value) and not is_null(source.value)):
            return self._missing(source)
        if source.error is not None or target.error is not None:
            return _Finding("unreadable")
        left, right = _seen(source, self._digests.source), _seen(target, self._digests.target)
        rules = likeness(left, right, _EXACT)
        if rules is not None:
            return _equal(rules)
        return self._explained(left, right)

    def _extra(self, target: Variable | None) -> _Finding:
        if target is not None and is_null(target.value) and self._nulls:
            return _equal((self._unset,))
        return _Finding("extra_target")

    def _missing(self, source: Variable) -> _Finding:
        """Return why the target has nothing: it could not hold the value, or unset is how it shows null."""
        if is_null(source.value) and self._nulls and source.scope is None:
            return _equal((NULL_IS_UNSET,))
        terms = self._terms
        (verdict,) = terms.target.assess([source], declared=terms.declared, max_held_bytes=terms.max_held_bytes)
        return _Finding("missing_target", () if verdict.code is None else (verdict.code,))

    def _explained(self, left: Seen, right: Seen) -> _Finding:
        """Return why the target shows something else than the source, or that nothing explains it."""
        terms = self._terms
        forth = explain(terms.target, left, right, terms.declared, self._to_target)
        if forth.rules is not None:
            return _equal(forth.rules)
        back = explain(terms.source, right, left, None, self._to_source) if terms.returning else Explanation(right)
        if back.rules is not None:
            return _equal(back.rules)
        outcome, pointers = drift(forth.wanted, right, self._to_target)
        return _Finding(outcome, pointers=pointers)

    def _glimpse(self, variable: Variable | None, digests: Mapping[str, bytes]) -> Glimpse | None:
        if variable is None:
            return None
        content = _content(variable, digests)
        digest = None if content is None else hmac.new(self._terms.key, content, hashlib.sha256).hexdigest()
        return Glimpse(type=type_name(variable.value), bytes=size_of(variable), digest=digest)


class _Finding(msgspec.Struct, frozen=True):
    """What is found out about a variable, without what may be told of its values."""

    outcome: Outcome
    rules: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    expires: float | None = None


def _equal(rules: tuple[str, ...]) -> _Finding:
    return _Finding("equal_by_rule" if rules else "equal", tuple(dict.fromkeys(rules)))


def _by_place(variables: Iterable[Variable]) -> dict[tuple[str, str], Variable]:
    return {(each.name, each.scope.id if each.scope else ""): each for each in variables}


def _seen(variable: Variable, digests: Mapping[str, bytes]) -> Seen:
    if variable.value.type not in BLOBS:
        return Seen(variable, digests.get(variable.name))
    digest = content_digest(variable.value) or digests.get(variable.name)
    return Seen(variable, digest, size_of(variable), is_blob=True)


def _content(variable: Variable, digests: Mapping[str, bytes]) -> bytes | None:
    """Return what the digest of a value is made of; None where it cannot be known."""
    if variable.error is not None:
        return None
    if variable.value.type in BLOBS:
        return content_digest(variable.value) or digests.get(variable.name)
    return canonical_text(variable.value)
