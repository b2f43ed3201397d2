"""Tokens of the fake engine: every process is start, task ``Check``, task ``Decide``, end; one token in ``Check``."""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.ibm_bpm.fake.convert import Refused

CHECK = "5d0b8f1e-0001-4a51-9b1c-aaaaaaaaaaaa"
DECIDE = "5d0b8f1e-0002-4a51-9b1c-bbbbbbbbbbbb"
START = "5d0b8f1e-0000-4a51-9b1c-000000000000"
END = "5d0b8f1e-0003-4a51-9b1c-cccccccccccc"
STEPS: dict[str, tuple[str, str, str | None, tuple[str, ...]]] = {
    START: ("Start", "event", None, (CHECK,)),
    CHECK: ("Check", "activity", "task", (DECIDE,)),
    DECIDE: ("Decide", "activity", "task", (END, CHECK)),
    END: ("End", "event", None, ()),
}
"""Step to name, type, activity type, and the steps its lines lead to."""


def task_of(instance: str, token: str) -> str:
    """Return the id of the task that a token waits in."""
    return str(int(instance) * 1000 + int(token))


class Tokens(msgspec.Struct, kw_only=True):
    """The tokens of one instance: id to step. ``comments`` holds the comments that were written."""

    at: dict[str, str] = msgspec.field(default_factory=lambda: {"4": CHECK})
    comments: list[str] = []

    def execution_tree(self, instance: str, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the tree as recorded: ids are texts, activities repeat the root's variables, no child is null."""
        children = [
            {
                "name": STEPS[step][0],
                "nodeId": str(int(token) + 1),
                "flowObjectId": step,
                "taskType": "1",
                "tokenId": token,
                "createdTaskIDs": [task_of(instance, token)],
                "variables": variables,
                "children": None,
            }
            for token, step in self.at.items()
        ]
        root = {
            "name": name,
            "nodeId": "1",
            "createdTaskIDs": None,
            "variables": variables,
            "children": children or None,
        }
        return {"executionStatus": "1", "root": root}

    def diagram(self) -> dict[str, Any]:
        """Return the steps, with the tokens in them and their lines."""
        steps = [
            {
                "type": kind,
                "activityType": activity,
                "ID": step,
                "name": name,
                "tokenID": [token for token, at in self.at.items() if at == step] or None,
                "lines": [{"to": target, "points": "", "tokenID": None, "name": ""} for target in lines] or None,
            }
            for step, (name, kind, activity, lines) in STEPS.items()
        ]
        return {"step": steps, "lanes": [], "orphaned": []}

    def move(self, token: str | None, target: str | None) -> None:
        """Move a token; where it reaches the end it is gone.

        Raises:
            Refused: as the server does.
        """
        self._check(token)
        if target not in STEPS:
            raise Refused(500, "CWTBG0019E", "UnexpectedFailureException", "targetFlowObjectId is invalid")
        del self.at[str(token)]
        if target != END:
            self.at[str(int(str(token)) + 1)] = CHECK if target == START else str(target)

    def leave(self, token: str) -> None:
        """Move a token on along the first line of its step, once its task is done."""
        self.move(token, STEPS[self.at[token]][3][0])

    def delete(self, token: str | None) -> None:
        """Delete a token.

        Raises:
            Refused: as the server does.
        """
        self._check(token)
        del self.at[str(token)]

    def _check(self, token: str | None) -> None:
        if token not in self.at:
            raise Refused(404, "CWTBG0013E", "ObjectDoesNotExistException", str(token))
