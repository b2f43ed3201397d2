"""A caller with a mask, whose requests are carried out as commands at either owner; and what each vendor's errors look like."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from adapters.ibm_bpm.fake.tokens import task_of
from tests.web.across import SCOPES, Across, Answer

KEY = {"X_Api_Key": "secret"}
MASKED = {"masked": ["nothing of these"], "scopes": [*SCOPES, "instances:start"]}
OWNERS = ("hr", "claims")
MEDIA = ("application/json", "application/xml")
STARTS = {"start": [{"definition": f"on-{owner}", "engine": owner} for owner in OWNERS]}
FORM = "application/x-www-form-urlencoded"


def named(site: Across, owner: str) -> str:
    return f"{owner}:{getattr(site, owner)}"


def task_on(site: Across, owner: str) -> str:
    """The id of a task of the owner's instance."""
    instance = site.fakes[owner].instances[getattr(site, owner)]
    if owner == "claims":
        return f"claims:{task_of(instance.id, next(iter(instance.tokens.at)))}"
    return f"hr:{next(place.id for place in instance.places.values() if place.kind == 'task')}"


def is_camundas(answer: Answer) -> bool:
    return list(answer.json) == ["type", "message", "code"] and answer.headers["content-type"] == "application/json"


def is_ibms(answer: Answer, accept: str = "application/json") -> bool:
    if answer.headers["content-type"] != accept:
        return False
    if accept == "application/xml":
        root = ET.fromstring(answer.body)
        return root.tag.endswith("}RestRuntimeException") and [each.tag for each in root] == ["status", "Data"]
    data = answer.json["Data"]
    return answer.json["status"] == data["status"] == "error" and data["errorMessage"].startswith(data["errorNumber"])


def stored(site: Across) -> dict[str, dict[str, str]]:
    return {
        name: {instance: repr(of.variables) for instance, of in fake.instances.items()}
        for name, fake in site.fakes.items()
    }
