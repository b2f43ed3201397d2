"""The state of an instance is changed under the write lock of its instance, and a dry run sends no write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adapters import camunda7
from gateway.model.lifecycle import ChangeState
from gateway.operations import Gateway, Target, WriteLocks
from gateway.operations.dry_run import DryRunner
from gateway.operations.lifecycle import change_state
from gateway.plan import Call
from gateway.port import Credentials
from gateway.routing import Routing

ENGINE = camunda7.VENDOR.engine("hr", camunda7.VENDOR.settings(), Credentials())


class Watched(WriteLocks):
    """Write locks that tell what is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[str, str]] = []

    async def hold(self, key: tuple[str, str], call: Call, work: Callable[[], Awaitable[Any]]) -> Any:
        self.taken.append(key)
        return await super().hold(key, call, work)


class Scene:
    """A gateway before a fake engine with one instance, and what the engine is sent."""

    def __init__(self) -> None:
        self.fake = camunda7.VENDOR.fake()
        self.instance = self.fake.start("parallelScope", {})
        self.locks = Watched()
        self.sent: list[str] = []
        self.gateway = Gateway({"hr": ENGINE}, self.run, self.locks, Routing())

    async def run(self, _engine: str, plan: Any, _call: Call) -> Any:
        try:
            request = next(plan)
            while True:
                self.sent.append(request.method)
                request = plan.send(self.fake.answer(request))
        except StopIteration as done:
            return done.value

    async def suspend(self, gateway: Gateway, native: str) -> Any:
        command = ChangeState(instance=native, state="suspended")
        call = Call(deadline=1e9, request_id="r")
        return await change_state(gateway, Target(ENGINE, native), command, call)


async def test_state_is_changed_under_the_write_lock_of_the_instance() -> None:
    scene = Scene()
    done = await scene.suspend(scene.gateway, scene.instance)
    assert (done.instance.state, scene.sent, scene.locks.taken) == (
        "suspended",
        ["GET", "PUT"],
        [("hr", scene.instance)],
    )


async def test_execution_inside_an_instance_is_written_under_the_lock_of_its_instance() -> None:
    scene = Scene()
    inner = next(key for key, place in scene.fake.instances[scene.instance].places.items() if place.kind == "execution")
    done = await scene.suspend(scene.gateway, inner)
    assert (done.instance.id, scene.fake.instances[scene.instance].suspended) == (scene.instance, True)
    assert scene.locks.taken == [("hr", inner), ("hr", scene.instance)]


async def test_dry_run_shows_the_write_and_does_not_send_it() -> None:
    scene = Scene()
    runner = DryRunner(scene.gateway)
    _ = await scene.suspend(runner.gateway, scene.instance)
    assert [(each.request.method, each.request.writes) for each in runner.shown] == [("GET", False), ("PUT", True)]
    assert (scene.sent, scene.fake.instances[scene.instance].suspended) == (["GET"], False)
