"""What clients of the fake choose: the method behind an override, errors as JSON or as XML."""

from __future__ import annotations

from xml.sax.saxutils import escape

import msgspec

from adapters.ibm_bpm.fake.convert import Refused
from gateway.model import jsontext
from gateway.plan import VendorRequest, VendorResponse

_OVERRIDES = frozenset({"x-method-override", "x-http-method-override"})
_NAMESPACE = "http://rest.bpm.ibm.com/v1/data/exception"
_DETAILS = 'com.example.Cause: "a < b" & more\n\tat com.example.Secret.sql(SELECT * FROM T)'


def meant(request: VendorRequest) -> VendorRequest:
    """Return a request with the method that it stands for: POST may be any other, by header or by parameter."""
    if request.method == "POST":
        for name, value in (*request.headers, *request.query):
            if name.lower() in _OVERRIDES:
                return msgspec.structs.replace(request, method=value.upper())
    return request


def error(refused: Refused, request: VendorRequest, *, details: bool) -> VendorResponse:
    """Return an error as JSON or XML, as ``Accept`` asks, with details for programmers where the server is set so."""
    kind, number = f"com.ibm.bpm.wle.api.{refused.kind}", refused.number
    message = f"{number}: The request was refused."
    accept = next((value for name, value in request.headers if name.lower() == "accept"), "")
    if "xml" in accept and "json" not in accept:
        parameters = "".join(
            f"<errorMessageParameters>{escape(each)}</errorMessageParameters>" for each in refused.parameters
        )
        shown = escape(_DETAILS) if details else ""
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><RestRuntimeException xmlns="{_NAMESPACE}"><status>error</status>'
            f"<Data><status>error</status><exceptionType>{kind}</exceptionType><errorNumber>{number}</errorNumber>"
            f"<errorMessage>{message}</errorMessage>{parameters}"
            f"<programmersDetails>{shown}</programmersDetails></Data></RestRuntimeException>"
        )
        return VendorResponse(refused.status, (("Content-Type", "application/xml"),), text.encode())
    data = {
        "status": "error",
        "exceptionType": kind,
        "errorNumber": number,
        "errorMessage": message,
        "errorMessageParameters": list(refused.parameters),
        **({"programmersDetails": _DETAILS} if details else {}),
        "responses": None,
        "errorData": None,
    }
    body = jsontext.write({"status": "error", "Data": data})
    return VendorResponse(refused.status, (("Content-Type", "application/json"),), body)
