"""``varbridge bridge``: plans, links, jobs and reports, against a gateway with two fakes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.bridge import watching
from tests.cli.gateways import InProcess, gateway_of

ONE = {"n": {"type": "Integer", "value": 1}}


@pytest.fixture
def gateway() -> Iterator[InProcess]:
    with gateway_of({"old": "camunda7", "new": "camunda7"}) as made:
        yield made


def pair(gateway: InProcess, held: Any = ONE, there: Any = None, key: str | None = None) -> tuple[str, str]:
    source, twin = gateway.fakes["old"].start("claim", held, key), gateway.fakes["new"].start("claim", there or {}, key)
    return f"old:{source}", f"new:{twin}"


def plan(gateway: InProcess, *more: str, name: str = "move") -> Any:
    return gateway.json("plan", "create", name, "--source", "old", "--target", "new", *more)


def test_plan_is_created_changed_shown_listed_and_removed(gateway: InProcess) -> None:
    made = plan(
        gateway, "--definition", "claim", "--id", "a", "--id", "b", "--twins", "marker:origin", "--twin-definition", "c",
        "--start", "parked", "--set", "a=1.50", "--policy", "*=fail", "--policy", "value-too-long=skip-variable",
    )  # fmt: skip
    assert {name: made[name] for name in ("selector", "twins", "starts", "policy", "stage")} == {
        "selector": {"definition": "claim", "ids": ["a", "b"]},
        "twins": {"by": "marker", "variable": "origin", "definition": "c"},
        "starts": {"definition": "parked", "variables": {"a": {"value": 1.5}}},
        "policy": {"*": "fail", "value-too-long": "skip-variable"},
        "stage": "copied",
    }
    changed = gateway.json("plan", "change", "move", "--stage", "live", "--no-twins", "--no-start", "--tenant", "t")
    assert (changed["stage"], changed["twins"], changed["starts"], changed["version"]) == ("live", None, None, 2)
    assert (changed["selector"], changed["policy"]) == ({"tenant": "t"}, made["policy"])
    assert gateway.json("plan", "show", "move")["links"] == {}
    assert [each["name"] for each in gateway.json("plan", "list")] == ["move"]
    assert "value-too-long" in gateway.bridge("plan", "list", "--wide").stdout
    assert gateway.bridge("plan", "remove", "move").stdout == "done\n"
    assert gateway.json("plan", "list") == []


def test_plan_comes_from_a_file(gateway: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"source": "old", "target": "new", "twins": {"by": "business-key"}, "stage": "live"}')
    made = gateway.json("plan", "create", "move", "--file", str(file))
    assert (made["name"], made["twins"], made["stage"]) == ("move", {"by": "business-key"}, "live")
    file.write_text('{"stage": "copied", "twins": null}')
    changed = gateway.json("plan", "change", "move", "--file", str(file))
    assert (changed["twins"], changed["stage"]) == (None, "copied")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan", "create", "x", "--source", "old"), id="no target"),
        pytest.param(("plan", "change", "x"), id="no change"),
        pytest.param(("plan", "change", "x", "--twins", "business-key", "--no-twins"), id="twins and none"),
        pytest.param(("plan", "change", "x", "--twins", "marker"), id="a marker without a name"),
        pytest.param(("plan", "change", "x", "--twins", "business-key:x"), id="a key with a name"),
        pytest.param(("plan", "change", "x", "--twin-definition", "d"), id="twins' definition alone"),
        pytest.param(("plan", "change", "x", "--set", "a=1"), id="variables of no start"),
        pytest.param(("plan", "change", "x", "--policy", "fail"), id="a policy without a code"),
        pytest.param(("plan", "change", "x", "--policy", "*=ignore"), id="an unknown handling"),
        pytest.param(("report", "x", "--json", "--html", "y"), id="two forms of a report"),
        pytest.param(("report",), id="a report of nothing"),
        pytest.param(("import", __file__), id="a file of unknown format"),
        pytest.param(("cut-over",), id="neither link nor plan"),
        pytest.param(("finish", "x", "--plan", "y"), id="link and plan"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_asked(words: tuple[str, ...]) -> None:
    made = InProcess({})
    made.url = "http://127.0.0.1:1"
    done = made.bridge(*words)
    assert (done.exit_code, "Usage:" in done.stderr) == (2, True)


def test_link_is_created_listed_shown_from_either_side_and_removed(gateway: InProcess) -> None:
    plan(gateway)
    source, twin = pair(gateway)
    made = gateway.json("link", "create", source, twin, "--plan", "move", "--business-key", "k")
    assert (made["source"], made["target"], made["plan"], made["businessKey"]) == (source, twin, "move", "k")
    assert gateway.json("link", "show", twin)["id"] == made["id"]
    assert gateway.json("link", "list", "--plan", "move", "--state", "linked", "--not-stale") == [made]
    assert gateway.json("link", "list", "--stale") == gateway.json("link", "list", "--business-key", "z") == []
    assert source in gateway.bridge("link", "list").stdout
    assert "copy, fail, unlink" in gateway.bridge("link", "show", twin).stdout
    gone = gateway.bridge("link", "create", "old:gone", "new:gone")
    assert (gone.exit_code, "instance-not-found" in gone.stderr) == (1, True)
    assert gateway.bridge("link", "create", "old:gone", "new:gone", "--no-check").exit_code == 0
    assert gateway.bridge("link", "remove", source).stdout == "done\n"
    assert gateway.bridge("link", "show", source).exit_code == 1


def test_pages_of_links_are_followed_on_demand(gateway: InProcess) -> None:
    for number in range(3):
        gateway.json("link", "create", f"old:{number}", f"new:{number}", "--no-check")
    first = gateway.bridge("link", "list", "--limit", "2", "--json")
    assert (len(json.loads(first.stdout)), "--all shows them" in first.stderr) == (2, True)
    assert len(gateway.json("link", "list", "--limit", "2", "--all")) == 3


def test_links_by_rule_say_who_has_no_twin(gateway: InProcess) -> None:
    plan(gateway, "--twins", "business-key")
    source, twin = pair(gateway, key="k1")
    assert gateway.json("link", "by-rule", "move") == {"linked": 1, "present": 0, "problems": []}
    assert gateway.json("link", "show", source)["target"] == twin
    alone = gateway.fakes["old"].start("claim", ONE, "k2")
    told = gateway.bridge("link", "by-rule", "move")
    assert (told.exit_code, told.stdout.splitlines()[0]) == (1, "0 linked, 1 linked before, 1 without a twin")
    assert f"old:{alone}" in told.stdout


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        pytest.param("a.csv", "source,target\nold:1,new:1\nold:2,new:1\n", (), id="CSV"),
        pytest.param("a.jsonl", '{"source":"old:1","target":"new:1"}\n{"source":"old:2"}\n', (), id="JSON lines"),
        pytest.param("a.txt", "source,target\nold:1,new:1\nold:2,x\n", ("--format", "csv"), id="CSV of another name"),
    ],
)
def test_file_is_imported_and_each_refused_row_is_told(
    name: str, text: str, options: tuple[str, ...], gateway: InProcess, tmp_path: Path
) -> None:
    plan(gateway)
    file = tmp_path / name
    file.write_text(text)
    done = gateway.bridge("import", str(file), "--plan", "move", *options)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (1, "1 linked, 0 linked before, 1 refused")
    assert sum("│" in line for line in done.stdout.splitlines()) == 1
    again = gateway.json("import", str(file), "--plan", "move", *options, code=1)
    assert (again["linked"], again["present"], len(again["problems"])) == (0, 1, 1)
    assert gateway.json("link", "show", "old:1")["plan"] == "move"


def test_import_with_check_links_running_instances_only(gateway: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("source,target\n" + ",".join(pair(gateway)) + "\n")
    assert gateway.bridge("import", str(file), "--check").stdout == "1 linked, 0 linked before, 0 refused\n"


def test_plan_is_assessed_copied_verified_and_reported(gateway: InProcess, tmp_path: Path) -> None:
    plan(gateway, "--definition", "claim", "--twins", "business-key")
    source, twin = pair(gateway, key="k")
    assert gateway.json("assess", "move")["outcomes"] == {"ready": 1}
    gateway.json("link", "by-rule", "move")
    copied = gateway.json("copy", "move", "--at-once", "2", "--per-second", "1000")
    assert (copied["outcomes"], copied["atOnce"], copied["perSecond"]) == ({"copied": 1}, 2, 1000.0)
    assert "1 equal" in gateway.bridge("verify", "move").stdout
    assert json.loads(gateway.run("vars", "get", twin, "n", "--json").stdout)["value"] == 1
    assert [each["kind"] for each in gateway.json("job", "list", "--plan", "move")] == ["verify", "copy", "assess"]
    assert gateway.json("job", "show", copied["id"]) == gateway.json("job", "wait", copied["id"]) == copied
    assert [each["outcome"] for each in gateway.json("job", "results", copied["id"])] == ["copied"]
    assert gateway.json("report", copied["id"])["written"] == 1
    assert "variables written" in gateway.bridge("report", copied["id"]).stdout
    verified = gateway.json("report", "--plan", "move")["job"]
    assert (verified["kind"], gateway.bridge("report", "--plan", "other").exit_code) == ("verify", 1)
    page = tmp_path / "report.html"
    assert gateway.bridge("report", copied["id"], "--html", str(page)).stdout == f"written to {page}\n"
    assert page.read_text().startswith("<!doctype html>")
    explained = gateway.json("explain", source)
    assert [(each["name"], each["verdict"]) for each in explained["variables"]] == [("n", "lossless")]
    assert "lossless" in gateway.bridge("explain", source).stdout
    status = gateway.json("status", "move")
    assert ([each["links"] for each in status["plans"]], len(status["jobs"])) == ([{"copied": 1}], 3)
    assert "1 copied" in gateway.bridge("status").stdout


def test_what_does_not_end_well_is_told_by_the_exit_code_and_the_report(gateway: InProcess, tmp_path: Path) -> None:
    plan(gateway)
    source, twin = pair(gateway, there={"other": {"type": "Integer", "value": 7}})
    gateway.json("link", "create", source, twin, "--plan", "move")
    verified = gateway.bridge("verify", "move", "--json")
    assert (verified.exit_code, json.loads(verified.stdout)["outcomes"]) == (1, {"different": 1})
    job = json.loads(verified.stdout)["id"]
    assert verified.stderr == f"`varbridge bridge report {job}` says what did not end well, and why\n"
    told = gateway.bridge("report", job, "--wide").stdout
    assert all(word in told for word in ("missing_target", "extra_target", "different"))
    assert "only the twin has: other" in gateway.bridge("explain", source).stdout
    missing = gateway.bridge("report", "nowhere", "--html", str(tmp_path / "x"))
    assert (missing.exit_code, missing.stderr[:26], (tmp_path / "x").exists()) == (
        1,
        "error: operation-not-found",
        False,
    )
    unwritten = gateway.bridge("report", job, "--html", str(tmp_path / "no" / "x"))
    assert (unwritten.exit_code, "cannot be written" in unwritten.stderr) == (2, True)


def slow_job(gateway: InProcess) -> str:
    plan(gateway)
    for _ in range(3):
        gateway.json("link", "create", *pair(gateway), "--plan", "move")
    return str(gateway.json("copy", "move", "--at-once", "1", "--per-second", "0.01", "--no-wait")["id"])


def test_running_jobs_of_a_kind_are_cancelled(gateway: InProcess) -> None:
    job = slow_job(gateway)
    assert gateway.json("verify", "move", "--cancel") == []
    (cancelled,) = gateway.json("copy", "move", "--cancel")
    assert (cancelled["id"], cancelled["state"] in {"cancelling", "cancelled"}) == (job, True)
    waited = gateway.bridge("job", "wait", job)
    assert (waited.exit_code, "cancelled" in waited.stdout) == (1, True)
    again = gateway.bridge("job", "cancel", job)
    assert (again.exit_code, "instance-state-conflict" in again.stderr) == (1, True)


def test_ctrl_c_leaves_the_job_running_and_says_how_to_cancel_it(
    gateway: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = slow_job(gateway)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(watching, "ask", interrupt)
        done = gateway.bridge("job", "wait", job)
    assert done.exit_code == 130
    assert f"`varbridge bridge job cancel {job}` ends it" in done.stderr
    assert gateway.json("job", "show", job)["state"] in {"selecting", "running"}
    assert gateway.json("job", "cancel", job)["state"] in {"cancelling", "cancelled"}


@pytest.mark.parametrize(
    ("eta", "shown"),
    [
        pytest.param(None, "", id="not known yet"),
        pytest.param(4.6, "0:00:05 left", id="seconds"),
        pytest.param(3725.2, "1:02:05 left", id="hours"),
    ],
)
def test_bar_shows_how_long_the_gateway_says_it_will_take(eta: float | None, shown: str) -> None:
    column = watching.Eta()
    progress = watching.progress_bar(column)
    task = progress.add_task("running", total=10, eta=eta)
    assert column.render(progress.tasks[task]).plain == shown
