"""Routes of bulk operations."""

from __future__ import annotations

from gateway.web.v1 import operations
from gateway.web.v1.operations import OperationBody, OperationShape, OutcomeShape
from gateway.web.v1.route import Answers, Body, Route
from gateway.web.v1.routes.common import NO_CONTENT

ROUTES = (
    Route(
        method="POST",
        template="/v1/operations",
        handler=operations.start_operation,
        summary="Set and delete variables of all instances that a query finds, in the background",
        scope="variables:write",
        writes=True,
        body=Body({"application/json": OperationBody}),
        answers=Answers(content=OperationShape, status=202),
    ),
    Route(
        method="GET",
        template="/v1/operations/{operation}",
        handler=operations.describe_operation,
        summary="How far an operation is",
        scope="variables:read",
        answers=Answers(content=OperationShape),
    ),
    Route(
        method="DELETE",
        template="/v1/operations/{operation}",
        handler=operations.cancel_operation,
        summary="Begin no further item of an operation",
        scope="variables:write",
        writes=True,
        answers=NO_CONTENT,
    ),
    Route(
        method="GET",
        template="/v1/operations/{operation}/results",
        handler=operations.operation_results,
        summary="How each instance of an operation went, one line of JSON each",
        scope="variables:read",
        answers=Answers(content=OutcomeShape, media_type="application/x-ndjson", description="A line an item."),
    ),
)
