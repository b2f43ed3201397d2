"""How the gateway makes itself known: HTTP Basic or a bearer token on every request; there is no session to keep.

One wrong password locks the user out for seconds, so nothing here ever tries twice.
"""

from __future__ import annotations

from gateway.port import authorization

__all__ = ["authorization"]
