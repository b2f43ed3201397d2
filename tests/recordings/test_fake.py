"""The Camunda fake answers the recordings to the letter, but for a table of what it does not do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.camunda7.fake import Fake
from gateway.plan import VendorRequest
from tests.recordings.replay import Send, load, replay

RECORDING = load("camunda7-7.24.jsonl")
NOT_DONE: Mapping[str, str] = {
    "deploys nothing, knows every key": "deploy-model start-unknown-key",
    "has no activities, tokens, conditions or workers": (
        "start-with-variables instance-activities suspended-put-moves suspended-patch-moves moving-fails "
        "moving-rolled-back moving-up-before moving-up-root-after moving-up-after copies-counters called-variables "
        "worker-fetch worker-complete worker-variables"
    ),
    "has no batches": (
        ""
        ""
        "modify-string-too-long modify-async batch-variables batch-seed-job "
        "batch-work-job batch-done batch-no-variables batch-empty-variables batch-missing-instance"
    ),
    "keeps of the past what was last there": "moving-history history-get-deleted history-delete history-delete-all",
    "deserializes nothing, so its default reads are those without": (
        "untyped-get-raw object-read object-unreadable-queried json-read json-invalid-read-all rewrite-read "
        "rewrite-read-raw-after rewrite-read-again rewrite-read-raw-lost rewrite-mixed-read rewrite-mixed-read-again"
    ),
    "has Spin's XML format": "xml-without-format",
    "finds no instances by their variables": "instances-by-variable",
    "is given decoded segments, no container in front of it": "name-encoded-slash name-not-encoded names-all path-outside",
    "writes no WADL": "options-one",
    "does one thing at a time": "race-patch race-put race-delete race-read",
}


def sender(fake: Fake) -> Send:
    def send(
        method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        parts = urlsplit(target)
        path = parts.path.removeprefix(fake.base_path).strip("/").split("/")
        request = VendorRequest(
            method=method,
            path=tuple(unquote(each) for each in path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers=tuple(headers.items()),
            body=body or b"",
            writes=True,
            idempotent=False,
        )
        answer = fake.answer(request)
        return answer.status, dict(answer.headers), answer.content()

    return send


def test_fake_differs_from_the_recordings_just_where_it_says() -> None:
    mismatches = {each.id: str(each) for each in replay(RECORDING, sender(Fake()))}
    listed = {name for names in NOT_DONE.values() for name in names.split()}
    assert {name: said for name, said in mismatches.items() if name not in listed} == {}
    assert listed - mismatches.keys() == set(), "the fake does these now: take them off the table"


def test_table_names_recorded_exchanges_only_and_each_once() -> None:
    listed = [name for names in NOT_DONE.values() for name in names.split()]
    assert len(listed) == len(set(listed))
    assert set(listed) <= {each.id for each in RECORDING}
    assert len(listed) <= 99
