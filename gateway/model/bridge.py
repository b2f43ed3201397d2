"""The bridge between two engines: plans, links of instance pairs, and how far each has gone.

A *link* pairs one instance on a source engine with its twin on a target engine; its state decides behaviour. A *bridge
plan* says which engines, which instances, and how far its links may go. What must not live here: which change follows
which (``gateway.bridge.transitions``), how they are stored (``gateway.store``), and what carries them out
(``gateway.operations.bridge``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.values import Value

LinkState = Literal["linked", "copied", "dual", "shadow", "live", "final", "diverged", "failed", "rolled_back"]
Stage = Literal["linked", "copied", "dual", "shadow", "live", "final"]
STAGES: tuple[Stage, ...] = ("linked", "copied", "dual", "shadow", "live", "final")
"""From the first to the last; a plan has one of them, as the furthest that its links may reach."""
SideName = Literal["source", "target"]
Handling = Literal["skip-variable", "skip-instance", "fail"]
"""What a copy does about a variable that the target cannot hold, or only with a loss: a plan says it per code."""
Step = Literal["suspending", "copying", "comparing", "resuming"]
"""Where a cut-over or roll-back of one link is; committed before it is begun."""


class Side(msgspec.Struct, frozen=True, gc=False):
    """One instance of a link: the engine's name, and the instance's id there in that engine's own spelling."""

    engine: str
    native: str

    @property
    def public(self) -> str:
        """Return the canonical id, ``engine:id``."""
        return f"{self.engine}:{self.native}"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A cut-over or roll-back that has begun and not ended.

    Args:
        kind: which of the two.
        step: where it is.
        resume: whether the instance that decides must be made to run when the move ends where it is.
        caller: who asked for it.
        process: of whoever carries it out, and of no other move.
    """

    kind: Literal["cut-over", "roll-back"]
    step: Step
    resume: bool = True
    caller: str = ""
    process: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One instance pair.

    Args:
        id: 32 hexadecimal digits.
        plan: name of the bridge plan that it belongs to; None for a link made by itself.
        public: the id that ``/v1`` answers with for life: that of the source when the link was made.
        authority: the side that decides: reads and writes go there.
        stale: why the target may not be what a copy has made it; None where it is not stale.
        move: the cut-over or roll-back that is under way.
        was_running: whether the source ran when a cut-over left it, so that a roll-back lets it run again.
        left_out: names that the last copy left out by the policy; a roll-back does not delete them.
        changed: number of the change of any link after which this one has been as it is.
        created, updated: seconds since 1970, the database's clock.
        problem: what went wrong last, for people; never a value.
    """

    id: str
    source: Side
    target: Side
    public: str
    plan: str | None = None
    business_key: str | None = None
    state: LinkState = "linked"
    authority: SideName = "source"
    stale: str | None = None
    move: Move | None = None
    was_running: bool = False
    left_out: tuple[str, ...] = ()
    changed: int = 0
    created: float = 0.0
    updated: float = 0.0
    problem: str | None = None

    @property
    def lock(self) -> tuple[str, str]:
        """Return the key of the write lock of both sides: that of the source."""
        return (self.source.engine, self.source.native)

    @property
    def owner(self) -> Side:
        """Return the side that decides."""
        return self.source if self.authority == "source" else self.target

    @property
    def other(self) -> Side:
        """Return the side that does not decide."""
        return self.target if self.authority == "source" else self.source


class LinkFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which links are wanted; all that is given must hold.

    Args:
        stale: only those that are stale, or only those that are not.
    """

    plan: str | None = None
    state: LinkState | None = None
    business_key: str | None = None
    stale: bool | None = None


FORGOTTEN = -1
"""Stands for the number of the last change where it is no longer known which links were removed."""
ALL_LINKS = LinkFilter()


class LinkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many links there are in each state that any is in, and how many of all are stale."""

    states: dict[LinkState, int]
    stale: int


class Selector(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which instances of the source engine a plan is about; all that is given must hold."""

    definition: str | None = None
    tenant: str | None = None
    ids: tuple[str, ...] | None = None


class TwinRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the twin of an instance is found on the target engine.

    Args:
        by: ``business-key``: both have the same one. ``marker``: the twin has a variable that holds the source's id.
        variable: name of the marker variable.
        definition: of the twins; None = any.
    """

    by: Literal["business-key", "marker"]
    variable: str | None = None
    definition: str | None = None


class StartTemplate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a twin is started that is not there yet: of which definition, with which variables.

    It is suspended at once where the vendor can.
    """

    definition: str
    variables: dict[str, Value] = {}


class BridgePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be moved from one engine to another, and how far.

    Args:
        name: of people's choice; 1 to 63 of a-z, 0-9 and hyphens.
        stage: the furthest that its links may reach.
        policy: code of a verdict to what a copy does about such a variable; ``*`` is every refusal that is not named,
            ``lossy`` every rule that is not named. What is not covered: a refusal fails, a rule is followed.
        starts: how missing twins are started; None = a missing twin is a problem of its instance.
    """

    name: str
    source: str
    target: str
    selector: Selector = Selector()
    twins: TwinRule | None = None
    starts: StartTemplate | None = None
    policy: dict[str, Handling] = {}
    stage: Stage = "copied"
    caller: str = ""
    created: float = 0.0
    updated: float = 0.0
    version: int = 1
