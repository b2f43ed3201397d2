"""Who may import whom. The contracts of `pyproject.toml` run in `make lint`; here each is shown to bite, the whole table
of rooms is checked the other way round (what is not allowed is forbidden), and no cycle is found."""

from __future__ import annotations

import copy
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter import configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract

ROOT = Path(__file__).parents[2]
configuration.configure()
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {each["name"]: each for each in LINTER["contracts"]}
KINDS = {"forbidden": ForbiddenContract, "independence": IndependenceContract}
GROUND = {
    "error_model": set(),
    "errors": {"error_model"},
    "nearest": set(),
    "plan": set(),
    "port": {"errors", "model", "plan"},
    "model": {"errors", "nearest", "plan"},
}
# room of the gateway: the other rooms it may import. A new room says here what it needs.
ROOMS: dict[str, set[str]] = GROUND | {
    "raw": {"plan"},
    "routing": {"errors", "port"},
    "operations": {"routing", "bridge", "port", "plan", "raw", "model", "errors", "nearest"},
    "wire": {"plan", "port", "raw", "errors", "observe"},
    "store": {"errors", "model"},
    "bridge": {"store", "port", "plan", "model", "errors", "nearest"},
    "web": {"bridge", "operations", "access", "model", "plan", "port", "raw", "errors", "nearest", "observe"},
    "access": {"errors"},
    "observe": set(),
    "config": {"access", "nearest", "port"},
    "serving": {"config", "web"},
    "assembly": {"access", "config", "observe", "port", "routing", "store", "web", "wire"},
    "generation": {
        "access",
        "assembly",
        "bridge",
        "config",
        "observe",
        "operations",
        "port",
        "routing",
        "store",
        "web",
        "wire",
    },
    "background": {"config", "model", "observe", "operations", "store"},
    "rate_sharing": {"access", "errors"},
    "link_counting": {"bridge", "errors", "model"},
    "shared_store": {"bridge", "errors", "operations", "store"},
    "reloading": {"config", "observe"},
    "auditing": {"assembly", "bridge", "config", "errors", "model", "store"},
    "cli": {
        "app",
        "auditing",
        "background",
        "bridge",
        "config",
        "errors",
        "model",
        "nearest",
        "observe",
        "plan",
        "port",
        "web",
    },
    "__main__": {"cli"},
}
# part of the web room: the other parts it may import
WEB: dict[str, set[str]] = {
    "http": set(),
    "docs": {"http"},
    "services": {"http"},
    "recognition": {"http", "services"},
    "v1": {"http", "docs", "recognition", "services"},
    "proxy": {"http", "recognition", "services"},
    "admin": set(),
    "dispatch": {"http", "v1", "proxy", "services"},
}
NEVER_IN_ADAPTERS = {
    "aiohttp",
    "asyncio",
    "time",
    "os",
    "structlog",
    "socket",
    "pathlib",
    "logging",
    "random",
    "threading",
}


@pytest.fixture(scope="module")
def built() -> grimp.ImportGraph:
    return grimp.build_graph("gateway", "adapters", include_external_packages=True, cache_dir=None)


def kept(name: str, graph: grimp.ImportGraph) -> bool:
    options = {key: value for key, value in CONTRACTS[name].items() if key not in {"name", "type"}}
    session = {"root_packages": LINTER["root_packages"], "include_external_packages": "True"}
    made = KINDS[CONTRACTS[name]["type"]](name, session, {key: shown(value) for key, value in options.items()})
    return bool(made.check(graph, verbose=False).kept)


def shown(option: Any) -> Any:
    return str(option) if isinstance(option, bool) else option


def made_up(graph: grimp.ImportGraph, importer: str, imported: str) -> None:
    if imported not in graph.modules:
        graph.add_module(imported, is_squashed=True)
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")


def breaches(name: str) -> list[tuple[str, str]]:
    """Imports that the contract must not let pass: each source with one module, and one source with each module."""
    contract = CONTRACTS[name]
    if contract["type"] == "independence":
        one, other = contract["modules"]
        return [(one, other), (other, one)]
    sources, forbidden = contract["source_modules"], contract["forbidden_modules"]
    return [(source, forbidden[-1]) for source in sources] + [(sources[0], each) for each in forbidden]


@pytest.mark.parametrize("name", CONTRACTS)
def test_contract_is_kept_and_breaks_with_every_import_it_forbids(name: str, built: grimp.ImportGraph) -> None:
    assert kept(name, built)
    for importer, imported in breaches(name):
        graph = copy.deepcopy(built)
        made_up(graph, importer, imported)
        assert not kept(name, graph), (importer, imported)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "gateway" and len(parts) > 1 else parts[0]


def own(graph: grimp.ImportGraph) -> list[str]:
    return sorted(module for module in graph.modules if module.split(".")[0] in {"gateway", "adapters"})


def guilty(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Imports from one room into another that the table does not allow."""
    found: set[tuple[str, str]] = set()
    for module in own(graph):
        if room(module) == "app":
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            if not allowed(module, imported):
                found.add((module, imported))
    return found


def allowed(module: str, imported: str) -> bool:
    here, there = room(module), room(imported)
    outside = imported.split(".", maxsplit=1)[0] not in {"gateway", "adapters"}
    if here == "adapters":
        vendors = {part.split(".")[1] for part in (module, imported) if part.count(".") and part.startswith("adapters")}
        return len(vendors) <= 1 and (there in {"adapters", *GROUND} or (outside and imported not in NEVER_IN_ADAPTERS))
    if outside:
        return (
            here not in {*GROUND, "raw"} or imported == "msgspec" or imported in sys.stdlib_module_names - {"asyncio"}
        )
    if here == there == "web":
        return allowed_in_web(module, imported)
    return here == there or there in ROOMS.get(here, set())


def allowed_in_web(module: str, imported: str) -> bool:
    here, there = (name.split(".")[2] if name.count(".") > 1 else "" for name in (module, imported))
    return here in {"", there} or there in WEB.get(here, set())


def test_every_room_imports_only_what_the_table_allows(built: grimp.ImportGraph) -> None:
    assert guilty(built) == set()


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("gateway.operations", "gateway.access"),
        ("gateway.web", "gateway.store"),
        ("gateway.wire", "gateway.model"),
        ("gateway.cli", "adapters"),
        ("gateway.web", "adapters.camunda7"),
        ("gateway.web.http.body", "gateway.web.v1.bodies"),
        ("gateway.web.http.boundary", "gateway.web.services"),
        ("gateway.web.v1.routes", "gateway.web.proxy.door"),
        ("gateway.web.proxy.request", "gateway.web.v1.problems"),
        ("gateway.web.docs", "gateway.web.v1.context"),
        ("gateway.web.services", "gateway.web.proxy.door"),
        ("gateway.web.v1.routes", "gateway.web"),
        ("gateway.plan", "aiohttp"),
        ("gateway.model", "asyncio"),
        ("adapters.camunda7", "time"),
        ("adapters.ibm_bpm", "os"),
        ("adapters.ibm_bpm", "gateway.raw"),
        ("adapters.ibm_bpm", "adapters.camunda7"),
        ("gateway.nowhere", "gateway.model"),
    ],
)
def test_import_that_the_table_does_not_allow_is_seen(importer: str, imported: str, built: grimp.ImportGraph) -> None:
    graph = copy.deepcopy(built)
    if importer not in graph.modules:
        graph.add_module(importer)
    made_up(graph, importer, imported)
    assert guilty(graph) == {(importer, imported)}


def in_cycles(graph: grimp.ImportGraph) -> set[str]:
    """Modules left when those that import nothing, or that nobody imports, are taken away until there are none."""
    left = {module: graph.find_modules_directly_imported_by(module) for module in own(graph)}
    while ends := {module for module, imports in left.items() if not any(each in left for each in imports)}:
        left = {module: imports for module, imports in left.items() if module not in ends}
    return wanted(left)


def wanted(left: dict[str, Iterable[str]]) -> set[str]:
    while unused := set(left) - {each for imports in left.values() for each in imports}:
        left = {module: imports for module, imports in left.items() if module not in unused}
    return set(left)


def test_no_module_is_in_a_cycle_of_imports(built: grimp.ImportGraph) -> None:
    assert in_cycles(built) == set()


def test_cycle_is_seen(built: grimp.ImportGraph) -> None:
    graph = copy.deepcopy(built)
    made_up(graph, "gateway.errors", "gateway.model.values")
    assert {"gateway.errors", "gateway.model.values"} <= in_cycles(graph)
