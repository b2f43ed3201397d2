"""The bridge's rules: which change follows which, how values compare, what a copy may lose. Pure: no I/O here.

What stores plans and links is given to it through the protocols of ``records``; what carries copies and cut-overs out
is ``gateway.operations.bridge``, since every write goes through the one door there.
"""

from gateway.bridge.transitions import EVENTS, Event, allowed, apply

__all__ = ["EVENTS", "Event", "allowed", "apply"]
