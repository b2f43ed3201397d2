"""The HTTP side towards callers: own dispatch on the raw path, one boundary, the unified dialect, problems, OpenAPI."""

from gateway.web.boundary import handler
from gateway.web.front import Door, Front, Limits

__all__ = ["Door", "Front", "Limits", "handler"]
