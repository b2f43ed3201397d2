"""How the gateway makes itself known to an engine. Secrets here have no text form, so that they reach no log."""

from __future__ import annotations

import base64

import msgspec


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's own log-in at an engine, secrets resolved; ``kind`` is ``auth.kind`` of the configuration."""

    kind: str = "none"
    username: str | None = None
    password: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        """Show the kind alone, so that no secret reaches a log by accident."""
        return f"Credentials(kind={self.kind!r})"


class Session(msgspec.Struct, frozen=True):
    """What a log-in came to: headers to add to each request. Never logged."""

    headers: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Show that there is a session, not what is in it."""
        return "Session(…)"


def authorization(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """Return the ``Authorization`` header of Basic and bearer credentials; no header for other kinds."""
    if credentials.kind == "basic":
        pair = f"{credentials.username}:{credentials.password}".encode()
        return (("Authorization", "Basic " + base64.b64encode(pair).decode("ascii")),)
    if credentials.kind == "bearer":
        return (("Authorization", f"Bearer {credentials.token}"),)
    return ()
