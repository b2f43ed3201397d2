"""``[engines.NAME.proxy]``: the outbound proxy of an engine."""

from __future__ import annotations

import re

from gateway.config import spelling
from gateway.config.engine_auth import check_reference, check_user
from gateway.config.shapes import ConfigError, ProxyConfig


def check(source: str, path: str, proxy: ProxyConfig) -> None:
    """Check the table.

    Raises:
        ConfigError: naming the source and the key path.
    """
    if not proxy.url:
        for key in ("username", "password"):
            if getattr(proxy, key) is not None:
                raise ConfigError(f"{source}: {path}.url: {key} needs it")
        return
    if not spelling.is_engine_url(proxy.url) or not re.match(r"http://[^/]+/?\Z", proxy.url):
        raise ConfigError(f"{source}: {path}.url: http://HOST:PORT, without user and path")
    for key, other in (("username", "password"), ("password", "username")):
        if getattr(proxy, key) is not None and getattr(proxy, other) is None:
            raise ConfigError(f"{source}: {path}.{other}: {key} needs it")
    check_user(source, f"{path}.username", proxy.username or "")
    check_reference(source, f"{path}.password", proxy.password)
