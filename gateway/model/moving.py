"""What a cut-over or roll-back has done, as it is reported."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.copying import CopyOutcome
from gateway.model.results import Activity

MoveKind = Literal["cut-over", "roll-back"]


class MoveReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified before an instance's owner changed, and what people have to do now.

    Args:
        kind: which of the two.
        left: the instance that decided before; ``left_state`` is the state in which it was left.
        owner: the instance that decides now; ``owner_state`` is its state.
        verified: the comparison of both after the last copy.
        copied: that last copy.
        left_activities: where the tokens of the one are that was left; None = its engine did not say.
        owner_activities: where the tokens of the one are that decides now; None = its engine did not say.
        todo: what is left for people, in their order.
    """

    kind: MoveKind
    left: str
    left_state: str
    owner: str
    owner_state: str
    verified: CopyOutcome
    copied: CopyOutcome
    left_activities: tuple[Activity, ...] | None
    owner_activities: tuple[Activity, ...] | None
    todo: tuple[str, ...]
