"""What a caller must know to be let in is compared in constant time. Found in the code: in the room of access no
comparison that can end early sees a digest, a password or a code, and each place that compares one uses `hmac`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "gateway/access"
SECRETS = {"digest", "password", "expected", "given", "key", "code", "token", "pair"}
COMPARING = {"credentials.py": {"_key_owner", "_by_password"}, "request_tokens.py": {"check"}}
"""Where callers' secrets are compared: functions by module."""


def early(tree: ast.Module) -> Iterator[str]:
    """Comparisons with ``==``, ``!=`` or ``in`` of something that is called like a secret."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq | ast.In) for each in node.ops):
            compared = [node.left, *node.comparators]
            if any(isinstance(each, ast.Name | ast.Attribute) and _name(each) in SECRETS for each in compared):
                yield ast.unparse(node)


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def constant(tree: ast.Module) -> set[str]:
    """Functions that compare with ``hmac.compare_digest``."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        each.name
        for each in functions
        if any(ast.unparse(call.func) == "hmac.compare_digest" for call in ast.walk(each) if isinstance(call, ast.Call))
    }


def test_secrets_of_callers_are_compared_in_constant_time() -> None:
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOM.glob("*.py"))}
    assert [found for tree in trees.values() for found in early(tree)] == []
    assert {name: found for name, tree in trees.items() if (found := constant(tree))} == COMPARING


@pytest.mark.parametrize(
    "text",
    ["password == known", "digest != caller.digest", "digest in known", "caller.password == text"],
    ids=["equal", "unequal", "looked up", "attribute"],
)
def test_comparison_that_can_end_early_is_seen(text: str) -> None:
    assert list(early(ast.parse(text))) == [text]
