"""Parameters of the vendor's protocol, which any call may have beside its own.

The vendor's pages on the protocol (``rdev_restapis_httpheaders``) and its clients have them: the negotiated answer, the
method behind an override, the challenge of a log-in, and the token of a session.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from gateway.errors import Fault, Unsupported

_PROTOCOL = frozenset(
    ("accept", "x-method-override", "x-http-method-override", "avoidbasicauthchallenge", "bpmcsrftoken")
)


def check_parameters(given: Iterable[str], taken: Container[str]) -> None:
    """Refuse a parameter that is not known here: its effect on the answer would be missing.

    Raises:
        Unsupported: naming the first of them.
    """
    for name in given:
        if name not in taken and name.lower() not in _PROTOCOL:
            detail = f"The parameter {name} cannot be said to another vendor's engine."
            raise Unsupported(detail, errors=(Fault(f"/{name}", detail),))
