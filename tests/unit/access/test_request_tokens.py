"""Tokens of a caller's writes: whose they are, and when they end."""

from __future__ import annotations

import pytest

from gateway.access import RequestTokens
from gateway.errors import TokenRejected


async def test_token_ends_and_is_good_at_every_process_with_the_key() -> None:
    now = 1000.0

    async def key() -> bytes:
        return b"k" * 32

    def clock() -> float:
        return now

    one, two, other = RequestTokens(key, clock=clock), RequestTokens(key, clock=clock), RequestTokens(clock=clock)
    token = await one.issue("portal", 60)
    await two.check(token, "portal")
    with pytest.raises(TokenRejected):
        await other.check(token, "portal")
    now = 1060.0
    with pytest.raises(TokenRejected):
        await two.check(token, "portal")
