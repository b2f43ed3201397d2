"""Details of several instances in IBM's language: ``GET process?action=getdetails&instanceIds=1,2``.

The vendor's page ("GET (bulk instance details)") has the ids in the query, or in JSON, ``{"instanceIds": [1, 2]}``;
what is too long for a URL travels as a form. The answer is ``processDetails``, one for each instance that there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ibm_bpm.dialect.bodies import check_accepted, read_object
from adapters.ibm_bpm.dialect.facts import resolve_method
from adapters.ibm_bpm.dialect.ids import holds_json, instances_in, instances_in_body
from adapters.ibm_bpm.dialect.parameters import parts, read_parameters, read_parts
from adapters.ibm_bpm.dialect.protocol import check_parameters
from gateway.errors import Fault, InvalidRequest, MethodNotAllowed
from gateway.model.commands import Command, DescribeInstance, ReadEach
from gateway.port import DialectRequest

_TAKEN = frozenset({"action", "instanceIds", "parts", "statusFilter"})
_STATUSES = frozenset({"Active", "Completed", "Failed", "Terminated", "Did_not_Start", "Suspended"})


def decode_details(request: DialectRequest) -> tuple[Command, ...]:
    """Return the command that reads several instances.

    Raises:
        MethodNotAllowed: it is not read. NotAcceptable: the caller takes no answer there is.
        InvalidRequest: no instance is named, or a parameter is not what it must be.
        Unsupported: a part or a parameter that only the vendor's own servers know.
    """
    if resolve_method(request) not in {"GET", "HEAD", "POST"}:
        raise MethodNotAllowed
    check_accepted(request)
    given, ids = _read(request)
    check_parameters(given, _TAKEN)
    if not ids:
        detail = "Name instances in instanceIds."
        raise InvalidRequest(detail, errors=(Fault("/instanceIds", detail),))
    wanted, reads = statuses(given), read_parts("", parts(given))
    if not any(isinstance(read, DescribeInstance) for read in reads) and (not reads or wanted is not None):
        reads = (DescribeInstance(instance="", ended=True), *reads)
    return (ReadEach(instances=ids, reads=reads),)


def _read(request: DialectRequest) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the parameters and the ids of a request; ids stand in a body of JSON where they do not stand elsewhere.

    Raises:
        InvalidRequest, InvalidJson, UnsupportedMediaType: the body is neither a form nor such JSON.
    """
    if instances_in(request.query) or not holds_json(request):
        given = read_parameters(request)
        return given, instances_in(given)
    if read_object(request).keys() != {"instanceIds"}:
        raise InvalidRequest("The body holds `instanceIds`, and nothing else.")
    return request.query, instances_in_body(request)


def statuses(given: Mapping[str, str]) -> frozenset[str] | None:
    """Return the states that instances must be in to be shown; None = any.

    Raises:
        InvalidRequest: there is no such state.
    """
    if "statusFilter" not in given:
        return None
    asked = frozenset(each.strip() for each in given["statusFilter"].split(","))
    if unknown := asked - _STATUSES:
        detail = f"There is no state {min(unknown)}."
        raise InvalidRequest(detail, errors=(Fault("/statusFilter", detail),))
    return asked


def given_parameters(request: DialectRequest) -> Mapping[str, str]:
    """Return the parameters of a request that was decoded."""
    return _read(request)[0]
