"""Processes that are exposed to be started: ``GET /exposed/process``, which answers all of them at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.wire import TREE, get, members
from gateway.errors import Unsupported
from gateway.model.commands import ListDefinitions
from gateway.model.results import Definition, DefinitionsListed
from gateway.plan import Plan, VendorRequest, VendorResponse


def list_definitions(engine: str, command: ListDefinitions) -> Plan[DefinitionsListed]:
    """List the exposed processes, each once, whatever applications and snapshots expose it.

    Raises:
        Unsupported: there are more than the limit.
        EngineMisbehaved: the answer has no list, or a process without its id or its name.
    """
    found: dict[str, Definition] = {}
    for item in (yield from read_exposed(engine)):
        each = _definition(engine, item)
        _ = found.setdefault(each.id, each)
    if len(found) > command.limit:
        raise Unsupported(f"This engine has more than {command.limit} definitions.", engine=engine)
    return DefinitionsListed(tuple(sorted(found.values(), key=lambda each: (each.key, each.id))))


def _definition(engine: str, item: dict[str, Any]) -> Definition:
    identity, name, version = item.get("itemID"), item.get("display"), item.get("snapshotName")
    if not isinstance(identity, str) or not isinstance(name, str):
        raise faults.lacking(engine, "the id and the name of every exposed process")
    return Definition(id=identity, key=name, version=version if isinstance(version, str) else None)


def read_exposed(engine: str) -> Generator[VendorRequest, VendorResponse, list[dict[str, Any]]]:
    """Return the processes that ``GET /exposed/process`` lists.

    Raises:
        EngineMisbehaved: the answer has no list.
    """
    answer = yield get("exposed", "process")
    tree = faults.data_of(engine, answer, "search", TREE)
    if not isinstance(tree, dict) or "exposedItemsList" not in tree:
        raise faults.lacking(engine, "the exposed processes")
    return [item for item in members(tree["exposedItemsList"]) if isinstance(item, dict)]
