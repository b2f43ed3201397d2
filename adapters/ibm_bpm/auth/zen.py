"""Zen: how Cloud Pak for Business Automation knows its users.

An API key goes with each request. Name and password are exchanged for a token: first the identity provider's (IAM), and
for that Zen's own. Both steps are known from public clients, not from IBM's pages or a recording.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlencode

import msgspec

from gateway.port import Credentials, LogIn, TokenRequest, oauth2


class _Iam(msgspec.Struct, frozen=True):
    access_token: str


class _Zen(msgspec.Struct, frozen=True):
    access_token: str = msgspec.field(name="accessToken")


class _Times(msgspec.Struct, frozen=True):
    exp: float
    iat: float


def log_in(engine: str, credentials: Credentials) -> LogIn:
    """Exchange name and password for a token of Zen.

    Raises:
        EngineCredentialsRejected: one of the two refuses them. EngineUnavailable: one gives no token.
    """
    username = credentials.username or ""
    form = {
        "grant_type": "password",
        "username": username,
        "password": credentials.password or "",
        "scope": credentials.scope or "openid",
    }
    answer = yield TokenRequest(
        url=credentials.token_url or "", headers=oauth2.FORM, body=urlencode(form).encode("ascii")
    )
    iam = oauth2.granted(engine, answer, _Iam)
    answer = yield TokenRequest(
        method="GET",
        url=credentials.exchange_url or "",
        headers=(("username", username), ("iam-token", iam.access_token), ("Accept", "application/json")),
    )
    token = oauth2.granted(engine, answer, _Zen).access_token
    return oauth2.bearer(engine, token, _lifetime_s(token))


def _lifetime_s(token: str) -> float | None:
    """Return the lifetime that a token states, from its issue to its end; None where it is no JWT that states one."""
    try:
        payload = token.split(".")[1]
        times = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Times)
    except (IndexError, binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return times.exp - times.iat
