"""OAuth 2.0 client credentials (RFC 6749, 4.4): the log-in of engines that stand behind an identity provider."""

from __future__ import annotations

import base64
import re
from typing import TypeVar
from urllib.parse import quote_plus, urlencode

import msgspec

from gateway.errors import EngineCredentialsRejected, EngineUnavailable
from gateway.plan import VendorResponse
from gateway.port.credentials import Credentials, LogIn, Session, TokenRequest

G = TypeVar("G")
FORM = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
_REFUSED = frozenset({400, 401, 403})
_OK = 200
_TOKEN = re.compile(r"[!-~]+\Z")
"""What a header can carry."""


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a kind of token, not a token
    expires_in: float | None = None


def log_in(engine: str, credentials: Credentials) -> LogIn:
    """Get a token for the gateway's own client.

    Raises:
        EngineCredentialsRejected: the endpoint refuses the client. EngineUnavailable: it gives no token.
    """
    form = {"grant_type": "client_credentials"} | ({"scope": credentials.scope} if credentials.scope else {})
    pair = f"{quote_plus(credentials.client_id or '')}:{quote_plus(credentials.client_secret or '')}".encode()
    answer = yield TokenRequest(
        url=credentials.token_url or "",
        headers=(*FORM, ("Authorization", "Basic " + base64.b64encode(pair).decode("ascii"))),
        body=urlencode(form).encode("ascii"),
    )
    grant = granted(engine, answer, _Grant)
    if grant.token_type.lower() != "bearer":
        raise no_token(engine)
    return bearer(engine, grant.access_token, grant.expires_in)


def granted(engine: str, answer: VendorResponse, kind: type[G]) -> G:
    """Return what a token endpoint grants.

    Raises:
        EngineCredentialsRejected: it refuses. EngineUnavailable: it fails, or nobody can read what it says.
    """
    if answer.status in _REFUSED:
        raise EngineCredentialsRejected("The token endpoint refuses the gateway's credentials.", engine=engine)
    if answer.status != _OK:
        raise EngineUnavailable(f"The token endpoint failed with status {answer.status}.", engine=engine)
    try:
        return msgspec.json.decode(answer.content(), type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise no_token(engine) from error


def bearer(engine: str, token: str, lifetime_s: float | None) -> Session:
    """Return the session of a bearer token; a lifetime that is none is not known.

    Raises:
        EngineUnavailable: no header can carry the token.
    """
    if not _TOKEN.match(token):
        raise no_token(engine)
    known = lifetime_s is not None and lifetime_s > 0
    return Session((("Authorization", f"Bearer {token}"),), lifetime_s if known else None)


def no_token(engine: str) -> EngineUnavailable:
    """Return the error of an answer that holds no token."""
    return EngineUnavailable("The token endpoint's answer holds no token that can be used.", engine=engine)
