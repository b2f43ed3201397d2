"""Zen: an API key goes with each request; name and password are exchanged for a token."""

from __future__ import annotations

import base64
import json

import pytest

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.plan import VendorResponse
from gateway.port import Credentials, Session, TokenRequest

from .test_plans import played

IAM = VendorResponse(200, body=b'{"access_token":"iam","expires_in":43199}')
JSON = ("Accept", "application/json")


def engine(**more: str) -> IbmBpmEngine:
    return IbmBpmEngine("c", Settings(), Credentials(kind="zen", username="u&", **more))


def exchanging() -> IbmBpmEngine:
    return engine(password="p&", token_url="https://iam/token", exchange_url="https://zen/auth")


def zen(token: str) -> VendorResponse:
    return VendorResponse(200, body=json.dumps({"accessToken": token}).encode())


def jwt(payload: object) -> str:
    return "h." + base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode() + ".s"


def test_password_is_exchanged_for_a_token_of_iam_and_that_for_one_of_zen() -> None:
    session, requests = played(exchanging().log_in(), IAM, zen("z"))
    form = b"grant_type=password&username=u%26&password=p%26&scope=openid"
    headers = (("Content-Type", "application/x-www-form-urlencoded"), JSON)
    assert requests == [
        TokenRequest(url="https://iam/token", headers=headers, body=form),
        TokenRequest(method="GET", url="https://zen/auth", headers=(("username", "u&"), ("iam-token", "iam"), JSON)),
    ]
    assert session == Session((("Authorization", "Bearer z"),), None)


@pytest.mark.parametrize(
    ("token", "lifetime_s"),
    [
        (jwt({"iat": 1000, "exp": 4600}), 3600.0),
        (jwt({"exp": 4600}), None),
        (jwt([]), None),
        ("a.b.c", None),
        ("a.!.c", None),
        ("opaque", None),
        (jwt({"iat": 5000, "exp": 4600}), None),
    ],
    ids=["stated", "no issue", "no object", "no JSON", "no base64", "opaque", "ends before it begins"],
)
def test_lifetime_is_what_the_token_states(token: str, lifetime_s: float | None) -> None:
    session, _ = played(exchanging().log_in(), IAM, zen(token))
    assert session.lifetime_s == lifetime_s


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([VendorResponse(401)], errors.EngineCredentialsRejected),
        ([VendorResponse(500)], errors.EngineUnavailable),
        ([VendorResponse(200, body=b"{}")], errors.EngineUnavailable),
        ([IAM, VendorResponse(401)], errors.EngineCredentialsRejected),
        ([IAM, VendorResponse(200, body=b'{"access_token":"x"}')], errors.EngineUnavailable),
    ],
    ids=["IAM refuses", "IAM fails", "IAM without a token", "Zen refuses", "Zen without a token"],
)
def test_exchange_that_fails_says_whose_fault_it_is(answers: list[VendorResponse], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        _ = played(exchanging().log_in(), *answers)


def test_api_key_needs_no_session_and_a_password_does() -> None:
    assert (engine(token="k").needs_session, exchanging().needs_session) == (False, True)


def test_session_is_carried_by_cookies_where_the_server_opened_it_and_by_a_token_else() -> None:
    session = IbmBpmEngine("c", Settings(), Credentials(kind="ibm_session", username="u", password="p"))
    assert (session.session_header, exchanging().session_header) == ("Cookie", "Authorization")


def test_client_credentials_are_taken_too() -> None:
    granting = IbmBpmEngine(
        "c", Settings(), Credentials(kind="oauth2", token_url="https://id/token", client_id="i", client_secret="s")
    )
    session, _ = played(granting.log_in(), VendorResponse(200, body=b'{"access_token":"t","expires_in":60}'))
    assert (granting.needs_session, session) == (True, Session((("Authorization", "Bearer t"),), 60.0))
