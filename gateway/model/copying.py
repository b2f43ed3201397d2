"""Copies of instances from one side of a link to the other: the policy, what was found, and how a copy ended.

What must not live here: how variables compare (``gateway.bridge.compare``) and what carries a copy out
(``gateway.operations.bridge``). Nothing here holds a value of a variable: names, types, pointers and counts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.model.bridge import BridgePlan, Handling
from gateway.model.difference import Difference
from gateway.model.verdict import SCOPE_NOT_MOVABLE, Verdict

CopyResult = Literal["copied", "skipped", "failed"]
ANY = "*"
"""In a policy: every code of an unsupported variable that is not named."""
ANY_RULE = "lossy"
"""In a policy: every rule of a lossy variable that is not named; without it such variables are copied by their rule."""
_DEFAULTS: Mapping[str, Handling] = {SCOPE_NOT_MOVABLE: "skip-variable"}
"""A variable of an execution or task hangs on a token, which only the target's own operator can place."""
_SHOWN = 50
"""Names and differences of one instance that are stored; all are counted."""


class CopyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy does about variables that the other side cannot hold, or only with a loss.

    Args:
        handling: code of a verdict to what is done; see ``ANY`` and ``ANY_RULE``.
        kept: names that the other side has for itself, such as the marker of a twin: neither written nor deleted.
        spared: names that were left out before: they are no difference where one of the sides does not have them.
    """

    handling: Mapping[str, Handling] = {}
    kept: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()

    def of_unsupported(self, code: str) -> Handling:
        """Return what is done about a variable that cannot be copied; without a word on it, the copy fails."""
        return self.handling.get(code) or _DEFAULTS.get(code) or self.handling.get(ANY, "fail")

    def of_rule(self, rule: str) -> Handling | None:
        """Return what is done about a variable that loses something by a rule; None = it is copied."""
        return self.handling.get(rule) or self.handling.get(ANY_RULE)


def policy_of(plan: BridgePlan | None) -> CopyPolicy:
    """Return the policy of a plan's copies; a link without a plan has the defaults."""
    if plan is None:
        return CopyPolicy()
    marker = plan.twins.variable if plan.twins is not None else None
    given = plan.starts.variables if plan.starts is not None else {}
    return CopyPolicy(handling=plan.policy, kept=frozenset({*given, *((marker,) if marker else ())}))


class CopyOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the copy, the assessment or the comparison of one instance ended; stored with its item.

    Args:
        result: ``copied``: the sides are equal, or differ by named rules, by what the policy skips, or by what the
            deciding side has changed since it was read (``raced``). ``skipped``: the policy skips the instance.
        code: of the verdict or error that is the reason, where it was not copied.
        reason: for people; never a value.
        verdicts: number of variables by code.
        size: bytes of the values read, as they are sent.
        written, deleted: names on the other side.
        passes: writes until both sides agreed; 0 = they agreed before.
        differences: those that are left, unexplained.
        different: number of all of those.
        raced: number of variables that the deciding side had changed again.
        by_rule: number of variables that are equal by a rule.
        skipped: names that the policy leaves out.
        said: verdicts that are not lossless.
        twin: state of the twin, where it was asked for.
        call_ms: how long an engine's answer took on average, where that was measured.
    """

    result: CopyResult
    code: str | None = None
    reason: str | None = None
    verdicts: dict[str, int] = {}
    size: int = 0
    written: int = 0
    deleted: int = 0
    passes: int = 0
    differences: tuple[Difference, ...] = ()
    different: int = 0
    raced: int = 0
    by_rule: int = 0
    skipped: tuple[str, ...] = ()
    said: tuple[Verdict, ...] = ()
    twin: str | None = None
    call_ms: float = 0.0

    def capped(self) -> CopyOutcome:
        """Return the outcome with as many names as are stored; the counts stay."""
        return msgspec.structs.replace(
            self, differences=self.differences[:_SHOWN], skipped=self.skipped[:_SHOWN], said=self.said[:_SHOWN]
        )
