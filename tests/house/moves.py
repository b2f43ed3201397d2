"""``adapters/MOVES.md``: what a move between two vendors keeps, loses by a rule, or refuses. Run to write the page.

``python -m tests.house.moves``
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.errors import VarbridgeError
from gateway.model.difference import COMPARISON_RULES
from gateway.model.results import Scope, Variable
from gateway.model.values import ABSENT, Value
from gateway.model.verdict import Verdict
from gateway.port import Credentials, Engine
from tests.conformance.values import string, typed
from tests.house.matrix import replaced
from tests.house.types import EXAMPLES, NAME, VENDORS, Example, Settings, given, said

PAGE = Path(__file__).parents[2] / "adapters" / "MOVES.md"
PAIRS = (("camunda7", "ibm_bpm"), ("ibm_bpm", "camunda7"), ("camunda7", "camunda7"))
_MORE = (
    Example(typed("date-time", '"0001-01-01T00:00:00Z"'), ibm_bpm=({}, {"types": {NAME: "date-time"}})),
    Example(typed("date-time", '"9999-12-31T23:59:59Z"'), ibm_bpm=({}, {"types": {NAME: "date-time"}})),
    Example(typed("number/decimal", "123456789012345678901234567891"), camunda7=({}, {"decimals": "double"})),
)
_UNSHOWN: tuple[tuple[str, Variable], ...] = (
    ("a text of 4001 UTF-16 units", Variable(name=NAME, value=string("x" * 4001))),
    ("a name of 256 characters", Variable(name="n" * 256, value=string("x"))),
    ("a value in an execution's or a task's scope", Variable(name=NAME, value=string("x"), scope=Scope(kind="task", id="1"))),
    ("a value that the source cannot read", Variable(name=NAME, value=Value(type="json", value=ABSENT), error="broken")),
    ("a Java-serialized object", Variable(name=NAME, value=typed("opaque", '"rO0ABQ=="'))),
)  # fmt: skip
"""What no table of values shows."""


def engine(vendor: str, settings: Settings) -> Engine:
    """Return an engine of a vendor."""
    return VENDORS[vendor].engine("page", VENDORS[vendor].settings(**settings), Credentials())


def rows(source: str) -> Iterator[tuple[Value, Example]]:
    """Yield each value as an engine of the source's vendor shows it, with the settings that are worth showing."""
    seen: set[bytes] = set()
    for example in (*EXAMPLES, *_MORE):
        for settings in getattr(example, source):
            try:
                shown = engine(source, settings).foresee(Variable(name=NAME, value=example.value)).value
            except VarbridgeError:
                continue
            text = msgspec.json.encode(shown)
            if text not in seen and not shown.transient:
                seen.add(text)
                yield shown, example


def cell(target: str, variable: Variable, variants: tuple[Settings, ...]) -> str:
    """Return the verdicts of a vendor's engine in several settings, each said once."""
    found: dict[str, list[str]] = {}
    for settings in ({}, *(each for each in variants if each)):
        (verdict,) = engine(target, settings).assess([variable])
        found.setdefault(_told(verdict), []).append(said(settings))
    default = next(iter(found))
    others = [
        f"{' or '.join(each for each in names if each)}: {told}" for told, names in found.items() if told != default
    ]
    return "<br>".join((default, *others))


def _told(verdict: Verdict) -> str:
    if verdict.code is not None:
        return f"refused: `{verdict.code}`"
    becomes = f", read as `{verdict.becomes}`" if verdict.becomes is not None else ""
    if verdict.rules:
        return f"by rule {', '.join(f'`{rule}`' for rule in verdict.rules)}{becomes}"
    return f"kept{becomes}"


def table(source: str, target: str) -> str:
    """Return the table of one pair of vendors."""
    lines = [f"| as `{source}` shows it | on `{target}` |", "|---|---|"]
    lines += [
        f"| `{given(value)}` | {cell(target, Variable(name=NAME, value=value), getattr(example, target))} |".replace(
            "\\|", "|"
        )
        for value, example in rows(source)
    ]
    lines += [f"| {words} | {cell(target, variable, ({},))} |" for words, variable in _UNSHOWN]
    return "\n".join(lines)


def rules() -> str:
    """Return the table of what a comparison explains."""
    return "\n".join(
        (
            "| rule | what it explains |",
            "|---|---|",
            *(f"| `{rule}` | {words} |" for rule, words in COMPARISON_RULES.items()),
        )
    )


def written(text: str) -> str:
    """Return the page with its tables as they should be."""
    for source, target in PAIRS:
        text = replaced(text, f"{source} to {target}", table(source, target))
    return replaced(text, "rules", rules())


if __name__ == "__main__":
    _ = PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
