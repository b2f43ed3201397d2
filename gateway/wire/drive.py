"""The executor: hands a plan's requests to a sender and its answers back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.errors import EngineFailure
from gateway.plan import Plan, VendorRequest, VendorResponse

R = TypeVar("R")


async def drive(plan: Plan[R], send: Callable[[VendorRequest], Awaitable[VendorResponse]]) -> R:
    """Carry a plan out and give its result.

    A failure of the road is thrown into the plan at its ``yield``, so that it can say what had been applied.

    Raises:
        VarbridgeError: whatever the plan raises, or lets pass.
    """
    try:
        request = next(plan)
        while True:
            try:
                answer = await send(request)
            except EngineFailure as failure:
                request = plan.throw(failure)
            else:
                request = plan.send(answer)
    except StopIteration as done:
        result: R = done.value
        return result
    finally:
        plan.close()
