"""Tokens by which a caller's writes show that no other site made them (CSRF), where a front door speaks for a server.

Nothing of a token is stored: it is its own end and a code over that end and the caller, made with a key that all
processes share which serve the same callers. What must not live here: the header and the words of a vendor (dialects).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import time
from collections.abc import Awaitable, Callable

from gateway.errors import TokenRejected

_END = 8
"""Bytes of the time at which a token ends, seconds since 1970."""


class RequestTokens:
    """Issues and checks tokens.

    Args:
        secret: returns the key that all processes serving the same callers share; called for the first token.
            None: a key of this process alone.
        clock: seconds since 1970.
    """

    def __init__(
        self, secret: Callable[[], Awaitable[bytes]] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret
        self._own = os.urandom(32)
        self._clock = clock

    async def issue(self, caller: str, lifetime_s: int) -> str:
        """Return a token that is good for one caller.

        Raises:
            StoreUnavailable: the key cannot be read.
        """
        end = int(self._clock() + lifetime_s).to_bytes(_END, "big")
        return base64.urlsafe_b64encode(end + await self._code(end, caller)).rstrip(b"=").decode()

    async def check(self, token: str, caller: str) -> None:
        """Refuse a token that is not this caller's, or has ended.

        Raises:
            TokenRejected: it is such a token. StoreUnavailable: the key cannot be read.
        """
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error, ValueError) as error:
            raise TokenRejected from error
        end, code = raw[:_END], raw[_END:]
        if not hmac.compare_digest(code, await self._code(end, caller)) or int.from_bytes(end, "big") <= self._clock():
            raise TokenRejected

    async def _code(self, end: bytes, caller: str) -> bytes:
        key = self._own if self._secret is None else await self._secret()
        return hmac.digest(key, b"varbridge request token\0" + end + caller.encode(), "sha256")
