"""One step of all links of a plan: page by page, some at once, each refusal noted, none of them stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from rich.progress import Progress, TaskID, TimeRemainingColumn

from gateway.cli import output
from gateway.cli.bridge.asking import ask
from gateway.cli.bridge.links import pages
from gateway.cli.bridge.watching import INTERRUPTED, progress_bar
from gateway.cli.client import Connection, NoAnswer
from gateway.model.bridge import SideName

_PAGE = "1000"
_FIRST_ERROR = 300


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with each link.

    Args:
        name: as the command is called.
        path: of the request, below the link.
        authority: the side that decides before it.
        body: of the request.
    """

    name: str
    path: str
    authority: SideName
    body: Mapping[str, Any]

    def concerns(self, link: Mapping[str, Any]) -> bool:
        """Return whether a link of a plan is to be moved; the others have been, or were never cut over."""
        over = self.name == "finish" and link["state"] == "final"
        return bool(link["authority"] == self.authority) and not over


class Moved(msgspec.Struct):
    """What became of the links of a plan.

    Args:
        done: answers to those that were moved.
        before: number of those that needed nothing.
        refused: link, source, target, code and detail of the others.
        stopped: exit code and reason, where not all links were tried.
    """

    done: list[Any] = msgspec.field(default_factory=list)
    before: int = 0
    refused: list[dict[str, Any]] = msgspec.field(default_factory=list)
    stopped: tuple[int, str] | None = None


def move_all(connection: Connection, step: Step, plan: str, at_once: int) -> Moved:
    """Do a step with all links of a plan, and return what became of them; Ctrl-C begins no further one."""
    moved = Moved()
    total = sum(ask(connection, "GET", "plans", plan)["links"].values())
    with progress_bar(TimeRemainingColumn()) as progress:
        task = progress.add_task(step.name, total=total)
        try:
            for page in pages(connection, {"plan": plan, "limit": _PAGE}):
                asyncio.run(_Page(connection, step, moved, progress, task).move(output.rows_of(page, "items"), at_once))
        except NoAnswer as error:
            moved.stopped = output.UNREACHABLE, f"{error}; not all links were tried, do it again"
        except KeyboardInterrupt:
            moved.stopped = INTERRUPTED, "interrupted; what was under way goes on in the gateway"
    return moved


class _Page(msgspec.Struct, frozen=True):
    """What the links of one page have in common."""

    connection: Connection
    step: Step
    moved: Moved
    progress: Progress
    task: TaskID

    async def move(self, links: list[dict[str, Any]], at_once: int) -> None:
        """Move links, some at once.

        Raises:
            NoAnswer: the gateway stopped to answer.
        """
        waiting = iter(links)
        found = await asyncio.gather(*(self._move_some(waiting) for _ in range(at_once)), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each

    async def _move_some(self, waiting: Iterator[dict[str, Any]]) -> None:
        for link in waiting:
            if self.step.concerns(link):
                await self._move_one(link)
            else:
                self.moved.before += 1
            self.progress.advance(self.task)

    async def _move_one(self, link: dict[str, Any]) -> None:
        path, body = ("v1", "bridge", "links", link["id"], self.step.path), msgspec.json.encode(self.step.body)
        answer = await self.connection.exchange("POST", path, body=body)
        content = output.decoded(answer.body)
        if answer.status < _FIRST_ERROR:
            self.moved.done.append(content)
            return
        problem = content if isinstance(content, dict) else {}
        sides = {"link": link["id"], "source": link["source"], "target": link["target"]}
        code = problem.get("code") or str(answer.status)
        self.moved.refused.append(sides | {"code": code, "detail": problem.get("detail")})
