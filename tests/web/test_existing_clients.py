"""Clients of Camunda's that nobody here wrote, unchanged, on an instance that IBM's engine owns.

``pycamunda`` is written by hand, ``generic-camunda-client`` is generated from the vendor's OpenAPI. Each client is one
program that blocks, in a thread of its own; what it has seen is compared here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import generic_camunda_client as generated
import pycamunda
import pycamunda.processdef
import pycamunda.processinst
import pycamunda.task
import pycamunda.variable
import pytest

from adapters.ibm_bpm.fake.tokens import CHECK, task_of
from tests.web.across import Across, across


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(routing={"start": [{"definition": "Claim", "engine": "claims"}]}) as made:
        yield made


def use_pycamunda(url: str, instance: str, task: str) -> dict[str, Any]:
    """Describe, set, patch, delete, read, query, complete and move back with `pycamunda`."""
    client = pycamunda.processinst
    described = client.Get(url, id_=instance)()
    (listed_instance,) = client.GetList(url, process_instance_ids=[instance])()
    assert listed_instance == described
    client.VariablesUpdate(url, instance, "note", "set", type_="String")()
    patch = client.VariablesModify(url, instance, deletions=["obsolete"])
    patch.add_variable("amount", 12.5, "Double")
    patch.add_variable("pages", 4)
    patch()
    client.VariablesDelete(url, instance, "approved")()
    one = client.VariablesGet(url, instance, "note")()
    listed = client.VariablesGetList(url, instance)()
    (found,) = pycamunda.variable.GetList(url, process_instance_id_in=[instance], name="amount")()
    complete = pycamunda.task.Complete(url, task)
    complete.add_variable("pages", 5, "Integer")
    complete()
    (token,) = client.GetActivityInstance(url, instance)().child_activity_instances
    move = client.Modify(url, instance)
    move.add_cancel_activity_instance_instruction(token.id_)
    move.add_before_activity_instruction(CHECK)
    move()
    (moved,) = client.GetActivityInstance(url, instance)().child_activity_instances
    with pytest.raises(pycamunda.PyCamundaException, match="does not exist"):
        client.VariablesGet(url, instance, "nope")()
    with pytest.raises(pycamunda.PyCamundaException, match="execution is null"):
        client.VariablesGetList(url, "99")()
    return {
        "described": (described.id_, described.suspended),
        "one": (one.type_, one.value),
        "listed": {name: each.value for name, each in listed.items()},
        "tokens": (token.name, moved.name),
        "found": (found.name, found.type_, found.value),
    }


def use_generated(url: str, instance: str, task: str) -> dict[str, Any]:
    """Describe, set, patch, delete, read, query, complete and move back with the generated client."""
    api = generated.ProcessInstanceApi(generated.ApiClient(generated.Configuration(host=url)))
    value = generated.VariableValueDto
    described = api.get_process_instance(instance)
    wanted_instance = generated.ProcessInstanceQueryDto(process_instance_ids=[instance])
    (listed_instance,) = api.query_process_instances(process_instance_query_dto=wanted_instance)
    assert (listed_instance.id, listed_instance.definition_id) == (described.id, described.definition_id)
    api.set_process_instance_variable(instance, "note", variable_value_dto=value(value="set", type="String"))
    patch = {"amount": value(value=12.5, type="Double"), "pages": value(value=4)}
    api.modify_process_instance_variables(
        instance, patch_variables_dto=generated.PatchVariablesDto(modifications=patch, deletions=["obsolete"])
    )
    api.delete_process_instance_variable(instance, "approved")
    one = api.get_process_instance_variable(instance, "note", deserialize_value=False)
    listed = api.get_process_instance_variables(instance, deserialize_values=False)
    amounts = [generated.VariableQueryParameterDto(name="amount", operator="gteq", value=12)]
    wanted = generated.VariableInstanceQueryDto(process_instance_id_in=[instance], variable_values=amounts)
    (found,) = generated.VariableInstanceApi(api.api_client).query_variable_instances(
        variable_instance_query_dto=wanted, deserialize_values=False
    )
    # without the variables in return it stumbles over the 204, of a real engine too
    done = generated.CompleteTaskDto(variables={"pages": value(value=5)}, with_variables_in_return=True)
    left = generated.TaskApi(api.api_client).complete(task, complete_task_dto=done)
    assert left["pages"].value == 5
    (token,) = api.get_activity_instance_tree(instance).child_activity_instances
    say = generated.ProcessInstanceModificationInstructionDto
    steps = [say(type="cancel", activity_instance_id=token.id), say(type="startBeforeActivity", activity_id=CHECK)]
    api.modify_process_instance(
        instance, process_instance_modification_dto=generated.ProcessInstanceModificationDto(instructions=steps)
    )
    (moved,) = api.get_activity_instance_tree(instance).child_activity_instances
    with pytest.raises(generated.ApiException) as missing:
        api.get_process_instance_variable(instance, "nope")
    assert (missing.value.status, "does not exist" in missing.value.body) == (404, True)
    with pytest.raises(generated.ApiException) as unknown:
        api.get_process_instance_variables("99")
    assert (unknown.value.status, "execution is null" in unknown.value.body) == (500, True)
    return {
        "described": (described.id, described.suspended),
        "one": (one.type, one.value),
        "listed": {name: each.value for name, each in listed.items()},
        "tokens": (token.activity_name, moved.activity_name),
        "found": (found.name, found.type, found.value),
    }


@pytest.mark.parametrize("written", ["{}", "claims:{}"], ids=["bare id", "id with its engine"])
@pytest.mark.parametrize("use", [use_pycamunda, use_generated])
async def test_client_of_camundas_works_on_an_instance_of_ibms(
    site: Across, use: Callable[[str, str, str], dict[str, Any]], written: str
) -> None:
    instance = written.format(site.claims)
    task = written.format(task_of(site.claims, "4"))
    seen = await asyncio.to_thread(use, f"http://127.0.0.1:{site.port}/engine-rest", instance, task)
    changed = {"note": "set", "amount": 12.5, "pages": 4, "obsolete": None, "approved": None}
    assert {name: seen["listed"].pop(name) for name in changed} == changed
    assert set(seen.pop("listed")) == {"received", "customer", "positions"}
    assert seen == {
        "described": (instance, False), "one": ("String", "set"), "tokens": ("Decide", "Check"),
        "found": ("amount", "Double", 12.5),
    }  # fmt: skip
    stored = site.fakes["claims"].instances[site.claims]
    assert {name: shown(stored.variables[name]) for name in changed} == changed | {"pages": 5}


def shown(node: Any) -> Any:
    """Return a number of the fake's as a number."""
    return float(node.text) if hasattr(node, "text") else node


def start_with_pycamunda(url: str) -> str:
    start = pycamunda.processdef.StartInstance(url, key="Claim")
    start.add_variable("amount", 1.5, "Double")
    return str(start().id_)


def start_with_generated(url: str) -> str:
    client = generated.ApiClient(generated.Configuration(host=url))
    amount = generated.VariableValueDto(value=1.5, type="Double")
    return str(
        generated.ProcessDefinitionApi(client)
        .start_process_instance_by_key(
            "Claim", start_process_instance_dto=generated.StartProcessInstanceDto(variables={"amount": amount})
        )
        .id
    )


@pytest.mark.parametrize("start", [start_with_pycamunda, start_with_generated])
async def test_client_of_camundas_starts_on_ibms_engine_where_the_rules_send_it(
    site: Across, start: Callable[[str], str]
) -> None:
    instance = await asyncio.to_thread(start, f"http://127.0.0.1:{site.port}/engine-rest")
    assert shown(site.fakes["claims"].instances[instance].variables["amount"]) == 1.5
