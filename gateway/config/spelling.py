"""How single texts of a configuration must be spelled. What spans keys and tables is in ``check``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.nearest import nearest

REFERENCE = re.compile(r"(env|file):(.+)\Z", re.DOTALL)
_STORES = re.compile(r"sqlite:///[^?#\x00-\x1f]+\Z|postgresql\+psycopg://\S+\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\sA-Z/?#@]+\Z")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `NAME`?`` to append to a message, or an empty text when no known name is close."""
    found = nearest(name, known)
    return "" if found is None else f"; did you mean `{found}`?"


def is_engine_name(text: str) -> bool:
    """Return whether an engine may have a name: it goes into ids, lists (``engines=hr,claims``), headers and paths."""
    return _NAME.match(text) is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is surely this machine, whatever a name server says."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Return whether a browser can send a text as ``Origin``; origins are compared exactly."""
    return _ORIGIN.match(text) is not None


def is_store(url: str) -> bool:
    """Return whether a URL can be that of a store."""
    return _STORES.match(url) is not None and _has_port(url)


def is_engine_url(text: str) -> bool:
    """Return whether a text is an engine's URL, without anything that no request line holds or that servers fold."""
    if not re.match(r"https?://[^/?#@]+(/[^?#]*)?\Z", text) or not re.fullmatch(r"[!-\[\]-~]+", text):
        return False
    return not re.search(r"/\.\.?(/|\Z)", text) and _has_port(text) and bool(urlsplit(text).hostname)


def _has_port(text: str) -> bool:
    """Return whether the port of a URL, if it has one, is a possible port."""
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False
