"""Recognise callers by client certificate, API key, Basic or signed token. Whatever is present is always checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from gateway.access.callers import ANONYMOUS, SCOPES, Caller, CallerEntry
from gateway.access.certificates import Subject, parse_subject, subject_of
from gateway.access.failures import WrongCredentials
from gateway.errors import Unauthenticated

_TOKEN_DOTS = 2
"""A signed token has this many dots; an API key has none."""
_PREFIX_BYTES = 2
"""Keys are looked up by so many bytes of their digest and then compared in constant time; looking up whole digests
could take longer the more of one is right."""
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="varbridge", Basic realm="varbridge"'),)
_NOBODYS = bytes(hashlib.sha256().digest_size)
"""What the password of an unknown user is compared with, so that it takes as long as that of a known one."""
_LET_ENGINE_CHECK = (
    'let the engine check them (`auth.kind = "forward"` of the engine, and a caller with `forward = true` '
    "that says what they may do)"
)


class TokenCallers(Protocol):
    """The callers that are known by signed tokens."""

    async def find_caller(self, token: str) -> Caller:
        """Return the caller whose token it is.

        Raises:
            Unauthenticated: it is nobody's.
        """
        ...


class Access:
    """All callers.

    Args:
        callers: the configured ones.
        tokens: those known by signed tokens; None where none is configured.
        open: whether a request without credentials is anonymous with all scopes; for loopback only.
    """

    def __init__(
        self,
        callers: tuple[CallerEntry, ...] = (),
        tokens: TokenCallers | None = None,
        *,
        open: bool = False,  # noqa: A002 - the key's name
    ) -> None:
        self._certificates = _by_subject(callers)
        self._keys = _by_prefix(callers)
        self._basic = {
            entry.basic_username: (hashlib.sha256((entry.basic_password or "").encode()).digest(), Caller(entry))
            for entry in callers
            if entry.basic_username is not None
        }
        self._anonymous = Caller(CallerEntry(name=ANONYMOUS, scopes=SCOPES)) if open else None
        self._forward = next((Caller(entry) for entry in callers if entry.forward), None)
        self.tokens = tokens
        self.takes_certificates = bool(self._certificates)
        """Whether a caller can be known by a client certificate."""

    async def recognise(
        self, headers: Mapping[str, str], *, forwards: bool, certificate: bytes | None = None
    ) -> tuple[Caller, bool]:
        """Return who calls, and whether the credentials were for the gateway.

        The certificate comes first. Credentials beside it are checked as well, and must be the same caller's; those
        that only an engine can check make a caller of the entry with ``forward = true``, as they do without one.

        Args:
            headers: of the request.
            forwards: whether an engine is sent, and checks, credentials that the gateway does not know.
            certificate: the client certificate of the connection (DER), which the TLS server has verified.

        Raises:
            Unauthenticated: credentials that are wrong or contradict each other, or none where some are needed.
        """
        if certificate is None or not self.takes_certificates:
            return await self._recognise_sent(headers, forwards=forwards)
        owner = self._certificates.get(subject_of(certificate))
        if "Authorization" not in headers and "X-Api-Key" not in headers:
            if owner is None:
                raise _refused("The subject of the client certificate is no caller's.")
            return owner, True
        caller, is_ours = await self._recognise_sent(headers, forwards=forwards)
        if owner is None or not is_ours:
            return caller, is_ours
        if caller.name != owner.name:
            raise _refused("The client certificate is one caller's, and the credentials are another's.")
        return owner, True

    async def _recognise_sent(self, headers: Mapping[str, str], *, forwards: bool) -> tuple[Caller, bool]:
        """Return who calls by the credentials in the headers; signed tokens are checked too."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if self.tokens is None or "X-Api-Key" in headers or scheme.lower() != "bearer" or not _is_signed(token):
            return self.identify_for(headers, forwards=forwards)
        try:
            return await self.tokens.find_caller(token.strip()), True
        except Unauthenticated:
            if forwards and self._forward is not None:
                return self._forward, False
            raise

    def identify_for(self, headers: Mapping[str, str], *, forwards: bool) -> tuple[Caller, bool]:
        """Return who calls at a front door, and whether the credentials were for the gateway.

        An engine that is sent the caller's own credentials checks those that the gateway does not know; such a caller
        has the scopes of the entry with ``forward = true``.

        Raises:
            Unauthenticated: as ``identify``.
        """
        caller = self._forward or self._anonymous
        if not forwards or caller is None or "X-Api-Key" in headers or "Authorization" not in headers:
            return self.identify(headers), True
        try:
            return self.identify(headers), True
        except Unauthenticated:
            return caller, False

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Return who calls, by API key, Basic or the lack of both.

        Raises:
            Unauthenticated: credentials that are wrong, or none where some are needed.
        """
        authorization = headers.get("Authorization")
        key = headers.get("X-Api-Key")
        if authorization is None and key is None:
            if self._anonymous is None:
                raise _refused("Credentials are needed.")
            return self._anonymous
        if key is not None:
            return self._by_key(key, "configure a caller with `key_sha256`, or leave `X-Api-Key` out")
        scheme, _, rest = (authorization or "").partition(" ")
        match scheme.lower():
            case "bearer":
                return self._by_bearer(rest.strip())
            case "basic":
                return self._by_password(rest.strip())
            case _:
                raise _refused(
                    f"This kind of credentials is not known here: send Bearer or Basic, or {_LET_ENGINE_CHECK}."
                )

    def _by_bearer(self, token: str) -> Caller:
        if _is_signed(token) and self.tokens is None and self._key_owner(token) is None:
            raise _refused(
                f"No caller with signed tokens is configured here: {_LET_ENGINE_CHECK}, "
                "or configure a caller with `jwt`."
            )
        return self._by_key(token, f"{_LET_ENGINE_CHECK}, or configure a caller with `key_sha256`")

    def _by_key(self, key: str, ways_out: str) -> Caller:
        caller = self._key_owner(key)
        if caller is not None:
            return caller
        if not self._keys:
            raise _refused(f"No caller with an API key is configured here: {ways_out}.")
        raise _refused("The key is not known.") from WrongCredentials("key")

    def _key_owner(self, key: str) -> Caller | None:
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        for expected, caller in self._keys.get(digest[:_PREFIX_BYTES], ()):
            if hmac.compare_digest(digest, expected):
                return caller
        return None

    def _by_password(self, pair: str) -> Caller:
        if not self._basic:
            raise _refused(
                f"No caller with Basic credentials is configured here: {_LET_ENGINE_CHECK}, "
                "or configure a caller with `basic`."
            )
        try:
            username, _, password = _as_text(base64.b64decode(pair, validate=True)).partition(":")
        except (binascii.Error, ValueError) as error:
            raise _refused("The Basic credentials cannot be read.") from error
        expected, caller = self._basic.get(username, (_NOBODYS, None))
        given = hashlib.sha256(password.encode()).digest()
        if not hmac.compare_digest(given, expected) or caller is None:
            raise _refused("User name or password is wrong.") from WrongCredentials("basic", username)
        return caller


def _refused(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers=_CHALLENGE)


def _is_signed(token: str) -> bool:
    return token.count(".") == _TOKEN_DOTS


def _by_subject(callers: tuple[CallerEntry, ...]) -> dict[Subject, Caller]:
    return {parse_subject(each.certificate_subject): Caller(each) for each in callers if each.certificate_subject}


def _by_prefix(callers: tuple[CallerEntry, ...]) -> dict[bytes, list[tuple[bytes, Caller]]]:
    found: dict[bytes, list[tuple[bytes, Caller]]] = defaultdict(list)
    for entry in callers:
        if entry.key_sha256:
            digest = bytes.fromhex(entry.key_sha256)
            found[digest[:_PREFIX_BYTES]].append((digest, Caller(entry)))
    return dict(found)


def _as_text(pair: bytes) -> str:
    """Decode a pair as UTF-8, or else as Latin-1: RFC 7617 leaves it open, and `requests` and others send Latin-1."""
    try:
        return pair.decode()
    except UnicodeDecodeError:
        return pair.decode("latin-1")
