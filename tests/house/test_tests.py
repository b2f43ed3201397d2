"""Rules about the tests themselves, each with a companion that shows the rule failing on something made up."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from tests.ids import id_of, says_nothing

TESTS = Path(__file__).parents[1]
MAY_SLEEP = {"live", "chaos", "browser", "bench"}
"""Folders with real engines, processes and pages."""
WAITS = {"until.py", "simulated_clock.py"}
"""What waits for all others, in real time or in none."""


def test_ids_of_parametrised_tests_say_what_they_are(request: pytest.FixtureRequest) -> None:
    found = {
        item.nodeid
        for item in request.session.items
        if (spec := getattr(item, "callspec", None)) is not None and says_nothing(spec.id, list(spec.params))
    }
    assert found == set()


@pytest.mark.parametrize(
    ("test_id", "seen"),
    [("body7", True), ("hr-body0-400", True), ("body", False), ("body of 7", False), ("antibody7", False)],
)
def test_numbered_id_is_seen(test_id: str, seen: bool) -> None:
    assert says_nothing(test_id, ["body"]) is seen


class Made(msgspec.Struct):
    name: str
    size: int = 3


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("short", None),
        (b"bytes", None),
        (7, None),
        (ValueError, None),
        ("x" * 100, "x" * 59 + "… (100)"),
        ({"a": [1, None]}, "{a: [1, None]}"),
        ((b"\xff", "b"), "[\\xff, b]"),
        (frozenset("ba"), "[a, b]"),
        (Made(name="n"), "Made(name n)"),
        (msgspec.Raw(b"{}"), "{}"),
        (object(), "object"),
        ([ValueError], "[ValueError]"),
    ],
    ids=["text", "bytes", "number", "class", "long text", "map", "tuple", "set", "struct", "raw", "object", "list"],
)
def test_parameter_has_the_id(value: object, wanted: str | None) -> None:
    assert id_of(value) == wanted


def sleeps(text: str) -> list[int]:
    """Lines that sleep for a time; ``asyncio.sleep(0)`` only lets others go on."""
    found: list[int] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in {"asyncio.sleep", "time.sleep", "sleep"}:
            continue
        if ast.unparse(node.args[0] if node.args else node) != "0":
            found.append(node.lineno)
    return sorted(found)


def test_no_test_sleeps_but_where_the_outside_world_is() -> None:
    guilty = {
        f"{path.relative_to(TESTS).as_posix()}:{line}"
        for path in TESTS.rglob("*.py")
        if path.relative_to(TESTS).parts[0] not in MAY_SLEEP | WAITS
        for line in sleeps(path.read_text(encoding="utf-8"))
    }
    assert guilty == set()


def test_sleep_is_seen() -> None:
    assert sleeps("await asyncio.sleep(0)\nawait asyncio.sleep(0.1)\ntime.sleep(n)\n") == [2, 3]


def short_waits(text: str) -> list[int]:
    """Lines with a time-out under a second in a test whose clock runs, or in one that is not marked for ``idle_time``."""
    tree = ast.parse(text)
    found: list[int] = []
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and not any("idle_time" in ast.unparse(each) for each in (
            *node.decorator_list, node.args,
        )):  # fmt: skip
            found += [each.lineno for each in ast.walk(node) if isinstance(each, ast.Call) and _is_short(each)]
    return sorted(found)


def _is_short(call: ast.Call) -> bool:
    """Return whether a call is given less than a second: by a name that says so, as a deadline, or as a time-out."""
    given = [each.value for each in call.keywords if each.arg in SHORT]
    given += call.args[:1] if ast.unparse(call.func) in {"call", "asyncio.timeout"} else []
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, float) and 0 < each.value < 1 for each in given
    )


SHORT = {"timeout_s", "idle_s", "keepalive_s", "header_s", "send_s", "body_read_timeout_s", "deadline_s"}
"""Parameters that end a wait."""


def test_short_time_outs_are_waited_for_with_a_clock_that_jumps() -> None:
    guilty = {
        f"{path.relative_to(TESTS).as_posix()}:{line}"
        for path in TESTS.rglob("*.py")
        if path.relative_to(TESTS).parts[0] not in MAY_SLEEP
        for line in short_waits(path.read_text(encoding="utf-8"))
    }
    assert guilty == set()


def test_short_time_out_is_seen() -> None:
    text = "async def test_it():\n    sender(idle_s=0.3)\n    call(0.1)\n    sender(idle_s=30.0)\n"
    assert short_waits(text) == [2, 3]
    assert short_waits("@pytest.mark.usefixtures('idle_time')\n" + text) == []
