"""A raw answer of which the beginning was read, because it may say that the session is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gateway.plan import VendorResponse
from gateway.raw import RawAnswer, read_up_to

_MOST_BYTES = 64 * 1024
"""So much of an answer is read; log-in pages are smaller."""
_OK, _REDIRECT, _ERROR = 200, 300, 400
_DENIED = {401, 403}


async def peek(answer: RawAnswer) -> RawAnswer:
    """Return the answer, its beginning read if it may say that the session is over."""
    if not _may_say_expired(answer):
        return answer
    try:
        body, rest = await read_up_to(answer.pieces(), _MOST_BYTES)
    except BaseException:
        answer.close()
        raise
    if rest is None:
        answer.close()
    return PeekedAnswer(answer, body, rest)


def says_expired(expired: Callable[[VendorResponse], bool]) -> Callable[[RawAnswer], bool]:
    """Return an engine's judgement of answers as one of raw answers that went through ``peek``."""
    return lambda answer: isinstance(answer, PeekedAnswer) and answer.ended() and expired(answer.response)


def _may_say_expired(answer: RawAnswer) -> bool:
    if answer.status in _DENIED or _REDIRECT <= answer.status < _ERROR:
        return True
    kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
    return answer.status == _OK and (not kinds or any("html" in kind.lower() for kind in kinds))


class PeekedAnswer:
    """The answer.

    Args:
        answer: as it came.
        body: what was read of its body.
        rest: what is still to come of it; None = nothing.
    """

    def __init__(self, answer: RawAnswer, body: bytes, rest: AsyncIterator[bytes] | None) -> None:
        self.status, self.reason, self.headers = answer.status, answer.reason, answer.headers
        self.leave: Callable[[], None] | None = None
        self._answer, self._body, self._rest = answer, body, rest
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        self.response = VendorResponse(answer.status, headers, body)

    def close(self) -> None:
        """Close the answer if it is still open."""
        if self._rest is not None:
            self._answer.close()

    def ended(self) -> bool:
        """Return whether nothing more is to come."""
        return self._rest is None

    def buffered(self) -> bytes | None:
        """Return the whole body if it has come already, None if more of it is to come."""
        return self._body if self._rest is None else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body
        if self._rest is not None:
            async for piece in self._rest:
                yield piece
