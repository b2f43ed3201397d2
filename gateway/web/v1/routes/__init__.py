"""The routes of ``/v1``: rows per resource, and the tree that finds the row of a request."""

from __future__ import annotations

from gateway.web.v1.route import Route
from gateway.web.v1.routes import (
    audit,
    bridge,
    bridge_jobs,
    content,
    engines,
    instances,
    lifecycle,
    operations,
    query,
    variables,
)
from gateway.web.v1.routes.pages import PAGES, document_route
from gateway.web.v1.routes.tree import PathTree

ROUTES: tuple[Route, ...] = (
    *engines.ROUTES,
    *instances.ROUTES,
    *variables.ROUTES,
    *content.ROUTES,
    *lifecycle.ROUTES,
    *query.ROUTES,
    *operations.ROUTES,
    *audit.ROUTES,
    *bridge.ROUTES,
    *bridge_jobs.ROUTES,
    document_route(lambda: ROUTES),
)
"""What the OpenAPI document shows."""
TREE = PathTree((*ROUTES, *PAGES))

__all__ = ["PAGES", "ROUTES", "TREE"]
