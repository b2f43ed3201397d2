"""Cursors: the page positions of a walk, sealed into a text that the caller sends back for the next page.

A cursor is encrypted and authenticated (AES-GCM), because it names rows that the caller may not see. It is bound to
its purpose: a request with another filter, order or caller cannot open it. Callers of this module encode the state.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import time
import zlib
from collections.abc import Awaitable, Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import CursorExpired, Fault, InvalidRequest

_NONCE = 12
"""Bytes; the size that AES-GCM is made for."""
_STAMP = 8
"""Bytes of the time at which a cursor ends, seconds since 1970."""
_MAX_STATE = 1 << 20
"""Bytes; a state has some hundred bytes for each engine."""


class Cursors:
    """Seals and opens cursors.

    Args:
        secret: returns the secret that all processes serving the same callers share; called for the first cursor.
            None: a secret of this process alone, so that its cursors end with it.
        lifetime_s: how long a walk may pause.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        secret: Callable[[], Awaitable[bytes]] | None = None,
        *,
        lifetime_s: float = 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._known = _cipher_of(os.urandom(32)) if secret is None else None
        self._lifetime_s = lifetime_s
        self._clock = clock

    async def _cipher(self) -> AESGCM:
        if self._known is None and self._secret is not None:
            self._known = _cipher_of(await self._secret())
        return self._known or _cipher_of(os.urandom(32))

    async def seal(self, state: bytes, purpose: bytes) -> str:
        """Return the cursor of a state, good for one purpose.

        Raises:
            StoreUnavailable: the secret cannot be read.
        """
        ends = int(self._clock() + self._lifetime_s).to_bytes(_STAMP, "big")
        nonce = os.urandom(_NONCE)
        content = (await self._cipher()).encrypt(nonce, ends + zlib.compress(state), purpose)
        return base64.urlsafe_b64encode(nonce + content).rstrip(b"=").decode()

    async def open(self, cursor: str, purpose: bytes) -> bytes:
        """Return the state of a cursor.

        Raises:
            StoreUnavailable: the secret cannot be read.
            InvalidRequest: this gateway did not make it, or made it for another purpose.
            CursorExpired: older than its lifetime.
        """
        cipher = await self._cipher()
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            content = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], purpose)
        except (UnicodeEncodeError, binascii.Error, ValueError, InvalidTag) as error:
            detail = "This gateway gave no such cursor for this request; filter, order and caller must stay the same."
            raise InvalidRequest(detail, errors=(Fault("/cursor", "unknown"),)) from error
        if int.from_bytes(content[:_STAMP], "big") < self._clock():
            raise CursorExpired("The cursor is too old; ask from the beginning.")
        return zlib.decompressobj().decompress(content[_STAMP:], _MAX_STATE)


def _cipher_of(secret: bytes) -> AESGCM:
    return AESGCM(hashlib.sha256(b"varbridge cursors\0" + secret).digest())
