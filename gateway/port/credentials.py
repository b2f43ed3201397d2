"""How the gateway makes itself known to an engine. Secrets here have no text form, so that they reach no log."""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import ClassVar, TypeAlias

import msgspec

from gateway.plan import VendorRequest, VendorResponse


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's own log-in at an engine, secrets resolved; ``kind`` is ``auth.kind`` of the configuration.

    Args:
        token_url: where a token is issued for the other members.
        exchange_url: where that token is exchanged for the engine's own, if it takes one of its own.
        scope: of the token; empty = as the issuer likes.
    """

    kind: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None
    token_url: str | None = None
    exchange_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str = ""

    def __repr__(self) -> str:
        """Show the kind alone, so that no secret reaches a log by accident."""
        return f"Credentials(kind={self.kind!r})"


class Session(msgspec.Struct, frozen=True):
    """What a log-in came to: headers to add to each request. Never logged.

    Args:
        headers: to add.
        lifetime_s: how long it is good from the moment at which it was asked for; None = that is not known.
    """

    headers: tuple[tuple[str, str], ...]
    lifetime_s: float | None = None

    def __repr__(self) -> str:
        """Show that there is a session, not what is in it."""
        return "Session(…)"


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to an issuer of tokens, who is no engine and has a URL of its own. Never logged."""

    writes: ClassVar[bool] = False
    url: str
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        """Show that there is a request, not what is in it."""
        return "TokenRequest(…)"


LogIn: TypeAlias = Generator[VendorRequest | TokenRequest, VendorResponse, Session]
"""The plan that opens a session: requests to the engine, to issuers of tokens, or to both."""


def authorization(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """Return the ``Authorization`` header of Basic and bearer credentials; no header for other kinds."""
    if credentials.kind == "basic":
        pair = f"{credentials.username}:{credentials.password}".encode()
        return (("Authorization", "Basic " + base64.b64encode(pair).decode("ascii")),)
    if credentials.kind == "bearer":
        return (("Authorization", f"Bearer {credentials.token}"),)
    return ()
