"""Our HTTP/1.1 sender: requests that are held in full, over connections of our own. Decision 0008 tells why.

What must not live here: uploads in pieces, polls, HEAD (``aiohttp_sender``), credentials, meaning of an answer.
"""

from gateway.wire.http1.sender import Http1Sender

__all__ = ["Http1Sender"]
