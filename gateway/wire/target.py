"""The target of a request to an engine; every sender writes it in this one way."""

from __future__ import annotations

from gateway.errors import InvalidRequest
from gateway.plan import VendorRequest, encode_target


def build_target(request: VendorRequest, base: str) -> str:
    """Return path and query, encoded, below the path of an engine's base URL.

    Raises:
        InvalidRequest: a name holds a lone surrogate.
    """
    try:
        return encode_target(request, base)
    except UnicodeEncodeError as error:
        raise InvalidRequest("A name has a lone surrogate, which no URL can carry.") from error
