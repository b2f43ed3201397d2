"""Conversations about external."""

from __future__ import annotations

from tests.live.twins.ask import Ask
from tests.live.twins.cases.spelled import JSON, LIST, OF, Flows, post, value
from tests.live.twins.cases.values import VALUES

FLOWS: Flows = {
    "external-work": (
        "externalTask",
        (
            Ask("GET", "/external-task/@external@"),
            Ask("PUT", "/external-task/@external@/priority", JSON, b'{"priority":7}'),
            post(
                "/external-task/fetchAndLock",
                {
                    "workerId": "w",
                    "maxTasks": 2,
                    "topics": [
                        {"topicName": "charge", "lockDuration": 60000, "businessKey": "@key@", "variables": ["a"]}
                    ],
                },
            ),
            post("/external-task/@external@/extendLock", {"workerId": "w", "newDuration": 70000}),
            post("/external-task/@external@/complete", {"workerId": "other"}),
            post(
                "/external-task/@external@/failure",
                {"workerId": "w", "errorMessage": "ä", "retries": 2, "retryTimeout": 0},
            ),
            Ask("POST", "/external-task/@external@/unlock"),
            post("/external-task/@external@/lock", {"workerId": "v", "lockDuration": 60000}),
            post(
                "/external-task/@external@/complete",
                {"workerId": "v", "variables": {"receipt": VALUES["file"]}, "localVariables": {"l": value(1)}},
            ),
            LIST,
            Ask("GET", f"{OF}/variables/receipt/data"),
        ),
    ),
    "external-error": (
        "externalTask",
        (
            post("/external-task/@external@/lock", {"workerId": "v", "lockDuration": 60000}),
            post(
                "/external-task/@external@/bpmnError",
                {"workerId": "v", "errorCode": "CARD_DECLINED", "variables": {"e": value(1)}},
            ),
            LIST,
        ),
    ),
    "external-poll-empty": (
        "externalTask",
        (
            post(
                "/external-task/fetchAndLock",
                {
                    "workerId": "w",
                    "maxTasks": 1,
                    "asyncResponseTimeout": 250,
                    "topics": [{"topicName": "nobody", "lockDuration": 1}],
                },
            ),
        ),
    ),
    "external-poll-bad": (
        "externalTask",
        (
            post("/external-task/fetchAndLock", {"workerId": "w"}),
            post("/external-task/fetchAndLock", b"garbage"),
            post(
                "/external-task/fetchAndLock",
                {"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": -1, "topics": []},
            ),
            post(
                "/external-task/fetchAndLock",
                {"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 99999999, "topics": []},
            ),
            post("/external-task/fetchAndLock", {"workerId": "w", "maxTasks": 0, "topics": [{"topicName": "x"}]}),
        ),
    ),
}
