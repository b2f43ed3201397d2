"""Wrong passwords and keys, again and again: their refusals wait longer and longer, and nobody else does."""

from __future__ import annotations

import asyncio
import base64
import hmac
from typing import Any

import pytest

from gateway.access import Access, CallerEntry, credentials
from gateway.access.callers import SCOPES
from gateway.errors import Unauthenticated
from tests.web.conftest import SECRET
from tests.web.gate import Gate, gate
from tests.web.test_rates import counted

ACCESS = Access(
    (
        CallerEntry(name="batch", basic_username="batch", basic_password="right", scopes=SCOPES),
        CallerEntry(name="portal", key_sha256=SECRET, scopes=SCOPES),
    )
)
PATHS = ("/v1/engines", "/door/process-instance/1")


def basic(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"


WRONG = basic("batch", "wrong")


async def timed(door: Gate, path: str, more: str) -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    status, _, _ = await door.ask(path, more=more)
    return status, round(loop.time() - began, 2)


@pytest.mark.usefixtures("idle_time")
@pytest.mark.parametrize("path", PATHS, ids=["v1", "door"])
@pytest.mark.parametrize(
    "wrong", [WRONG, "X-Api-Key: guess\r\n", "Authorization: Bearer guess\r\n"], ids=["basic", "key", "bearer"]
)
async def test_refusals_of_wrong_credentials_wait_longer_each_time(path: str, wrong: str) -> None:
    async with gate(access=ACCESS) as door:
        answers = [await timed(door, path, wrong) for _ in range(10)]
        kind = "basic" if wrong is WRONG else "key"
        assert counted(door, "varbridge_failed_credentials_total") == [
            f'varbridge_failed_credentials_total{{kind="{kind}",slowed="no"}} 3.0',
            f'varbridge_failed_credentials_total{{kind="{kind}",slowed="yes"}} 7.0',
        ]
    assert answers == [(401, pytest.approx(wait, abs=0.05)) for wait in (0, 0, 0, 0.125, 0.25, 0.5, 1, 2, 4, 4)]


@pytest.mark.usefixtures("idle_time")
async def test_right_credentials_never_wait_even_of_the_user_whose_password_is_guessed() -> None:
    async with gate(access=ACCESS) as door:
        for _ in range(8):
            _ = await door.ask(PATHS[0], more=WRONG)
        guess = asyncio.create_task(timed(door, PATHS[0], WRONG))
        await asyncio.sleep(0)
        right = [await timed(door, PATHS[0], more) for more in (basic("batch", "right"), "X-Api-Key: secret\r\n")]
        first_of_another = await timed(door, PATHS[0], basic("other", "wrong"))
        assert (right, first_of_another) == ([(200, 0)] * 2, (401, 0))
        assert await guess == (401, pytest.approx(4, abs=0.05))


@pytest.mark.usefixtures("idle_time")
async def test_refusal_that_waits_takes_no_room_from_others() -> None:
    async with gate(access=ACCESS, services_more={"max_in_flight": 1}) as door:
        for _ in range(8):
            _ = await door.ask(PATHS[0], more=WRONG)
        guesses = [asyncio.create_task(timed(door, PATHS[0], WRONG)) for _ in range(20)]
        await asyncio.sleep(0)
        while not counted(door, "varbridge_failed_credentials_total")[-1].endswith(" 25.0"):
            assert not any(each.done() and each.result()[0] == 200 for each in guesses)
            await asyncio.sleep(0)
        assert await timed(door, PATHS[0], "X-Api-Key: secret\r\n") == (200, 0)
        assert {status for status, _ in await asyncio.gather(*guesses)} == {401}


@pytest.mark.usefixtures("idle_time")
async def test_credentials_that_nobody_guessed_do_not_count() -> None:
    sent = ("", "Authorization: Negotiate abc\r\n", "Authorization: Basic !\r\n")
    async with gate(access=ACCESS) as door:
        answers = [await timed(door, PATHS[0], more) for more in sent * 5]
        assert answers == [(401, 0)] * 15
        assert counted(door, "varbridge_failed_credentials_total") == []


@pytest.mark.usefixtures("idle_time")
async def test_passwords_that_the_engine_is_to_check_do_not_count() -> None:
    known = Access((CallerEntry(name="users", forward=True, scopes=SCOPES), *_entries()))
    async with gate(kind="forward", access=known) as door:
        answers = [await timed(door, PATHS[1], basic("batch", "the engine's own")) for _ in range(8)]
    assert answers == [(200, 0)] * 8


def _entries() -> tuple[CallerEntry, ...]:
    return (CallerEntry(name="batch", basic_username="batch", basic_password="right", scopes=SCOPES),)


@pytest.mark.parametrize("user", ["batch", "nobody"], ids=["known user", "unknown user"])
def test_passwords_of_known_and_unknown_users_are_compared_alike(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, ...]] = []

    def compare(*sides: Any) -> bool:
        compared.append(tuple(map(len, sides)))
        return hmac.compare_digest(*sides)

    monkeypatch.setattr(credentials, "hmac", type("hmac", (), {"compare_digest": staticmethod(compare)}))
    with pytest.raises(Unauthenticated):
        _ = ACCESS.identify({"Authorization": basic(user, "wrong")[len("Authorization: ") :].strip()})
    assert compared == [(32, 32)]
