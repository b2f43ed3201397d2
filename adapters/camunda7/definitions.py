"""Definitions of which instances can be started: ``GET /process-definition``, page by page."""

from __future__ import annotations

from adapters.camunda7 import faults
from adapters.camunda7.settings import Settings
from adapters.camunda7.wire import WireDefinition, decode_body, definitions_decoder, read_request
from gateway.errors import Unsupported
from gateway.model.commands import ListDefinitions
from gateway.model.results import Definition, DefinitionsListed
from gateway.plan import Plan

_OK = 200
_FILTERS = (("latestVersion", "true"), ("active", "true"), ("sortBy", "id"), ("sortOrder", "asc"))
"""The latest version of each key and tenant, unless it is suspended; by id, since the vendor sorts by one column."""


def list_definitions(engine: str, settings: Settings, command: ListDefinitions) -> Plan[DefinitionsListed]:
    """List the definitions that can be started.

    Raises:
        Unsupported: there are more than the limit.
    """
    found: list[Definition] = []
    while len(found) <= command.limit:
        most = min(command.limit + 1 - len(found), settings.page_size)
        pages = (("firstResult", str(len(found))), ("maxResults", str(most)))
        answer = yield read_request("process-definition", query=(*_FILTERS, *pages))
        if answer.status != _OK:
            raise faults.translate(engine, answer, writes=False)
        rows = decode_body(definitions_decoder, answer, engine)
        found += map(_definition, rows)
        if len(rows) < most:
            return DefinitionsListed(tuple(sorted(found, key=lambda each: (each.key, each.tenant or ""))))
    raise Unsupported(f"This engine has more than {command.limit} definitions.", engine=engine)


def _definition(row: WireDefinition) -> Definition:
    version = None if row.version is None else str(row.version)
    return Definition(id=row.id, key=row.key, name=row.name, version=version, tenant=row.tenantId)
