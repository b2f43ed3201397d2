"""What one request of ``/v1`` carries on its way through the handlers."""

from __future__ import annotations

import msgspec
from aiohttp import web

from gateway.access import Caller
from gateway.plan import Call
from gateway.web.services import Services


class RequestContext(msgspec.Struct, kw_only=True):
    """One request of a caller on its way through.

    Args:
        params: decoded path parameters, in order.
        query: decoded query, names to raw (still encoded) values.
        engine: name of the engine that answered, once known.
        instance: id of the instance that was looked for last, as the caller wrote it.
        media_type: of the body, where the route decodes one.
    """

    services: Services
    request: web.BaseRequest
    call: Call
    caller: Caller
    params: tuple[str, ...]
    query: dict[str, str]
    engine: str = ""
    instance: str = ""
    media_type: str = ""
