"""The engines that the kit examines: each vendor's on its fake, in several settings, and Camunda 7 on the real thing.

A new vendor adds its lines here and nowhere else in the kit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters import camunda7, ibm_bpm
from adapters.camunda7.settings import Dates
from adapters.ibm_bpm.fake.convert import Shape
from adapters.ibm_bpm.fake.tokens import task_of
from gateway.errors import InstanceNotFound, InstanceStateConflict, VarbridgeError, VariableNotFound
from gateway.model import jsontext
from gateway.model.commands import DescribeInstance, GetVariable, ListVariables, PatchVariables
from gateway.model.results import BinaryRead, Variable
from gateway.model.values import Value
from gateway.plan import Call, Stream, VendorRequest, VendorResponse
from gateway.port import Credentials, Engine, Fake
from gateway.wire import ClientSettings, EngineClient
from tests.wire.scripted import Observer

LIVE = "camunda7-live"
DEFINITION = "userTask"
NESTED = "parallelScope"
WAITING = "messageWait"
"""Waits for the message ``Paid``, where there are messages."""
NAMES = {"number/double": "ratio", "number/decimal": "price", "date-time": "moment", "xml": "letter"}
"""Which variable holds a type, for engines that must be told: their payload does not say."""


@dataclass
class Subject:
    """An engine and how to speak to it.

    Args:
        engine: whose plans are run.
        carry_out: drives a plan.
        begin: starts an instance that may have variables of these names and gives its id.
        end: ends an instance from outside.
        missing: the id of no instance, and of no task.
        tasks: gives the ids of an instance's open tasks.
        nested: starts an instance with inner places and gives its id and two scopes; None = the engine has none.
        ended: what a write to an instance that has ended is told: not found, where the engine forgets it.
        declared: what is known of the types that a process declares, without reading its model.
        read_calls, patch_calls: requests that a listing and a patch of typed values cost at most.
    """

    engine: Engine
    carry_out: Callable[[Generator[VendorRequest, Any, Any]], Any]
    begin: Callable[..., str]
    end: Callable[[str], None]
    missing: str
    tasks: Callable[[str], list[str]] = lambda _: []
    nested: Callable[[], tuple[str, str, str]] | None = None
    ended: type[VarbridgeError] = InstanceNotFound
    declared: Mapping[str, str | None] | None = None
    read_calls: int = 1
    patch_calls: int = 1
    sent: list[VendorRequest] = field(default_factory=list)

    def ask(self, operation: str, command: Any) -> Any:
        """Carry out a command; `sent` has the requests of the last one."""
        self.sent = []
        plan = getattr(self.engine, operation)(command)
        return self.carry_out(self._watched(plan))

    def _watched(self, plan: Generator[VendorRequest, Any, Any]) -> Generator[VendorRequest, Any, Any]:
        try:
            request = next(plan)
            while True:
                self.sent.append(request)
                request = plan.send((yield request))
        except StopIteration as done:
            return done.value

    @property
    def wrote(self) -> bool:
        """Whether the last command sent anything that writes."""
        return any(request.writes for request in self.sent)

    def has(self, feature: str) -> bool:
        """Return whether the engine offers a feature."""
        return feature in self.engine.capabilities.features

    def patch(self, instance: str, modifications: Mapping[str, Value] | None = None, **more: Any) -> Any:
        """Patch variables."""
        return self.ask(
            "patch_variables", PatchVariables(instance=instance, modifications=dict(modifications or {}), **more)
        )

    def listed(self, instance: str, names: tuple[str, ...] | None = None, **more: Any) -> dict[str, Variable]:
        """List variables, by name."""
        found = self.ask("list_variables", ListVariables(instance=instance, names=names, **more)).variables
        assert len({each.name for each in found}) == len(found)
        return {each.name: each for each in found}

    def read(self, instance: str, name: str, **more: Any) -> Value | None:
        """Read one variable; None where there is none."""
        try:
            variable = self.ask("get_variable", GetVariable(instance=instance, name=name, **more)).variable
        except VariableNotFound:
            return None
        assert (variable.name, variable.error) == (name, None)
        return variable.value

    def lives(self, instance: str) -> bool:
        """Return whether the instance is there."""
        try:
            self.ask("describe_instance", DescribeInstance(instance=instance))
        except InstanceNotFound:
            return False
        return True


def on_fake(engine: Engine, fake: Fake, **more: Any) -> Subject:
    """Return an engine in front of a fake."""

    def carry_out(plan: Generator[VendorRequest, Any, Any]) -> Any:
        try:
            request = next(plan)
            while True:
                request = plan.send(fake.answer(request))
        except StopIteration as done:
            return done.value

    return Subject(engine=engine, carry_out=carry_out, **more)


class _InPattern:
    """A Camunda fake whose server is set to another date pattern: dates of requests and answers are spelled anew."""

    def __init__(self, fake: Any, dates: Dates, usual: Dates) -> None:
        self.fake, self._dates, self._usual = fake, dates, usual

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Answer as the fake does."""
        body = request.body
        if isinstance(body, bytes) and body[:1] == b"{":
            body = self._spelled(body, self._dates, self._usual)
        answer = self.fake.answer(msgspec.structs.replace(request, body=body))
        content = answer.content()
        if content[:1] not in (b"{", b"["):
            return answer
        return VendorResponse(answer.status, answer.headers, self._spelled(content, self._usual, self._dates))

    def _spelled(self, content: bytes, given: Dates, wanted: Dates) -> bytes:
        return jsontext.write(self._tree(jsontext.parse(content), given, wanted))

    def _tree(self, tree: Any, given: Dates, wanted: Dates) -> Any:
        if isinstance(tree, list):
            return [self._tree(each, given, wanted) for each in tree]
        if not isinstance(tree, dict):
            return tree
        dates = () if "taskDefinitionKey" not in tree else ("created", "startTime", "endTime")
        if tree.get("type") == "Date" or "operator" in tree:
            dates = ("value",)
        for name in dates:
            moment = given.read(tree[name]) if isinstance(tree.get(name), str) else None
            tree = tree if moment is None else tree | {name: wanted.write(moment)}
        if dates:
            return tree
        return {name: self._tree(each, given, wanted) for name, each in tree.items()}


def _camunda7(**settings: Any) -> Subject:
    fake = camunda7.VENDOR.fake(definitions=frozenset({DEFINITION, NESTED, WAITING}))
    own, usual = camunda7.VENDOR.settings(**settings), camunda7.VENDOR.settings()

    def nested() -> tuple[str, str, str]:
        instance = fake.start(NESTED, {})
        inner = next(each for each in fake.instances[instance].places.values() if each.activity == "innerTask")
        return instance, f"execution:{inner.parent}", f"task:{inner.id}"

    return on_fake(
        camunda7.VENDOR.engine("kit", own, Credentials()),
        fake if own.dates == usual.dates else _InPattern(fake, own.dates, usual.dates),
        begin=lambda _names=(), business_key=None: fake.start(DEFINITION, {}, business_key),
        end=fake.end,
        missing="nope",
        tasks=lambda instance: [place.id for place in fake.instances[instance].places.values() if place.kind == "task"],
        nested=nested,
    )


def _ibm_bpm(switches: Mapping[str, Any] | None = None, **settings: Any) -> Subject:
    fake = ibm_bpm.VENDOR.fake(**(switches or {}))
    types = {NAMES["number/double"]: "number", NAMES["number/decimal"]: "number", NAMES["date-time"]: "date-time"}
    modelled = settings.get("declared_types") == "model"
    settings["types"] = settings.get("types", {}) | ({} if modelled else types)

    def begin(names: tuple[str, ...] = (), business_key: str | None = None) -> str:
        instance = fake.start(DEFINITION, dict.fromkeys(names), business_key)
        shapes = {NAMES["number/double"]: "Decimal", NAMES["number/decimal"]: "Decimal", NAMES["date-time"]: "Date"}
        declared = {name: Shape(kind=kind) for name, kind in shapes.items() if name in names}
        fake.instances[instance].shapes |= declared if modelled else {}
        fake.instances[instance].snapshot = ",".join(sorted(declared))
        if modelled:
            _ = subject.listed(instance)  # what follows costs what it costs once the model is known
        return instance

    subject = on_fake(
        ibm_bpm.VENDOR.engine("kit", ibm_bpm.VENDOR.settings(**settings), Credentials()),
        fake,
        begin=begin,
        end=lambda instance: setattr(fake.instances[instance], "state", "Terminated"),
        missing="4711",
        tasks=lambda instance: [task_of(instance, token) for token in fake.instances[instance].tokens.at],
        ended=InstanceStateConflict,
        declared={**dict.fromkeys(("v", *NAMES.values())), **types} if modelled else None,
        patch_calls=2,
    )
    return subject


SUBJECTS: Mapping[str, Callable[[], Subject]] = {
    "camunda7": _camunda7,
    "camunda7-objects": lambda: _camunda7(json="Object"),
    "camunda7-small": lambda: _camunda7(json="refuse", xml="refuse", page_size=2, string_length=2000, keep_type=False),
    "camunda7-dates": lambda: _camunda7(date_format="d.M.yyyy, H:mm 'Uhr' ss.SSS Z"),
    "camunda7-lenient": lambda: _camunda7(decimals="double", fractions="truncate"),
    "ibm_bpm": _ibm_bpm,
    "ibm_bpm-model": lambda: _ibm_bpm(declared_types="model"),
    "ibm_bpm-unset_as_null": lambda: _ibm_bpm({"nulls": "all"}, binary="envelope"),
    "ibm_bpm-not_atomic": lambda: _ibm_bpm({"atomic": False, "nulls": "none"}, fractions="truncate", int64="string"),
    "ibm_bpm-refusing": lambda: _ibm_bpm(deletions="refuse", binary="base64"),
    "ibm_bpm-texts": lambda: _ibm_bpm(binary="envelope", types={"v": "string", "payload": "string", "blob0": "string"}),
    "ibm_bpm-strip": lambda: _ibm_bpm(metadata="strip", new_lists="plain"),
    "ibm_bpm-as_given": lambda: _ibm_bpm(metadata="as_given"),
}


@contextlib.contextmanager
def on_wire(engine: Engine, url: str) -> Iterator[Callable[[Generator[VendorRequest, Any, Any]], Any]]:
    """What carries out an engine's plans over sockets, on the server of this base URL."""
    client = EngineClient(engine, ClientSettings(url=url), Observer())

    async def run(plan: Generator[VendorRequest, Any, Any]) -> Any:
        call = Call(deadline=asyncio.get_running_loop().time() + 60, request_id="kit")
        result = await client.run(plan, call)
        if isinstance(result, BinaryRead) and isinstance(result.content, Stream):
            content = b"".join([chunk async for chunk in call.streams[result.content.token]])
            return BinaryRead(content=content, filename=result.filename, media_type=result.media_type)
        return result

    with asyncio.Runner() as runner:
        runner.run(client.start())
        try:
            yield lambda plan: runner.run(run(plan))
        finally:
            runner.run(client.close())


@contextlib.contextmanager
def live(url: str) -> Iterator[Subject]:
    """Camunda 7 on a real engine, its plans driven over sockets."""
    engine = camunda7.VENDOR.engine("kit", camunda7.VENDOR.settings(), Credentials())

    def begin(_names: tuple[str, ...] = (), business_key: str | None = None, definition: str = DEFINITION) -> str:
        body = json.dumps({"businessKey": business_key}).encode()
        asked = urllib.request.Request(
            f"{url}/process-definition/key/{definition}/start", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return str(json.load(answer)["id"])

    def nested() -> tuple[str, str, str]:
        instance = begin(definition=NESTED)
        asked = f"{url}/task?processInstanceId={instance}&taskDefinitionKey=innerTask"
        with urllib.request.urlopen(asked, timeout=30) as answer:
            task = json.load(answer)[0]
        return instance, f"execution:{task['executionId']}", f"task:{task['id']}"

    def tasks(instance: str) -> list[str]:
        with urllib.request.urlopen(f"{url}/task?processInstanceId={instance}", timeout=30) as answer:
            return [str(task["id"]) for task in json.load(answer)]

    def end(instance: str) -> None:
        urllib.request.urlopen(
            urllib.request.Request(f"{url}/process-instance/{instance}", method="DELETE"), timeout=30
        ).close()

    with on_wire(engine, url) as carry_out:
        yield Subject(
            engine=engine, carry_out=carry_out, begin=begin, end=end, missing="nope", tasks=tasks, nested=nested
        )
