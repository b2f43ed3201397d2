"""What ``varbridge demo`` offers to paste for a move: an instance on one engine, its twin on another, and the lines."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
from yarl import URL

from gateway.plan import encode_path

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
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        moved = await _start_like(session, base, source, _HELD)
        twin = await _start_like(session, base, target, {})
    return _lines(base, moved, twin)


async def _start_like(session: aiohttp.ClientSession, base: str, instance: str, variables: dict[str, Any]) -> str:
    """Start another instance of the same definition on the same engine, and return its id."""
    known = await _ask(session, "GET", base + encode_path(("v1", "instances", instance)))
    body = {"definition": known["definition"], "variables": variables}
    started = await _ask(session, "POST", f"{base}/v1/instances?engine={known['engine']}", body)
    return str(started["instance"])


async def _ask(session: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> Any:
    async with session.request(method, URL(url, encoded=True), json=body) as answer:
        return msgspec.json.decode(await answer.read())


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
