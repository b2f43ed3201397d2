"""What may be linked: new links, and why one cannot be made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.model.bridge import BridgePlan, Link, Side


class NotLinked(msgspec.Struct, frozen=True):
    """Why a link was not made.

    Args:
        reason: ``exists``: the two are linked so already; ``taken``: one of them is in another link; ``self``: they
            are one instance, or on one engine; ``plan``: the plan is gone, or is about other engines.
        detail: for people.
        link: the link that is there already.
    """

    reason: Literal["exists", "taken", "self", "plan"]
    detail: str
    link: Link | None = None


def new_link(source: Side, target: Side, plan: str | None = None, business_key: str | None = None) -> Link:
    """Return a link that can be made, with an id of its own; its public id is that of its source for life."""
    return Link(
        id=os.urandom(16).hex(),
        source=source,
        target=target,
        public=source.public,
        plan=plan,
        business_key=business_key,
    )


def find_refusal(link: Link, plans: Mapping[str, BridgePlan]) -> NotLinked | None:
    """Return why a link cannot be, whatever other links there are."""
    if link.source == link.target:
        return NotLinked("self", f"{link.source.public} cannot be linked to itself.")
    if link.source.engine == link.target.engine:
        return NotLinked("self", f"{link.source.public} and {link.target.public} are on the same engine.")
    if link.plan is None:
        return None
    plan = plans.get(link.plan)
    if plan is None:
        return NotLinked("plan", f"There is no bridge plan {link.plan}.")
    if (plan.source, plan.target) != (link.source.engine, link.target.engine):
        return NotLinked("plan", f"The plan {plan.name} links instances of {plan.source} to twins on {plan.target}.")
    return None


def find_reason(link: Link, taken: Mapping[Side, Link]) -> NotLinked:
    """Return why the store did not take a link, from the links that its sides are in."""
    other = taken.get(link.source)
    if other is not None and (other.source, other.target) == (link.source, link.target):
        return NotLinked("exists", f"They are linked already: link {other.id}.", other)
    for side in (link.source, link.target):
        if (other := taken.get(side)) is not None:
            pair = f"{other.source.public} → {other.target.public}"
            return NotLinked("taken", f"{side.public} is in another link already: {other.id}, {pair}.", other)
    return NotLinked("taken", "Another change of links, or of their plan, came between; try again.")
