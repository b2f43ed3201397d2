"""Messages: refused. ``POST /process?action=sendMessage`` hands a text to the Event Manager and forgets it.

The answer shows neither whether anybody waits for it, nor who gets it, nor whether its values were taken, so nothing
that ``/v1`` promises about a correlation could be kept.
"""

from __future__ import annotations

from typing import NoReturn

from gateway.errors import Unsupported
from gateway.model.lifecycle import CorrelateMessage


def correlate_message(engine: str, command: CorrelateMessage) -> NoReturn:
    """Refuse a message.

    Raises:
        Unsupported: always, before any call.
    """
    del command
    raise Unsupported("This engine does not say who got a message, so none is correlated.", engine=engine)
