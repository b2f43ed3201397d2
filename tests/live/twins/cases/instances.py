"""Conversations about instances."""

from __future__ import annotations

import json

from tests.live.twins.ask import Ask
from tests.live.twins.cases.bodies import UPLOADS
from tests.live.twins.cases.spelled import (
    ALIVE,
    ALL_BYTES,
    END,
    FORM,
    JSON,
    LIST,
    OF,
    Flows,
    part,
    post,
    put,
    text,
    value,
)
from tests.live.twins.cases.values import ODD_NAMES, VALUES


def modified(*instructions: object, **more: object) -> Ask:
    """Return a modification of the side's own instance."""
    return post(f"{OF}/modification", {"instructions": list(instructions), **more})


START_BEFORE = {"type": "startBeforeActivity", "activityId": "review"}

FLOWS: Flows = {
    "delete-instance": ("userTask", (Ask("DELETE", OF), Ask("DELETE", OF), LIST)),
    "delete-instance-flags": (
        "userTask",
        (Ask("DELETE", f"{OF}?skipCustomListeners=true&failIfNotExists=false"), LIST),
    ),
    "suspend": (
        "userTask",
        (Ask("PUT", f"{OF}/suspended", JSON, b'{"suspended":true}'), ALIVE, put("a", {"value": 2}), LIST),
    ),
    "delete-body": ("userTask", (Ask("DELETE", f"{OF}/variables/a", JSON, b'{"x":1}'), LIST)),
    "get-body": ("userTask", (Ask("GET", f"{OF}/variables/a", JSON, b'{"x":1}'), LIST)),
    "patch": (
        "userTask",
        (
            post(
                f"{OF}/variables", {"modifications": {"a": {"value": 2}, "n": {"value": "y"}}, "deletions": ["b", "q"]}
            ),
            LIST,
        ),
    ),
    "patch-both": (
        "userTask",
        (post(f"{OF}/variables", {"modifications": {"a": {"value": 3}}, "deletions": ["a"]}), LIST),
    ),
    "patch-odd-names": (
        "userTask",
        (post(f"{OF}/variables", {"modifications": {name: {"value": 1} for name in ODD_NAMES}}), LIST),
    ),
    "patch-bad-member": (
        "userTask",
        (
            post(f"{OF}/variables", {"modifications": {"a": {"value": 9}, "z": {"value": "x", "type": "Integer"}}}),
            LIST,
        ),
    ),
    "patch-1MB": (
        "userTask",
        (
            post(
                f"{OF}/variables",
                {"modifications": {f"v{at}": {"value": "w" * 500, "type": "String"} for at in range(2000)}},
            ),
            LIST,
        ),
    ),
    "json-1MB": (
        "userTask",
        (
            put("big", {"value": json.dumps(["w" * 90] * 11_000), "type": "Json"}),
            Ask("GET", f"{OF}/variables/big"),
            LIST,
        ),
    ),
    "exploding": ("conditional", (post(f"{OF}/variables", {"modifications": {"boom": {"value": True}}}), LIST)),
    "ending": ("conditional", (put("go", {"value": True}), ALIVE)),
    "scopes": (
        "parallelScope",
        (
            Ask("GET", "/execution/@inner@/localVariables"),
            Ask("PUT", "/execution/@inner@/localVariables/a", JSON, b'{"value":"hides"}'),
            Ask("PUT", "/execution/@inner@/localVariables/f", JSON, text(VALUES["file"])),
            Ask("GET", "/execution/@inner@/localVariables/f/data"),
            Ask("GET", "/process-instance/@inner@/variables/a"),
            Ask("DELETE", "/process-instance/@inner@/variables/a"),
            post(
                "/execution/@inner@/localVariables", {"modifications": {"q": {"value": 1}}, "deletions": ["scopeVar"]}
            ),
            Ask("GET", "/execution/@inner@/localVariables"),
            Ask("POST", "/execution/@inner@/localVariables/up/data", FORM, UPLOADS["file"]),
            Ask("GET", "/execution/@inner@/localVariables/up/data"),
            Ask("DELETE", "/execution/@inner@/localVariables/q"),
            post("/execution/@inner@/signal", {}),
            LIST,
        ),
    ),
    "modify-start": (
        "userTask",
        (modified({**START_BEFORE, "variables": {"m": {"value": 1}, "l": {"value": 2, "local": True}}}), LIST),
    ),
    "modify-cancel": ("userTask", (modified({"type": "cancel", "activityId": "review"}), ALIVE)),
    "modify-cancel-one": ("userTask", (modified({"type": "cancel", "activityInstanceId": "@waiting@"}), ALIVE)),
    "modify-move": (
        "parallelScope",
        (
            modified({"type": "cancel", "activityId": "left"}, {"type": "startAfterActivity", "activityId": "left"}),
            modified(
                {"type": "startTransition", "transitionId": "toLeft"}, skipCustomListeners=True, annotation="note"
            ),
            LIST,
        ),
    ),
    "modify-nothing": (
        "userTask",
        (modified(), post(f"{OF}/modification", {}), post(f"{OF}/modification", b""), LIST),
    ),
    "modify-bad": (
        "userTask",
        (
            modified({"type": "nope"}),
            modified({**START_BEFORE, "activityId": "nope"}),
            modified({**START_BEFORE, "variables": {"x": {"value": "q", "type": "Integer"}}}),
            post("/process-instance/nope/modification", {"instructions": [START_BEFORE]}),
            LIST,
        ),
    ),
    "modify-async": ("userTask", (post(f"{OF}/modification-async", {"instructions": [START_BEFORE]}),)),
    "start": (
        "userTask",
        (
            post("/process-definition/key/userTask/start", {"businessKey": "@key@", "variables": {"a": {"value": 1}}}),
            post(
                "/process-definition/key/userTask/start",
                {"variables": {**VALUES, "transient": value(1)}, "withVariablesInReturn": True},
            ),
            post("/process-definition/key/userTask/start", b""),
            post("/process-definition/key/userTask/start", {"variables": {"n": value("q", "Integer")}}),
            post("/process-definition/key/nope/start", {}),
            post("/process-definition/nope/start", {}),
            post("/process-definition/key/userTask/submit-form", {"variables": {"a": {"value": 1}}}),
            post(
                "/process-definition/key/userTask/start",
                {"startInstructions": [{"type": "startBeforeActivity", "activityId": "review"}]},
            ),
            Ask("POST", "/process-definition/key/userTask/start", (*JSON, ("Host", "gateway.example:99")), b"{}"),
            Ask("GET", "/process-instance/count?businessKey=@key@"),
        ),
    ),
    "message": (
        "messageWait",
        (
            post("/message", {"messageName": "Paid", "businessKey": "nope"}),
            post("/message", {"messageName": "nope", "processInstanceId": "@instance@"}),
            post(
                "/message",
                {
                    "messageName": "Paid",
                    "processInstanceId": "@instance@",
                    "processVariables": {"v": value("q", "Integer")},
                },
            ),
            post(
                "/message",
                {
                    "messageName": "Paid",
                    "businessKey": "@key@",
                    "correlationKeys": {"a": {"value": 1}},
                    "processVariables": {"v": {"value": 5}},
                    "resultEnabled": True,
                    "variablesInResultEnabled": True,
                },
            ),
            LIST,
        ),
    ),
    "message-plain": (
        "messageWait",
        (post("/message", {"messageName": "Paid", "processInstanceId": "@instance@"}), LIST),
    ),
    "message-all": (
        "messageWait",
        (post("/message", {"messageName": "Paid", "businessKey": "@key@", "all": True}), LIST),
    ),
    "trigger": (
        "messageWait",
        (
            post("/execution/@waitingExecution@/messageSubscriptions/Paid/trigger", {"variables": {"v": {"value": 1}}}),
            LIST,
        ),
    ),
    "signal": ("userTask", (post("/signal", {"name": "nobody-listens"}), post("/signal", {}))),
    "batch": (
        "userTask",
        (
            post(
                "/process-instance/variables-async",
                {"processInstanceIds": ["@instance@"], "variables": {"v": value("x")}},
            ),
            post("/process-instance/variables-async", {"processInstanceIds": ["@instance@"], "variables": {}}),
            post("/process-instance/delete", {"processInstanceIds": []}),
        ),
    ),
    "history": (
        "userTask",
        (
            put("a", {"value": 2}),
            Ask("DELETE", f"{OF}/variables/b"),
            post(
                "/history/variable-instance",
                {"processInstanceId": "@instance@", "variableName": "a", "variableValue": 2},
            ),
            Ask("GET", "/history/variable-instance?processInstanceId=@instance@&variableName=b&includeDeleted=true"),
            post("/history/variable-instance/count", {"processInstanceId": "@instance@"}),
            post("/history/process-instance", {"processInstanceId": "@instance@"}),
            Ask("DELETE", "/history/process-instance/@instance@/variable-instances"),
            Ask("DELETE", "/history/process-instance/@instance@"),
        ),
    ),
    "deployment": (
        "userTask",
        (
            Ask(
                "POST",
                "/deployment/create",
                FORM,
                part("deployment-name", b"twin") + part("r", ALL_BYTES, filename="r-@key@.bin") + END,
            ),
            Ask("POST", "/deployment/create", FORM, END),
            Ask("POST", "/deployment/create", FORM, part("m", b"<no bpmn", filename="m.bpmn") + END),
            Ask("GET", "/deployment/count?name=twin&source=nope"),
        ),
    ),
}
