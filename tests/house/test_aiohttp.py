"""Private members of aiohttp that the gateway leans on: each is listed, and each is there. No change log tells of them,
which is why ``pyproject.toml`` caps aiohttp below its next minor version: raise the cap with this test and `make test`."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from aiohttp import hdrs, web
from packaging.requirements import Requirement

import gateway

ROOT = Path(__file__).parents[2]
LEANED_ON: dict[str, set[str]] = {
    # whose it is: its members, private by name or by being in no documentation
    "aiohttp.base_protocol.BaseProtocol": {"_loop", "_reading_paused"},
    "aiohttp.client.ClientSession": {"_retry_connection"},
    "aiohttp.helpers": {"reify", "rfc822_formatted_time"},
    "aiohttp.http_exceptions": {"HttpProcessingError"},
    "aiohttp.http_parser": {"HttpRequestParser", "HttpRequestParserPy"},
    "aiohttp.http_writer": {"StreamWriter"},
    "aiohttp.http_writer.StreamWriter": {"_headers_buf"},
    "aiohttp.web_protocol": {"ERROR", "RequestHandler", "_ErrInfo", "_PAYLOAD_ACCESS_ERROR"},
    "aiohttp.web_protocol.RequestHandler": {
        "_buffer_paused",
        "_close",
        "_current_request",
        "_force_close",
        "_handle_request",
        "_keepalive",
        "_keepalive_handle",
        "_keepalive_timeout",
        "_lingering_time",
        "_make_error_handler",
        "_manager",
        "_messages",
        "_msg_queue_resume_size",
        "_next_keepalive_close_time",
        "_parser",
        "_process_keepalive",
        "_request_factory",
        "_request_handler",
        "_resume_reading_if_drained",
        "_task_handler",
        "_waiter",
    },
    "aiohttp.web_request.BaseRequest": {"_task"},
    "aiohttp.web_response.StreamResponse": {
        "_eof_sent",
        "_keep_alive",
        "_payload_writer",
        "_prepare_headers",
        "_send_headers_immediately",
        "_write_headers",
    },
    "aiohttp.web_server.Server": {"_kwargs", "_loop", "_make_request"},
}
DOCUMENTED = {"aiohttp", "aiohttp.web", "aiohttp.hdrs", "aiohttp.abc"}
"""Modules whose public names are documented."""
FOREIGN = re.compile(r"_[a-z]\w*\Z")
Member = tuple[str, str]


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def imported(tree: ast.Module) -> Iterator[Member]:
    """Names taken out of modules that are in no documentation."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aiohttp":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole not in DOCUMENTED and inspect.ismodule(getattr(aiohttp, alias.name, None)):
                    aliases[alias.asname or alias.name] = whole
                elif node.module not in DOCUMENTED or alias.name.startswith("_"):
                    yield node.module or "", alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def reached_into(tree: ast.Module) -> Iterator[str]:
    """Private attributes of other objects, in a module that knows aiohttp."""
    if not any(getattr(node, "module", None) == "aiohttp" or _names_aiohttp(node) for node in ast.walk(tree)):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and FOREIGN.match(node.attr):
            own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "os"}
            own = own or (isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super")
            if not own:
                yield node.attr


def _names_aiohttp(node: ast.AST) -> bool:
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "aiohttp" for alias in node.names)


def inherited(kind: type) -> Iterator[Member]:
    """Private members of aiohttp's that a class of ours uses, or puts its own in the place of."""
    bases = [base for base in kind.__mro__ if base.__module__.split(".")[0] == "aiohttp"]
    for name in _private_names(kind):
        for base in bases:
            if has(base, name):
                yield f"{base.__module__}.{base.__qualname__}", name
                break


def _private_names(kind: type) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    nodes = list(ast.walk(tree))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {name for name in used if FOREIGN.match(name)}


def has(owner: object, name: str) -> bool:
    """Whether a module or class has a member; of a class also one that it sets on its instances itself."""
    if not isinstance(owner, type):
        return hasattr(owner, name)
    return name in vars(owner) or re.search(rf"\bself\.{name}\b\s*(=|:|,)", inspect.getsource(owner)) is not None


def used(found: Iterable[ModuleType]) -> set[Member]:
    known = {name: owner for owner, names in LEANED_ON.items() for name in names}
    members: set[Member] = set()
    for module in found:
        tree = ast.parse(inspect.getsource(module))
        members |= set(imported(tree))
        members |= {(known.get(name, f"somebody in {module.__name__}"), name) for name in reached_into(tree)}
        own = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
        members |= {member for kind in own for member in inherited(kind)}
    return members


def owner_of(path: str) -> object:
    try:
        return importlib.import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def gone(listed: dict[str, set[str]]) -> list[str]:
    return [
        f"aiohttp {aiohttp.__version__} has no {owner}.{name} any more, which the gateway leans on"
        for owner, names in sorted(listed.items())
        for name in sorted(names)
        if not has(owner_of(owner), name)
    ]


def test_every_private_member_that_is_leaned_on_is_there() -> None:
    assert gone(LEANED_ON) == []


def test_every_private_member_that_is_used_is_listed_and_no_other() -> None:
    assert used(modules()) == {(owner, name) for owner, names in LEANED_ON.items() for name in names}


def test_aiohttp_is_capped_below_its_next_minor_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = [each for each in map(Requirement, project["dependencies"]) if each.name == "aiohttp"]
    major, minor = (int(part) for part in aiohttp.__version__.split(".")[:2])
    assert wanted.specifier.contains(aiohttp.__version__)
    assert not wanted.specifier.contains(f"{major}.{minor + 1}.0")


def test_member_that_is_gone_is_named() -> None:
    (said,) = gone(
        {"aiohttp.web_response.StreamResponse": {"_eof_sent", "_eof_was_sent"}, "aiohttp.helpers": {"reify"}}
    )
    assert said.endswith(
        "has no aiohttp.web_response.StreamResponse._eof_was_sent any more, which the gateway leans on"
    )


class MadeUp(web.StreamResponse):
    """Uses a private member, replaces another, and has one of its own."""

    _own = hdrs.HOST

    def used(self) -> object:
        return self._body_length, self._own

    async def _start(self, request: web.BaseRequest) -> object:
        return await super()._start(request)


def test_inherited_member_is_seen_and_an_own_one_is_not() -> None:
    assert set(inherited(MadeUp)) == {
        ("aiohttp.web_response.StreamResponse", "_body_length"),
        ("aiohttp.web_response.StreamResponse", "_start"),
    }


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("from aiohttp.helpers import reify", {("aiohttp.helpers", "reify")}),
        ("from aiohttp import http_parser\nhttp_parser.Thing", {("aiohttp.http_parser", "Thing")}),
        ("from aiohttp.web import _Private", {("aiohttp.web", "_Private")}),
        ("from aiohttp import ClientSession, web, hdrs\nweb.Response, hdrs.HOST", set()),
    ],
    ids=["from a module", "through a module", "private name", "documented"],
)
def test_import_of_what_is_in_no_documentation_is_seen(text: str, seen: set[Member]) -> None:
    assert set(imported(ast.parse(text))) == seen


def test_private_attribute_of_another_object_is_seen() -> None:
    text = "import aiohttp\ndef f(session, self): return session._connector, self._mine, super()._theirs"
    assert list(reached_into(ast.parse(text))) == ["_connector"]
