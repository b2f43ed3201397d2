"""Copying the variables of one link from the side that decides to the other one, until both sides agree.

Each pass reads both sides, compares, and writes the difference: state, not deltas, so a pass that is repeated or that
was broken off does no harm. While the instance runs on, it may change what was read; further passes follow, a bounded
number of them. Decision 0028 says which locks are held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.bridge import Link
from gateway.model.copying import CopyOutcome, CopyPolicy
from gateway.model.difference import Difference
from gateway.model.results import Variable
from gateway.model.values import Value
from gateway.model.verdict import Verdict
from gateway.operations.bridge.comparing import Compared, Comparison, is_blob, tag_of
from gateway.operations.bridge.judging import Judged, judge
from gateway.operations.bridge.restoring import restore
from gateway.operations.bridge.sides import (
    FindLink,
    Seen,
    Sides,
    copy_lock,
    look,
    read_owner,
    require_unchanged,
    sides_of,
)
from gateway.operations.bridge.writing import Changes, Refused, Writer
from gateway.operations.gateway import Gateway
from gateway.operations.write import write_under
from gateway.plan import Call

_PASSES = 4
"""Writes of one copy; a busy instance may have changed something after each."""
DIFFERS = "differs"
"""Code of a copy after which the other side does not hold what was written to it."""


def _go_on() -> None:
    """Let a copy go on."""


async def copy_link(  # noqa: PLR0913 - what is copied, and what may stop it
    gateway: Gateway,
    links: FindLink,
    link: Link,
    policy: CopyPolicy,
    call: Call,
    *,
    go_on: Callable[[], None] = _go_on,
) -> CopyOutcome:
    """Copy the variables of the side that decides to the other one. The link itself is not changed.

    Writes of callers are not kept waiting; a cut-over that wants them to holds the write lock of the source side around
    this. Another copy of the same link is waited for.

    Args:
        gateway: whose engines they are.
        links: where the link is read again before anything is written.
        link: as it was read; a cut-over or roll-back gives it with its own ``move``.
        policy: of the link's plan.
        call: its deadline bounds everything.
        go_on: called before each read and write; raises what ends the copy there.

    Raises:
        ConcurrentUpdate: the other side decides by now, or a cut-over has begun; nothing was written after that.
        VarbridgeError: an engine or the store failed; what was written is state, so the copy may be repeated.
    """
    sides = sides_of(gateway, link)
    if link.authority == "target":
        policy = sparing(policy, link)

    async def work() -> CopyOutcome:
        await require_unchanged(links, link)
        return await _Copy(gateway, sides, policy, call, go_on, back=link.authority == "target").run()

    return await write_under(gateway, copy_lock(link), call, work)


async def compare_link(gateway: Gateway, link: Link, policy: CopyPolicy, call: Call) -> CopyOutcome:
    """Compare the two sides of a link; nothing is written.

    Where they differ, the deciding side is read once more: what has changed on it since is ``raced`` and no difference.
    """
    sides, policy = sides_of(gateway, link), sparing(policy, link)
    comparison = Comparison(gateway, sides, call, back=link.authority == "target")
    seen = await look(gateway, sides, call)
    judged = judge(sides.twin.engine, seen, policy, {})
    compared = await comparison.compare(seen, judged.wanted, judged.left_out)
    raced: frozenset[str] = frozenset()
    if compared.left:
        again = Seen(owner=await read_owner(gateway, sides, call), twin=seen.twin)
        wanted = {name: each for name, each in again.owner.items() if name in judged.wanted}
        later = await comparison.compare(again, wanted, judged.left_out)
        raced = frozenset(
            name
            for name in compared.left
            if tag_of(seen.owner.get(name), compared.source.get(name))
            != tag_of(again.owner.get(name), later.source.get(name))
        )
    left = {name: each for name, each in compared.left.items() if name not in raced}
    return _outcome(judged, compared, left, raced=len(raced))


def sparing(policy: CopyPolicy, link: Link) -> CopyPolicy:
    """Return a policy by which it is no difference that one side lacks what the last copy left out.

    Only the write tells some of those names, such as those that a process does not declare.
    """
    return msgspec.structs.replace(policy, spared=policy.spared | frozenset(link.left_out))


class _Copy:
    """One copy, inside ``write_under``."""

    def __init__(  # noqa: PLR0913 - of what, how, and what may stop it
        self,
        gateway: Gateway,
        sides: Sides,
        policy: CopyPolicy,
        call: Call,
        go_on: Callable[[], None],
        *,
        back: bool,
    ) -> None:
        self._gateway, self._sides, self._policy, self._call, self._go_on = gateway, sides, policy, call, go_on
        self._back = back
        self._comparison = Comparison(gateway, sides, call, back=back)
        self._writer = Writer(gateway, sides, call)
        self._refused: dict[str, VarbridgeError] = {}
        self._sent: dict[str, str] = {}
        self._before: Seen | None = None
        self._judged: tuple[object, Judged] | None = None
        self._passes, self._written, self._deleted = 0, 0, 0

    async def run(self) -> CopyOutcome:
        while True:
            self._go_on()
            seen = await look(self._gateway, self._sides, self._call)
            judged = self._judge(seen)
            if judged.stopped is not None:
                return self._stopped(judged, *judged.stopped)
            compared = await self._comparison.compare(seen, judged.wanted, judged.left_out)
            if not compared.left or self._passes == _PASSES:
                return self._ended(judged, compared, seen)
            self._go_on()
            try:
                await self._write(seen, judged.wanted, compared)
            except Refused as refused:
                self._refused |= refused.names

    def _judge(self, seen: Seen) -> Judged:
        """Judge what is to be copied; once, as long as it stays the same."""
        basis = (seen.owner, seen.inner, tuple(self._refused))
        if self._judged is None or self._judged[0] != basis:
            self._judged = basis, judge(self._sides.twin.engine, seen, self._policy, self._refused)
        return self._judged[1]

    async def _write(self, seen: Seen, wanted: Mapping[str, Variable], compared: Compared) -> None:
        differing = [wanted[name] for name in compared.left if name in wanted]
        values: dict[str, Value] = {}
        blobs: list[Variable] = []
        for each in differing:
            restored = restore(self._sides, each, seen.twin.get(each.name)) if self._back else None
            if restored is not None:
                values[each.name] = restored
            elif is_blob(each):
                blobs.append(each)
            else:
                values[each.name] = each.value
        deletions = tuple(name for name in compared.left if name not in wanted)
        await self._writer.write(Changes(values=values, blobs=tuple(blobs), deletions=deletions))
        self._sent |= {name: tag_of(wanted.get(name), self._writer.digests.get(name)) for name in compared.left}
        self._before = seen
        self._passes += 1
        self._written += len(differing)
        self._deleted += len(deletions)

    def _stopped(self, judged: Judged, verdict: Verdict, handling: str) -> CopyOutcome:
        return CopyOutcome(
            result="failed" if handling == "fail" else "skipped",
            code=verdict.code or verdict.rules[0],
            reason=f"`{verdict.name}`: {verdict.detail or 'it loses something by the rule ' + verdict.rules[0]}",
            verdicts=judged.counts,
            size=judged.size,
            written=self._written,
            deleted=self._deleted,
            passes=self._passes,
            skipped=judged.skipped(self._policy),
            said=judged.said,
        )

    def _ended(self, judged: Judged, compared: Compared, seen: Seen) -> CopyOutcome:
        """Return the outcome after the last pass: what the owner has changed since it was sent is no difference."""
        left = {name: each for name, each in compared.left.items() if not self._has_raced(name, compared, seen)}
        raced = len(compared.left) - len(left)
        outcome = _outcome(judged, compared, left, raced=raced)
        skipped = judged.skipped(self._policy)
        counts = {"written": self._written, "deleted": self._deleted, "passes": self._passes, "skipped": skipped}
        counts["size"] = judged.size + self._writer.size
        return msgspec.structs.replace(outcome, **counts)

    def _has_raced(self, name: str, compared: Compared, seen: Seen) -> bool:
        now, sent = seen.owner.get(name), self._sent.get(name)
        if sent is None:
            return self._before is not None and tag_of(now, None) != tag_of(self._before.owner.get(name), None)
        return sent != tag_of(now, compared.source.get(name))


def _outcome(judged: Judged, compared: Compared, left: Mapping[str, Difference], raced: int) -> CopyOutcome:
    names = ", ".join(f"`{name}`" for name in list(left)[:5])
    return CopyOutcome(
        result="failed" if left else "copied",
        code=DIFFERS if left else None,
        reason=f"The sides differ in {len(left)} variables: {names}." if left else None,
        verdicts=judged.counts,
        size=judged.size,
        differences=tuple(left.values()),
        different=len(left),
        raced=raced,
        by_rule=compared.by_rule,
        said=judged.said,
    )
