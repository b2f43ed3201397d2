"""The thin sender: small exchanges, held in full, over connections of our own. Decision 0008 tells why.

What must not live here: streams, polls, HEAD (``socket`` and ``relay`` have those), credentials, meaning of an answer.
"""

from gateway.wire.thin.sender import Thin

__all__ = ["Thin"]
