"""``adapters/TYPES.md``: what becomes of every type on both vendors, as their fakes are sent it. Run to write the page.

``python -m tests.house.types``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import msgspec

from adapters import camunda7, ibm_bpm
from gateway.errors import VarbridgeError
from gateway.model.commands import PatchVariables
from gateway.model.results import Rule
from gateway.model.values import Value
from gateway.port import Credentials
from tests.conformance.subjects import DEFINITION, Subject, on_fake
from tests.conformance.values import typed
from tests.house.matrix import replaced

PAGE = Path(__file__).parents[2] / "adapters" / "TYPES.md"
NAME = "v"
VENDORS = {"camunda7": camunda7.VENDOR, "ibm_bpm": ibm_bpm.VENDOR}
Settings = dict[str, Any]


class Example(msgspec.Struct, frozen=True):
    """A value, and the settings of each vendor that are worth showing it with."""

    value: Value
    camunda7: tuple[Settings, ...] = ({},)
    ibm_bpm: tuple[Settings, ...] = ({},)


def _types(kind: str) -> Settings:
    return {"types": {NAME: kind}}


_BINARY: tuple[Settings, ...] = (
    {},
    {"binary": "base64"},
    {"binary": "envelope"},
    {"binary": "envelope", **_types("string")},
)
EXAMPLES: tuple[Example, ...] = (
    Example(typed("null", "null")),
    Example(typed("boolean", "true")),
    Example(typed("integer/int16", "5")),
    Example(typed("integer/int32", "42")),
    Example(typed("integer/int64", "9007199254740993"), ibm_bpm=({}, {"int64": "string"})),
    Example(typed("number/double", "1.5")),
    Example(typed("number/double", '"NaN"')),
    Example(typed("number/double", "1e400")),
    Example(typed("number/decimal", "1.10")),
    Example(typed("number/decimal", "0.1000000000000000000000000000001"), camunda7=({}, {"decimals": "double"})),
    Example(typed("number/decimal", "1e400"), camunda7=({}, {"decimals": "double"})),
    Example(typed("string", '"x"')),
    Example(
        typed("date-time", '"2026-03-01T10:30:00+01:00"'), ({}, {"date_format": "SSSXX"}), ({}, _types("date-time"))
    ),
    Example(
        typed("date-time", '"2026-03-01T09:30:00.1234Z"'),
        ({}, {"fractions": "truncate"}),
        (_types("date-time"), {"fractions": "truncate", **_types("date-time")}),
    ),
    Example(typed("bytes", '"c2VhbA=="'), ibm_bpm=_BINARY),
    Example(typed("file", '"c2VhbA=="', filename="a.pdf", media_type="application/pdf"), ibm_bpm=_BINARY),
    Example(typed("json", '{"a":1.10}'), camunda7=({}, {"json": "Object"}, {"json": "refuse"})),
    Example(typed("json", '"text"')),
    Example(typed("object", '{"a":1}', class_name="Customer")),
    Example(typed("object", '"<a/>"', class_name="A", serialization="application/xml")),
    Example(typed("list", '[1,"x"]'), camunda7=({}, {"json": "Object"}), ibm_bpm=({}, {"new_lists": "plain"})),
    Example(typed("xml", '"<a/>"'), camunda7=({}, {"xml": "refuse"}), ibm_bpm=({}, _types("xml"))),
    Example(typed("opaque", '"rO0ABQ=="')),
    Example(msgspec.structs.replace(typed("string", '"x"'), transient=True)),
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a value: what was sent, by which rules, and what is read afterwards; or why it was refused."""

    sent: Any = None
    rules: tuple[Rule, ...] = ()
    found: Value | None = None
    refused: str = ""


def subject(vendor: str, settings: Settings) -> tuple[Subject, str]:
    """Return an engine on its fake, and an instance that may have the variable."""
    fake = VENDORS[vendor].fake()
    engine = VENDORS[vendor].engine("page", VENDORS[vendor].settings(**settings), Credentials())
    made = on_fake(engine, fake, begin=fake.start, end=lambda _: None, missing="4711")
    return made, fake.start(DEFINITION, {NAME: None} if vendor == "ibm_bpm" else {})


def outcome(vendor: str, settings: Settings, value: Value) -> Outcome:
    """Write a value and read it."""
    made, instance = subject(vendor, settings)
    try:
        rules = made.ask("patch_variables", PatchVariables(instance=instance, modifications={NAME: value})).rules
    except VarbridgeError as refusal:
        if made.wrote and settings.get("date_format") != "SSSXX":
            raise
        if not made.wrote:
            return Outcome(refused=refusal.code)
        rules = ()  # the fake is no Fluxnova
    written = next(request for request in made.sent if request.writes)
    body = json.loads(written.body, parse_float=_Lexeme, parse_int=_Lexeme)  # type: ignore[arg-type]
    sent = body["modifications"][NAME] if vendor == "camunda7" else body[NAME]
    if vendor == "camunda7" and sent["valueInfo"] is None:
        del sent["valueInfo"]
    return Outcome(sent=sent, rules=rules, found=made.read(instance, NAME))


class _Lexeme(float):
    """A number that prints as it was written."""

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text  # type: ignore[attr-defined]
        return made


def _shown(tree: Any) -> str:
    match tree:
        case _Lexeme():
            return str(tree.text)  # type: ignore[attr-defined]
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {_shown(each)}" for key, each in tree.items()) + "}"
        case list():
            return "[" + ", ".join(map(_shown, tree)) + "]"
        case _:
            return json.dumps(tree, ensure_ascii=False)


def _cell(vendor: str, settings: Settings, value: Value) -> str:
    found = outcome(vendor, settings, value)
    words = said(settings)
    if found.refused:
        shown = f"refused: `{found.refused}`"
    else:
        shown = f"`{_shown(found.sent)}`" + "".join(f", rule `{rule.id}`" for rule in found.rules)
    return (f"{words}: " if words else "") + shown.replace("|", "\\|")


def said(settings: Settings) -> str:
    """Return settings as they stand in a configuration."""
    return ", ".join(f"`{key} = {_toml(each)}`" for key, each in settings.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


def given(value: Value) -> str:
    """Return a value as a caller writes it."""
    return _shown(json.loads(msgspec.json.encode(value), parse_float=_Lexeme, parse_int=_Lexeme))  # type: ignore[arg-type]


def table() -> str:
    """Return the table."""
    rows = ["| `/v1` | `camunda7` | `ibm_bpm` |", "|---|---|---|"]
    for example in EXAMPLES:
        cells = [
            "<br>".join(_cell(vendor, settings, example.value) for settings in getattr(example, vendor))
            for vendor in VENDORS
        ]
        rows.append(f"| `{given(example.value)}` | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    _ = PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), "types", table()), encoding="utf-8")
