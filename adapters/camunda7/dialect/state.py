"""The state of an instance in Camunda's language: ``PUT …/suspended`` and ``DELETE /process-instance/{id}``."""

from __future__ import annotations

import msgspec

from adapters.camunda7.dialect.bodies import read_json
from gateway.errors import Fault, InvalidRequest, Unsupported
from gateway.model.lifecycle import ChangeState
from gateway.port import DialectRequest


class GivenSuspension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``PUT …/suspended``; without its member the engine lets the instance go on."""

    suspended: bool | None = None


_suspension = msgspec.json.Decoder(GivenSuspension)
_SKIPS = ("skipCustomListeners", "skipIoMappings", "skipSubprocesses")
_IF_THERE = "failIfNotExists"


def decode_suspension(request: DialectRequest, instance: str) -> ChangeState:
    """Return the command that suspends an instance or lets it go on."""
    given = read_json(request, _suspension)
    return ChangeState(instance=instance, state="suspended" if given.suspended else "active")


def decode_deletion(request: DialectRequest, instance: str) -> ChangeState:
    """Return the command that terminates an instance.

    Raises:
        Unsupported: something is to be skipped, which only Camunda's own engines can do.
        InvalidRequest: a flag is neither true nor false.
    """
    for name in (*_SKIPS, _IF_THERE):
        said = request.query.get(name, "true" if name == _IF_THERE else "false")
        if said not in {"true", "false"}:
            detail = f"`{name}` is true or false."
            raise InvalidRequest(detail, errors=(Fault(f"/{name}", detail),))
        if said == "true" and name in _SKIPS:
            detail = f"`{name}` cannot be said to another vendor's engine."
            raise Unsupported(detail, errors=(Fault(f"/{name}", detail),))
    return ChangeState(instance=instance, state="terminated")


def may_be_gone(request: DialectRequest) -> bool:
    """Return whether a deletion is a success where there is no such instance."""
    return request.method == "DELETE" and request.query.get(_IF_THERE) == "false"
