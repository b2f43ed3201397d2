"""A copy of one link, over loopback, in every direction: what is written, what is not, and what stops it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from gateway.errors import (
    BridgeTransitionRefused,
    ConcurrentUpdate,
    InstanceNotFound,
    InstanceStateConflict,
    StoreUnavailable,
    VarbridgeError,
)
from gateway.model.bridge import Link, Move
from gateway.model.commands import PatchVariables
from gateway.model.copying import CopyPolicy
from gateway.model.jsontext import Number
from gateway.model.values import Value
from gateway.operations import Target, variables
from gateway.operations.bridge.copying import copy_link
from gateway.plan import VendorRequest, VendorResponse
from tests.bridge.pair import CAMUNDA, DIRECTIONS, IBM, SOURCE, TARGET, Pair, blob, pair_of

LARGE = bytes(range(256)) * 1024
"""256 KiB: larger than any buffer on the way."""
AWKWARD: dict[str, dict[str, Any]] = {
    CAMUNDA: {
        "number": {"type": "Integer", "value": -2147483648},
        "short": {"type": "Short", "value": 7},
        "large": {"type": "Long", "value": 9223372036854775807},
        "digits": {"type": "Double", "value": 0.1},
        "text": {"type": "String", "value": "ä€𝄞" + "x" * 3000},
        "empty": {"type": "String", "value": ""},
        "first": {"type": "Date", "value": "0001-01-01T00:00:00.000+0000"},
        "last": {"type": "Date", "value": "9999-12-31T23:59:59.999+0000"},
        "document": {"type": "Json", "value": '{"digits":123456789012345678901234567890.5,"items":[{"a":null}]}'},
        "list": {"type": "Json", "value": '[1,"2",[]]'},
        "nothing": {"type": "Null", "value": None},
        "flag": {"type": "Boolean", "value": False},
        "scan": blob(LARGE, "scan 1.pdf"),
        "bytes": blob(b"\x00\xff" * 700),
        "hollow": blob(b""),
        "quoted": blob(b"content", 'a "quoted" name.pdf'),
        "a/b": blob(b"no path carries this name"),
    },
    IBM: {
        "number": 5,
        "decimal": 1.5,
        "text": "ä€𝄞" + "x" * 3000,
        "document": {"lines": [{"price": 1.1}], "name": "n"},
        "list": [1, 2],
        "flag": True,
    },
}


def declared(vendor: str) -> dict[str, Any]:
    """Variables of a target before a copy: an IBM process declares its names, a Camunda process has what it likes."""
    others = {"left": {"type": "String", "value": "over"}} if vendor == CAMUNDA else {"left": "over"}
    if vendor == CAMUNDA:
        return others
    shapes: dict[str, Any] = {"document": {"a": 1}, "list": [1], "flag": True, "number": 1, "short": 1, "digits": 1.5}
    return (
        dict.fromkeys(AWKWARD[CAMUNDA], "before")
        | shapes
        | {"scan": {}, "bytes": {}, "hollow": {}, "quoted": {}, "a/b": {}}
        | others
    )


def writes(pair: Pair, name: str) -> list[str]:
    return [each for each in pair.asked(name) if not each.startswith("GET") and not each.endswith("variable-instance")]


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
async def test_copy_makes_the_twin_equal_or_equal_by_rule_and_writes_it_alone(source: str, target: str) -> None:
    async with pair_of(source, target, AWKWARD[source], declared(target)) as pair:
        before = await pair.shown(SOURCE)
        outcome = await pair.copy()
        assert (outcome.result, outcome.code, outcome.different, outcome.passes) == ("copied", None, 0, 1)
        assert outcome.written == len(AWKWARD[source])
        assert outcome.deleted == 1
        assert writes(pair, SOURCE) == []
        assert await pair.shown(SOURCE) == before
        verified = await pair.compare()
        assert (verified.result, verified.different, verified.by_rule) == ("copied", 0, outcome.by_rule)


async def test_copy_between_engines_of_a_kind_loses_nothing() -> None:
    async with pair_of(CAMUNDA, CAMUNDA, AWKWARD[CAMUNDA], declared(CAMUNDA)) as pair:
        outcome = await pair.copy()
        assert outcome.verdicts == {"lossless": len(AWKWARD[CAMUNDA])}
        assert outcome.by_rule == 0
        assert await pair.shown(TARGET) == await pair.shown(SOURCE)
        held = {name: each.value for name, each in pair.stored(SOURCE).variables.items()}
        assert {name: each.value for name, each in pair.stored(TARGET).variables.items()} == held


async def test_rules_of_what_is_lost_are_counted_and_named() -> None:
    held = {"large": AWKWARD[CAMUNDA]["large"], "last": AWKWARD[CAMUNDA]["last"]}
    async with pair_of(CAMUNDA, IBM, held, {"large": "", "last": ""}) as pair:
        outcome = await pair.copy()
        assert outcome.verdicts == {"int64-to-string": 1, "date-truncated-to-seconds": 1, "date-time-to-string": 1}
        assert {each.name: each.rules for each in outcome.said} == {
            "large": ("int64-to-string",),
            "last": ("date-truncated-to-seconds", "date-time-to-string"),
        }
        assert outcome.by_rule == 2


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [(CAMUNDA, CAMUNDA, ["POST"]), (IBM, CAMUNDA, ["POST"]), (CAMUNDA, IBM, ["GET", "PUT"])],
    ids=["camunda to camunda", "ibm to camunda", "camunda to ibm"],
)
async def test_scalars_are_written_with_as_few_requests_as_the_engine_needs(
    source: str, target: str, expected: list[str]
) -> None:
    held = {f"v{index}": {"type": "Integer", "value": index} if source == CAMUNDA else index for index in range(20)}
    there = dict.fromkeys(held, 100) if target == IBM else {"v0": {"type": "String", "value": "before"}}
    async with pair_of(source, target, held, there) as pair:
        await pair.copy()
        methods = [each.split()[0] for each in pair.asked(TARGET) if not each.endswith(" variable-instance")]
        read = ["GET"] if target == IBM else []
        assert methods == [*read, *expected, *read]
        assert len(pair.asked(SOURCE)) == 2


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
async def test_second_copy_reads_and_writes_nothing(source: str, target: str) -> None:
    async with pair_of(source, target, AWKWARD[source], declared(target)) as pair:
        await pair.copy()
        pair.forget()
        outcome = await pair.copy()
        assert (outcome.result, outcome.passes, outcome.written, outcome.deleted) == ("copied", 0, 0, 0)
        assert writes(pair, SOURCE) + writes(pair, TARGET) == []


async def test_what_the_source_no_longer_has_is_deleted_and_what_the_twin_keeps_for_itself_is_not() -> None:
    there = {name: {"type": "String", "value": name} for name in ("gone", "marker")}
    async with pair_of(CAMUNDA, CAMUNDA, {"kept": {"type": "Integer", "value": 1}}, there) as pair:
        await pair.copy(CopyPolicy(kept=frozenset({"marker"})))
        assert set(await pair.shown(TARGET)) == {"kept", "marker"}


async def test_variable_that_an_engine_cannot_delete_becomes_null() -> None:
    async with pair_of(CAMUNDA, IBM, {"kept": {"type": "Integer", "value": 1}}, {"kept": 0, "gone": "x"}) as pair:
        assert (await pair.copy()).deleted == 1
        assert (await pair.shown(TARGET))["gone"] == ("null", None, "null")
        assert (await pair.copy()).passes == 0


FEW = {"large", "text", "document", "quoted", "bytes"}
BROKEN = {"broken": {"type": "Json", "value": "{bad"}, "fine": {"type": "Integer", "value": 1}}
LONG = {"broken": {"type": "String", "value": "x" * 4001}, "fine": {"type": "Integer", "value": 1}}


@pytest.mark.parametrize(
    ("held", "code"),
    [(BROKEN, "variable-unreadable"), (LONG, "value-too-long")],
    ids=["unreadable", "too long for the target"],
)
@pytest.mark.parametrize(
    ("policy", "result", "copied"),
    [
        ({}, "failed", False),
        ({"*": "fail"}, "failed", False),
        ({"*": "skip-instance"}, "skipped", False),
        ({"*": "fail", "CODE": "skip-variable"}, "copied", True),
    ],
    ids=["nothing said", "fail", "skip the instance", "skip the variable by its code"],
)
async def test_policy_decides_about_what_cannot_be_copied(
    held: dict[str, Any], code: str, policy: dict[str, Any], result: str, copied: bool
) -> None:
    handling = {code if key == "CODE" else key: each for key, each in policy.items()}
    async with pair_of(CAMUNDA, CAMUNDA, held, {"broken": {"type": "String", "value": "own"}}) as pair:
        outcome = await pair.copy(CopyPolicy(handling=handling))
        assert outcome.result == result
        assert outcome.verdicts == {code: 1, "lossless": 1}
        assert outcome.code == (None if copied else code)
        assert outcome.skipped == ("broken",)
        shown = await pair.shown(TARGET)
        assert shown["broken"] == ("string", None, '"own"')
        assert ("fine" in shown) == copied
        assert bool(writes(pair, TARGET)) == copied


@pytest.mark.parametrize(
    ("handling", "result"),
    [
        ({"*": "fail"}, "copied"),
        ({"int64-to-string": "fail"}, "failed"),
        ({"lossy": "skip-instance"}, "skipped"),
        ({"lossy": "skip-variable"}, "copied"),
    ],
    ids=["all refusals", "the rule", "all rules", "all rules, variable only"],
)
async def test_loss_by_a_rule_is_copied_unless_the_policy_names_it(handling: dict[str, Any], result: str) -> None:
    held = {"large": {"type": "Long", "value": 9007199254740993}}
    async with pair_of(CAMUNDA, IBM, held, {"large": "old"}) as pair:
        outcome = await pair.copy(CopyPolicy(handling=handling))
        assert outcome.result == result
        is_written = handling == {"*": "fail"}
        assert (await pair.shown(TARGET))["large"][2] == ('"9007199254740993"' if is_written else '"old"')


async def test_name_that_the_target_does_not_declare_is_handled_by_the_policy_when_the_engine_says_so() -> None:
    held = {"known": {"type": "Integer", "value": 1}, "other": {"type": "Integer", "value": 2}}
    async with pair_of(CAMUNDA, IBM, held, {"known": 0}) as pair:
        outcome = await pair.copy()
        assert (outcome.result, outcome.code) == ("failed", "variable-not-found")
        outcome = await pair.copy(CopyPolicy(handling={"variable-not-found": "skip-variable"}))
        assert (outcome.result, outcome.skipped) == ("copied", ("other",))
        assert (await pair.shown(TARGET))["known"][2] == "1"


@pytest.mark.parametrize(
    ("settings", "verdict", "copied"),
    [({}, "value-not-representable", False), ({"decimals": "double"}, "decimal-to-double", True)],
    ids=["refused", "allowed by a rule"],
)
async def test_decimal_of_thirty_digits_is_copied_by_a_rule_or_refused(
    settings: dict[str, Any], verdict: str, copied: bool
) -> None:
    held = {"d": Number("1234567890.12345678901234567890")}
    async with pair_of(IBM, CAMUNDA, held, {}, {TARGET: settings}) as pair:
        outcome = await pair.copy(CopyPolicy(handling={"*": "skip-variable"}))
        assert (outcome.result, outcome.verdicts) == ("copied", {verdict: 1})
        assert ("d" in await pair.shown(TARGET)) == copied
        assert (await pair.compare(CopyPolicy(handling={"*": "skip-variable"}))).different == 0


async def test_variables_of_tasks_and_executions_are_left_out_and_told() -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"own": {"type": "Integer", "value": 1}}) as pair:
        task = next(each.id for each in pair.stored(SOURCE).places.values() if each.kind == "task")
        local = PatchVariables(
            instance=pair.link.source.native,
            scope=f"task:{task}",
            modifications={"own": Value(type="string", value=msgspec.Raw(b'"local"'))},
        )
        side = Target(pair.gateway.engines[SOURCE], pair.link.source.native)
        await variables.patch_variables(pair.gateway, side, local, pair.call())
        outcome = await pair.copy()
        assert outcome.result == "copied"
        assert outcome.verdicts == {"lossless": 1, "scope-not-movable": 1}
        assert (await pair.shown(TARGET)) == {"own": ("integer", "int32", "1")}
        outcome = await pair.copy(CopyPolicy(handling={"scope-not-movable": "fail"}))
        assert (outcome.result, outcome.code) == ("failed", "scope-not-movable")


async def test_what_the_source_changes_meanwhile_is_copied_in_further_passes() -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        left = [2, 3]

        def change(request: VendorRequest) -> None:
            if request.path[-1] == "variables" and left:
                set_number(pair, left.pop(0))

        pair.answering[TARGET] = change
        outcome = await pair.copy()
        assert (outcome.result, outcome.passes, outcome.raced) == ("copied", 3, 0)
        assert (await pair.shown(TARGET))["n"][2] == "3"


async def test_copy_of_an_instance_that_never_rests_ends_and_says_what_raced() -> None:
    async with pair_of(
        CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}, "m": {"type": "Integer", "value": 1}}
    ) as pair:
        numbers = iter(range(2, 1000))
        pair.answering[TARGET] = lambda request: (
            set_number(pair, next(numbers)) if request.path[-1] == "variables" else None
        )
        outcome = await pair.copy()
        assert (outcome.result, outcome.passes, outcome.raced, outcome.different) == ("copied", 4, 1, 0)


async def test_twin_that_does_not_keep_what_is_written_fails_the_copy_and_names_it() -> None:
    async with pair_of(
        CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}, "m": {"type": "Integer", "value": 1}}
    ) as pair:
        stored = pair.stored(TARGET).variables

        def revert(request: VendorRequest) -> None:
            if request.path[-1] == "variable-instance":
                stored.pop("n", None)

        pair.answering[TARGET] = revert
        outcome = await pair.copy()
        assert (outcome.result, outcome.code, outcome.different) == ("failed", "differs", 1)
        assert [(each.name, each.outcome) for each in outcome.differences] == [("n", "missing_target")]
        assert "`n`" in str(outcome.reason)


def set_number(pair: Pair, number: int) -> None:
    request = VendorRequest(
        method="PUT",
        path=("process-instance", pair.link.source.native, "variables", "n"),
        headers=(("Content-Type", "application/json"),),
        body=json.dumps({"type": "Integer", "value": number}).encode(),
        writes=True,
        idempotent=True,
    )
    assert type(pair.fakes[SOURCE]).answer(pair.fakes[SOURCE], request).status == 204


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
async def test_engine_that_fails_in_the_middle_of_anything_leaves_a_copy_that_can_be_repeated(
    source: str, target: str
) -> None:
    held = {name: each for name, each in AWKWARD[source].items() if name in FEW}
    for name in (SOURCE, TARGET):
        failing = 0
        while True:
            async with pair_of(source, target, held, declared(target)) as pair:
                left = [failing]

                def fail(_request: VendorRequest, left: list[int] = left) -> VendorResponse | None:
                    left[0] -= 1
                    return VendorResponse(500, (("Content-Type", "text/plain"),), b"broken") if left[0] == -1 else None

                pair.answering[name] = fail
                try:
                    outcome = await pair.copy()
                except VarbridgeError:
                    outcome = None
                assert writes(pair, SOURCE) == []
                pair.answering.clear()
                assert (await pair.copy()).result == "copied"
                assert (await pair.compare()).different == 0
            if left[0] >= 0:
                assert outcome is not None
                break
            failing += 1
        assert failing > 1


@pytest.mark.parametrize("name", [SOURCE, TARGET])
async def test_instance_that_ended_is_refused_before_anything_is_written(name: str) -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        side = pair.link.source if name == SOURCE else pair.link.target
        pair.fakes[name].end(side.native)
        with pytest.raises((InstanceNotFound, InstanceStateConflict)) as raised:
            await pair.copy()
        assert raised.value.engine == name
        assert writes(pair, TARGET) == []


async def test_unknown_twin_is_refused() -> None:
    async with pair_of(CAMUNDA, IBM, {"n": {"type": "Integer", "value": 1}}) as pair:
        pair.fakes[TARGET].instances.clear()
        with pytest.raises(InstanceNotFound):
            await pair.copy()


@pytest.mark.parametrize("suspended", [False, True], ids=["active", "suspended"])
async def test_twin_may_be_active_or_suspended(suspended: bool) -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        pair.stored(TARGET).suspended = suspended
        assert (await pair.copy()).result == "copied"
        assert pair.stored(TARGET).suspended == suspended


@pytest.mark.parametrize(
    "changes",
    [{"authority": "target", "state": "live"}, {"move": Move(kind="cut-over", step="suspending", process="p")}],
    ids=["the target decides", "a cut-over has begun"],
)
async def test_link_that_changed_since_it_was_read_is_not_written_to(changes: dict[str, Any]) -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        before = pair.link
        await pair.change(**changes)
        with pytest.raises(ConcurrentUpdate):
            await copy_link(pair.gateway, pair.links, before, CopyPolicy(), pair.call())
        assert pair.heard == []


async def test_cut_over_copies_under_its_own_move() -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        await pair.change(move=Move(kind="cut-over", step="copying", process="p"))
        assert (await pair.copy()).result == "copied"


async def test_store_that_is_gone_keeps_everything_from_being_written() -> None:
    class Gone:
        async def find(self, link_id: str) -> Link | None:
            raise StoreUnavailable

    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        with pytest.raises(StoreUnavailable):
            await copy_link(pair.gateway, Gone(), pair.link, CopyPolicy(), pair.call())
        assert pair.heard == []


async def test_copy_waits_for_another_copy_of_the_link_but_keeps_no_caller_waiting() -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        locks, call = pair.gateway.locks, pair.call()
        link, begun, go = pair.link, asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            begun.set()
            await go.wait()

        other = asyncio.create_task(locks.hold((link.target.engine, link.target.native), call, wait))
        await begun.wait()
        copying = asyncio.create_task(pair.copy())
        side = Target(pair.gateway.engines[SOURCE], link.source.native)
        patch = PatchVariables(
            instance=side.native, modifications={"n": Value(type="integer", value=msgspec.Raw(b"2"))}
        )
        await variables.patch_variables(pair.gateway, side, patch, call)
        assert not copying.done()
        assert pair.asked(TARGET) == []
        go.set()
        await other
        assert (await copying).result == "copied"
        assert (await pair.shown(TARGET))["n"][2] == "2"


@pytest.mark.parametrize("step", [0, 1, 2])
async def test_copy_that_must_stop_stops_before_its_next_step(step: int) -> None:
    async with pair_of(CAMUNDA, CAMUNDA, {"n": {"type": "Integer", "value": 1}}) as pair:
        left = [step]

        def go_on() -> None:
            left[0] -= 1
            if left[0] < 0:
                raise BridgeTransitionRefused("The bridge is switched off.")

        with pytest.raises(BridgeTransitionRefused):
            await pair.copy(go_on=go_on)
        assert len(pair.asked(SOURCE)) == min(step, 1)
        assert len(writes(pair, TARGET)) == (1 if step == 2 else 0)


async def test_copy_back_gives_values_the_types_that_they_had() -> None:
    held = {
        "large": {"type": "Long", "value": 9007199254740993},
        "other": {"type": "Long", "value": 9007199254740995},
        "date": {"type": "Date", "value": "2020-01-02T03:04:05.678+0000"},
        "scan": blob(b"content", "scan.pdf"),
        "thing": {"type": "Null", "value": None},
    }
    there = {"large": "", "other": "", "date": "", "scan": {}, "thing": ""}
    async with pair_of(CAMUNDA, IBM, held, there) as pair:
        await pair.copy()
        before = await pair.shown(SOURCE)
        await pair.change(authority="target", state="live")
        pair.forget()
        assert (await pair.copy()).passes == 0
        assert await pair.shown(SOURCE) == before
        pair.stored(TARGET).variables["other"] = "9007199254740997"
        outcome = await pair.copy()
        assert (outcome.result, outcome.written) == ("copied", 1)
        assert writes(pair, TARGET) == []
        assert await pair.shown(SOURCE) == before | {"other": ("integer", "int64", "9007199254740997")}


async def test_comparison_names_what_differs_without_values_and_writes_nothing() -> None:
    held = {"n": {"type": "Integer", "value": 1}, "m": {"type": "Integer", "value": 1}, "b": blob(b"secret one")}
    there = {"n": {"type": "Integer", "value": 123456}, "x": {"type": "Integer", "value": 1}, "b": blob(b"secret two")}
    async with pair_of(CAMUNDA, CAMUNDA, held, there) as pair:
        outcome = await pair.compare()
        assert (outcome.result, outcome.code, outcome.different) == ("failed", "differs", 4)
        assert {each.name: each.outcome for each in outcome.differences} == {
            "n": "value_drift",
            "m": "missing_target",
            "x": "extra_target",
            "b": "value_drift",
        }
        assert b"123456" not in msgspec.json.encode(outcome)
        assert writes(pair, SOURCE) + writes(pair, TARGET) == []


async def test_comparison_of_a_running_instance_tells_what_raced_from_what_differs() -> None:
    held = {"n": {"type": "Integer", "value": 1}, "m": {"type": "Integer", "value": 1}}
    async with pair_of(CAMUNDA, CAMUNDA, held, held) as pair:
        numbers = iter(range(5, 100))
        pair.answering[SOURCE] = lambda _request: set_number(pair, next(numbers))
        outcome = await pair.compare()
        assert (outcome.result, outcome.raced, outcome.different) == ("copied", 1, 0)
