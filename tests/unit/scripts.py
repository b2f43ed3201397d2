"""Plans driven by hand: what they ask, and what they make of answers."""

from __future__ import annotations

import json
from typing import Any

from gateway.plan import Plan, VendorRequest, VendorResponse

JSON = (("content-type", "application/json"),)


def answer(status: int, body: Any = None, kind: str = "application/json") -> VendorResponse:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return VendorResponse(status, (("content-type", kind),), raw)


def played(plan: Plan[Any], *answers: VendorResponse | Exception) -> tuple[Any, list[VendorRequest]]:
    """Return the result and the requests; all the answers must have been used."""
    asked: list[VendorRequest] = []
    left = list(answers)
    try:
        request = next(plan)
        while True:
            asked.append(request)
            reply = left.pop(0)
            request = plan.throw(reply) if isinstance(reply, Exception) else plan.send(reply)
    except StopIteration as done:
        assert left == []
        return done.value, asked
