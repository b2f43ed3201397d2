"""Routes of the content of bytes and file variables."""

from __future__ import annotations

from gateway.web.v1 import variables
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import ENGINE, NO_CONTENT, SCOPE, STATE, WRITE_CONDITIONS

_DATA = "/v1/instances/{instance}/variables/{name}/data"
_BINARY = {"type": "string", "format": "binary"}
_CONTENT = Body(
    {
        "application/octet-stream": _BINARY,
        "multipart/form-data": {
            "type": "object",
            "required": ["data"],
            "properties": {"data": _BINARY, "valueType": {"type": "string", "enum": ["Bytes", "File"]}},
        },
    },
    streamed=True,
)
_DIGEST = Parameter("Content-Digest", "sha-256 or sha-512 of the content (RFC 9530); other content is refused.")
_NAME = Parameter("Content-Disposition", "`filename` makes a raw body a file.")
ROUTES = (
    Route(
        method="GET",
        template=_DATA,
        handler=variables.read_data,
        summary="Content of a bytes or file variable, streamed",
        scope="variables:read",
        query=(ENGINE, SCOPE, STATE),
        headers=(Parameter("Want-Content-Digest", "`sha-256`: with the digest, whatever the size (RFC 9530)."),),
        answers=Answers(content=_BINARY, media_type="*/*", description="The content, with its own media type."),
    ),
    Route(
        method="PUT",
        template=_DATA,
        handler=variables.write_data,
        summary="Write the content of a bytes or file variable, streamed; raw or as a form",
        scope="variables:write",
        writes=True,
        query=(ENGINE, SCOPE),
        headers=(*WRITE_CONDITIONS, _DIGEST, _NAME),
        body=_CONTENT,
        answers=NO_CONTENT,
    ),
    Route(
        method="POST",
        template=_DATA,
        handler=variables.post_data,
        summary="The same as PUT, for clients that post forms",
        scope="variables:write",
        writes=True,
        query=(ENGINE, SCOPE),
        headers=(*WRITE_CONDITIONS, _DIGEST, _NAME),
        body=_CONTENT,
        answers=NO_CONTENT,
    ),
)
