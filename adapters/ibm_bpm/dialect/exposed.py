"""What can be started, in IBM's language: ``GET exposed`` and ``GET exposed/process``.

The shape of an item is as recorded on 8.6.2. ``startURL`` is what clients follow to start an instance, at the same
front door, as IBM's own guide says; what they put together themselves from ``itemID`` and ``branchID`` starts the same.
Other vendors have no applications and branches, so all items are the tip of one branch, whose id is made up.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any
from urllib.parse import urlencode, urlsplit

from adapters.ibm_bpm.dialect.bodies import check_accepted
from adapters.ibm_bpm.dialect.facts import resolve_method
from adapters.ibm_bpm.dialect.protocol import check_parameters
from gateway.errors import MethodNotAllowed
from gateway.model.commands import Command, ListDefinitions
from gateway.model.jsontext import Tree
from gateway.model.results import Definition
from gateway.port import DialectRequest

_BRANCH = f"2063.{uuid.uuid5(uuid.NAMESPACE_OID, 'Main')}"
_TAKEN = frozenset({"filterByName", "includeServiceSubtypes", "excludeReferencedFromToolkit"})
"""The last two are about services and toolkits, of which there are none."""


def decode_exposed(request: DialectRequest) -> tuple[Command, ...]:
    """Return the command that lists what can be started.

    Raises:
        MethodNotAllowed: it is not read. NotAcceptable: the caller takes no answer there is.
        Unsupported: a parameter that only the vendor's own servers know, such as another user.
    """
    if resolve_method(request) not in {"GET", "HEAD"}:
        raise MethodNotAllowed
    check_accepted(request)
    check_parameters(request.query, _TAKEN)
    return (ListDefinitions(),)


def exposed_items(request: DialectRequest, definitions: tuple[Definition, ...]) -> list[Tree]:
    """Return the items that are exposed, or those of the name that is asked for, in its case."""
    wanted, keys = request.query.get("filterByName"), Counter(each.key for each in definitions)
    return [
        _item(request, each, by_key=each.tenant is None and keys[each.key] == 1)
        for each in definitions
        if wanted in {None, each.key}
    ]


def _item(request: DialectRequest, definition: Definition, *, by_key: bool) -> dict[str, Any]:
    return {
        "type": "process",
        "itemID": definition.id,
        "itemReference": f"/{definition.id}",
        "processAppID": None,
        "processAppName": None,
        "processAppAcronym": None,
        "snapshotID": None,
        "snapshotName": definition.version,
        "display": definition.key,  # by which instances can be searched for, too
        "tip": True,
        "branchID": _BRANCH,
        "branchName": "Main",
        "startURL": _start_url(request, definition, by_key=by_key),
        "isDefault": False,
        "isMobileReady": False,
        "ID": f"2015.{uuid.uuid5(uuid.NAMESPACE_OID, definition.id)}",
    }


def _start_url(request: DialectRequest, definition: Definition, *, by_key: bool) -> str:
    """Return path and query of a start; by key, which start rules go by, unless others may have the same key."""
    what = {"bpdId": definition.key, "branchId": _BRANCH} if by_key else {"bpdId": definition.id}
    query = urlencode({"action": "start", **what})
    return f"{urlsplit(request.base).path}/process?{query}"
