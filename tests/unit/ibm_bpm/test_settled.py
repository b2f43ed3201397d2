"""What a refused write has changed, as a read shows it; and writes to an instance that has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.fake import Fake
from adapters.ibm_bpm.settings import Settings
from gateway import errors
from gateway.errors import VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.etag import Tags
from gateway.model.expect import Expect
from gateway.model.jsonpatch import parse_patch
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ENGINE = IbmBpmEngine("claims", Settings(), Credentials())
MODELLED = IbmBpmEngine("claims", Settings(declared_types="model"), Credentials())


def stored(state: str = "Active", **variables: Any) -> VendorResponse:
    return answer(200, {"status": "200", "data": {"executionState": state, "variables": variables}})


def refused(status: int, number: str, *parameters: str) -> VendorResponse:
    data = {"status": "error", "errorNumber": number, "errorMessageParameters": list(parameters)}
    return answer(status, {"status": "error", "Data": data})


def values(**raw: bytes) -> dict[str, Value]:
    return {name: Value(value=Raw(each)) for name, each in raw.items()}


def failure(command: PatchVariables, *answers: VendorResponse) -> VarbridgeError:
    with pytest.raises(VarbridgeError) as caught:
        _ = played(ENGINE.patch_variables(command), *answers)
    return caught.value


UNDECLARED = refused(400, "CWTBG0543E", "nope")
MISFIT = refused(400, "CWTBG0029E", "params", "Integer")
BROKEN = refused(500, "CWTBG0019E")


@pytest.mark.parametrize(
    ("command", "error", "after", "outcome", "applied"),
    [
        ({"modifications": values(a=b"7"), "deletions": ("nope",)}, UNDECLARED, {"a": 7}, "partial", ("a",)),
        ({"modifications": values(a=b"7"), "deletions": ("nope",)}, UNDECLARED, {"a": 1}, "not_applied", ()),
        ({"modifications": values(a=b"7", b=b"2")}, MISFIT, {"a": 7, "b": 2}, "partial", ("a",)),
        ({"modifications": values(a=b"7", b=b"2")}, BROKEN, {"a": 7, "b": 2}, "applied", ("a",)),
        ({"modifications": values(a=b"1"), "deletions": ("nope",)}, UNDECLARED, {"a": 1}, "not_applied", ()),
        ({"modifications": values(a=b"7", b=b"8")}, MISFIT, {"a": 7, "b": 8}, "applied", ("a", "b")),
    ],
    ids=["undeclared-deletion", "all-or-nothing", "refused-as-it-was", "broken", "nothing-new", "contradicted"],
)
def test_name_that_was_refused_makes_what_was_applied_a_part(
    command: dict[str, Any], error: VendorResponse, after: dict[str, Any], outcome: str, applied: tuple[str, ...]
) -> None:
    failed = failure(PatchVariables(instance="1", **command), stored(a=1, b=2), error, stored(**after))
    assert (failed.outcome, failed.applied) == (outcome, applied)


def driven(plan: Plan[Any], fake: Fake) -> list[VendorRequest]:
    """Carry a plan out on the fake; the error that it raises has its requests as notes."""
    sent: list[VendorRequest] = []
    try:
        request = next(plan)
        while True:
            sent.append(request)
            request = plan.send(fake.answer(request))
    except StopIteration:
        return sent
    except VarbridgeError as error:
        error.__notes__ = [f"{each.method}" for each in sent]
        raise


def test_undeclared_deletion_on_a_server_that_is_not_atomic_is_partial() -> None:
    fake = Fake(atomic=False)
    instance = fake.start("Claim", {"a": 1})
    command = PatchVariables(instance=instance, modifications=values(a=b"7"), deletions=("nope",))
    with pytest.raises(errors.VariableNotFound) as caught:
        _ = driven(ENGINE.patch_variables(command), fake)
    assert (caught.value.outcome, caught.value.applied) == ("partial", ("a",))
    assert [each.pointer for each in caught.value.errors] == ["/deletions/0"]


WRITES: dict[str, Callable[[], dict[str, Any]]] = {
    "set": lambda: {"modifications": values(a=b"7")},
    "delete": lambda: {"deletions": ("a",)},
    "merge": lambda: {"merges": {"customer": Raw(b'{"tier":"x"}')}},
    "json-patch": lambda: {"patches": {"customer": parse_patch(b'[{"op":"remove","path":"/tier"}]', max_operations=9)}},
    "json-patch-of-nothing": lambda: {
        "patches": {"nope": parse_patch(b'[{"op":"remove","path":"/x"}]', max_operations=9)}
    },
    "if-match": lambda: {"modifications": values(a=b"7"), "expect": Expect(name="a", matching=Tags(('"x"',)))},
    "if-match-set": lambda: {"modifications": values(a=b"7"), "expect": Expect(matching=Tags(('"x"',)))},
    "if-none-match": lambda: {
        "modifications": values(a=b"7"),
        "expect": Expect(name="a", none_matching=Tags(anything=True)),
    },
    "nothing": dict,
}


@pytest.mark.parametrize("engine", [ENGINE, MODELLED], ids=["hints", "model"])
@pytest.mark.parametrize("state", ["Completed", "Terminated"])
@pytest.mark.parametrize("how", WRITES)
def test_write_to_an_ended_instance_is_a_conflict_however_it_is_meant(
    how: str, state: str, engine: IbmBpmEngine
) -> None:
    fake = Fake()
    instance = fake.start("Claim", {"a": 1, "customer": {"tier": "x", "@metadata": {"className": "Customer"}}})
    fake.instances[instance].state = state
    with pytest.raises(errors.InstanceStateConflict) as caught:
        _ = driven(engine.patch_variables(PatchVariables(instance=instance, **WRITES[how]())), fake)
    assert (caught.value.outcome, caught.value.__notes__) == ("not_applied", ["GET"])


@pytest.mark.parametrize(
    ("after", "outcome", "applied"), [({"a": 1}, "not_applied", ()), ({"a": 7}, "applied", ("a",))], ids=["no", "yes"]
)
def test_write_that_fails_as_the_instance_ends_is_a_conflict_that_says_what_was_applied(
    after: dict[str, Any], outcome: str, applied: tuple[str, ...]
) -> None:
    command = PatchVariables(instance="1", modifications=values(a=b"7"))
    failed = failure(command, stored(a=1), BROKEN, stored("Completed", **after))
    assert (type(failed), failed.engine_code) == (errors.InstanceStateConflict, "CWTBG0019E")
    assert (failed.outcome, failed.applied) == (outcome, applied)


@pytest.mark.parametrize("state", ["Active", "Suspended", "Failed"])
def test_instance_that_has_not_ended_is_written(state: str) -> None:
    fake = Fake()
    instance = fake.start("Claim", {"a": 1})
    fake.instances[instance].state = state
    sent = driven(ENGINE.patch_variables(PatchVariables(instance=instance, modifications=values(a=b"7"))), fake)
    assert [each.method for each in sent] == ["GET", "PUT"]
