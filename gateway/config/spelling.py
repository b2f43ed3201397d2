"""How single texts of a configuration must be spelled. What spans keys and tables is in ``check``."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

REFERENCE = re.compile(r"(env|file):(.+)\Z", re.DOTALL)
_STORES = re.compile(r"sqlite:///[^?#\x00-\x1f]+\Z|postgresql\+psycopg://\S+\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\sA-Z/?#@]+\Z")


def is_engine_name(text: str) -> bool:
    """Tell whether an engine may have it: it goes into ids, lists (``engines=hr,claims``), patterns, headers, paths."""
    return _NAME.match(text) is not None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine and nobody else's name server has a say in it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Tell whether a browser may send it as ``Origin``; only the exact text lets a page in."""
    return _ORIGIN.match(text) is not None


def is_store(url: str) -> bool:
    """Tell whether a store can be there."""
    return _STORES.match(url) is not None and _has_port(url)


def is_engine_url(text: str) -> bool:
    """Tell whether it is one; what no request line can hold, or a server would fold, is none."""
    if not re.match(r"https?://[^/?#@]+(/[^?#]*)?\Z", text) or not re.fullmatch(r"[!-\[\]-~]+", text):
        return False
    return not re.search(r"/\.\.?(/|\Z)", text) and _has_port(text) and bool(urlsplit(text).hostname)


def _has_port(text: str) -> bool:
    """Tell whether the port of a URL, if it has one, can be one."""
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False
