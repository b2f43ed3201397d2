"""Comparing the two sides of a link as they were read; blobs are read for it, as streams, and compared by digests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import msgspec

from gateway.bridge.compare import Digests, Terms, compare
from gateway.errors import ValueInvalid, VariableNotFound
from gateway.model.difference import Difference
from gateway.model.etag import BLOBS, variable_tag
from gateway.model.results import Variable
from gateway.operations.bridge.blobs import digest_blob
from gateway.operations.bridge.sides import Seen, Sides
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How the sides differ.

    Args:
        left: what is not explained, by name.
        by_rule: number of variables that are equal by a rule.
        source: SHA-256 of the blobs that were read on the side that decides.
    """

    left: dict[str, Difference]
    by_rule: int
    source: Mapping[str, bytes]


class Comparison:
    """Compares the sides of one link.

    Args:
        gateway: whose engines they are.
        sides: of the link.
        back: whether the side that decides is the target by now, so that the other one may hold what it was made of.
        call: for reading blobs.
        key: of the digests in what is reported; None = one of its own.
    """

    def __init__(self, gateway: Gateway, sides: Sides, call: Call, *, back: bool, key: bytes | None = None) -> None:
        self._gateway, self._sides, self._call = gateway, sides, call
        self._terms = Terms(
            source=sides.owner.engine, target=sides.twin.engine, key=key or os.urandom(16), returning=back
        )

    async def compare(self, seen: Seen, wanted: Mapping[str, Variable], left_out: frozenset[str]) -> Compared:
        """Compare the variables that are wanted, and names that only the other side has and that are not left out."""
        twins = {name: each for name, each in seen.twin.items() if _counts(name, seen, wanted, left_out)}
        both = [name for name in wanted if name in twins and (is_blob(wanted[name]) or is_blob(twins[name]))]
        source = await self._digests(self._sides.owner, (wanted[name] for name in both))
        target = await self._digests(self._sides.twin, (twins[name] for name in both))
        found = compare(wanted.values(), twins.values(), self._terms, Digests(source=source, target=target))
        left = {each.name: each for each in found if not each.is_explained}
        return Compared(left=left, by_rule=sum(each.outcome == "equal_by_rule" for each in found), source=source)

    async def _digests(self, side: Target, variables: Iterable[Variable]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for each in variables:
            if not is_blob(each):
                continue
            try:
                found[each.name] = (await digest_blob(self._gateway, side, each.name, self._call)).sha256
            except (ValueInvalid, VariableNotFound):  # it has changed since it was listed; the next look shows it
                found[each.name] = b""
        return found


def is_blob(variable: Variable) -> bool:
    """Return whether a variable's content is streamed, and not in a listing."""
    return variable.value.type in BLOBS


def tag_of(variable: Variable | None, sha256: bytes | None) -> str:
    """Return what is the same for the same value; for blobs by the digest of their content."""
    return "" if variable is None else f"{variable_tag(variable)} {(sha256 or b'').hex()}"


def _counts(name: str, seen: Seen, wanted: Mapping[str, Variable], left_out: frozenset[str]) -> bool:
    return name in wanted or (name not in seen.owner and name not in left_out)
