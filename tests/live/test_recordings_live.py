"""The recordings against the real engine: what they say is what it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.wire import sender
from tests.recordings.replay import Exchange, Reply, Send, difference, load, replay
from tests.recordings.template import fill

RECORDING = load("camunda7-7.24.jsonl")
RACES = ("race-patch", "race-put", "race-delete", "race-read")
# Id of a recorded exchange and why it is not sent again with the others.
EXCLUDED: Mapping[str, str] = {
    "options-one": "the order of the methods in the WADL is drawn at each start; its meaning is in test_engine_facts",
    "xml-without-format": "this engine has the XML data format, so that Xml variables can be tried",
    **dict.fromkeys(RACES, "the loser of two requests at once; test_race_has_the_recorded_loser has them"),
}
ROUNDS = 300  # nearly always the first few do
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def quiet_camunda(live_camunda: str) -> Iterator[str]:
    """An engine without instances, before and after: some recorded queries have no bounds."""
    _delete_instances(live_camunda)
    yield live_camunda
    _delete_instances(live_camunda)


def test_recording_sent_again_answers_the_same(quiet_camunda: str) -> None:
    exchanges = [exchange for exchange in RECORDING if exchange.id not in EXCLUDED]
    mismatches = replay(exchanges, sender(quiet_camunda), headers=None)
    assert not mismatches, "\n".join(map(str, mismatches))


def test_excluded_exchanges_all_exist() -> None:
    assert {exchange.id for exchange in RECORDING} >= EXCLUDED.keys()


@pytest.mark.parametrize("name", RACES)
def test_race_has_the_recorded_loser(name: str, live_camunda: str, live_instance: str) -> None:
    exchange = next(exchange for exchange in RECORDING if exchange.id == name)
    send = sender(live_camunda)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            _set_what_races_need(send, live_instance)
            replies = _at_once(exchange, send, live_instance, pool)
            losers = [reply for reply in replies if reply[0] >= 400]
            if losers:
                assert difference(exchange, losers[0], {"instance": live_instance}, None) is None
                return
    pytest.fail(f"{ROUNDS} rounds without a loser")


def _at_once(exchange: Exchange, send: Send, instance: str, pool: ThreadPoolExecutor) -> list[Reply]:
    request, bound = exchange.request, {"instance": instance}
    body = request.body.encode() if isinstance(request.body, str) else request.body
    barrier = threading.Barrier(2)

    def one(_: int) -> Reply:
        barrier.wait()
        return send(request.method, fill(request.path, bound), request.headers, body)

    return list(pool.map(one, range(2)))


def _set_what_races_need(send: Send, instance: str) -> None:
    # The blanks make the engine write the Object anew when it is read.
    text = json.dumps({str(number): [number] for number in range(200)}, indent=1)
    info = {"objectTypeName": "java.util.HashMap", "serializationDataFormat": "application/json"}
    values = {
        "a": {"value": 1},
        "v0": {"value": 1},
        "o": {"type": "Object", "value": text[:3900].rpartition(",")[0] + "}", "valueInfo": info},
    }
    body = json.dumps({"modifications": values}).encode()
    status, _, reason = send("POST", f"/engine-rest/process-instance/{instance}/variables", JSON, body)
    assert status == 204, reason


def _delete_instances(url: str) -> None:
    send = sender(url)
    _, _, body = send("GET", "/engine-rest/process-instance?rootProcessInstances=true", {}, None)
    for instance in json.loads(body):
        send("DELETE", f"/engine-rest/process-instance/{instance['id']}", {}, None)
