"""Importing links: pairs from a file become links, batch by batch; what cannot be made is reported, row by row.

Sending the same file again does no harm: what is linked already is counted as present.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from gateway.bridge.linking import NotLinked
from gateway.errors import VarbridgeError
from gateway.model.bridge import Link, Side
from gateway.model.commands import FindInstances
from gateway.operations.bridge.links import Links
from gateway.operations.gateway import Gateway
from gateway.plan import Call

BATCH = 500
"""Links of one transaction: some 30 ms of the store's thread."""
MAX_PROBLEMS = 10_000
"""Rows whose reasons are listed; of the others only the number is told."""
_CHECK_S = 30.0
"""For the engines to say which instances of a batch there are."""


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why one row was refused.

    Args:
        row: number of its line.
        reason: ``row``: it cannot be read, or names what cannot be; ``missing``: an instance is not there, or has
            ended; else as for ``NotLinked``.
        detail: for people.
    """

    row: int
    reason: str
    detail: str


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of the rows so far.

    Args:
        linked: were linked now; ``present``: were linked so already.
        refused: number of rows refused, by reason.
        problems: of rows refused, the first ones.
        last: the number of the last line that was done.
    """

    linked: int = 0
    present: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    problems: list[RowProblem] = msgspec.field(default_factory=list)
    last: int = 0

    def refuse(self, row: int, reason: str, detail: str) -> None:
        """Note that a row was refused."""
        self.refused[reason] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(RowProblem(row=row, reason=reason, detail=detail))


class LinkImport:
    """One import.

    Args:
        links: what makes links.
        gateway: whose engines are asked whether instances are there; None = they are not asked.
        call: of the request; each batch has a deadline of its own.
        caller: name of who imports.
    """

    def __init__(self, links: Links, gateway: Gateway | None, call: Call, caller: str) -> None:
        self._links, self._gateway, self._call, self._caller = links, gateway, call, caller
        self._id = os.urandom(16).hex()
        self.report = ImportReport()

    async def add(self, rows: Sequence[tuple[int, Link]]) -> None:
        """Make the links of some rows, at most ``BATCH``, in one transaction.

        Raises:
            BridgeTransitionRefused: the bridge is switched off. StoreUnavailable: the store cannot be reached.
            VarbridgeError: an engine cannot say which instances there are.
        """
        missing = await self._missing([link for _, link in rows])
        there: list[tuple[int, Link]] = []
        for row, link in rows:
            gone = [side.public for side in (link.source, link.target) if side in missing]
            if gone:
                self.report.refuse(row, "missing", f"{gone[0]} is not a running instance.")
            else:
                there.append((row, link))
        made = await self._create([link for _, link in there]) if there else []
        for (row, _), done in zip(there, made, strict=True):
            self._note(row, done)
        self.report.last = rows[-1][0] if rows else self.report.last

    async def _create(self, links: Sequence[Link]) -> list[Link | NotLinked]:
        return await self._links.create_many(links, self._caller, {"import": self._id})

    async def end(self, content: Mapping[str, str | int], plan: str | None, error: VarbridgeError | None) -> None:
        """Record in the audit trail what the import came to, whether or not it came to its end.

        Args:
            content: SHA-256 and length of what was read of the file.
            plan: of the request.
            error: what ended it before its end.

        Raises:
            StoreUnavailable: the store cannot be reached; the links are recorded all the same, each for itself.
        """
        report = self.report
        counts = {"linked": report.linked, "present": report.present, "refused": dict(report.refused)}
        stopped_by = {} if error is None else {"stopped": error.code, "last": report.last}
        await self._links.record_import(self._id, self._caller, {**content, "plan": plan, **counts, **stopped_by})

    def _note(self, row: int, done: Link | NotLinked) -> None:
        if isinstance(done, Link):
            self.report.linked += 1
        elif done.reason == "exists":
            self.report.present += 1
        else:
            self.report.refuse(row, done.reason, done.detail)

    async def _missing(self, links: Sequence[Link]) -> set[Side]:
        """Return the sides that are no running instances; one request an engine."""
        if self._gateway is None:
            return set()
        sides = {side for link in links for side in (link.source, link.target)}
        there: set[Side] = set()
        for engine in sorted({side.engine for side in sides}):
            ids = tuple(sorted(side.native for side in sides if side.engine == engine))
            there |= {Side(engine, each) for each in await self._running(self._gateway, engine, ids)}
        return sides - there

    async def _running(self, gateway: Gateway, engine: str, ids: tuple[str, ...]) -> list[str]:
        command = FindInstances(ids=ids, limit=len(ids))
        until = asyncio.get_running_loop().time() + _CHECK_S
        call = msgspec.structs.replace(self._call, deadline=until)
        found = await gateway.run(engine, gateway.engines[engine].find_instances(command), call)
        return [each.id for each in found.instances]


def stopped(error: VarbridgeError, report: ImportReport) -> VarbridgeError:
    """Return the error that ended an import before its end, with what is done."""
    return error.hint(f"Everything up to line {report.last} is done; send the same file again to go on.")
