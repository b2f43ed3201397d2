"""A copy of a body that is relayed, for the case that the engine turns out not to be the owner of what is named."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.errors import PayloadTooLarge
from gateway.web.http import body
from gateway.web.http.limits import RequestLimits


class BodyCopy:
    """What of a body has been relayed so far; beyond the limit of a JSON body nothing is held.

    Args:
        request: whose body.
        limits: of the copy.
        received: the whole body, where it is there already.
    """

    def __init__(self, request: web.BaseRequest, limits: RequestLimits, received: bytes | None = None) -> None:
        self._request, self._limits = request, limits
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_received = received is not None
        self._keep(received or b"")

    async def copying(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield a body as it comes, and keep it."""
        async for piece in pieces:
            self._keep(piece)
            yield piece

    async def whole(self) -> bytes:
        """Return the whole body: what has been relayed of it, and what has not been asked for yet.

        Raises:
            PayloadTooLarge: it is over the limit of a JSON body.
        """
        rest = b"" if self._is_received else await body.pass_on(self._request, self._limits)
        if isinstance(rest, bytes):
            self._keep(rest)
        else:
            async for piece in rest:
                self._keep(piece)
                self._check()
        self._check()
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limits.max_body_bytes:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _check(self) -> None:
        if self._size > self._limits.max_body_bytes:
            detail = f"A body has at most {self._limits.max_body_bytes} bytes."
            raise PayloadTooLarge(detail, headers=(("Connection", "close"),))
