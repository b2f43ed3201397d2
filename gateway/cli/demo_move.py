"""What ``varbridge demo`` offers to paste for a move: an instance on one engine, its twin on another, and the lines."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.cli import output
from gateway.cli.client import Connection, RawAnswer

_PLAN = "one-minute"
_HELD = {"approved": {"value": True}, "pages": {"value": 12}}
"""What the instance holds that is moved; the processes of both showcases know these names."""


async def prepare_move(base: str, source: str, target: str) -> tuple[str, ...]:
    """Start an instance and a twin to move it to, and return the lines that move it.

    Args:
        base: URL of the gateway.
        source: an instance of the definition of which one is started to be moved.
        target: the same of its twin.
    """
    gateway = Connection(url=base)
    moved = await _start_like(gateway, source, _HELD)
    twin = await _start_like(gateway, target, {})
    return _lines(base, moved, twin)


async def _start_like(gateway: Connection, instance: str, variables: dict[str, Any]) -> str:
    """Start another instance of the same definition on the same engine, and return its id."""
    known = _decoded(await gateway.exchange("GET", ("v1", "instances", instance)))
    body = msgspec.json.encode({"definition": known["definition"], "variables": variables})
    answer = await gateway.exchange("POST", ("v1", "instances"), {"engine": known["engine"]}, body)
    return str(_decoded(answer)["instance"])


def _decoded(answer: RawAnswer) -> Any:
    return output.decode_answer(answer.status, answer.body)


def _lines(base: str, moved: str, twin: str) -> tuple[str, ...]:
    source, _, native = moved.partition(":")
    target = twin.partition(":")[0]
    return (
        f"export VARBRIDGE_URL={base}",
        f"varbridge bridge plan create {_PLAN} --source {source} --target {target} --id {native} --stage live",
        f"varbridge bridge link create {moved} {twin} --plan {_PLAN}",
        f"varbridge bridge assess {_PLAN}",
        f"varbridge bridge copy {_PLAN}",
        f"varbridge bridge verify {_PLAN}",
        f"varbridge bridge cut-over {moved} --active-target",
        f"varbridge vars set {moved} pages 13",
        f"varbridge vars list {twin}",
        f"varbridge bridge roll-back {moved}",
        f"varbridge bridge status {_PLAN}",
    )
