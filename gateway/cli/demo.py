"""``varbridge demo``: a gateway in front of an embedded engine of each vendor, with instances to try things on."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import aiohttp
import click
import msgspec
import uvloop
from rich.console import Console
from rich.text import Text
from yarl import URL

from gateway import app, config
from gateway.cli.demo_move import prepare_move
from gateway.cli.served import Served
from gateway.observe import log
from gateway.observe.printable import printable, printable_lines
from gateway.plan import VendorRequest, VendorResponse, encode_path

_console = Console(highlight=False, soft_wrap=True)
_ENGINES = {"hr": "camunda7", "claims": "ibm_bpm"}
_CHANGE = b'{"modifications": {"amount": {"value": 1300}, "note": {"value": "checked"}}, "deletions": ["obsolete"]}'
_QUESTION = b'{"variableValues": [{"name": "amount", "operator": "gteq", "value": 1300}], "limit": 10}'
_JSON = {"Content-Type": "application/json"}
_SHOWN = 400
"""Characters of a body that are printed."""
_PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--port", type=_PORT, default=8080, show_default=True, help="Of /v1; the next free one if it is in use.")
@click.option("--admin-port", type=_PORT, default=9090, show_default=True, help="Of /healthz, /readyz, /metrics.")
@click.option("--once", is_flag=True, help="Change variables once on each engine, then end.")
@click.option("--camunda-url", help="Your own Camunda 7 engine instead of the embedded one (…/engine-rest).")
@click.option("--camunda-instance", help="A process instance there; its variables amount, note, obsolete are changed.")
def demo(port: int, admin_port: int, *, once: bool, camunda_url: str | None, camunda_instance: str | None) -> None:
    """Start everything on loopback, change variables once on each vendor, then keep serving until Ctrl-C."""
    if (camunda_url is None) != (camunda_instance is None):
        raise click.UsageError("--camunda-url and --camunda-instance go together.")
    log.configure(json=None, level="warning")
    own = (camunda_url, camunda_instance) if camunda_url and camunda_instance else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(_Demo((port, admin_port), own).run(once=once)))


def _free(ports: tuple[int, int]) -> tuple[int, int]:
    """Return each port if it is free, else 0, for which the system picks one; the two are never the same port."""
    with contextlib.ExitStack() as held:
        port, admin_port = (port if _is_free(port, held) else 0 for port in ports)
        return port, admin_port


def _is_free(port: int, held: contextlib.ExitStack) -> bool:
    """Return whether a port is free; ``held`` keeps it until the other one is checked."""
    probe = held.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
        probe.listen()  # with SO_REUSEADDR, only a port that is listened on counts as in use
    except OSError:
        return False
    return True


class _Demo:
    """One demonstration.

    Args:
        ports: of callers and of operators, as they were asked for.
        own: URL and instance of a real engine instead of the embedded one.
    """

    def __init__(self, ports: tuple[int, int], own: tuple[str, str] | None) -> None:
        self.ports, self.own = ports, own
        self.base = ""
        self.served: dict[str, Served] = {}
        self.instances: dict[str, str] = {}
        self.exchanges: list[tuple[str, VendorRequest, VendorResponse]] = []

    async def run(self, *, once: bool) -> int:
        """Run it; return the exit code: 0 if everything worked on every engine."""
        application: app.Application | None = None
        try:
            await self._start_engines()
            application = app.Application(self._config(), lambda *exchange: self.exchanges.append(exchange))
            await application.start()
            self._set_ports(application.ports)
            self._introduce()
            done = [await self._change_variables(name) for name in self.instances]
            done.append(await self._query_all_engines())
            done += [await self._ask_as_existing_client(name, name) for name in self.instances]
            done += [await self._ask_as_existing_client(*pair) for pair in permutations(self.instances, 2)]
            if not once:
                await self._offer_move()
                _say("\nServing until Ctrl-C.")
                await _wait_for_signal()
            return 0 if all(done) else 1
        finally:
            if application is not None:
                await application.stop()
            for served in self.served.values():
                await served.stop()

    def _set_ports(self, taken: tuple[int, int]) -> None:
        for asked, port in zip(self.ports, taken, strict=True):
            if asked not in {0, port}:
                _say(f"Port {asked} is in use; taking {port} instead.")
        self.ports = taken
        self.base = f"http://127.0.0.1:{taken[0]}"

    async def _start_engines(self) -> None:
        for name, vendor in _ENGINES.items():
            if self.own is not None and name == "hr":
                self.instances[name] = f"{name}:{self.own[1]}"
                continue
            fake = app.VENDORS[vendor].fake()
            self.instances[name] = f"{name}:{fake.showcase()}"
            self.served[name] = Served(fake)
            await self.served[name].start()

    def _config(self) -> config.Config:
        urls = {name: served.url for name, served in self.served.items()}
        if self.own is not None:
            urls["hr"] = self.own[0]
        port, admin_port = _free(self.ports)
        tree: dict[str, Any] = {
            "server": {"port": port, "admin_port": admin_port, "grace_s": 2.0},
            "auth": {"open": True},
            "store": {"url": "sqlite:///:memory:"},
            "engines": {name: {"vendor": vendor, "url": urls[name]} for name, vendor in _ENGINES.items()},
            "dialects": {
                vendor: {"vendor": vendor, "prefix": app.VENDORS[vendor].fake.base_path, "engine": name}
                for name, vendor in _ENGINES.items()
            },
        }
        return config.parse(tree, app.VENDORS, "demo")

    def _introduce(self) -> None:
        _say_title("Varbridge demo")
        _say(f"  gateway   {self.base}/v1   (browse and try: {self.base}/docs)")
        _say(f"  admin     http://127.0.0.1:{self.ports[1]}/readyz")
        for name, vendor in _ENGINES.items():
            where = self.served[name].url if name in self.served else f"{self.own[0] if self.own else ''} (your own)"
            _say(f"  engine    {name} ({vendor}) at {where}")
        _say_title("To paste into another terminal")
        _say(f"curl -s {self.base}/v1/engines")
        _say(f"{self._curl_query()} -d '{_QUESTION.decode()}'")
        for instance in self.instances.values():
            url = f"{self.base}/v1/instances/{instance}/variables"
            _say(f"curl -s '{url}'")
            _say(
                f"curl -si -X PATCH '{url}' -H 'Content-Type: application/json' -H 'Prefer: return=representation' "
                f"-d '{_CHANGE.decode()}'"
            )

    async def _offer_move(self) -> None:
        """Print the lines of a move between the embedded engines; on an engine of one's own nothing is started."""
        if self.own is not None:
            return
        _say_title("A move in one minute: from hr to claims, and back (to paste; a line at a time shows more)")
        for line in await prepare_move(self.base, self.instances["hr"], self.instances["claims"]):
            _say(line)

    async def _change_variables(self, name: str) -> bool:
        """Change variables of one instance; print what the caller sends, what the engine is sent, what comes back."""
        self.exchanges.clear()
        instance = self.instances[name]
        path = encode_path(("v1", "instances", instance, "variables"))
        _say_title(f"{name} ({_ENGINES[name]})")
        _say(f"  caller  → PATCH /v1/instances/{instance}/variables")
        _say(f"            {_CHANGE.decode()}")
        headers = {**_JSON, "Prefer": "return=representation"}
        async with (
            aiohttp.ClientSession() as session,
            session.patch(URL(self.base + path, encoded=True), data=_CHANGE, headers=headers) as answer,
        ):
            body = await answer.read()
        for engine, request, reply in self.exchanges:
            _say(f"  gateway → {engine}: {_line(request)}")
            if isinstance(request.body, bytes) and request.body:
                _say(f"            {_short(request.body)}")
            _say(f"            ← {reply.status}")
        _say(f"  caller  ← {answer.status} {_rules(answer.headers)}".rstrip())
        _say(f"            {_short(body)}")
        return answer.status < 300  # noqa: PLR2004 - the success class

    def _curl_query(self) -> str:
        return f"curl -s '{self.base}/v1/variables/query' -H 'Content-Type: application/json'"

    async def _query_all_engines(self) -> bool:
        """Query all engines at once; print what each of them has found."""
        _say_title("One question to both vendors: which instances hold this value, and where?")
        _say(f"{self._curl_query()} -d '{_QUESTION.decode()}'")
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.base}/v1/variables/query", data=_QUESTION, headers=_JSON) as answer,
        ):
            body = await answer.read()
        found = msgspec.json.decode(body) if answer.ok else {}
        for item in found.get("items", ()):
            _say(f"  ← {item['instance']}: {item['name']} = {item['value']}")
        for part in found.get("engines", ()):
            _say(f"    {part['engine']}: {part['status']}, {part['count']} found")
        counts = {part["engine"] for part in found.get("engines", ()) if part["count"]}
        return counts == set(self.instances)

    async def _ask_as_existing_client(self, name: str, owner: str) -> bool:
        """Print how the gateway answers a client of one engine's own API that asks for an instance of that or another.

        Args:
            name: the engine whose language is spoken; of its own instances the answer is what the engine says.
            owner: the engine of the instance.
        """
        vendor = app.VENDORS[_ENGINES[name]]
        native = self.instances[owner].partition(":")[2]
        path, query = vendor.fake.example(native)
        url = f"{self.base}{vendor.fake.base_path}{encode_path(path)}" + (f"?{query}" if query else "")
        _say_title(
            f"An existing client of {name} ({vendor.name}), with the gateway as its base URL"
            if name == owner
            else f"A client of {name} ({vendor.name}) in its own language, on an instance of {owner}"
        )
        _say(f"curl -s '{url}'")
        async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as answer:
            body = await answer.read()
        _say(f"  ← {answer.status} {_short(body)}")
        return answer.status < 300  # noqa: PLR2004 - the success class


def _say(text: str) -> None:
    """Print lines; bodies and names come from engines and may hold anything."""
    _console.print(printable_lines(text), markup=False)


def _say_title(text: str) -> None:
    _console.print()
    _console.print(Text(printable(text), style="bold"))


def _line(request: VendorRequest) -> str:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    return f"{request.method} /{'/'.join(request.path)}" + (f"?{query}" if query else "")


def _short(body: bytes) -> str:
    try:
        text = msgspec.json.format(body, indent=-1).decode()
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"


def _rules(headers: Mapping[str, str]) -> str:
    return f"(Gateway-Rules: {headers['Gateway-Rules']})" if "Gateway-Rules" in headers else ""


async def _wait_for_signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _ = await stop.wait()
