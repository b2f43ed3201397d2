"""One road out: whatever reaches an engine passes ``gateway.wire.gate``. Found in the code: who can open a connection,
who knows a sender, and what is done with its exchanges. That the gate does its work is in ``tests/wire/test_gate.py``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SENDERS = {"AiohttpSender", "Http1Sender"}
OPENERS = {
    "gateway/wire/aiohttp_sender.py": "a sender",
    "gateway/wire/http1/pool.py": "the connections of a sender",
    "gateway/wire/fetch.py": "asks issuers of tokens, for keys and for our own: no engine, and nothing that a caller waits to write",
    "gateway/cli/reload.py": "the command line asks a gateway how it is",
    "gateway/cli/client.py": "the command line is a caller of some gateway, in a process of its own",
    "gateway/cli/demo.py": "asks the gateway that it has just started, as a caller does",
    "gateway/cli/workers.py": "tries whether the gateway's own ports are free, and connects to nothing",
}
"""Who may open a connection, and why. The list only shrinks."""
OPENING_NAMES = {"ClientSession", "TCPConnector", "UnixConnector", "NamedPipeConnector"}
OPENING_CALLS = {
    "create_connection",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
    "create_unix_connection",
}
OPENING_MODULES = {"socket", "http.client", "urllib.request", "httpx", "requests", "urllib3", "websockets", "telnetlib"}
KNOWS = {
    "gateway.wire.aiohttp_sender": {"gateway/wire/client.py"},
    "gateway.wire.http1": {"gateway/wire/client.py"},
    "gateway.wire.http1.sender": {"gateway/wire/http1/__init__.py"},
    "gateway.wire.http1.pool": {"gateway/wire/http1/sender.py"},
}
"""Who may import a sender, or the connections of one."""
SETS_UP = {"open", "close"}
"""What is done with a sender beside exchanges."""
GATES = {"guard_held", "guard_raw"}

Sources = dict[str, ast.Module]


@pytest.fixture(scope="module")
def gateway() -> Sources:
    paths = [path for room in ("gateway", "adapters") for path in sorted((ROOT / room).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each module that is imported, and each name that is imported from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def opens(tree: ast.Module) -> bool:
    for module, name in imports(tree):
        if module in OPENING_MODULES or f"{module}.{name}" in OPENING_MODULES:
            return True
        if module == "aiohttp" and name in {*OPENING_NAMES, "request"}:
            return True
    return any(_opens(node) for node in ast.walk(tree))


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    aiohttp_request = node.attr == "request" and isinstance(node.value, ast.Name) and node.value.id == "aiohttp"
    return node.attr in OPENING_NAMES | OPENING_CALLS or aiohttp_request


def openers(sources: Sources) -> set[str]:
    return {path for path, tree in sources.items() if opens(tree)}


def who_knows(sources: Sources) -> set[tuple[str, str]]:
    """Imports of a sender that nothing allows."""
    return {
        (path, wanted)
        for path, tree in sources.items()
        for module, name in imports(tree)
        for wanted in (module, f"{module}.{name}")
        if path not in KNOWS.get(wanted, {path})
    }


def around_the_gate(sources: Sources) -> set[str]:
    """Uses of a sender's exchange that are not handed to the gate, as ``path:line``."""
    return {f"{path}:{line}" for path, tree in sources.items() for line in _ungated(tree)}


def _ungated(tree: ast.Module) -> Iterable[int]:
    held = _sender_places(tree)
    if not held:
        return []
    allowed = {id(argument) for call in ast.walk(tree) if isinstance(call, ast.Call) for argument in _passed(call)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) in held
        and node.attr not in SETS_UP
        and id(node) not in allowed
    ]


def _sender_places(tree: ast.Module) -> set[str]:
    """What holds a sender: ``self._http1``, ``sender``, or the constructor's own call."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in SENDERS]
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.value in made]
    return {ast.unparse(target) for node in assigned for target in node.targets} | {ast.unparse(call) for call in made}


def _passed(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that may take an exchange: the gate's own, or another sender's (which stands behind it)."""
    to_gate = (
        isinstance(call.func, ast.Attribute) and call.func.attr in GATES and ast.unparse(call.func.value) == "gate"
    )
    return call.args if to_gate or ast.unparse(call.func) in SENDERS else []


def test_connections_are_opened_by_the_senders_and_whoever_speaks_to_no_engine(gateway: Sources) -> None:
    assert openers(gateway) == set(OPENERS)


def test_senders_are_known_to_the_client_alone(gateway: Sources) -> None:
    assert who_knows(gateway) == set()


def test_every_exchange_of_a_sender_is_handed_to_the_gate(gateway: Sources) -> None:
    assert around_the_gate(gateway) == set()
    assert [path for path, tree in gateway.items() if _sender_places(tree)] == ["gateway/wire/client.py"]


def made_up(text: str, path: str = "gateway/operations/shortcut.py") -> Sources:
    return {path: ast.parse(text)}


@pytest.mark.parametrize(
    "text",
    [
        "import aiohttp\nasync def f(): return aiohttp.ClientSession()",
        "from aiohttp import ClientSession as Session",
        "import aiohttp\nasync def f(): return aiohttp.request('GET', 'http://engine')",
        "import asyncio\nasync def f(): return await asyncio.open_connection('engine', 80)",
        "async def f(loop): return await loop.create_connection(object, 'engine', 80)",
        "import socket",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client",
        "import httpx",
    ],
    ids=[
        "session",
        "session renamed",
        "request",
        "stream",
        "loop",
        "socket",
        "urllib",
        "urlopen",
        "http.client",
        "httpx",
    ],
)
def test_connection_that_is_opened_elsewhere_is_seen(text: str) -> None:
    assert openers(made_up(text)) == {"gateway/operations/shortcut.py"}


@pytest.mark.parametrize(
    "text",
    [
        "from gateway.wire.http1 import Http1Sender",
        "from gateway.wire.aiohttp_sender import AiohttpSender",
        "from gateway.wire import http1",
        "from gateway.wire.http1.pool import Pool",
        "import gateway.wire.http1.sender",
    ],
    ids=["http1", "aiohttp", "package", "pool", "module"],
)
def test_sender_that_is_imported_elsewhere_is_seen(text: str) -> None:
    assert len(who_knows(made_up(text))) == 1


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("self._fast = Http1Sender(1)\nsend = gate.guard_held(self._fast.send)", False),
        ("self._fast = Http1Sender(1)\nsend = self._fast.send", True),
        ("self._fast = Http1Sender(1)\nanswer = await self._fast.relay(request, call)", True),
        ("send = AiohttpSender(1).send", True),
        ("other = AiohttpSender(1)\nfast = Http1Sender(1, other.send)", False),
        ("other = AiohttpSender(1)\nsend = stack(other.send)", True),
        ("other = AiohttpSender(1)\nawait other.open()", False),
    ],
    ids=["gated", "taken", "called", "unnamed", "behind a sender", "in the stack", "opened"],
)
def test_exchange_that_goes_around_the_gate_is_seen(text: str, seen: bool) -> None:
    assert (
        bool(around_the_gate(made_up(f"async def f(self, gate):\n    {text.replace(chr(10), chr(10) + '    ')}")))
        is seen
    )
