"""Alerts, panels and pages of the runbook name only metrics, labels and values of labels that a gateway shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from functools import cache

import pytest
from prometheus_client import Metric

from gateway import errors
from gateway.web.v1.routes import ROUTES
from tests.cli.programs import ROOT
from tests.deploy.promql import asked, dashboard, named
from tests.deploy.served import REFUSALS, SHEDS, exposed

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to every sample."""
OWN = {"up": SCRAPED}
"""Series that Prometheus makes itself, once a scrape."""
PAGES = sorted((ROOT / "deploy" / "runbook").glob("*.md"))


@cache
def families() -> dict[str, Metric]:
    return asyncio.run(exposed())


def samples(found: Iterable[Metric]) -> dict[str, set[str]]:
    """The labels of each sample, those of Prometheus among them."""
    labels: dict[str, set[str]] = {name: set(each) for name, each in OWN.items()}
    for sample in (sample for family in found for sample in family.samples):
        labels.setdefault(sample.name, set(SCRAPED)).update(sample.labels)
    return labels


def codes(kind: type[errors.VarbridgeError] = errors.VarbridgeError) -> set[str]:
    return {kind.code}.union(*(codes(each) for each in kind.__subclasses__()))


STATUSES = {str(status) for status in range(100, 600)}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
VALUES: Mapping[str, set[str]] = {
    "status": STATUSES,
    "outcome": {"ok", "caller-gone", "applied", "refused", *codes(), *(f"engine-{each}xx" for each in (3, 4, 5))},
    "result": {*STATUSES, *codes()},
    "method": METHODS,
    "route": {"unmatched", *(route.template for route in ROUTES)},
    "job": {"varbridge", "j"},
    "engine": {"e"},
    "reason": {*SHEDS, *REFUSALS},
}
"""What a label may be; a name that expressions are given in place of Grafana's variables is among them."""


def wrong(expression: str, labels: Mapping[str, set[str]]) -> set[str]:
    """What an expression names that does not exist."""
    found = named(expression)
    unknown = {metric for metric, _ in found.selected if metric not in labels}
    known = set().union(*(labels.get(metric, set()) for metric, _ in found.selected))
    unknown |= found.grouped - known
    for metric, conditions in found.selected:
        unknown |= {name for _, name, _ in conditions if name not in labels.get(metric, {name})}
        unknown |= {f'{name}="{value}"' for operator, name, value in conditions if not _exists(operator, name, value)}
    return unknown


def _exists(operator: str, name: str, value: str) -> bool:
    """Whether a condition is about a value that the label can have."""
    pattern = value if "Re" in operator else re.escape(value)
    return any(re.fullmatch(pattern, each) for each in VALUES.get(name, ()))


@pytest.mark.parametrize("place", asked(), ids=str)
def test_expression_names_what_the_gateway_shows(place: str) -> None:
    assert wrong(asked()[place], samples(families().values())) == set()


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        pytest.param("rate(varbridge_requests_total[5m])", {"varbridge_requests_total"}, id="metric"),
        pytest.param('a_total{colour="red"}', {"colour", 'colour="red"'}, id="label-of-a-condition"),
        pytest.param("sum by (colour) (a_total)", {"colour"}, id="label-of-a-group"),
        pytest.param('a_total{outcome="overload"}', {'outcome="overload"'}, id="value"),
        pytest.param('a_total{outcome=~"over.*"} / on (engine) a_total', set(), id="nothing"),
    ],
)
def test_name_that_does_not_exist_is_seen(expression: str, missing: set[str]) -> None:
    assert wrong(expression, {"a_total": {"outcome", "engine"}}) == missing


def test_metric_that_the_gateway_shows_has_a_panel() -> None:
    shown = "\n".join(asked()[place] for place in asked() if place.startswith("panel"))
    own = {name.removesuffix("_created") for name in families() if name.startswith("varbridge_")}
    assert {name for name in own if name not in shown} == set()


def test_reason_that_is_counted_is_one_of_the_gateway() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "gateway").rglob("*.py"))
    assert [reason for reason in VALUES["reason"] if f'"{reason}"' not in source] == []


def test_variables_of_the_dashboard_come_from_labels_that_the_gateway_shows() -> None:
    queries = [each["query"]["query"] for each in dashboard()["templating"]["list"] if each["type"] == "query"]
    shown = [re.fullmatch(r"label_values\((.+), (\w+)\)", each) for each in queries]
    assert len(shown) == len(queries) == 2
    labels = samples(families().values())
    for each in shown:
        assert each is not None
        metric = each[1].partition("{")[0]
        assert each[2] in labels[metric]


def test_metric_that_a_page_of_the_runbook_names_exists() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"\b(?:varbridge|process)_\w+", text)) <= set(samples(families().values()))
