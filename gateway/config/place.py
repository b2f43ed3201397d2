"""Where in a tree of tables something is wrong, where msgspec only says that it is under some key."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_SOME = re.compile(r"(?P<before>\$[^`]*?)\[\.\.\.\]")
_STEPS = re.compile(r"[^.\[\]$]+")


def named(tree: Any, kind: type[Any], message: str) -> str:
    """Put the key's name where a message says ``[...]``: it is the key whose entry is refused when alone."""
    found = _SOME.search(message)
    if found is None:
        return message
    steps = tuple(_STEPS.findall(found["before"]))
    for name, entry in _at(tree, steps).items():
        try:
            _ = msgspec.convert(_with(tree, steps, {name: entry}), kind)
        except msgspec.ValidationError:
            return message.replace(found[0], f"{found['before']}.{name}", 1)
    return message


def _at(tree: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def _with(tree: Any, steps: tuple[str, ...], leaf: Any) -> Any:
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    if isinstance(tree, list):
        return [_with(each, rest, leaf) if index == int(step) else each for index, each in enumerate(tree)]
    return {key: _with(each, rest, leaf) if key == step else each for key, each in tree.items()}
