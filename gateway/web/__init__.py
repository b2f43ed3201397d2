"""The HTTP side towards callers: an HTTP server (``http``), the unified dialect (``v1``), front doors (``proxy``)."""

from gateway.web.dispatch import changing_server, handler, public_server
from gateway.web.http.connections import ConnectionLimits
from gateway.web.http.descriptors import within_descriptors
from gateway.web.http.limits import RequestLimits
from gateway.web.http.server import Server
from gateway.web.proxy.door import Door, Upstream
from gateway.web.services import Services

__all__ = [
    "ConnectionLimits",
    "Door",
    "RequestLimits",
    "Server",
    "Services",
    "Upstream",
    "changing_server",
    "handler",
    "public_server",
    "within_descriptors",
]
