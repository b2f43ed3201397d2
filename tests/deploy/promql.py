"""What alerts and panels ask for: the metrics and labels that their expressions name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import promql_parser as promql
import yaml

from tests.cli.programs import ROOT

RULES = ROOT / "deploy" / "prometheus" / "rules.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "varbridge.json"
_STAND_INS = {"$__rate_interval": "5m", "$job": "j", "$engine": "e"}


class Named(msgspec.Struct, frozen=True):
    """What an expression names: each metric with its conditions, and the labels that it groups by."""

    selected: frozenset[tuple[str, tuple[tuple[str, str, str], ...]]]
    grouped: frozenset[str]


def named(expression: str) -> Named:
    """Return what an expression names; one that cannot be parsed raises."""
    nodes: list[Any] = []
    _ = promql.walk(promql.parse(expression), lambda node: nodes.append(node))
    nodes += [each.vector_selector for each in nodes if isinstance(each, promql.MatrixSelector)]
    selectors = [each for each in nodes if isinstance(each, promql.VectorSelector)]
    selected = {
        (
            each.name or "",
            tuple((str(one.op).removeprefix("MatchOp."), one.name, one.value) for one in each.matchers.matchers),
        )
        for each in selectors
    }
    modifiers = [each.modifier for each in nodes if isinstance(each, promql.AggregateExpr) and each.modifier]
    return Named(frozenset(selected), frozenset(label for each in modifiers for label in each.labels))


def alerts() -> list[Mapping[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return loaded


def panels() -> list[Mapping[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def plain(expression: str) -> str:
    """A panel's expression with values in place of Grafana's variables."""
    for variable, value in _STAND_INS.items():
        expression = expression.replace(variable, value)
    return expression


def asked() -> dict[str, str]:
    """Every expression of rules and dashboard, by where it stands."""
    found = {f"alert {rule['alert']}": rule["expr"] for rule in alerts()}
    for panel in panels():
        for target in panel["targets"]:
            found[f"panel {panel['title']} {target['refId']}"] = plain(target["expr"])
    return found
