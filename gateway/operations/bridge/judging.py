"""What a copy makes of each variable: which are copied, which are left out by the policy, and what stops the copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.bridge import Handling
from gateway.model.copying import CopyPolicy
from gateway.model.results import Variable
from gateway.model.verdict import Verdict
from gateway.operations.bridge.sides import Seen
from gateway.port import Engine

_ORDER: tuple[Handling, ...] = ("skip-variable", "skip-instance", "fail")
"""From the mildest to the hardest; the hardest of several decides."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the variables of one instance.

    Args:
        wanted: what is copied, by name.
        verdicts: of all variables.
        left_out: names that the policy leaves out; nothing is written or deleted there.
        stopped: the verdict because of which the whole instance is not copied, and whether it is skipped or fails.
    """

    wanted: dict[str, Variable]
    verdicts: tuple[Verdict, ...]
    left_out: frozenset[str]
    stopped: tuple[Verdict, Handling] | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of variables by code."""
        return dict(Counter(code for each in self.verdicts for code in each.codes or (each.kind,)))

    @property
    def said(self) -> tuple[Verdict, ...]:
        """Return the verdicts that are not lossless."""
        return tuple(each for each in self.verdicts if each.kind != "lossless")

    def skipped(self, policy: CopyPolicy) -> tuple[str, ...]:
        """Return the names that are left out and that the other side does not have for itself."""
        return tuple(sorted(self.left_out - policy.kept))

    @property
    def size(self) -> int:
        """Return the bytes of the values, as far as they are known."""
        return sum(each.bytes or 0 for each in self.verdicts)


def judge(engine: Engine, seen: Seen, policy: CopyPolicy, refused: Mapping[str, VarbridgeError]) -> Judged:
    """Judge all variables of the side that decides.

    Args:
        engine: that of the other side.
        seen: what both sides hold.
        policy: what is done about what cannot be copied, or only with a loss.
        refused: names that the engine has refused, though it was foreseen that it would take them.
    """
    own = [each for each in seen.owner.values() if each.name not in policy.kept]
    verdicts = [_refused(each, refused) for each in engine.assess([*own, *seen.inner])]
    verdicts += [_deletion(name, error) for name, error in refused.items() if name not in seen.owner]
    decided: list[tuple[Verdict, Handling]] = [
        (each, handling) for each in verdicts if (handling := handling_of(each, policy)) is not None
    ]
    left_out = frozenset(each.name for each, _ in decided if each.scope is None)
    left_out |= policy.spared & (seen.owner.keys() ^ seen.twin.keys())
    hardest: tuple[Verdict, Handling] | None = max(decided, key=lambda pair: _ORDER.index(pair[1]), default=None)
    return Judged(
        wanted={each.name: each for each in own if each.name not in left_out},
        verdicts=tuple(verdicts),
        left_out=left_out | policy.kept,
        stopped=None if hardest is None or hardest[1] == "skip-variable" else hardest,
    )


def handling_of(verdict: Verdict, policy: CopyPolicy) -> Handling | None:
    """Return what a policy says about a verdict; None = the variable is copied."""
    if verdict.code is not None:
        return policy.of_unsupported(verdict.code)
    return _hardest(handling for rule in verdict.rules if (handling := policy.of_rule(rule)) is not None)


def _hardest(found: Iterable[Handling]) -> Handling | None:
    return max(found, key=_ORDER.index, default=None)


def _refused(verdict: Verdict, refused: Mapping[str, VarbridgeError]) -> Verdict:
    error = refused.get(verdict.name) if verdict.scope is None else None
    if error is None:
        return verdict
    changed = {"kind": "unsupported", "code": error.code, "detail": error.detail, "rules": (), "becomes": None}
    return msgspec.structs.replace(verdict, **changed)


def _deletion(name: str, error: VarbridgeError) -> Verdict:
    """Return the verdict on a name that the other side has, and that its engine does not delete."""
    return Verdict(name=name, kind="unsupported", code=error.code, detail=error.detail)
