"""The tables ``[server.tls]`` and ``[engines.NAME.tls]``: what contradicts itself, and files that cannot be used.

``check_…`` looks at the tables alone; ``read_…`` opens the files, as ``serve`` and ``check --secrets`` do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.config import certificates
from gateway.config.shapes import Config, ConfigError, EngineTlsConfig, ServerTlsConfig
from gateway.config.spelling import REFERENCE

T = TypeVar("T", ServerTlsConfig, EngineTlsConfig)


def check_server(source: str, tls: ServerTlsConfig) -> None:
    """Check the table of the callers' port.

    Raises:
        ConfigError: naming the source and the key path.
    """
    _check_paths(source, "server.tls", tls)
    for key in ("certificate", "key"):
        if not getattr(tls, key):
            raise ConfigError(f"{source}: server.tls.{key}: TLS needs it")


def check_engine(source: str, path: str, urls: Iterable[str], tls: EngineTlsConfig) -> None:
    """Check the table of an engine.

    Args:
        source: of the configuration.
        path: of the table.
        urls: what is reached by it: the engine, and issuers of tokens for it.
        tls: the table.

    Raises:
        ConfigError: naming the source and the key path.
    """
    if tls != EngineTlsConfig() and not any(url.startswith("https:") for url in urls):
        raise ConfigError(f"{source}: {path}: the engine's url is not https, so nothing here would be used")
    _check_paths(source, path, tls)
    for key, other in (("certificate", "key"), ("key", "certificate")):
        if getattr(tls, key) and not getattr(tls, other):
            raise ConfigError(f"{source}: {path}.{other}: {key} needs it")


def read_files(config: Config) -> Config:
    """Check the files of every ``tls`` table; return the configuration with their paths as the system takes them.

    Raises:
        ConfigError: a file cannot be used; the message names the key path and the reason.
    """
    server, source = config.server, config.source
    if server.tls is not None:
        tls = _without_scheme(server.tls)
        _ = _read_pair(source, "server.tls", tls)
        if tls.client_ca:
            _ = certificates.read_authorities(f"{source}: server.tls.client_ca", Path(tls.client_ca))
        server = msgspec.structs.replace(server, tls=tls)
    engines = dict(config.engines)
    for name, engine in config.engines.items():
        if engine.tls != EngineTlsConfig():
            digest, tls_of_engine = _read_engine(source, f"engines.{name}.tls", engine.tls)
            engines[name] = msgspec.structs.replace(engine, tls=tls_of_engine, tls_digest=digest)
    return msgspec.structs.replace(config, server=server, engines=engines)


def _read_engine(source: str, path: str, tls: EngineTlsConfig) -> tuple[bytes, EngineTlsConfig]:
    tls = _without_scheme(tls)
    content = b""
    if tls.ca:
        content += certificates.read_authorities(f"{source}: {path}.ca", Path(tls.ca))
    if tls.certificate:
        content += _read_pair(source, path, tls)
    return hashlib.sha256(content).digest(), tls


def _read_pair(source: str, path: str, tls: ServerTlsConfig | EngineTlsConfig) -> bytes:
    return certificates.read_pair(f"{source}: {path}", Path(tls.certificate), Path(tls.key))


def _check_paths(source: str, path: str, tls: ServerTlsConfig | EngineTlsConfig) -> None:
    for key in tls.__struct_fields__:
        text = getattr(tls, key)
        if text.startswith("env:") or "\0" in text or text == "file:":
            raise ConfigError(f"{source}: {path}.{key}: the path of a file: PATH or file:PATH")


def _without_scheme(tls: T) -> T:
    found = {key: REFERENCE.sub(r"\2", getattr(tls, key)) for key in tls.__struct_fields__}
    return msgspec.structs.replace(tls, **found)
