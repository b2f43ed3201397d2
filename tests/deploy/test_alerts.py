"""Alerts: right by Prometheus's own tool, each with cases and a page; panels that an alert's page speaks of are there."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import yaml

from tests.cli.programs import ROOT
from tests.deploy.promql import RULES, alerts, panels
from tests.deploy.tools import run

CASES = RULES.with_name("rules_test.yaml")
RUNBOOK = ROOT / "deploy" / "runbook"
NAMES = [rule["alert"] for rule in alerts()]
SECTIONS = ["What it means", "What callers see", "Where to look", "What to do"]


def test_prometheus_takes_the_rules() -> None:
    done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert (done.returncode, f"SUCCESS: {len(NAMES)} rules found" in done.stdout) == (0, True), done


def test_alerts_fire_and_stay_quiet_as_their_cases_say() -> None:
    done = run("promtool", "test", "rules", CASES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_case_that_does_not_hold_is_seen(tmp_path) -> None:
    (tmp_path / RULES.name).write_bytes(RULES.read_bytes())
    text = CASES.read_text(encoding="utf-8").replace("0+60x40", "0+1x40")
    (tmp_path / CASES.name).write_text(text, encoding="utf-8")
    done = run("promtool", "test", "rules", tmp_path / CASES.name)
    assert (done.returncode, "VarbridgeErrors fires" in done.stderr + done.stdout) == (1, True)


def test_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    tested = Counter(
        (each["alertname"], bool(each["exp_alerts"])) for case in cases for each in case["alert_rule_test"]
    )
    assert tested == dict.fromkeys(((name, fires) for name in NAMES for fires in (True, False)), 1)


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_alert_says_how_bad_it_is_and_where_its_page_is(rule) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    page = ROOT / rule["annotations"]["runbook"]
    assert page == RUNBOOK / f"{rule['alert']}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {rule['alert']}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


def test_runbook_has_pages_of_alerts_only_and_lists_them() -> None:
    assert sorted(page.stem for page in RUNBOOK.glob("*.md")) == sorted(["README", *NAMES])
    text = (RUNBOOK / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\[(\w+)\]\((\w+)\.md\)", text)) == sorted(zip(NAMES, NAMES, strict=True))


def test_link_and_panel_that_a_page_names_are_there() -> None:
    titles = {panel["title"] for panel in panels()}
    for page in RUNBOOK.glob("Varbridge*.md"):
        text = page.read_text(encoding="utf-8")
        assert {name for name in re.findall(r"\((\w+)\.md\)", text)} <= set(NAMES)
        assert {name for name in re.findall(r"\*([A-Z][^*]+)\*", text)} <= titles, page.name


def test_key_of_the_configuration_that_a_page_names_exists() -> None:
    documented = (ROOT / "config" / "gateway.toml").read_text(encoding="utf-8")
    keys = set(re.findall(r"^#? ?(\w+) *=", documented, re.MULTILINE))
    tables = "server|store|limits|auth|engines\\.NAME(?:\\.[a-z]+)?|breaker|retry"
    for page in RUNBOOK.glob("*.md"):
        named = re.findall(rf"`(?:{tables})\.([a-z_]+)(?: = \d+)?`", page.read_text(encoding="utf-8"))
        assert set(named) <= keys | {"auth"}, page.name
