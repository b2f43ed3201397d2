"""What goes wrong with TLS towards an engine, in words of ours: OpenSSL's own name hosts and authorities."""

from __future__ import annotations

import re
import ssl

import aiohttp

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by nobody but itself",
    19: "is signed by an authority that is not trusted",
    20: "is signed by an authority that is not trusted",
    21: "is signed by an authority that is not trusted",
    23: "has been revoked",
    62: "is that of another host",
    64: "is that of another host",
}
"""By OpenSSL's code of what verification found (X509_V_ERR_…)."""
_OURS_REFUSED = re.compile("ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")


def tls_detail(error: BaseException, *, connecting: bool, who: str = "engine") -> str | None:
    """Return what an error says of TLS, for a failed exchange; None where TLS had no part in it.

    Nothing was carried out then: the handshake failed, or the engine refuses our certificate, which TLS 1.3 says after
    our side of the handshake and before the engine reads a request.

    Args:
        error: of a sender.
        connecting: whether no connection had been made yet.
        who: what the other side is.
    """
    below = _below(error)
    if below is None:
        return None
    if isinstance(below, ssl.SSLCertVerificationError):
        return f"TLS: the {who}'s certificate {_REASONS.get(below.verify_code, 'is not accepted')}."
    if _OURS_REFUSED.search(below.reason or ""):
        return f"TLS: the {who} refuses the gateway's certificate, or asks for one."
    return f"TLS: the handshake with the {who} failed." if connecting else None


def _below(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that an error was made from."""
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectorError):
            error = error.os_error
        elif isinstance(error, ssl.SSLError):
            return error
        else:
            error = error.__cause__
    return None
