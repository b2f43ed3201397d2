"""``varbridge demo``: a gateway in front of an embedded engine of each vendor, with instances to try things on."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
import click
import msgspec
import uvloop
from rich.console import Console
from yarl import URL

from gateway import app, config
from gateway.cli.served import Served
from gateway.observe import log
from gateway.plan import VendorRequest, VendorResponse, encode_path

_console = Console(highlight=False, soft_wrap=True)
_ENGINES = {"hr": "camunda7", "claims": "ibm_bpm"}
_CHANGE = b'{"modifications": {"amount": {"value": 1300}, "note": {"value": "checked"}}, "deletions": ["obsolete"]}'
_QUESTION = b'{"variableValues": [{"name": "amount", "operator": "gteq", "value": 1300}], "limit": 10}'
_JSON = {"Content-Type": "application/json"}
_SHOWN = 400
_PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--port", type=_PORT, default=8080, show_default=True, help="Of /v1; the next free one if it is in use.")
@click.option("--admin-port", type=_PORT, default=9090, show_default=True, help="Of /healthz, /readyz, /metrics.")
@click.option("--once", is_flag=True, help="Run the main job once on each engine, then end.")
@click.option("--camunda-url", help="Your own Camunda 7 engine instead of the embedded one (…/engine-rest).")
@click.option("--camunda-instance", help="A process instance there; its variables amount, note, obsolete are changed.")
def demo(port: int, admin_port: int, *, once: bool, camunda_url: str | None, camunda_instance: str | None) -> None:
    """Start everything on loopback, run the main job once on each vendor, then keep serving until Ctrl-C."""
    if (camunda_url is None) != (camunda_instance is None):
        raise click.UsageError("--camunda-url and --camunda-instance go together.")
    log.configure(json=None, level="warning")
    own = (camunda_url, camunda_instance) if camunda_url and camunda_instance else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(_Demo(*free(port, admin_port), own).run(once=once)))


def free(port: int, admin_port: int) -> tuple[int, int]:
    """Give each port if nobody listens there, else one that the system picks; says so. They are never the same."""
    with contextlib.closing(_held(port)) as one, contextlib.closing(_held(admin_port)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _held(port: int) -> socket.socket:
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        probe.bind(("127.0.0.1", 0))
        _console.print(f"Port {port} is in use; taking {probe.getsockname()[1]} instead.")
    probe.listen()  # with SO_REUSEADDR, only a port on which somebody listens is in use
    return probe


class _Demo:
    """One demonstration.

    Args:
        own: URL and instance of a real engine that takes the place of the embedded one.
    """

    def __init__(self, port: int, admin_port: int, own: tuple[str, str] | None) -> None:
        self.port, self.admin_port, self.own = port, admin_port, own
        self.base = f"http://127.0.0.1:{port}"
        self.served: dict[str, Served] = {}
        self.instances: dict[str, str] = {}
        self.exchanges: list[tuple[str, VendorRequest, VendorResponse]] = []

    async def run(self, *, once: bool) -> int:
        """Run it; give the exit code: 0 if the main job worked on every engine."""
        running: app.Application | None = None
        try:
            await self._start_engines()
            running = app.Application(self._config(), lambda *exchange: self.exchanges.append(exchange))
            await running.start()
            self._introduce()
            done = [await self._main_job(name) for name in self.instances]
            done.append(await self._question())
            done += [await self._existing_client(name) for name in self.instances]
            if not once:
                _console.print("\nServing until Ctrl-C.")
                await _interrupted()
            return 0 if all(done) else 1
        finally:
            if running is not None:
                await running.stop()
            for served in self.served.values():
                await served.stop()

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
        tree: dict[str, Any] = {
            "server": {"port": self.port, "admin_port": self.admin_port, "grace_s": 2.0},
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
        _console.print("\n[bold]Varbridge demo[/bold]")
        _console.print(f"  gateway   {self.base}/v1   (browse and try: {self.base}/docs)")
        _console.print(f"  admin     http://127.0.0.1:{self.admin_port}/readyz")
        for name, vendor in _ENGINES.items():
            where = self.served[name].url if name in self.served else f"{self.own[0] if self.own else ''} (your own)"
            _console.print(f"  engine    {name} ({vendor}) at {where}")
        _console.print("\n[bold]To paste into another terminal[/bold]")
        _console.print(f"curl -s {self.base}/v1/engines")
        _console.print(f"{self._asking()} -d '{_QUESTION.decode()}'", markup=False)
        for instance in self.instances.values():
            url = f"{self.base}/v1/instances/{instance}/variables"
            _console.print(f"curl -s '{url}'")
            _console.print(
                f"curl -si -X PATCH '{url}' -H 'Content-Type: application/json' -H 'Prefer: return=representation' "
                f"-d '{_CHANGE.decode()}'"
            )

    async def _main_job(self, name: str) -> bool:
        """Change variables of one instance, showing what the caller says, what the engine hears, what comes back."""
        self.exchanges.clear()
        instance = self.instances[name]
        path = encode_path(("v1", "instances", instance, "variables"))
        _console.print(f"\n[bold]{name} ({_ENGINES[name]})[/bold]")
        _console.print(f"  caller  → PATCH /v1/instances/{instance}/variables")
        _console.print(f"            {_CHANGE.decode()}", markup=False)
        headers = {**_JSON, "Prefer": "return=representation"}
        async with (
            aiohttp.ClientSession() as session,
            session.patch(URL(self.base + path, encoded=True), data=_CHANGE, headers=headers) as answer,
        ):
            body = await answer.read()
        for engine, request, reply in self.exchanges:
            _console.print(f"  gateway → {engine}: {_line(request)}", markup=False)
            if isinstance(request.body, bytes) and request.body:
                _console.print(f"            {_short(request.body)}", markup=False)
            _console.print(f"            ← {reply.status}", markup=False)
        _console.print(f"  caller  ← {answer.status} {_rules(answer.headers)}".rstrip(), markup=False)
        _console.print(f"            {_short(body)}", markup=False)
        return answer.status < 300  # noqa: PLR2004 - the success class

    def _asking(self) -> str:
        return f"curl -s '{self.base}/v1/variables/query' -H 'Content-Type: application/json'"

    async def _question(self) -> bool:
        """Ask one question of all engines, and show what each of them has found."""
        _console.print("\n[bold]One question to both vendors: which instances hold this value, and where?[/bold]")
        _console.print(f"{self._asking()} -d '{_QUESTION.decode()}'", markup=False)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.base}/v1/variables/query", data=_QUESTION, headers=_JSON) as answer,
        ):
            body = await answer.read()
        found = msgspec.json.decode(body) if answer.ok else {}
        for item in found.get("items", ()):
            _console.print(f"  ← {item['instance']}: {item['name']} = {item['value']}", markup=False)
        for part in found.get("engines", ()):
            _console.print(f"    {part['engine']}: {part['status']}, {part['count']} found", markup=False)
        counts = {part["engine"] for part in found.get("engines", ()) if part["count"]}
        return counts == set(self.instances)

    async def _existing_client(self, name: str) -> bool:
        """Show that a client of the vendor's own API is answered by the gateway as by the engine."""
        vendor = app.VENDORS[_ENGINES[name]]
        native = self.instances[name].partition(":")[2]
        path, query = vendor.fake.example(native)
        url = f"{self.base}{vendor.fake.base_path}{encode_path(path)}" + (f"?{query}" if query else "")
        _console.print(f"\n[bold]An existing client of {name} ({vendor.name}), with the gateway as its base URL[/bold]")
        _console.print(f"curl -s '{url}'", markup=False)
        async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as answer:
            body = await answer.read()
        _console.print(f"  ← {answer.status} {_short(body)}", markup=False)
        return answer.status < 300  # noqa: PLR2004 - the success class


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


async def _interrupted() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _ = await stop.wait()
