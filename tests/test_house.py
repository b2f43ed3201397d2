"""Rules about the code itself. Each has a companion that shows the rule failing on something made up."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement

from gateway import config, errors
from gateway.app import VENDORS
from gateway.config import shapes
from gateway.web.v1 import openapi
from gateway.web.v1.routes import ROUTES
from tests.house import matrix

ROOT = Path(__file__).parents[1]
ADAPTERS = sorted(path for path in (ROOT / "adapters").iterdir() if (path / "__init__.py").exists())
SECTIONS = ["Name", "Settings", "Supported", "Quirks", "Sources"]
ALLOWED = {"gateway", "adapters", "tests", "config", "deploy", "pyproject.toml", "README.md"}
ALLOWED |= {"Makefile", "LICENSE", "CHANGELOG.md"}
BACKEND = (("deploy", "build-requirements"), ("tests", "requirements"))
REQUESTS = {"VendorRequest", "reading", "writing", "asking"}


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def sources(*rooms: str) -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in rooms]


# Imports; all the rest about them is in tests/house/test_imports.py.


def test_nothing_but_the_composition_root_imports_adapters() -> None:
    guilty = {path.relative_to(ROOT).as_posix() for path in sources("gateway") if imports(path.read_text(), "adapters")}
    assert guilty == {"gateway/app.py"}


def test_import_of_adapters_is_seen() -> None:
    assert imports("from adapters.camunda7 import VENDOR", "adapters")
    assert imports("import adapters", "adapters")
    assert not imports("import adaptersx", "adapters")


def imports(text: str, package: str) -> bool:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return any(name == package or name.startswith(package + ".") for name in names)


# Adapters


def f_string_paths(text: str) -> list[int]:
    """Lines where a request is made with an f-string, a `%`, `+` or `.format` in its path."""
    found: list[int] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", getattr(node.func, "attr", "")) not in REQUESTS:
            continue
        parts = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "path")]
        inner = [each for part in parts for each in ast.walk(part)]
        if any(isinstance(each, (ast.JoinedStr, ast.BinOp)) for each in inner):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sources("adapters"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_of_requests_are_never_built_from_text(path: Path) -> None:
    assert f_string_paths(path.read_text()) == []


@pytest.mark.parametrize(
    "text", ['reading(f"process/{x}")', 'VendorRequest(path=("a", f"{x}"))', 'wire.asking("a" + name, body=1)']
)
def test_path_built_from_text_is_seen(text: str) -> None:
    assert f_string_paths(text) == [1]


def stems(folder: Path) -> set[str]:
    hidden = {"__pycache__"}
    return {path.name.removesuffix(".py") for path in folder.iterdir() if path.name not in hidden}


def test_adapter_folders_hold_the_same_names() -> None:
    assert len(ADAPTERS) >= 2
    assert len({frozenset(stems(folder)) for folder in ADAPTERS}) == 1


def test_folder_counts_as_the_file_of_its_name_and_another_name_is_seen(tmp_path: Path) -> None:
    for name in ("a/values.py", "b/values/__init__.py", "c/worth.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert stems(tmp_path / "a") == stems(tmp_path / "b") != stems(tmp_path / "c")


def sections(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("folder", ADAPTERS, ids=lambda folder: folder.name)
def test_adapter_page_has_its_sections_and_an_example_that_loads(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert sections(text) == SECTIONS
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        read = config.parse(tomllib.loads(example), VENDORS, "example")
        (engine,) = read.engines.values()
        assert engine.vendor == folder.name
        own = set(VENDORS[folder.name].settings.__struct_fields__)
        assert own <= set(tomllib.loads(example)["engines"][next(iter(read.engines))])


def test_page_without_a_section_and_example_with_a_wrong_key_are_seen() -> None:
    assert sections("## Name\n## Quirks\n") != SECTIONS
    with pytest.raises(config.ConfigError):
        _ = config.parse({"engines": {"x": {"vendor": "camunda7", "url": "http://x", "colour": 1}}}, VENDORS)


# Configuration


def fields(kind: type, seen: set[type] | None = None) -> set[str]:
    """Names of all keys of a table and of the tables in it."""
    seen = set() if seen is None else seen
    names: set[str] = set()
    if kind in seen:
        return names
    seen.add(kind)
    for field in msgspec.structs.fields(kind):
        names.add(field.encode_name)
        for inner in structs_in(field.type):
            names |= fields(inner, seen)
    return names


def structs_in(kind: object) -> Iterable[type]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in getattr(kind, "__args__", ()):
        yield from structs_in(part)


def unnamed(text: str, kinds: Iterable[type]) -> set[str]:
    """Keys that a documented configuration does not name at the start of a line (after a `#`, if need be)."""
    named = set(re.findall(r"^\s*#?\s*([a-z0-9_]+)\s*=", text, re.MULTILINE))
    named |= set(re.findall(r"[{,]\s*([a-z0-9_]+)\s*=", text))
    named |= {part for found in re.findall(r"^\s*#?\s*\[+([\w.]+)\]+", text, re.MULTILINE) for part in found.split(".")}
    return set().union(*(fields(kind) for kind in kinds)) - named


def test_documented_configuration_loads_and_names_every_key() -> None:
    path = ROOT / "config" / "gateway.toml"
    assert config.load(path, {}, VENDORS).engines
    kinds = [shapes.ConfigFile, shapes.CommonEngineConfig, *(vendor.settings for vendor in VENDORS.values())]
    assert unnamed(path.read_text(encoding="utf-8"), kinds) == set()


def test_key_that_is_not_named_is_seen() -> None:
    assert "colour" in unnamed("[server]\nport = 1\n", [msgspec.defstruct("T", [("port", int), ("colour", str)])])


# README


@pytest.mark.parametrize("name", matrix.TABLES)
def test_table_in_readme_is_what_the_code_says(name: str) -> None:
    text = matrix.README.read_text(encoding="utf-8")
    assert matrix.shown(text, name) == matrix.TABLES[name](), "run: python -m tests.house.matrix"


def test_table_that_is_out_of_date_is_seen() -> None:
    old = "<!-- matrix -->\n| old |\n<!-- /matrix -->"
    assert matrix.shown(old, "matrix") == "| old |" != matrix.matrix()
    assert matrix.shown(matrix.written(old), "matrix") == matrix.matrix()


# Errors


@pytest.mark.parametrize("kind", matrix.error_classes(), ids=lambda kind: kind.__name__)
def test_error_says_code_status_and_what_it_means(kind: type[errors.VarbridgeError]) -> None:
    assert {"code", "status"} <= vars(kind).keys()
    assert kind.__doc__
    assert re.fullmatch(r"[a-z-]+", kind.code)
    assert 400 <= kind.status <= 599
    assert f"{kind.__name__} " in (errors.__doc__ or "")


def test_error_without_a_code_of_its_own_is_seen() -> None:
    nameless = type("Nameless", (errors.Refusal,), {})
    assert not {"code", "status"} <= vars(nameless).keys()


# Routes


def agrees(document: dict[str, dict[str, dict[str, object]]], routes: Iterable[tuple[str, str]]) -> bool:
    shown = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    return shown == set(routes)


def test_openapi_has_just_the_routes_that_there_are() -> None:
    routes = [(route.method, route.template) for route in ROUTES]
    assert agrees(openapi.document(ROUTES), routes)
    assert not agrees(openapi.document(ROUTES), routes[1:])


# Size and shape


def too_long(lengths: dict[str, int], most: int = 400) -> set[str]:
    return {name for name, length in lengths.items() if length > most}


def lengths() -> dict[str, int]:
    return {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources("gateway", "adapters")
    }


def test_files_are_short() -> None:
    assert too_long(lengths()) == set()
    assert statistics.median(length for length in lengths().values() if length > 12) <= 130


def test_long_file_is_seen() -> None:
    assert too_long({"a.py": 400, "b.py": 401}) == {"b.py"}


def test_decisions_have_numbers_of_their_own() -> None:
    pages = sorted((ROOT / "gateway" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert all(page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]} ") for page in pages)


def strangers(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith(".") and name not in ALLOWED}


def test_root_holds_only_what_belongs_there() -> None:
    assert strangers(path.relative_to(ROOT).parts[0] for path in files()) == set()


def test_stranger_in_the_root_is_seen() -> None:
    assert strangers(["gateway", ".ci", "notes.txt"]) == {"notes.txt"}


def unlocked(text: str) -> list[str]:
    """Lines of a lock file that pin without a hash, or name a registry."""
    logical = text.replace("\\\n", " ").splitlines()
    pins = [line for line in logical if line.strip() and not line.lstrip().startswith("#")]
    return [line for line in pins if "--hash=sha256:" not in line or "==" not in line or "://" in line]


def stale(text: str, wanted: Iterable[str]) -> set[str]:
    """What is asked for and not pinned, or pinned to a version that does not fit."""
    pinned = {
        line.partition("==")[0].lower(): line.partition("==")[2].split()[0]
        for line in text.splitlines()
        if "==" in line
    }
    found: set[str] = set()
    for each in map(Requirement, wanted):
        version = pinned.get(each.name.lower())
        if version is None or not each.specifier.contains(version):
            found.add(each.name)
    return found


@pytest.mark.parametrize(
    ("name", "extras"), [("deploy/requirements.txt", ("otel",)), ("tests/requirements.txt", ("dev", "otel"))]
)
def test_lock_file_is_current_and_has_hashes_and_no_addresses(name: str, extras: tuple[str, ...]) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert unlocked(text) == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    assert stale(text, wanted) == set(), "run: make lock"


def test_lock_file_of_the_build_backend_is_current_and_agrees_with_that_of_the_tests() -> None:
    backend, tests = ((ROOT / each / f"{name}.txt").read_text(encoding="utf-8") for each, name in BACKEND)
    assert unlocked(backend) == []
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert stale(backend, wanted) == set(), "run: make lock"
    assert {line for line in backend.splitlines() if "==" in line} <= set(tests.splitlines()), "run: make lock"


def test_pin_that_is_missing_or_does_not_fit_is_seen() -> None:
    assert stale("aiohttp==3.14.3 ; x\nmsgspec==0.1 \\\n", ["aiohttp>=3.14", "msgspec>=0.19", "yarl"]) == {
        "msgspec",
        "yarl",
    }


def test_loose_pin_is_seen() -> None:
    assert unlocked("aiohttp>=3\n--index-url https://x\nmsgspec==1 --hash=sha256:00\n") == [
        "aiohttp>=3",
        "--index-url https://x",
    ]


QUIET = """
import importlib, pkgutil, socket, sys, threading
def refuse(*a, **k): raise SystemExit("a socket at import time")
socket.socket.connect = socket.socket.bind = refuse
import {package}
for found in pkgutil.walk_packages({package}.__path__, "{package}."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
sys.exit(f"threads: {{threading.enumerate()}}" if threading.active_count() > 1 else 0)
"""


def test_importing_everything_does_nothing(tmp_path: Path) -> None:
    for package in ("gateway", "adapters"):
        done = quietly(QUIET.format(package=package), ROOT)
        assert (done.returncode, done.stderr) == (0, "")


def test_work_at_import_time_is_seen(tmp_path: Path) -> None:
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "__init__.py").write_text("import socket\nsocket.socket().bind(('127.0.0.1', 0))\n")
    assert quietly(QUIET.format(package="busy"), tmp_path).returncode == 1


def quietly(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)


def left_over(text: str) -> bool:
    return re.search(r"\b(TODO|FIXME|XXX)\b", text) is not None


def test_nothing_is_left_for_later() -> None:
    assert [path for path in sources("gateway", "adapters") if left_over(path.read_text(encoding="utf-8"))] == []


def test_note_for_later_is_seen() -> None:
    assert left_over("# " + "TO" + "DO: more")


def riddles(text: str) -> list[str]:
    """First lines of docstrings that begin with a verb for everything, where the verb that fits would say more."""
    return re.findall(r'"""((?:Gives?|Tells?)\b[^\n]*)', text)


def test_docstring_begins_with_the_verb_that_fits() -> None:
    rooms = sources("gateway", "adapters", "tests")
    found = [path.relative_to(ROOT).as_posix() for path in rooms if riddles(path.read_text(encoding="utf-8"))]
    assert found == []


def test_verb_for_everything_is_seen() -> None:
    quotes = '"' * 3
    assert riddles(f"{quotes}Give the lane.{quotes}\n{quotes}Return the lane.{quotes}") == [f"Give the lane.{quotes}"]
