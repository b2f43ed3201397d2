"""The bench's parts work together; nothing here looks at a clock's result."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.bench import before, stub, work
from tests.bench.copies import Copies, copies
from tests.bench.fairness import shares
from tests.bench.gains import GOALS, Gain, gains
from tests.bench.languages import ON_V1
from tests.bench.linked import LINKED, OTHERS, WORKS, linked
from tests.bench.load import Block
from tests.bench.neighbours import MOODS, Neighbour, neighbours
from tests.bench.rounds import Calls, Run, counted, measured
from tests.bench.sharing import GOALS as SHARING
from tests.bench.sharing import KEYED, PATCH, WAYS, Shared, sharing
from tests.bench.stage import DONE_BY, PROGRAMS, Stage
from tests.bench.switches import Protection, protection
from tests.bench.table import missed, printed
from tests.bench.transfers import MIB, Transfer, transfers


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running


def test_every_program_under_load_answers_with_success_and_one_call_each(stage: Stage) -> None:
    run = measured(
        stage, tuple(work.WORKS), tuple(PROGRAMS), seconds=20, rounds=1, requests=12, warm_up=4, connections=3
    )
    assert {(row.work, row.program, row.calls) for row in run.rows} == {
        (kind, name, work.CALLS.get(kind, 1.0)) for kind, names in DONE_BY.items() for name in names
    }
    assert {block.requests for blocks in run.blocks.values() for block in blocks} == {12}
    assert len(list(printed(run))) == 1 + len(run.rows) + 2 + len(ON_V1)


def test_gateway_of_before_is_measured_beside_todays_where_the_history_has_it() -> None:
    with before.checked_out("0" * 40) as nowhere:
        assert nowhere is None
    with before.checked_out() as past:
        if past is None:
            pytest.skip("no history here")
        programs = ("varbridge", before.NAME)
        with Stage(programs, past=past) as both:
            run = measured(
                both, ("patch", "patch, keyed"), programs, seconds=20, rounds=1, requests=12, warm_up=4, connections=3
            )
    assert [(row.work, row.program, row.calls) for row in run.rows] == [
        ("patch", "varbridge", 1.0), ("patch", before.NAME, 1.0), ("patch, keyed", "varbridge", 1.0),
    ]  # fmt: skip
    assert any("at the earlier commit" in line for line in printed(run))


def test_patches_through_the_gateway_cause_no_more_calls_than_promised(stage: Stage) -> None:
    assert [calls.what for calls in counted(stage) if calls.missed] == []


def test_program_that_refuses_stops_the_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = Block(sent=1, requests=1, seconds=1, cpu_us=1, p50_ms=1, p99_ms=1, statuses={"401": 1})
    monkeypatch.setattr(stage, "block", lambda *given, **more: refusing)
    with pytest.raises(RuntimeError, match="401"):
        measured(stage, ("patch",), ("varbridge",), seconds=1, rounds=1)


def test_goal_of_calls_missed_is_named() -> None:
    calls = Calls(what="a patch", status=204, found={"ibm.read": 2}, wanted={"ibm.read": 1})
    assert missed(Run(seconds=1, rounds=1, calls=[calls])) == ["a patch: 2 ibm.read, goal 1 ibm.read"]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        (b"POST", b"/engine-rest/process-instance/1/variables", "camunda.patch"),
        (b"GET", b"/engine-rest/process-instance/1/variables/a?deserializeValue=false", "camunda.read"),
        (b"POST", b"/engine-rest/variable-instance?maxResults=1", "camunda.list"),
        (b"GET", b"/rest/bpm/wle/v1/process/11?parts=header%7Cdata", "ibm.read"),
        (b"PUT", b"/rest/bpm/wle/v1/process/11/variables", "ibm.write"),
        (b"GET", b"/engine-rest/version", "other"),
    ],
)
def test_stub_request_is_of_the_class(method: bytes, path: bytes, kind: str) -> None:
    assert stub.kind_of(method, path) == kind


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200),
        (b"HTTP/1.1 200 OK\r\n", 0),
    ],
)
def test_answer_has_a_status_once_complete(answer: bytes, status: int) -> None:
    assert work.status_of(answer) == status


def test_large_variables_pass_without_being_held() -> None:
    found = transfers(64 * MIB)
    assert [(each.what, each.moved) for each in found if each.missed] == []
    assert [each.what for each in found] == ["up, /v1", "down, /v1", "up, front door", "down, front door"]


def test_batch_and_query_are_measured_beside_what_they_stand_for() -> None:
    found = gains(1, pin=False, seconds=0.2)
    assert len(found) == 3
    assert {each.what for each in found} > set(GOALS)
    assert all(min(each.one, each.many, each.gain) > 0 for each in found)
    assert len(list(printed(Run(seconds=1, rounds=1, gains=found)))) == 2 + len(found)


def test_language_that_costs_too_much_is_named_beside_what_it_says_on_v1() -> None:
    blocks = {f"{name} varbridge": [_block(8.1 if name in ON_V1 else 8.0)] for name in (*ON_V1, *ON_V1.values())}
    assert missed(Run(seconds=1, rounds=1, blocks=blocks)) == []
    (dear, like), *_ = ON_V1.items()
    blocks[f"{dear} varbridge"] = [_block(10.1)]
    run = Run(seconds=1, rounds=1, blocks=blocks)
    assert missed(run) == [f"{dear}: 0.79 of /v1, goal 0.8"]
    assert f"{dear}: 0.79 ± 0.00 of the same on /v1 (goal 0.8)" in printed(run)
    del blocks[f"{like} varbridge"]
    assert len(list(printed(run))) == 2 + len(ON_V1) - 1


def _block(cpu_us: float) -> Block:
    return Block(sent=1, requests=1, seconds=1, cpu_us=cpu_us, p50_ms=1, p99_ms=1, statuses={})


def test_gain_that_is_too_small_is_named() -> None:
    small = [Gain(what=what, unit="ms", one=1, many=goal, gain=goal - 0.1, error=0) for what, goal in GOALS.items()]
    assert [line.split(":")[0] for line in missed(Run(seconds=1, rounds=1, gains=small))] == list(GOALS)


@pytest.mark.usefixtures("postgres")
def test_processes_that_share_a_store_are_measured_beside_one_alone() -> None:
    found = sharing(1, pin=False, seconds=0.2, connections=4)
    assert [(each.who, each.work) for each in found] == [(who, work) for who in WAYS for work in (PATCH, KEYED)]
    assert all(min(each.cpu_us, each.ratio) > 0 for each in found)
    assert {(each.who, each.work) for each in found if each.goal is not None} == set(SHARING)


def test_callers_of_another_engine_are_all_served_while_one_is_sick() -> None:
    found = neighbours(1, pin=False, seconds=0.3)
    assert [(each.mood, each.errors) for each in found] == [(mood, 0) for mood in MOODS]
    assert all(min(each.requests, each.p99_ms, each.ratio) > 0 for each in found)
    assert any(status != "204" for each in found for status in each.sick)


def test_sick_engine_that_others_notice_is_named() -> None:
    fine = Neighbour(mood="hung", p99_ms=1, ratio=1.1, error=0, requests=9, errors=0, sick={"204": 9})
    slower, failing = (msgspec.structs.replace(fine, **more) for more in ({"ratio": 1.11}, {"errors": 1}))
    assert missed(Run(seconds=1, rounds=1, neighbours=[fine])) == []
    assert len(missed(Run(seconds=1, rounds=1, neighbours=[fine, slower, failing]))) == 2
    assert len(list(printed(Run(seconds=1, rounds=1, neighbours=[fine])))) == 2 + 1


def test_processes_that_compete_for_one_lock_all_write() -> None:
    assert [share.writes > 0 for share in shares(2, 0.3)] == [True, True]


def test_protection_is_measured_and_named_where_it_costs_too_much() -> None:
    found = protection(1, pin=False, seconds=0.1, processes=1)
    assert min(found.on_us, found.off_us) > 0
    cheap, dear = (Protection(on_us=1, off_us=1, extra=extra, error=0) for extra in (0.05, 0.06))
    assert missed(Run(seconds=1, rounds=1, protection=cheap)) == []
    (line,) = missed(Run(seconds=1, rounds=1, protection=dear))
    assert line.endswith("6.0 ± 0.0 % more (goal 5 %)")
    assert list(printed(Run(seconds=1, rounds=1, protection=dear)))[-1] == line


def test_sharing_that_costs_too_much_is_named() -> None:
    dear = [Shared(who=who, work=kind, cpu_us=1, ratio=goal + 0.1, error=0) for (who, kind), goal in SHARING.items()]
    run = Run(seconds=1, rounds=1, shared=dear)
    assert [line.split(": ")[0] for line in missed(run)] == [who for who, _ in SHARING]
    assert len(list(printed(run))) == 2 + len(dear)


def test_transfer_that_was_held_is_named() -> None:
    held = Transfer(what="up", size=MIB, moved=MIB, extra=33 * MIB, cpu_ms_per_mib=1, mib_per_s=1)
    short = Transfer(what="down", size=MIB, moved=5, extra=0, cpu_ms_per_mib=1, mib_per_s=1)
    assert [line.split(":")[0] for line in missed(Run(seconds=1, rounds=1, transfers=[held, short]))] == ["up", "down"]


def test_every_instance_of_a_bench_of_copies_is_copied() -> None:
    done = copies(links=30)
    assert (done.links, done.copied) == (30, 30)
    assert done.cpu_ms > 0


def test_copies_that_are_slow_few_or_grow_miss_their_goals() -> None:
    assert Copies(links=2, copied=2, cpu_ms=1.0, growth=0).missed == []
    assert len(Copies(links=2, copied=1, cpu_ms=10.0, growth=2**30).missed) == 3


def test_routing_by_link_is_measured_beside_no_links() -> None:
    found = linked(1, pin=False, seconds=0.1, links=100)
    assert [(each.work, each.what) for each in found] == [(work, what) for work in WORKS for what in (OTHERS, LINKED)]
    assert all(each.cpu_us > 0 < each.ratio for each in found)
