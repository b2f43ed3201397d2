"""JSON merge patch (RFC 7396) on trees of ``jsontext``: pure, exact, bounded by the depth of the parsed patch."""

from __future__ import annotations

from gateway.model import jsontext


def merged(target: jsontext.Tree, patch: jsontext.Tree) -> jsontext.Tree:
    """Give what ``target`` becomes; untouched members keep order and number lexemes."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), change)
    return result
