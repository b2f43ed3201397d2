"""No write is sent after its lease ran out: another process may be writing to the instance by then.

Counterpart: ``operations`` takes and renews the leases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from gateway.errors import ConcurrentUpdate
from gateway.plan import Call
from gateway.wire.exchange import A, Exchange, Q


def require_lease(inner: Exchange[Q, A], engine: str) -> Exchange[Q, A]:
    """Refuse a write whose lease ran out."""

    def send(request: Q, call: Call) -> Awaitable[A]:
        if request.writes and call.leases:
            require_leases(call, engine)
        return inner(request, call)

    return send


def require_leases(call: Call, engine: str) -> None:
    """Refuse to write if a lease ran out. Whoever has waited since the gate asks again before the next byte.

    Raises:
        ConcurrentUpdate: a lease ran out; the engine has not got the whole of a request.
    """
    now = asyncio.get_running_loop().time()
    if any(now >= lease.until for lease in call.leases):
        raise ConcurrentUpdate("The lease of the instance's write lock could not be renewed in time.", engine=engine)
