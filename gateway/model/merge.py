"""JSON merge patch (RFC 7396) on trees of ``jsontext``: pure, exact, bounded by the depth of the parsed patch."""

from __future__ import annotations

from gateway.model import jsontext


def merge_patch(target: jsontext.Tree, patch: jsontext.Tree) -> jsontext.Tree:
    """Apply a merge patch and return the result; untouched members keep their order and number lexemes."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), change)
    return result
