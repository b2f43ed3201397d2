"""Recognise callers by JWT: signature by the issuer's published keys (JWKS), then issuer, audience, times and claims.

Keys are fetched when first needed, kept for a while, and fetched again when a token names an unknown one; the fetcher
is passed in, so that this room does no input or output of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any

import jwt
import msgspec

from gateway.access.callers import Caller, CallerEntry
from gateway.errors import Unauthenticated

Fetch = Callable[[str], Awaitable[bytes]]
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Asymmetric ones only: whoever can check a token by a shared secret can also make one."""
_KEPT_S = 600.0
"""Age at which known keys are fetched again: a key that the issuer withdrew is good for ten minutes at most."""
_PAUSE_S = 10.0
"""Pause between two fetches for unknown keys, so that made-up tokens cause no flood of requests."""
_MAX_TOKEN = 16 * 1024
"""Characters; real ones have some 1,000 to 4,000."""
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="varbridge", error="invalid_token"'),)


class TokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one caller.

    Args:
        caller: who it is, and what it may do.
        issuer: ``iss``, exactly.
        audience: one of ``aud``.
        jwks_url: where the issuer publishes its keys.
        algorithms: allowed ones, of ``ALGORITHMS``.
        leeway_s: how far the two clocks may differ.
        claims: further claims that the token must have, exactly.
    """

    caller: CallerEntry
    issuer: str
    audience: str
    jwks_url: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    leeway_s: float = 30.0
    claims: Mapping[str, str] = {}


class Tokens:
    """The callers that are known by tokens, and the keys of their issuers.

    Args:
        entries: of the configuration.
        fetch: returns the document at a URL.
        before: those of the configuration before, whose fetched keys are taken over.
    """

    def __init__(self, entries: tuple[TokenEntry, ...], fetch: Fetch, before: Tokens | None = None) -> None:
        self._entries = [(entry, Caller(entry.caller)) for entry in entries]
        known = {} if before is None else before.issuers
        self.issuers: dict[str, _Keys] = {
            url: known.get(url) or _Keys(url, fetch) for url in {entry.jwks_url for entry in entries}
        }

    async def find_caller(self, token: str) -> Caller:
        """Return the caller whose token it is.

        Raises:
            Unauthenticated: it is nobody's, not signed as it should be, or not valid now.
        """
        try:
            if len(token) > _MAX_TOKEN:
                raise _refused("The token is too long.")
            kid = jwt.get_unverified_header(token).get("kid")
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError) as error:
            raise _refused("The token cannot be read.") from error
        for entry, caller in self._entries:
            if entry.issuer == issuer and await self._is_good(token, kid, entry):
                return caller
        raise _refused("The token is not good here.")

    async def _is_good(self, token: str, kid: object, entry: TokenEntry) -> bool:
        for key in await self.issuers[entry.jwks_url].named(kid):
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=list(entry.algorithms),
                    audience=entry.audience,
                    issuer=entry.issuer,
                    leeway=entry.leeway_s,
                    options={"require": ["exp", "iss", "aud"]},
                )
            except (jwt.PyJWTError, TypeError, ValueError):
                continue
            if all(claims.get(name) == value for name, value in entry.claims.items()):
                return True
        return False


def _refused(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers=_CHALLENGE)


class _Keys:
    """The published keys of one issuer."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        self._url, self._fetch = url, fetch
        self._known: tuple[jwt.PyJWK, ...] = ()
        self._fetched = self._asked = float("-inf")
        self._fetching = asyncio.Lock()

    async def named(self, kid: object) -> tuple[Any, ...]:
        """Return the keys of a name, or all keys for a token that names none; empty where none can be fetched.

        Whoever needs an unknown key waits for the one fetch under way. Known keys that are old are fetched by one
        request; others go on with them meanwhile.
        """
        found = self._of(kid)
        is_old = monotonic() - self._fetched > _KEPT_S
        if found and (not is_old or self._fetching.locked()):
            return found
        await self._renew()
        return self._of(kid)

    def _of(self, kid: object) -> tuple[Any, ...]:
        return tuple(key.key for key in self._known if kid is None or key.key_id == kid)

    async def _renew(self) -> None:
        async with self._fetching:
            if monotonic() - self._asked < _PAUSE_S:
                return
            self._asked = monotonic()
            try:
                published = msgspec.json.decode(await self._fetch(self._url))
                self._known = tuple(jwt.PyJWKSet.from_dict(published).keys)
            except (jwt.PyJWTError, msgspec.DecodeError, OSError, TimeoutError, ValueError, AttributeError, TypeError):
                return  # known keys stay good: the issuer may be down for a while
            self._fetched = monotonic()
