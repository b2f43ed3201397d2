"""The known name that somebody probably meant."""

from __future__ import annotations

import pytest

from gateway.nearest import nearest, suggestion

KEYS = ("host", "port", "username", "max_body_bytes", "timeout_s", "instanceIdIn", "variables")
SYNONYMS = {"processInstanceIdIn": "instanceIdIn"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("HOST", "host", id="other-case"),
        pytest.param("maxBodyBytes", "max_body_bytes", id="camel-case"),
        pytest.param("max-body-bytes", "max_body_bytes", id="hyphens"),
        pytest.param("instance_id_in", "instanceIdIn", id="underscores"),
        pytest.param("timeout", "timeout_s", id="unit-left-out"),
        pytest.param("varaibles", "variables", id="letters-swapped"),
        pytest.param("user", "username", id="beginning-only"),
        pytest.param("processInstanceIdIn", "instanceIdIn", id="synonym"),
        pytest.param("PROCESS_INSTANCE_ID_IN", "instanceIdIn", id="synonym-in-another-spelling"),
        pytest.param("colour", None, id="nothing-alike"),
        pytest.param("pq", None, id="two-letters"),
        pytest.param("", None, id="empty"),
        pytest.param("variables" * 100, None, id="too-long-to-compare"),
    ],
)
def test_nearest_finds_the_name_that_is_meant_and_nothing_else(name: str, expected: str | None) -> None:
    assert nearest(name, KEYS, SYNONYMS) == expected


def test_nearest_of_two_names_that_differ_in_case_alone_is_the_first() -> None:
    assert nearest("amount", ("Amount", "AMOUNT")) == "Amount"


def test_nearest_compares_no_more_names_than_its_bound() -> None:
    known = [f"zz{number}" for number in range(500)]
    assert nearest("amont", [*known, "amount"]) is None
    assert nearest("amont", [*known[:-1], "amount"]) == "amount"
    assert nearest("AMOUNT", [*known, "amount"]) == "amount"


def test_suggestion_is_a_sentence_to_append_or_nothing() -> None:
    assert suggestion("prot", KEYS) == " Did you mean `port`?"
    assert suggestion("colour", KEYS) == ""
