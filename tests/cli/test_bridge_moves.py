"""``varbridge bridge cut-over | roll-back | finish``: one link, and all links of a plan, some of which are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from gateway.cli.bridge import many
from tests.cli.gateways import InProcess, gateway_of, in_thread

ONE = {"n": {"type": "Integer", "value": 1}}


@pytest.fixture
def gateway() -> Iterator[InProcess]:
    with gateway_of({"old": "camunda7", "new": "camunda7"}) as made:
        made.json(
            "plan", "create", "move", "--source", "old", "--target", "new", "--start", "invoice", "--stage", "final"
        )
        yield made


def copied(gateway: InProcess, count: int) -> list[str]:
    """Sources whose twins are started, parked and copied to."""
    made = [f"old:{gateway.fakes['old'].start('invoice', ONE, f'k{number}')}" for number in range(count)]
    assert gateway.json("copy", "move")["outcomes"] == {"copied": count}
    return made


def states(gateway: InProcess) -> dict[str, str]:
    return {each["source"]: each["state"] for each in gateway.json("link", "list", "--plan", "move")}


def test_link_is_cut_over_rolled_back_cut_over_again_and_finished(gateway: InProcess) -> None:
    (source,) = copied(gateway, 1)
    shown = gateway.bridge("cut-over", source)
    assert shown.exit_code == 0
    assert "live" in shown.stdout
    assert f"left: {source} (suspended)\n" in shown.stdout
    assert "to do: Place the token" in shown.stdout
    back = gateway.json("roll-back", source)
    assert (back["link"]["state"], back["report"]["owner"]) == ("rolled_back", source)
    refused = gateway.bridge("cut-over", source)
    assert (refused.exit_code, refused.stderr[:33]) == (1, "error: bridge-transition-refused:")
    assert gateway.json("copy", "move")["outcomes"] == {"copied": 1}
    assert gateway.json("cut-over", source)["link"]["state"] == "live"
    assert gateway.json("finish", source)["state"] == "final"


def test_target_that_is_active_is_taken_only_where_that_is_said(gateway: InProcess) -> None:
    source, twin = gateway.fakes["old"].start("claim", ONE), gateway.fakes["new"].start("claim", {})
    gateway.json("link", "create", f"old:{source}", f"new:{twin}", "--plan", "move")
    assert gateway.json("copy", "move")["outcomes"] == {"copied": 1}
    assert gateway.bridge("cut-over", f"old:{source}").exit_code == 1
    assert gateway.json("cut-over", f"old:{source}", "--active-target")["link"]["state"] == "live"


def test_all_links_of_a_plan_are_moved_and_each_refusal_is_told(
    gateway: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "_PAGE", "2")
    first, *rest = copied(gateway, 5)
    moved = gateway.bridge("cut-over", "--plan", "move", "--at-once", "3")
    assert (moved.exit_code, moved.stdout) == (0, "cut-over: 5 done, 0 needed nothing, 0 refused\n")
    assert set(states(gateway).values()) == {"live"}
    assert gateway.json("cut-over", "--plan", "move") == {"done": [], "before": 5, "refused": []}
    gateway.json("finish", first)
    back = gateway.json("roll-back", "--plan", "move", code=1)
    assert ([each["link"]["state"] for each in back["done"]], back["before"]) == (["rolled_back"] * 4, 0)
    assert [(each["source"], each["code"]) for each in back["refused"]] == [(first, "bridge-transition-refused")]
    refused = gateway.bridge("cut-over", "--plan", "move", "--wide")
    assert (refused.exit_code, refused.stdout.splitlines()[0]) == (1, "cut-over: 0 done, 1 needed nothing, 4 refused")
    assert all(f"{each} " in refused.stdout for each in rest)
    assert gateway.json("finish", "--plan", "move") == {"done": [], "before": 5, "refused": []}


def test_gateway_that_stops_to_answer_ends_the_rest_with_4() -> None:
    link = {"id": "1", "source": "old:1", "target": "new:1", "state": "copied", "authority": "source"}
    tried: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            plan = "/plans/" in request.path
            return web.json_response({"links": {"copied": 4}} if plan else {"items": [link] * 4, "next": None})
        tried.append(request.path)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    class Stub:
        url = ""

        async def __aenter__(self) -> None:
            application = web.Application()
            application.router.add_route("*", "/{rest:.*}", answer)
            self.runner = web.AppRunner(application)
            await self.runner.setup()
            await web.TCPSite(self.runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

        async def __aexit__(self, *_: object) -> None:
            await self.runner.cleanup()

    stub, client = Stub(), InProcess({})
    with in_thread(stub):
        client.url = stub.url
        done = client.bridge("cut-over", "--plan", "move", "--at-once", "1", "--json")
    assert (done.exit_code, tried) == (4, ["/v1/bridge/links/1/cut-over"])
    assert json.loads(done.stdout) == {"done": [], "before": 0, "refused": []}
    assert done.stderr.endswith("; not all links were tried, do it again\n")


def test_ctrl_c_says_what_was_done_and_begins_no_further_link(
    gateway: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = copied(gateway, 2)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(many, "pages", interrupt)
    done = gateway.bridge("cut-over", "--plan", "move")
    assert (done.exit_code, done.stdout) == (130, "cut-over: 0 done, 0 needed nothing, 0 refused\n")
    assert "interrupted" in done.stderr
    assert set(states(gateway).values()) == {"copied"}
