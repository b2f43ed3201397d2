"""A configuration as operators may see it: references to secrets as they are written, secrets themselves starred."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gateway.config.engine_auth import SECRETS
from gateway.config.shapes import Config
from gateway.config.spelling import REFERENCE

_SECRETS = frozenset({*SECRETS, "key_sha256"})
_STARS = "***"
_ABSENT = object()
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]+@")


def show(config: Config) -> dict[str, Any]:
    """Return the tables of a configuration, each key with its value, the defaults among them."""
    tree = msgspec.to_builtins(config.written or config)
    del tree["written"]
    for engine in tree["engines"].values():
        engine.update(engine.pop("settings"))
        del engine["tls_digest"]
    starred: dict[str, Any] = _starred(tree)
    return starred


def differing_keys(before: Config, after: Config) -> list[str]:
    """Return the paths of the keys that differ, as ``bridge.enabled``, in alphabetical order; lists as a whole."""
    old, new = _leaves(show(before), ""), _leaves(show(after), "")
    return sorted(path for path in old.keys() | new.keys() if old.get(path, _ABSENT) != new.get(path, _ABSENT))


def _leaves(node: Any, path: str) -> dict[str, Any]:
    if not isinstance(node, dict) or not node:
        return {path: node}
    found: dict[str, Any] = {}
    for name, inner in node.items():
        found |= _leaves(inner, f"{path}.{name}" if path else name)
    return found


def _starred(node: Any, key: str = "") -> Any:
    if isinstance(node, dict):
        return {name: _starred(inner, name) for name, inner in node.items()}
    if isinstance(node, list | tuple):
        return [_starred(each, key) for each in node]
    if not isinstance(node, str) or REFERENCE.match(node):
        return node
    return _STARS if key in _SECRETS else _PASSWORD.sub(rf"\1{_STARS}@", node)
