"""Replace the references ``env:NAME`` and ``file:PATH`` by the secrets, once at start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.config import tls
from gateway.config.check import check_store
from gateway.config.engine_auth import SECRETS
from gateway.config.shapes import CallerConfig, Config, ConfigError, EngineAuthConfig, ProxyConfig, StoreConfig
from gateway.config.spelling import REFERENCE

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def resolve(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the configuration with its secrets in place of the references.

    Raises:
        ConfigError: a reference leads nowhere, or a file of TLS cannot be used; the message names the key path, never
            the secret.
    """
    source = config.source
    engines = {
        name: msgspec.structs.replace(
            engine,
            auth=_resolved_auth(source, f"engines.{name}.auth", engine.auth, environ),
            proxy=_resolved_proxy(source, f"engines.{name}.proxy", engine.proxy, environ),
        )
        for name, engine in config.engines.items()
    }
    callers = [
        _resolved_caller(source, f"auth.callers[{index}]", caller, environ)
        for index, caller in enumerate(config.auth.callers)
    ]
    resolved = msgspec.structs.replace(
        config,
        engines=engines,
        auth=msgspec.structs.replace(config.auth, callers=callers),
        store=resolve_store(config, environ),
        written=config,
    )
    return tls.read_files(resolved)


def resolve_store(config: Config, environ: Mapping[str, str]) -> StoreConfig:
    """Return where the store is, with the secret in place of the reference; no other secret is looked at.

    Raises:
        ConfigError: the reference leads nowhere; the message names the key path, never the secret.
    """
    url = config.store.url
    if not REFERENCE.match(url):
        return config.store
    url = _secret(config.source, "store.url", url, environ)
    found = msgspec.structs.replace(config.store, url=url)
    check_store(config.source, found)
    return found


def _resolved_auth(source: str, path: str, auth: EngineAuthConfig, environ: Mapping[str, str]) -> EngineAuthConfig:
    found = {
        key: _secret(source, f"{path}.{key}", text, environ)
        for key in SECRETS
        if (text := getattr(auth, key)) is not None
    }
    return msgspec.structs.replace(auth, **found)


def _resolved_proxy(source: str, path: str, proxy: ProxyConfig, environ: Mapping[str, str]) -> ProxyConfig:
    if proxy.password is None:
        return proxy
    return msgspec.structs.replace(proxy, password=_secret(source, f"{path}.password", proxy.password, environ))


def _resolved_caller(source: str, path: str, caller: CallerConfig, environ: Mapping[str, str]) -> CallerConfig:
    if caller.basic is None:
        return caller
    password = _secret(source, f"{path}.basic.password", caller.basic.password, environ)
    return msgspec.structs.replace(caller, basic=msgspec.structs.replace(caller.basic, password=password))


def _secret(source: str, path: str, text: str, environ: Mapping[str, str]) -> str:
    secret = _referred(source, path, text, environ)
    if not secret or _CONTROL.search(secret):  # an empty password is a mistake; no header takes a line end
        raise ConfigError(
            f"{source}: {path}: the secret is empty, or has a line end or another control character in it"
        )
    return secret


def _referred(source: str, path: str, text: str, environ: Mapping[str, str]) -> str:
    found = REFERENCE.match(text)
    if found is None:
        raise ConfigError(f"{source}: {path}: a secret is env:NAME or file:PATH, never literal")
    kind, name = found.groups()
    if kind == "env":
        if name not in environ:
            raise ConfigError(f"{source}: {path}: the environment has no {name}")
        return environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, ValueError) as error:  # ValueError: bytes that are not UTF-8, a path with NUL
        raise ConfigError(f"{source}: {path}: the file cannot be read") from error
