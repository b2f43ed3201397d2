"""The thin sender: requests that are held in full, over connections of our own. Decision 0008 tells why.

What must not live here: uploads in pieces, polls, HEAD (``socket`` and ``relay``), credentials, meaning of an answer.
"""

from gateway.wire.thin.sender import Thin

__all__ = ["Thin"]
