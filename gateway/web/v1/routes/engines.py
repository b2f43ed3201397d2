"""Routes of engines."""

from __future__ import annotations

from gateway.web.v1 import engines
from gateway.web.v1.route import Route

ROUTES = (
    Route(
        method="GET",
        template="/v1/engines",
        handler=engines.list_engines,
        summary="Engines: vendor, version, health, capabilities, limits",
        scope="instances:read",
    ),
    Route(
        method="GET",
        template="/v1/engines/{engine}",
        handler=engines.describe_engine,
        summary="One engine",
        scope="instances:read",
    ),
)
