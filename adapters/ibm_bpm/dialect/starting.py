"""Starts in IBM's language: ``POST process?action=start&bpdId=…&processAppId|branchId|snapshotId=…&params=…&parts=…``.

``bpdId`` is a definition's id or key in the words of the engine on which the instance starts. Ids of applications,
branches and snapshots choose among the versions of a process (``25.…``) on IBM's servers; elsewhere they mean nothing.
What must not live here: the counterpart, which starts instances on IBM's servers (``adapters.ibm_bpm.starting``).
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ibm_bpm.dialect.bodies import check_accepted, read_variables
from adapters.ibm_bpm.dialect.parameters import parts, read_parameters, read_parts
from gateway.errors import Fault, InvalidRequest, MethodNotAllowed, Unsupported
from gateway.model.commands import Command
from gateway.model.lifecycle import StartInstance
from gateway.port import DialectRequest

_VERSIONS = ("branchId", "snapshotId")
_PROCESS = "25."
"""What the id of a process begins with on IBM's servers."""


def decode_start(request: DialectRequest, method: str) -> tuple[Command, ...]:
    """Return the start of an instance, and the reads of the parts that its answer shows.

    Raises:
        MethodNotAllowed: only POST starts. NotAcceptable: the caller takes no answer there is.
        InvalidJson, InvalidRequest, PayloadTooLarge, ValueNotRepresentable: the parameters are not what they must be.
        Unsupported: a version of a process of IBM's is asked for, or a part that only IBM's instances have.
    """
    if method != "POST":
        raise MethodNotAllowed
    check_accepted(request)
    given = read_parameters(request)
    _check_version(given)
    start = StartInstance(definition=_definition(given), variables=read_variables(given.get("params", "")))
    return (start, *read_parts("", parts(given) - {"header"}))


def _definition(given: Mapping[str, str]) -> str:
    definition = given.get("bpdId", "").strip()
    if not definition:
        raise InvalidRequest("The parameter bpdId is missing.")
    return definition


def _check_version(given: Mapping[str, str]) -> None:
    """Refuse to choose a version of a process: what is started here is the one that its server exposes."""
    if not given.get("bpdId", "").startswith(_PROCESS):
        return
    for name in _VERSIONS:
        if given.get(name):
            detail = f"`{name}` cannot be said here; the version of the process is the one that its server exposes."
            raise Unsupported(detail, errors=(Fault(f"/{name}", detail),))
