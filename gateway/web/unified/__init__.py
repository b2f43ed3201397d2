"""The unified dialect: HTTP of ``/v1`` to commands, results to HTTP. One handler a route."""

from gateway.web.unified import engines, instances, patches, query, variables

__all__ = ["engines", "instances", "patches", "query", "variables"]
