"""One door in for writes: in the gateway only ``operations/write`` takes a write lock and claims a key.

The rule goes by the names of what it guards, so that a name that changes breaks the rule's own tests, not the rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.operations import WriteLocks
from gateway.operations.dry_run import NoLocks
from gateway.plan import Call
from gateway.port import Engine

ROOT = Path(__file__).parents[2]
GATEWAY = ROOT / "gateway"
DOOR = "gateway/operations/write.py"
HOLDS = WriteLocks.hold.__name__
CLAIM = "claim"
MACHINERY = ("gateway/operations/locks/", "gateway/operations/idempotency/", "gateway/store/")
CHANGES = {
    "patch_variables": "gateway/operations/variables.py",
    "write_binary": "gateway/operations/binaries.py",
    "modify_instance": "gateway/operations/activities.py",
    "start_instance": "gateway/operations/lifecycle.py",
    "complete_task": "gateway/operations/lifecycle.py",
    "change_state": "gateway/operations/lifecycle.py",
    "correlate_message": "gateway/operations/lifecycle.py",
}
"""The methods of an engine that change an instance, and the one module that hands each to the door."""
READS = {
    "count_variables",
    "describe_engine",
    "describe_instance",
    "describe_task",
    "find_instances",
    "get_variable",
    "list_activities",
    "list_definitions",
    "list_variables",
    "query_variables",
    "read_binary",
}


def modules() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in GATEWAY.rglob("*.py")}


def attributes(text: str) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute))


def doors(found: dict[str, str]) -> set[str]:
    """Modules that take a write lock (``….hold``) or claim the key of a call (that read ``….claim``).

    How locks and keys work is the business of their own rooms.
    """
    return {
        name
        for name, text in found.items()
        if not name.startswith(MACHINERY)
        and any(each.attr in {HOLDS, CLAIM} and isinstance(each.ctx, ast.Load) for each in attributes(text))
    }


def changes(found: dict[str, str]) -> set[tuple[str, str]]:
    """Plans that change an instance (``….engine.patch_variables(…)``), and the modules that make them."""
    return {
        (call.func.attr, name)
        for name, text in found.items()
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in CHANGES
        and ast.unparse(call.func.value).rpartition(".")[2] == "engine"
    }


def relays(found: dict[str, str]) -> set[str]:
    """Modules that relay a caller's request to an engine."""
    return {
        name
        for name, text in found.items()
        if any(ast.unparse(each).endswith("gateway.relay") for each in attributes(text))
    }


def imports_door(text: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "gateway.operations.write"
        for node in ast.walk(ast.parse(text))
    )


def test_write_locks_are_taken_and_keys_claimed_at_one_door() -> None:
    assert doors(modules()) == {DOOR}


def test_what_changes_an_instance_is_handed_to_the_door_by_one_module_each() -> None:
    found = modules()
    assert changes(found) == set(CHANGES.items())
    assert relays(found) - {"gateway/app.py"} == {"gateway/operations/relaying.py"}
    assert all(imports_door(found[name]) for name in {*CHANGES.values(), *relays(found)} - {"gateway/app.py"})


def test_every_method_of_an_engine_that_takes_a_command_reads_or_changes() -> None:
    methods = {name for name, method in vars(Engine).items() if "command" in getattr(method, "__annotations__", {})}
    assert methods - {"_refuse"} == READS | set(CHANGES)


def test_names_that_the_rule_goes_by_are_those_of_the_code() -> None:
    assert CLAIM in {field.name for field in msgspec.structs.fields(Call)}
    assert HOLDS in vars(NoLocks)


@pytest.mark.parametrize(
    "line",
    [
        "await gateway.locks.hold(target.lock, call, work)",
        "await self.locks.hold(key, call, work)",
        "take = gateway.locks.hold",
        "await call.claim()",
        "claim = call.claim",
    ],
)
def test_second_door_is_seen(line: str) -> None:
    text = f"async def work(gateway, call):\n    {line}\n"
    assert doors(modules() | {"gateway/operations/other.py": text}) == {DOOR, "gateway/operations/other.py"}


def test_module_that_only_stores_a_claim_is_no_door() -> None:
    assert doors({"a.py": "call.claim = make\nlocks.close()\n"}) == set()


@pytest.mark.parametrize("name", CHANGES)
def test_change_that_is_made_elsewhere_is_seen(name: str) -> None:
    other = {"gateway/web/v1/other.py": f"plan = target.engine.{name}(command)\n"}
    assert changes(modules() | other) - set(CHANGES.items()) == {(name, "gateway/web/v1/other.py")}


def test_relay_from_elsewhere_and_module_without_the_door_are_seen() -> None:
    text = "answer = await services.gateway.relay(engine, request, call)\n"
    assert relays({"gateway/web/other.py": text}) == {"gateway/web/other.py"}
    assert not imports_door(text)
