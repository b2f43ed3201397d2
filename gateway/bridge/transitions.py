"""The one closed table of what may happen to a link, as data. Whatever it does not list is refused.

An event has a state before and a state after; it needs the authority on one side, and may move it to the other. A link
that is stale must be copied before a cut-over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.errors import BridgeTransitionRefused
from gateway.model.bridge import STAGES, Link, LinkState, SideName, Stage

Event = Literal[
    "copy", "fail", "dual", "shadow", "demote", "cut-over", "roll-back", "finish", "diverge", "resync", "unlink"
]


class Change(msgspec.Struct, frozen=True):
    """What one event does in one state.

    Args:
        after: the state after it.
        needs: the side that must be the authority.
        authority: the side that is the authority after it.
    """

    after: LinkState
    needs: SideName = "source"
    authority: SideName = "source"


_COPIED, _FAILED = Change("copied"), Change("failed")
_LIVE, _BACK = Change("live", "source", "target"), Change("rolled_back", "target", "source")
_DIVERGED_BEFORE, _DIVERGED_AFTER = Change("diverged"), Change("diverged", "target", "target")
_UNLINKED_BEFORE, _UNLINKED_AFTER = Change("linked"), Change("final", "target", "target")

TABLE: Mapping[tuple[Event, LinkState], tuple[Change, ...]] = {
    ("copy", "linked"): (_COPIED,),
    ("copy", "copied"): (_COPIED,),
    ("copy", "failed"): (_COPIED,),
    ("copy", "rolled_back"): (_COPIED,),
    ("copy", "diverged"): (_COPIED,),
    ("fail", "linked"): (_FAILED,),
    ("fail", "copied"): (_FAILED,),
    ("fail", "failed"): (_FAILED,),
    ("fail", "rolled_back"): (_FAILED,),
    ("fail", "diverged"): (_FAILED,),
    ("dual", "copied"): (Change("dual"),),
    ("shadow", "dual"): (Change("shadow"),),
    ("demote", "shadow"): (Change("dual"),),
    ("demote", "dual"): (_COPIED,),
    ("cut-over", "copied"): (_LIVE,),
    ("cut-over", "dual"): (_LIVE,),
    ("cut-over", "shadow"): (_LIVE,),
    ("roll-back", "live"): (_BACK,),
    ("roll-back", "diverged"): (_BACK,),
    ("finish", "live"): (Change("final", "target", "target"),),
    ("diverge", "dual"): (_DIVERGED_BEFORE,),
    ("diverge", "shadow"): (_DIVERGED_BEFORE,),
    ("diverge", "live"): (_DIVERGED_AFTER,),
    ("resync", "diverged"): (Change("live", "target", "target"),),
    ("unlink", "linked"): (_UNLINKED_BEFORE,),
    ("unlink", "copied"): (_UNLINKED_BEFORE,),
    ("unlink", "failed"): (_UNLINKED_BEFORE,),
    ("unlink", "diverged"): (_UNLINKED_BEFORE,),
    ("unlink", "rolled_back"): (_UNLINKED_BEFORE,),
    ("unlink", "final"): (_UNLINKED_AFTER,),
}
"""Each pair of event and state that is allowed. ``unlink`` removes the link; its state after is the last one stored."""
EVENTS: tuple[Event, ...] = tuple(dict.fromkeys(event for event, _ in TABLE))


def allowed(link: Link) -> tuple[Event, ...]:
    """Return the events that may happen to a link now, in the order of the table."""
    return tuple(event for event in EVENTS if _find(event, link) is not None)


def apply(link: Link, event: Event, furthest: Stage = "final") -> Link:
    """Return a link as it is after an event; after a copy it is no longer stale.

    Args:
        link: as it is now.
        event: what happens to it.
        furthest: the stage of its plan; no event takes a link beyond it.

    Raises:
        BridgeTransitionRefused: the event may not happen in this state, or only in a later stage; it names those that
            may.
    """
    change = _find(event, link)
    if change is None:
        raise BridgeTransitionRefused(_refusal(event, link))
    if _rank(change.after) > _rank(furthest) and _rank(change.after) > _reached(link):
        raise BridgeTransitionRefused(f"The plan allows its links to go as far as {furthest}; {event} goes further.")
    stale = None if event == "copy" else link.stale
    return msgspec.structs.replace(link, state=change.after, authority=change.authority, stale=stale)


def _find(event: Event, link: Link) -> Change | None:
    if event == "cut-over" and link.stale is not None:
        return None
    changes = TABLE.get((event, link.state), ())
    return next((change for change in changes if change.needs == link.authority), None)


def _refusal(event: Event, link: Link) -> str:
    may = ", ".join(allowed(link)) or "nothing"
    how = f"{link.state} and stale" if link.stale is not None else link.state
    side = f", and whose {link.authority} decides," if link.state == "diverged" else ""
    return f"A link that is {how}{side} allows no {event}; allowed now: {may}."


def _reached(link: Link) -> int:
    """Return how far a link has come; one that diverged after its cut-over has come as far as any live one."""
    return max(_rank(link.state), _rank("live") if link.authority == "target" else _rank("linked"))


def _rank(state: LinkState) -> int:
    """Return how far a state is; those aside of the way (``failed`` and the like) are nowhere on it."""
    return STAGES.index(state) if state in STAGES else -1
