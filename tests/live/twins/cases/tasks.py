"""Conversations about tasks."""

from __future__ import annotations

from tests.live.twins.ask import Ask
from tests.live.twins.cases.bodies import UPLOADS
from tests.live.twins.cases.spelled import ALIVE, ALL_BYTES, END, FORM, JSON, LIST, Flows, part, post

FLOWS: Flows = {
    "task-variables": (
        "userTask",
        (
            Ask("PUT", "/task/@task@/localVariables/t", JSON, b'{"value":1}'),
            Ask("PUT", "/task/@task@/variables/t", JSON, b'{"value":2}'),
            post("/task/@task@/variables", {"modifications": {"new": {"value": 3}}, "deletions": ["a"]}),
            post("/task/@task@/localVariables", {"modifications": {"l": {"value": 3}}}),
            Ask("GET", "/task/@task@/variables"),
            Ask("GET", "/task/@task@/localVariables"),
            Ask("POST", "/task/@task@/localVariables/up/data", FORM, UPLOADS["bytes"]),
            Ask("GET", "/task/@task@/localVariables/up/data"),
            Ask("DELETE", "/task/@task@/localVariables/l"),
            Ask("DELETE", "/task/@task@/variables/nope"),
            LIST,
        ),
    ),
    "task-complete": (
        "userTask",
        (
            post("/task/@task@/complete", {"variables": {"done": {"value": True}}, "withVariablesInReturn": True}),
            post("/task/@task@/complete", {}),
            ALIVE,
            Ask("GET", "/history/process-instance/@instance@"),
        ),
    ),
    "task-complete-empty": ("userTask", (Ask("POST", "/task/@task@/complete", JSON, b""), ALIVE)),
    "task-complete-bad": (
        "userTask",
        (post("/task/@task@/complete", {"variables": {"x": {"value": "q", "type": "Integer"}}}), LIST),
    ),
    "task-people": (
        "userTask",
        (
            post("/task/@task@/claim", {"userId": "ann"}),
            post("/task/@task@/claim", {"userId": "bob"}),
            Ask("GET", "/task/@task@"),
            post("/task/@task@/assignee", {"userId": "bob"}),
            post("/task/@task@/delegate", {"userId": "cy"}),
            post("/task/@task@/resolve", {"variables": {"r": {"value": 1}}}),
            Ask("POST", "/task/@task@/unclaim"),
            post("/task/@task@/identity-links", {"userId": "dee", "type": "candidate"}),
            Ask("GET", "/task/@task@/identity-links"),
            post("/task/@task@/comment/create", {"message": "ä😀"}),
            Ask("GET", "/task/@task@/comment"),
            Ask("GET", "/task/@task@/form-variables"),
            post("/task/@task@/bpmnError", {"errorCode": "nope"}),
            post("/task/@task@/submit-form", {"variables": {"s": {"value": 1}}}),
            ALIVE,
        ),
    ),
    "task-attachment": (
        "userTask",
        (
            Ask(
                "POST",
                "/task/@task@/attachment/create",
                FORM,
                part("attachment-name", b"n") + part("content", ALL_BYTES, filename="c.bin") + END,
            ),
            Ask("GET", "/task/@task@/attachment"),
        ),
    ),
    "task-new": (
        "userTask",
        (
            post("/task/create", {"id": "t-@key@", "name": "standalone"}),
            Ask("GET", "/task/t-@key@"),
            Ask("DELETE", "/task/t-@key@"),
        ),
    ),
}
