"""What was found about an item of a bridge job, as it is stored with how the item ended, and read for reports."""

from __future__ import annotations

import msgspec

from gateway.model.bridge_jobs import BridgeItem, BridgeItemOutcome
from gateway.model.copying import CopyOutcome

_decoder = msgspec.json.Decoder(CopyOutcome)


def ended_item(item: BridgeItem, outcome: str, found: CopyOutcome) -> BridgeItemOutcome:
    """Return how an item ended, with what was found as its evidence."""
    return BridgeItemOutcome(
        number=item.number,
        instance=item.instance,
        link=item.link,
        outcome=outcome,
        code=found.code,
        evidence=msgspec.json.encode(found.capped()),
        verdicts=found.verdicts,
    )


def read_evidence(evidence: bytes) -> CopyOutcome:
    """Return what was found about an item that has ended."""
    return _decoder.decode(evidence)
