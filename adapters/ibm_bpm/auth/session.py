"""Credentials of the gateway: Basic, bearer or Zen on each request, or a session opened by a log-in.

A session is the cookies of the log-in (``LtpaToken2``, ``JSESSIONID``) and the CSRF tokens: ``BPMCSRFToken`` from
``/bpm/system/login``, and the cookie ``XSRF-TOKEN`` mirrored as a header, which newer servers ask for.
"""

from __future__ import annotations

import base64
import re
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec

from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.wire import ACCEPT, JSON, error_in
from gateway.errors import EngineCredentialsRejected, EngineError, EngineUnavailable
from gateway.plan import Plan, VendorRequest, VendorResponse
from gateway.port import Credentials, Session, authorization

_BASE_SEGMENTS = 4
"""``/rest/bpm/wle/v1``: the log-in of the newer API family lies beside it, below the same prefix."""
_CSRF_MISSING = "CWTBG0651E"
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


class _Login(msgspec.Struct, frozen=True, kw_only=True):
    csrf_token: str | None = None
    expiration: Any = None


def signature(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """Return the headers of credentials that go with every request."""
    if credentials.kind == "zen":
        # ZenApiKey base64(user:key), as Cloud Pak for Business Automation takes it
        pair = f"{credentials.username}:{credentials.token}".encode()
        return (("Authorization", "ZenApiKey " + base64.b64encode(pair).decode("ascii")),)
    return authorization(credentials)


def log_in(engine: str, settings: Settings, credentials: Credentials) -> Plan[Session]:
    """Open a session with the user's name and password.

    Raises:
        EngineCredentialsRejected: the server refuses them, or opens no session for them.
    """
    basic = authorization(msgspec.structs.replace(credentials, kind="basic"))
    if settings.login != "user_current":
        answer = yield _system_login(settings, basic)
        _check_login(engine, answer)
        if 200 <= answer.status < 300 and not _is_page(answer):  # noqa: PLR2004
            return _session(engine, answer, _read_login(answer))
        if settings.login == "system_login":
            raise EngineCredentialsRejected("The log-in failed.", engine=engine, engine_status=answer.status)
    answer = yield VendorRequest(
        method="GET", path=("user", "current"), query=(("parts", "none"),), headers=ACCEPT + basic,
        writes=False, idempotent=True,
    )  # fmt: skip
    _check_login(engine, answer)
    if answer.status != 200 or _is_page(answer):  # noqa: PLR2004
        raise EngineCredentialsRejected("The log-in failed.", engine=engine, engine_status=answer.status)
    return _session(engine, answer, _Login())


def _system_login(settings: Settings, basic: tuple[tuple[str, str], ...]) -> VendorRequest:
    # always with a body, even an empty one; the prose spells the keys with hyphens, the Swagger and clients do not
    body = {"refresh_groups": True, "requested_lifetime": settings.session_lifetime_s}
    return VendorRequest(
        method="POST", path=("bpm", "system", "login"), above=_BASE_SEGMENTS, headers=JSON + basic,
        body=msgspec.json.encode(body), writes=False, idempotent=True,
    )  # fmt: skip


def _check_login(engine: str, answer: VendorResponse) -> None:
    if answer.status in {401, 403}:
        raise EngineCredentialsRejected("The engine refused the log-in.", engine=engine, engine_status=answer.status)
    if answer.status == 503:  # noqa: PLR2004
        raise EngineUnavailable(engine=engine, engine_status=answer.status)
    if answer.status >= 500:  # noqa: PLR2004
        raise EngineError("The log-in failed.", engine=engine, engine_status=answer.status, outcome="not_applied")


def _read_login(answer: VendorResponse) -> _Login:
    try:
        return msgspec.json.decode(answer.content(), type=_Login)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Login()


def _session(engine: str, answer: VendorResponse, login: _Login) -> Session:
    cookies = _cookies(answer)
    headers: list[tuple[str, str]] = []
    if cookies:
        headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
    if login.csrf_token is not None:
        headers.append(("BPMCSRFToken", login.csrf_token))
    if "XSRF-TOKEN" in cookies:
        headers.append(("X-XSRF-TOKEN", cookies["XSRF-TOKEN"]))
    if not cookies:
        raise EngineCredentialsRejected(
            "The log-in set no cookie, so there is no session.", engine=engine, engine_status=answer.status
        )
    lifetime = login.expiration
    known = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and lifetime > 0
    return Session(tuple(headers), float(lifetime) if known else None)


def _cookies(answer: VendorResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in answer.headers:
        if name == "set-cookie":
            jar: SimpleCookie = SimpleCookie()
            try:
                jar.load(value)
            except CookieError:
                continue
            found |= {key: morsel.coded_value for key, morsel in jar.items()}
    return found


def expired(answer: VendorResponse) -> bool:
    """Return whether an answer means that the session is over.

    An empty or HTML 401, a redirection (to a log-in page), an HTML page instead of JSON, or a CSRF token that is no
    longer good; a 401 with the vendor's JSON is a permission and no reason to log in.
    """
    if not isinstance(answer.body, bytes):
        return False
    if answer.status == 401:  # noqa: PLR2004
        error = error_in(answer)
        return error is None or not error.known
    if answer.status == 403:  # noqa: PLR2004
        error = error_in(answer)
        return error is not None and error.number == _CSRF_MISSING
    return 300 <= answer.status < 400 or (answer.status == 200 and _is_page(answer))  # noqa: PLR2004


def _is_page(answer: VendorResponse) -> bool:
    """Return whether an answer is a web page, by its media type or by how its body begins."""
    return "html" in answer.header("content-type") or _PAGE.match(answer.content()) is not None
