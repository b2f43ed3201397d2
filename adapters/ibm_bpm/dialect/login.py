"""The log-in of IBM's REST API, ``POST …/system/login``, where the front door itself answers it.

The answer is 201 with ``csrf_token`` and ``expiration``, and the token lives for 7200 seconds at most; the prose of the
vendor's pages writes the members of the body with hyphens, its Swagger with underscores, so both are taken
(``/bpm/system/login``, from 8.5.7 CF2017.03 on).
"""

from __future__ import annotations

from adapters.ibm_bpm.dialect.bodies import check_accepted, read_object
from adapters.ibm_bpm.dialect.facts import resolve_method
from adapters.ibm_bpm.dialect.media import JSON
from gateway.errors import InvalidRequest, MethodNotAllowed
from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree
from gateway.plan import VendorResponse
from gateway.port import DialectRequest

TOKEN_HEADER = "bpmcsrftoken"  # noqa: S105 - the name of a header
_LONGEST_S = 7200
"""As the vendor's pages say, for both the longest lifetime and the one that is given where none is asked for."""
_ROOTS = ((), ("bpm",), ("ops",))
"""What stands before the path on the vendor's server, where the door's prefix is shorter."""


def logs_in(request: DialectRequest) -> bool:
    """Return whether a request is a log-in."""
    return request.segments[-2:] == ("system", "login") and request.segments[:-2] in _ROOTS


def token_lifetime_s(request: DialectRequest) -> int:
    """Return for how many seconds a log-in asks for a token.

    Raises:
        MethodNotAllowed, UnsupportedMediaType, NotAcceptable: another method or language.
        InvalidJson, InvalidRequest: the body is not what the vendor's page says.
    """
    if resolve_method(request) != "POST":
        raise MethodNotAllowed
    check_accepted(request)
    given = _members(read_object(request)) if request.body.strip() else {}
    if unknown := given.keys() - {"refresh_groups", "requested_lifetime"}:
        raise InvalidRequest(f"A log-in has no {min(unknown)}.")
    if not isinstance(given.get("refresh_groups", False), bool):
        raise InvalidRequest("refresh_groups is true or false.")
    return _seconds(given.get("requested_lifetime", Number(str(_LONGEST_S))))


def encode_token(token: str, lifetime_s: int) -> VendorResponse:
    """Return the answer to a log-in."""
    body = jsontext.write({"csrf_token": token, "expiration": lifetime_s})
    return VendorResponse(201, (("Content-Type", JSON), ("Cache-Control", "no-store")), body)


def _members(given: dict[str, Tree]) -> dict[str, Tree]:
    members = {name.replace("-", "_"): value for name, value in given.items()}
    if len(members) != len(given):
        raise InvalidRequest("A member of the body stands there twice.")
    return members


def _seconds(given: Tree) -> int:
    text = given.text if isinstance(given, Number) else ""
    if not text.isdigit() or len(text) > len(str(_LONGEST_S)) or not 0 < int(text) <= _LONGEST_S:
        raise InvalidRequest(f"requested_lifetime is a number of seconds from 1 to {_LONGEST_S}.")
    return int(text)
