"""An engine's outbound proxy, for aiohttp: to https it opens a tunnel (CONNECT), to http it passes requests on."""

from __future__ import annotations

import base64
from typing import TypedDict

from gateway.wire.settings import ProxySettings

_AUTHORIZATION = "Proxy-Authorization"


class ProxyArguments(TypedDict, total=False):
    """Arguments of a request of aiohttp's."""

    proxy: str
    proxy_headers: dict[str, str]


def proxy_arguments(proxy: ProxySettings | None) -> ProxyArguments:
    """Return the arguments of each request; none without a proxy. Its headers are those of the tunnel alone."""
    if proxy is None:
        return {}
    return {"proxy": proxy.url, "proxy_headers": _credentials(proxy)}


def passed_headers(proxy: ProxySettings | None, url: str) -> dict[str, str]:
    """Return the headers for the proxy that a request itself carries: without a tunnel there is no other place."""
    return {} if proxy is None or url.lower().startswith("https:") else _credentials(proxy)


def _credentials(proxy: ProxySettings) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{proxy.username}:{proxy.password}".encode()
    return {_AUTHORIZATION: "Basic " + base64.b64encode(pair).decode("ascii")}
