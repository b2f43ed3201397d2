"""The executor: hands a plan's requests to a sender and its answers back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from gateway.errors import VarbridgeError
from gateway.plan import VendorRequest, VendorResponse
from gateway.port import TokenRequest

Q = TypeVar("Q", bound=VendorRequest | TokenRequest)
R = TypeVar("R")


async def drive(
    plan: Generator[Q, VendorResponse, R], send: Callable[[Q], Awaitable[VendorResponse]], engine: str | None = None
) -> R:
    """Carry a plan out and return its result.

    A failure of the road, or a refusal of the gate, is thrown into the plan at its ``yield``, so that the plan can say
    what had been applied.

    Args:
        plan: the conversation.
        send: carries one request to the engine.
        engine: its name, which every error then carries.

    Raises:
        VarbridgeError: whatever the plan raises or lets pass; ``not_applied`` as long as no write was sent.
    """
    wrote = False
    try:
        request = next(plan)
        while True:
            wrote = wrote or request.writes
            try:
                answer = await send(request)
            except VarbridgeError as failure:
                request = plan.throw(failure)
            else:
                request = plan.send(answer)
    except StopIteration as done:
        result: R = done.value
        return result
    except VarbridgeError as error:
        if not wrote and error.outcome == "unknown":  # a read changes nothing, readable or not
            error.outcome = "not_applied"
        error.engine = error.engine or engine
        raise
    finally:
        plan.close()
