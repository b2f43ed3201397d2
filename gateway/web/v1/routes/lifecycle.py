"""Routes that bring instances on: tasks and messages."""

from __future__ import annotations

from gateway.web.v1 import lifecycle
from gateway.web.v1.lifecycle import CompletionBody, MessageBody, MessageOutcome
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import NO_CONTENT

ROUTES = (
    Route(
        method="POST",
        template="/v1/tasks/{task}/complete",
        handler=lifecycle.complete_task,
        summary="Complete a task with variables",
        scope="modification",
        writes=True,
        query=(Parameter("engine", "Engine of a bare task id."),),
        body=Body({"application/json": CompletionBody}),
        answers=NO_CONTENT,
    ),
    Route(
        method="POST",
        template="/v1/messages",
        handler=lifecycle.correlate_message,
        summary="Correlate a message with variables",
        scope="modification",
        writes=True,
        query=(Parameter("engine", "Engine, where no instance tells it."),),
        body=Body({"application/json": MessageBody}),
        answers=Answers(content=MessageOutcome),
    ),
)
