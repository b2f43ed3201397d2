"""Ids of linked instances in relayed requests: the deciding side's on the way there, the caller's on the way back.

Only members and parameters that name instances are looked at (``Dialect.id_names``); all else stays as it came, but for
the spaces of a JSON body. What must not live here: which ids are others (``operations.relaying_linked``).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus

from gateway.errors import InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree

_DEPTH = 500


def respell_query(query: str, names: frozenset[str], ids: Mapping[str, str]) -> str:
    """Return a query, or a form, with other ids; lists of ids have commas between them."""
    return "&".join(_respell_pair(pair, names, ids) for pair in query.split("&"))


def _respell_pair(pair: str, names: frozenset[str], ids: Mapping[str, str]) -> str:
    name, _, value = pair.partition("=")
    if unquote_plus(name) not in names:
        return pair
    given = [each.strip() for each in unquote_plus(value).split(",")]
    if not any(each in ids for each in given):
        return pair
    return f"{name}={quote(','.join(ids.get(each, each) for each in given), safe=',')}"


def respell_json(body: bytes, names: frozenset[str], ids: Mapping[str, str]) -> bytes:
    """Return a JSON body with other ids; one that cannot be read, or names none of them, comes back as it is."""
    try:
        tree = jsontext.parse(body, depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge):
        return body
    changed = _respell(tree, names, ids)
    return body if changed == tree else jsontext.write(changed)


def _respell(node: Tree, names: frozenset[str], ids: Mapping[str, str]) -> Tree:
    if isinstance(node, dict):
        return {
            name: _respell_ids(content, ids) if name in names else _respell(content, names, ids)
            for name, content in node.items()
        }
    return [_respell(each, names, ids) for each in node] if isinstance(node, list) else node


def _respell_ids(node: Tree, ids: Mapping[str, str]) -> Tree:
    if isinstance(node, list):
        return [_respell_ids(each, ids) for each in node]
    if isinstance(node, str):
        return ids.get(node, node)
    if isinstance(node, Number) and node.text in ids:
        other = ids[node.text]
        return Number(other) if other.isascii() and other.isdigit() else other
    return node
