"""Commands that a front-door request means, carried out: by the operations of ``/v1``, within what the caller may see.

The counterpart, for requests that are relayed as they are, is ``relaying``. What must not live here: a vendor's word.
"""

from gateway.operations.translating.carrying import HANDLERS, carry_out
from gateway.operations.translating.names import check_names, count_names
from gateway.operations.translating.translation import Translation

__all__ = ["HANDLERS", "Translation", "carry_out", "check_names", "count_names"]
