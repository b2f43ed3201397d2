"""Who calls, for every dialect: credentials are checked, guessing is slowed, and the caller's rate is kept."""

from __future__ import annotations

import math
from typing import Protocol

from aiohttp import web

from gateway.access import Caller, WrongCredentials
from gateway.errors import RateLimited, Unauthenticated
from gateway.web.http.tls import client_certificate
from gateway.web.services import Services


class Asking(Protocol):
    """A request whose caller is to be recognised.

    Attributes:
        rate_headers: what its answer says of the caller's rate, whatever the answer is.
        delay_s: how long its answer is held back.
    """

    services: Services
    request: web.BaseRequest
    caller: Caller | None
    rate_headers: tuple[tuple[str, str], ...]
    delay_s: float


async def recognise(asking: Asking, *, forwards: bool) -> bool:
    """Note who calls, and take a token of the caller's rate; return whether the credentials were for the gateway.

    Args:
        asking: the request.
        forwards: whether an engine may check the credentials that the gateway does not know.

    Raises:
        Unauthenticated: nobody is known by these credentials. RateLimited: the caller sends too many requests.
    """
    access, headers = asking.services.access, asking.request.headers
    try:
        if access.tokens is None and not access.takes_certificates:
            caller, ours = access.identify_for(headers, forwards=forwards)
        else:
            certificate = client_certificate(asking.request) if access.takes_certificates else None
            caller, ours = await access.recognise(headers, forwards=forwards, certificate=certificate)
    except Unauthenticated as error:
        if isinstance(error.__cause__, WrongCredentials):
            _slow_down(asking, error.__cause__)
        raise
    asking.caller = caller
    if asking.services.rates:
        _keep_rate(asking, caller.name)
    return ours


def _slow_down(asking: Asking, wrong: WrongCredentials) -> None:
    """Let the refusal of what may have been a guess wait, if there were others before it."""
    services = asking.services
    asking.delay_s = min(services.failures.note(asking.request.remote or "", wrong.user), services.limits.max_timeout_s)
    services.metrics.failed_credentials(wrong.kind, slowed=asking.delay_s > 0)


def _keep_rate(asking: Asking, name: str) -> None:
    """Take a token of the caller's bucket, if it has one.

    Raises:
        RateLimited: there is none now.
    """
    bucket = asking.services.rates.get(name)
    if bucket is None:
        return
    wait_s = bucket.take()
    asking.rate_headers = bucket.headers()
    if wait_s:
        asking.services.metrics.throttled(name)
        raise RateLimited(headers=(("Retry-After", str(math.ceil(wait_s))),))
