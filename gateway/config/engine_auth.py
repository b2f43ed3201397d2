"""``[engines.NAME.auth]``: which keys belong to which kind of log-in, and which of them are secrets."""

from __future__ import annotations

from gateway.config import spelling
from gateway.config.shapes import ConfigError, EngineAuthConfig

SECRETS = ("password", "token", "client_secret")
_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "basic": (("username", "password"),),
    "ibm_session": (("username", "password"),),
    "bearer": (("token",),),
    "oauth2": (("token_url", "client_id", "client_secret"),),
    "zen": (("username", "token"), ("username", "password", "token_url", "exchange_url")),
}
"""The keys that a kind needs; of several sets one, the first unless a key of another one alone is there."""
_OF_TOKENS = {
    "token_url": {"oauth2", "zen"},
    "exchange_url": {"zen"},
    "client_id": {"oauth2"},
    "client_secret": {"oauth2"},
    "scope": {"oauth2", "zen"},
}
"""Keys that mean something to some kinds only."""


def check(source: str, path: str, auth: EngineAuthConfig) -> None:
    """Check the keys of a log-in.

    Raises:
        ConfigError: naming the source and the key path.
    """
    where = f"{source}: {path}"
    for key, kinds in _OF_TOKENS.items():
        if getattr(auth, key) and auth.kind not in kinds:
            raise ConfigError(f"{where}.{key}: has no meaning with the kind {auth.kind}")
    _check_needed(where, auth)
    if auth.kind == "basic":
        check_user(source, f"{path}.username", auth.username or "")
    for key in SECRETS:
        check_reference(source, f"{path}.{key}", getattr(auth, key))
    for key in ("token_url", "exchange_url"):
        url = getattr(auth, key)
        if url is not None and not spelling.is_engine_url(url):
            raise ConfigError(f"{where}.{key}: an http or https URL without user, query and fragment")


def _check_needed(where: str, auth: EngineAuthConfig) -> None:
    first, *others = _NEEDS.get(auth.kind, ((),))
    others = [keys for keys in others if any(getattr(auth, key) for key in set(keys) - set(first))]
    needed = others[0] if others else first
    for key in needed:
        if getattr(auth, key) is None:
            raise ConfigError(f"{where}.{key}: {auth.kind} needs it")
    for key in set(first) - set(needed):
        if getattr(auth, key) is not None:
            raise ConfigError(
                f"{where}.{key}: {auth.kind} takes either it or {', '.join(sorted(set(needed) - set(first)))}"
            )


def check_user(source: str, path: str, name: str) -> None:
    """Refuse a user name that HTTP Basic cannot carry.

    Raises:
        ConfigError: naming the source and the key path.
    """
    if ":" in name:  # RFC 7617: everything after the first colon is the password
        raise ConfigError(f"{source}: {path}: has no colon")


def check_reference(source: str, path: str, text: str | None) -> None:
    """Refuse a secret that is written down.

    Raises:
        ConfigError: naming the source and the key path.
    """
    if text is not None and not spelling.REFERENCE.match(text):
        raise ConfigError(f"{source}: {path}: a secret is env:NAME or file:PATH, never literal")
