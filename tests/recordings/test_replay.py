"""The replayer itself, against answers made up in memory."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from tests.recordings.replay import Answer, Exchange, Lookup, Mismatch, Request, difference, load, replay, scenarios
from tests.recordings.template import Unbound, fill, match, match_json

JSON = {"content-type": "application/json"}
START = Exchange("start", "s", "", (), Request("POST", "/start", {}, "{}"), (Answer(200, JSON, '{"id":"{instance}"}'),))
READ = Exchange("read", "s", "", (), Request("GET", "/{instance}", {}, None), (Answer(204, {}, None),))


@pytest.mark.parametrize(
    ("name", "count"), [("camunda7-7.24.jsonl", 249), ("camunda7-7.24-secured.jsonl", 15), ("operaton-1.0.3.jsonl", 5)]
)
def test_recording_is_read_whole(name: str, count: int) -> None:
    exchanges = load(name)
    assert len({exchange.id for exchange in exchanges}) == count
    assert len(list(scenarios(exchanges))) == len({exchange.scenario for exchange in exchanges})


def test_ids_of_answers_are_sent_in_later_requests() -> None:
    sent = []

    def send(method, target, headers, body):
        sent.append((method, target, body))
        return (200, JSON, b'{"id": "i-1"}') if method == "POST" else (204, {}, b"")

    assert replay([START, READ], send) == []
    assert sent == [("POST", "/start", b"{}"), ("GET", "/i-1", None)]


def test_ids_end_with_their_scenario() -> None:
    other = dataclasses.replace(READ, scenario="t")
    mismatches = replay([START, other], lambda *_: (200, JSON, b'{"id": "i-1"}'))
    assert mismatches == [Mismatch("read", "request", "a value for instance", "none")]


def test_lookup_gives_the_key_of_the_first_row() -> None:
    looked_up = dataclasses.replace(READ, lookups=(Lookup("instance", "/list", "id"),))

    def send(method, target, headers, body):
        return (200, JSON, b'[{"id": "i-1"}, {"id": "i-2"}]') if target == "/list" else (int(target[3:]), {}, b"")

    assert replay([looked_up], send) == [Mismatch("read", "status", "204", "1 b''")]


@pytest.mark.parametrize(
    ("reply", "where"),
    [
        ((500, JSON, b'{"id":"i"}'), "status"),
        ((200, {"Content-Type": "text/plain"}, b'{"id":"i"}'), "header content-type"),
        ((200, {}, b'{"id":"i"}'), "header content-type"),
        ((200, JSON, b"not JSON"), "body"),
        ((200, JSON, b'{"id":1}'), "body.id"),
        ((200, JSON, b'{"id":"i","more":1}'), "body"),
        ((200, JSON, b"{}"), "body"),
        ((200, JSON, b'[{"id":"i"}]'), "body"),
    ],
)
def test_other_answer_is_a_mismatch(reply, where: str) -> None:
    (mismatch,) = replay([START], lambda *_: reply)
    assert (mismatch.id, mismatch.where) == ("start", where)


def test_header_that_was_not_recorded_is_a_mismatch_only_where_all_are_compared() -> None:
    reply = 204, {"Date": "now", "X-More": "1"}, b""
    assert difference(READ, reply, {}) is None
    assert difference(READ, reply, {}, None) == ("headers", "no others", "x-more")


def test_second_recorded_answer_is_as_good_as_the_first() -> None:
    exchange = dataclasses.replace(READ, answers=(Answer(200, {}, None), Answer(204, {}, None)))
    assert difference(exchange, (204, {}, b""), {}) is None


@pytest.mark.parametrize(
    ("template", "text", "bound"),
    [
        ("{instance}", "a-1", {"instance": "a-1"}),
        ("{definition.userTask}", "userTask:2:a-1", {"definition.userTask": "userTask:2:a-1"}),
        ("{definition.userTask}", "other:2:a-1", None),
        ("{activity.review-1}", "review:a-1", {"activity.review-1": "review:a-1"}),
        ("{activity.vote#body-1}", "vote#body:a", {"activity.vote#body-1": "vote#body:a"}),
        ("{base}/x", "http://127.0.0.1:1/engine-rest/x", {"base": "http://127.0.0.1:1/engine-rest"}),
        ("{timestamp}", "2013-01-23T13:42:42.000+0000", {}),
        ("{timestamp}", "2013-01-23T13:42:42Z", None),
        ("[B@{hash}", "[B@1f", {}),
        ("{id-1} {id-1}", "a a", {"id-1": "a"}),
        ("{id-1} {id-1}", "a b", None),
        ("{id-1}", "", None),
        ("{a=1} {}", "{a=1} {}", {}),
        ("a.c", "abc", None),
    ],
)
def test_placeholders_fit_their_shape_only(template: str, text: str, bound: dict[str, str] | None) -> None:
    found: dict[str, str] = {}
    assert match(template, text, found) == (bound is not None)
    assert found == (bound or {})


def test_placeholder_with_a_value_is_that_value() -> None:
    assert match("x {instance}", "x a", {"instance": "a"})
    assert not match("x {instance}", "x b", {"instance": "a"})


def test_placeholder_without_a_value_cannot_be_sent() -> None:
    with pytest.raises(Unbound, match="instance"):
        fill("/{instance}", {})


@pytest.mark.parametrize(
    ("template", "found", "same"),
    [
        ('{"a":1,"b":[1,2]}', '{"b":[1,2],"a":1}', True),
        ("[1,2]", "[2,1]", False),
        ("[1]", "[1,1]", False),
        ("1", "1.0", False),
        ("1.0", "1.00", True),
        ("1", "true", False),
        ("0.1", "0.1000000000000000055511151231257827", False),
        ("null", "false", False),
        ('{"{id-1}":1}', '{"i":1}', True),
        ('{"{id-1}":"{id-1}"}', '{"i":"j"}', False),
    ],
)
def test_json_is_compared_as_json(template: str, found: str, same: bool) -> None:
    assert (match_json(template, found.encode(), {}) is None) == same


RECORDINGS = ("camunda7-7.24.jsonl", "camunda7-7.24-secured.jsonl")


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording_fits_itself(name: str) -> None:
    assert replay(load(name), _Echo(load(name)).send, headers=None) == []


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording_does_not_fit_with_another_word_in_each_answer(name: str) -> None:
    exchanges = load(name)
    mismatches = replay(exchanges, _Echo(exchanges, spoil=True).send, headers=None)
    assert {mismatch.id for mismatch in mismatches} == {exchange.id for exchange in exchanges}


class _Echo:
    """Answers what was recorded, with made-up values for placeholders; spoiled, with something more."""

    def __init__(self, exchanges: tuple[Exchange, ...], *, spoil: bool = False) -> None:
        self._replies = [reply for exchange in exchanges for reply in self._expected(exchange)]
        self._spoilt = b"?" if spoil else b""

    def send(self, method, target, headers, body):
        looks_up, status, answer_headers, answer_body = self._replies.pop(0)
        return status, answer_headers, answer_body + (b"" if looks_up else self._spoilt)

    def _expected(self, exchange: Exchange):
        for lookup in exchange.lookups:
            yield True, 200, JSON, json.dumps([{lookup.key: _filled("{" + lookup.name + "}")}]).encode()
        answer = exchange.answers[0]
        body = answer.body if isinstance(answer.body, bytes) else _filled(answer.body or "").encode()
        yield False, answer.status, answer.headers, body


def _filled(text: str) -> str:
    names = re.findall(r"\{([A-Za-z][\w.#-]*)\}", text)
    return fill(text, {name: _value(name) for name in names})


def _value(name: str) -> str:
    fixed = {"timestamp": "2024-01-01T00:00:00.000+0000", "hash": "1f", "base": "http://127.0.0.1:1/engine-rest"}
    kind, _, rest = name.partition(".")
    shaped = {"definition": f"{rest}:1:i", "activity": f"{rest.rpartition('-')[0]}:{rest[-1:]}"}
    return fixed.get(name) or shaped.get(kind) or f"value-of-{name}"
