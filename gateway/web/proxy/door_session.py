"""Log-in at a front door whose own engine speaks another language: the door itself issues tokens and checks them.

Where the engine is of the door's vendor, its log-in is relayed and its tokens are its own affair. A token that comes
with a write is checked; none is demanded, as servers demand none unless they are set to.
"""

from __future__ import annotations

from aiohttp import web

from gateway.access import Caller
from gateway.port import DialectRequest
from gateway.web.proxy import headers
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.translated import with_body


async def log_in(proxied: ProxiedRequest, read: DialectRequest, caller: Caller) -> web.Response | None:
    """Return the answer to a log-in; None where the request is none.

    Raises:
        Refusal: the log-in is not what the vendor's page says.
    """
    dialect = proxied.door.dialect
    if not dialect.logs_in(read):
        return None
    proxied.translated = read
    read = await with_body(proxied, read)
    lifetime_s = dialect.token_lifetime_s(read)
    token = await proxied.services.request_tokens.issue(caller.name, lifetime_s)
    encoded = dialect.encode_token(read, token, lifetime_s)
    response = web.Response(status=encoded.status, body=encoded.content(), headers=[*encoded.headers])
    headers.decorate(response, proxied)
    return response


async def check_token(proxied: ProxiedRequest, read: DialectRequest, caller: Caller) -> None:
    """Refuse a write whose token is not this caller's, or has ended; one without a token passes.

    Raises:
        TokenRejected: it has such a token.
    """
    token = proxied.request.headers.get(proxied.door.dialect.token_header)
    if token is None or proxied.facts is None or not proxied.facts.writes:
        return
    proxied.translated = read
    await proxied.services.request_tokens.check(token, caller.name)
    proxied.translated = None
