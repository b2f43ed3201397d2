"""Callers by API key or Basic, and what each may do. Credentials that are present are always checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Protocol

import msgspec

from gateway.errors import Forbidden, Unauthenticated

SCOPES = frozenset(
    (
        "variables:read",
        "variables:write",
        "modification",
        "instances:read",
        "instances:start",
        "passthrough:read",
        "passthrough:write",
        "bridge:admin",
        "admin",
    )
)
_DOTS = 2
"""In a signed token; an API key has no dots."""
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="varbridge", Basic realm="varbridge"'),)


class TokenCallers(Protocol):
    """Who knows callers by their tokens."""

    async def caller(self, token: str) -> Caller:
        """Tell whose token it is.

        Raises:
            Unauthenticated: nobody's.
        """
        ...


class CallerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One configured caller, secrets resolved. Patterns know ``*`` (any text) and ``?`` (one character)."""

    name: str
    key_sha256: str | None = None
    basic_username: str | None = None
    basic_password: str | None = None
    scopes: frozenset[str] = frozenset()
    engines: tuple[str, ...] = ("*",)
    variables: tuple[str, ...] = ("*",)
    masked: tuple[str, ...] = ()
    forward: bool = False
    """Whoever an engine accepts, where its ``auth.kind`` is ``forward``."""


class Caller:
    """Somebody who was recognised. ``touches_all``: there is no variable that it may not touch."""

    def __init__(self, entry: CallerEntry) -> None:
        self.name = entry.name
        self.forward = entry.forward
        self._scopes = SCOPES if "admin" in entry.scopes else entry.scopes
        self._engines = _pattern(entry.engines)
        self._variables = None if "*" in entry.variables else _pattern(entry.variables)
        self.touches_all = self._variables is None
        self._masked = _pattern(entry.masked) if entry.masked else None

    @property
    def limited(self) -> bool:
        """Tell whether there are variables that the caller may not touch or see."""
        return self._variables is not None or self._masked is not None

    def require(self, scope: str) -> None:
        """Make sure of a scope.

        Raises:
            Forbidden: the caller does not have it.
        """
        if scope not in self._scopes:
            raise Forbidden(f"The caller lacks the scope {scope}.")

    def may(self, scope: str) -> bool:
        """Tell whether the caller has a scope."""
        return scope in self._scopes

    def may_use(self, engine: str) -> bool:
        """Tell whether the caller may use an engine."""
        return self._engines.fullmatch(engine) is not None

    def may_touch(self, name: str) -> bool:
        """Tell whether the caller may touch a variable."""
        return self._variables is None or self._variables.fullmatch(name) is not None

    def is_masked(self, name: str) -> bool:
        """Tell whether a variable's value is hidden from the caller."""
        return self._masked is not None and self._masked.fullmatch(name) is not None


def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Give one compiled expression for all patterns; a tenth of the cost of matching them one by one."""
    parts = (re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") for text in patterns)
    return re.compile("|".join(parts) or r"(?!)", re.DOTALL)


NOBODY = Caller(CallerEntry(name="nobody", engines=()))
"""Whoever asks for what is public; may do nothing else."""


class Access:
    """All callers.

    Args:
        callers: the configured ones.
        open: whether a request without credentials is anonymous with all scopes; for loopback only.
    """

    def __init__(
        self,
        callers: tuple[CallerEntry, ...] = (),
        tokens: TokenCallers | None = None,
        *,
        open: bool = False,  # noqa: A002 - the key's name
    ) -> None:
        self._keys = {entry.key_sha256.lower(): Caller(entry) for entry in callers if entry.key_sha256}
        self._basic = {
            entry.basic_username: (hashlib.sha256((entry.basic_password or "").encode()).digest(), Caller(entry))
            for entry in callers
            if entry.basic_username is not None
        }
        self._anonymous = Caller(CallerEntry(name="anonymous", scopes=SCOPES)) if open else None
        entries = [entry for entry in callers if entry.forward]
        self._forward = Caller(entries[0]) if entries else None
        self.tokens = tokens

    async def recognised(self, headers: Mapping[str, str], *, forwards: bool) -> tuple[Caller, bool]:
        """Tell who calls, by token too; otherwise as ``identify_for``.

        Raises:
            Unauthenticated: as ``identify``.
        """
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if self.tokens is None or "X-Api-Key" in headers or scheme.lower() != "bearer" or token.count(".") != _DOTS:
            return self.identify_for(headers, forwards=forwards)
        try:
            return await self.tokens.caller(token.strip()), True
        except Unauthenticated:
            if forwards and self._forward is not None:
                return self._forward, False
            raise

    def identify_for(self, headers: Mapping[str, str], *, forwards: bool) -> tuple[Caller, bool]:
        """Tell who calls at a front door, and whether the credentials were for the gateway.

        Where an engine is told the caller's own credentials, those that the gateway does not know are for the engine to
        check; such a caller has the scopes of the entry with ``forward = true``.

        Raises:
            Unauthenticated: as ``identify``.
        """
        caller = self._forward or self._anonymous
        if not forwards or "X-Api-Key" in headers or "Authorization" not in headers or caller is None:
            return self.identify(headers), True
        try:
            return self.identify(headers), True
        except Unauthenticated:
            return caller, False

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Tell who calls.

        Raises:
            Unauthenticated: credentials that are wrong, or none where some are needed.
        """
        authorization = headers.get("Authorization")
        key = headers.get("X-Api-Key")
        if authorization is None and key is None:
            if self._anonymous is None:
                raise Unauthenticated("Credentials are needed.", headers=_CHALLENGE)
            return self._anonymous
        if key is not None:
            return self._by_key(key)
        scheme, _, rest = (authorization or "").partition(" ")
        match scheme.lower():
            case "bearer":
                return self._by_key(rest.strip())
            case "basic":
                return self._by_password(rest.strip())
            case _:
                raise Unauthenticated("This kind of credentials is not known here.", headers=_CHALLENGE)

    def _by_key(self, key: str) -> Caller:
        # a digest of 256 bits of chance needs no constant-time comparison: nobody can choose its prefix
        caller = self._keys.get(hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest())
        if caller is None:
            raise Unauthenticated("The key is not known.", headers=_CHALLENGE)
        return caller

    def _by_password(self, pair: str) -> Caller:
        try:
            username, _, password = _as_text(base64.b64decode(pair, validate=True)).partition(":")
        except (binascii.Error, ValueError) as error:
            raise Unauthenticated("The Basic credentials cannot be read.", headers=_CHALLENGE) from error
        expected, caller = self._basic.get(username, (b"", None))
        given = hashlib.sha256(password.encode()).digest()
        if not hmac.compare_digest(given, expected) or caller is None:
            raise Unauthenticated("User name or password is wrong.", headers=_CHALLENGE)
        return caller


def _as_text(pair: bytes) -> str:
    """Give the pair as sent: UTF-8, or else Latin-1, which RFC 7617 leaves open and `requests` and others send."""
    try:
        return pair.decode()
    except UnicodeDecodeError:
        return pair.decode("latin-1")
