"""Parameters and headers that several routes take, each described once."""

from __future__ import annotations

from gateway.web.v1.route import Answers, Parameter

ENGINE = Parameter("engine", "Engine of a bare id.")
SCOPE = Parameter("scope", "instance (default), execution:ID or task:ID.")
STATE = Parameter("state", "`any`: instances that have ended too, with their last values.")
READ_CONDITIONS = (
    Parameter("If-None-Match", "Tags, or `*`; 304 where one of them is what is there (weak comparison)."),
)
WRITE_CONDITIONS = (
    Parameter(
        "If-Match", "Strong tags, or `*`; nothing is written (412, with the current tag) unless one is what is there."
    ),
    Parameter("If-None-Match", "`*`: only create."),
)
RETURN = Parameter("Prefer", "`return=representation`: show what is there afterwards; `return=minimal`: do not.")
HANDLING = Parameter("Prefer", "`handling=lenient`: answer with what the other engines say where some fail.")
NO_CONTENT = Answers(content={"type": "object"}, empty=True)
