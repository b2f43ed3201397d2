"""Fetches a small public document: the keys of an issuer of tokens. Rare, so no session is kept.

It stands beside the gate on purpose: an issuer is no engine, has no lease and no limits of one, and the wait is bounded
here.
"""

from __future__ import annotations

import aiohttp

_TIMEOUT_S = 5.0
"""Longest wait for the whole document; a caller waits meanwhile."""
_MAX_BYTES = 1024 * 1024
"""Largest document; key sets have some kilobytes."""


async def fetch_document(url: str) -> bytes:
    """Return a document.

    Raises:
        OSError: it cannot be fetched, is no 200, or is larger than 1 MiB; redirects are not followed.
    """
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > _MAX_BYTES:
                    break
            if answer.status != 200 or len(body) > _MAX_BYTES:  # noqa: PLR2004
                msg = "no document of a sensible size"
                raise OSError(msg)
            return bytes(body)
    except (aiohttp.ClientError, ValueError) as error:
        msg = "the document cannot be fetch_document"
        raise OSError(msg) from error
