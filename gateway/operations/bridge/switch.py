"""The switch ``bridge.enabled``: while it is off, nothing of the bridge changes, and each instance keeps its engine."""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import BridgeTransitionRefused


class Switch:
    """Whether the bridge may change anything now.

    Args:
        is_on: looks at the configuration in use, so that a reload acts at once, also on what is under way.
    """

    def __init__(self, is_on: Callable[[], bool] = lambda: True) -> None:
        self._is_on = is_on

    @property
    def is_on(self) -> bool:
        """Return whether the bridge is on."""
        return self._is_on()

    def require_on(self) -> None:
        """Refuse a change while the bridge is switched off.

        Raises:
            BridgeTransitionRefused: it is.
        """
        if not self._is_on():
            raise BridgeTransitionRefused("The bridge is switched off (`bridge.enabled = false`): nothing changes.")
