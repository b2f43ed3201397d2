"""Small answers of those who issue tokens: the keys of an issuer, and a token for the gateway itself.

They stand beside the gate on purpose: an issuer is no engine, has no lease and no limits of one, and the wait is
bounded here. Both are rare, so no session is kept. Redirects are never followed.
"""

from __future__ import annotations

import ssl

import aiohttp
import msgspec
from yarl import URL

from gateway.errors import EngineUnavailable
from gateway.plan import VendorResponse
from gateway.port import TokenRequest
from gateway.wire.proxies import passed_headers, proxy_arguments
from gateway.wire.settings import ProxySettings
from gateway.wire.tls_failures import tls_detail

_ISSUER = "token endpoint"
_TIMEOUT_S = 5.0
"""Longest wait for the whole answer; a caller waits meanwhile."""
_LEAST_S = 0.001
"""aiohttp takes 0 for no bound."""
_MAX_BYTES = 1024 * 1024
"""Largest answer; key sets have some kilobytes."""


class Road(msgspec.Struct, frozen=True, kw_only=True):
    """How an issuer is reached: as its engine is.

    Args:
        tls: for https; None = the system's authorities, and no certificate of ours.
        proxy: what it is reached through; None = directly.
    """

    tls: ssl.SSLContext | None = None
    proxy: ProxySettings | None = None


async def fetch_document(url: str) -> bytes:
    """Return a public document.

    Raises:
        OSError: it cannot be fetched, is no 200, or is larger than 1 MiB.
    """
    try:
        answer = await _exchange(TokenRequest(url=url, method="GET"), Road(), _TIMEOUT_S)
    except (aiohttp.ClientError, ValueError) as error:
        msg = "the document cannot be fetched"
        raise OSError(msg) from error
    if answer.status != 200:  # noqa: PLR2004
        msg = "no document"
        raise OSError(msg)
    return answer.content()


async def request_token(engine: str, road: Road, request: TokenRequest, wait_s: float) -> VendorResponse:
    """Return the answer of an issuer of tokens.

    Args:
        engine: whose token it is, for errors.
        road: how to reach the issuer.
        request: what to ask.
        wait_s: longest wait; never more than five seconds.

    Raises:
        EngineUnavailable: there is no answer that can be read.
    """
    try:
        return await _exchange(request, road, max(_LEAST_S, min(wait_s, _TIMEOUT_S)))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        said = tls_detail(error, connecting=isinstance(error, aiohttp.ClientConnectorError), who=_ISSUER)
        raise EngineUnavailable(said or f"The {_ISSUER} cannot be reached.", engine=engine) from error.with_traceback(
            None
        )


async def _exchange(request: TokenRequest, road: Road, wait_s: float) -> VendorResponse:
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=wait_s), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        ) as session,
        session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=(*request.headers, *passed_headers(road.proxy, request.url).items()),
            data=request.body or None,
            allow_redirects=False,
            ssl=True if road.tls is None else road.tls,
            **proxy_arguments(road.proxy),
        ) as answer,
    ):
        body = bytearray()
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > _MAX_BYTES:
                msg = "the answer is too large"
                raise OSError(msg)
        return VendorResponse(answer.status, body=bytes(body))
