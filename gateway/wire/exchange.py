"""What an exchange with an engine is: a request and its call in, an answer out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest

Q = TypeVar("Q", VendorRequest, RawRequest)
A = TypeVar("A", VendorResponse, RawAnswer)
Exchange: TypeAlias = Callable[[Q, Call], Awaitable[A]]
HeldExchange: TypeAlias = Callable[[VendorRequest, Call], Awaitable[VendorResponse]]
"""Request and answer are in memory; the answer comes in full."""
RawExchange: TypeAlias = Callable[[RawRequest, Call], Awaitable[RawAnswer]]
"""Bodies flow; the answer comes as soon as its head is there."""
