"""Which way a request in a vendor's own dialect takes. One pure function; its truth table is its test."""

from __future__ import annotations

from typing import Literal

import msgspec

Lane = Literal["native", "translated", "passed_through", "refused"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the lane depends on.

    Args:
        about_variables: whether the request is one that the gateway knows as an operation (``Asked.about``).
        same_vendor: whether the engine behind speaks the caller's dialect.
        limited: whether the caller has masks or name limits.
        second_write: whether another engine is due the same write.
        body_needed: whether some policy must understand the body.
    """

    about_variables: bool
    same_vendor: bool
    limited: bool = False
    second_write: bool = False
    body_needed: bool = False


def lane(facts: Facts) -> Lane:
    """Give the lane: bytes are forwarded wherever nobody needs to understand them."""
    if not facts.about_variables:
        return "passed_through" if facts.same_vendor and not facts.limited else "refused"
    if facts.same_vendor and not (facts.limited or facts.second_write or facts.body_needed):
        return "native"
    return "translated"
