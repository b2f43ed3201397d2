"""``demo`` and the client commands, as processes, the way a newcomer uses them."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import readme
from tests.cli.programs import Program, free_port, running, varbridge


@contextlib.contextmanager
def serving() -> Iterator[tuple[Program, str]]:
    """A demo of one's own, and the URL of its gateway."""
    port = free_port()
    with running("demo", "--port", str(port), "--admin-port", str(free_port())) as program:
        program.wait_for("Serving until Ctrl-C.")
        yield program, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[Program, str]]:
    with serving() as shared:
        yield shared


def instances(program: Program) -> list[str]:
    return sorted(set(re.findall(r"/v1/instances/((?:hr|claims):[\w-]+)/variables", program.text())))


def test_demo_once_does_the_main_job_on_both_vendors() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = varbridge("demo", "--once", "--port", str(port), "--admin-port", str(port))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Port {port} is in use; taking" in done.stdout
    assert "gateway → hr: POST /process-instance/" in done.stdout
    assert "gateway → claims: PUT /process/1355/variables" in done.stdout
    assert done.stdout.count("caller  ← 200") == 2
    assert done.stdout.count("An existing client of") == 2
    assert re.findall(r"← (hr|claims):\S+: amount = 1300(?:\.0)?\n", done.stdout) == ["claims", "hr"]


def test_ports_of_a_demo_are_two_and_are_ports() -> None:
    port = free_port()
    done = varbridge("demo", "--once", "--port", str(port), "--admin-port", str(port))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Port {port} is in use; taking" in done.stdout
    for wrong in ("-1", "65536"):
        assert varbridge("demo", "--once", "--port", wrong).returncode == 2
        assert varbridge("demo", "--once", "--admin-port", wrong).returncode == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_lines_to_paste_work_when_pasted(demo: tuple[Program, str]) -> None:
    lines = [line.strip() for line in demo[0].said if line.startswith("curl ")]
    assert len(lines) >= 5
    for line in lines:
        done = subprocess.run(["bash", "-c", line + " --fail-with-body"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, line + done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_first_requests_of_the_readme_work_as_they_stand(demo: tuple[Program, str]) -> None:
    (hr,) = [each for each in instances(demo[0]) if each.startswith("hr:")]
    requests = readme.blocks("## First requests")
    assert len(requests) >= 2
    for request in requests:
        _ = readme.said(request, demo[1], hr)


def test_variables_are_set_read_changed_and_deleted_from_the_command_line(demo: tuple[Program, str]) -> None:
    program, url = demo
    there = {"VARBRIDGE_URL": url}
    assert len(instances(program)) == 2
    for instance in instances(program):
        assert varbridge("vars", "set", instance, "amount", "5.5", **there).returncode == 0
        assert varbridge("vars", "set", instance, "note", "plain text", "--type", "string", **there).returncode == 0
        found = json.loads(varbridge("vars", "get", instance, "amount", "--json", **there).stdout)
        assert (found["value"], found["type"]) == (5.5, "number")
        patched = varbridge("vars", "patch", instance, "--set", 'note="a=b"', "--delete", "obsolete", **there)
        assert (patched.returncode, patched.stdout) == (0, "done\n")
        listed = json.loads(varbridge("vars", "list", instance, "--names", "note", "--json", **there).stdout)
        assert listed == [{"name": "note", "type": "string", "value": "a=b", "etag": listed[0]["etag"]}]
        assert varbridge("vars", "delete", instance, "approved", **there).returncode == 0
        rehearsed = varbridge("vars", "set", instance, "amount", "6.5", "--dry-run", **there)
        assert ("/engine-rest/" if "hr:" in instance else "/rest/bpm/wle/v1/") in rehearsed.stdout
        assert "(not sent)" in rehearsed.stdout
        assert "5.5" in varbridge("vars", "get", instance, "amount", **there).stdout
        assert "amount" in varbridge("vars", "list", instance, **there).stdout


def test_value_is_changed_in_part_only_where_it_is_as_expected(demo: tuple[Program, str]) -> None:
    program, url = demo
    there = {"VARBRIDGE_URL": url}
    for instance in instances(program):
        listed = json.loads(varbridge("vars", "list", instance, "--names", "customer", "--json", **there).stdout)
        tag = listed[0]["etag"]
        merged = varbridge("vars", "merge", instance, "customer", '{"tier": "iron"}', "--if-match", tag, **there)
        assert (merged.returncode, json.loads(merged.stdout)["value"]["tier"]) == (0, "iron")
        stale = varbridge("vars", "merge", instance, "customer", '{"tier": "x"}', "--if-match", tag.strip('"'), **there)
        assert (stale.returncode, "precondition-failed" in stale.stderr) == (1, True)
        patch = '[{"op": "test", "path": "/tier", "value": "iron"}, {"op": "replace", "path": "/tier", "value": "tin"}]'
        patched = varbridge("vars", "merge", instance, "customer", patch, "--json-patch", **there)
        assert (patched.returncode, json.loads(patched.stdout)["value"]["tier"]) == (0, "tin")
        assert varbridge("vars", "merge", instance, "customer", "{", **there).returncode == 1


def test_tokens_are_moved_from_the_command_line(demo: tuple[Program, str]) -> None:
    program, url = demo
    there = {"VARBRIDGE_URL": url}
    instance = next(each for each in instances(program) if each.startswith("hr:"))
    moved = ("--cancel", "review", "--start-before", "review", "--set", 'note="moved"', "--annotation", "again")
    assert varbridge("modify", instance, *moved, **there).returncode == 0
    assert varbridge("modify", instance, "--start-before", "nowhere", **there).returncode == 1
    assert varbridge("modify", instance, **there).returncode == 2


def test_batch_is_carried_out_from_a_file_and_says_what_failed(demo: tuple[Program, str], tmp_path: Path) -> None:
    program, url = demo
    there = {"VARBRIDGE_URL": url}
    file = tmp_path / "batch.json"
    items = [{"instance": each, "modifications": {"note": {"value": "batched"}}} for each in instances(program)]
    file.write_text(json.dumps({"items": items}))
    assert varbridge("batch", str(file), **there).returncode == 0
    file.write_text(json.dumps({"items": [*items, {"instance": "hr:nobody", "deletions": ["x"]}]}))
    done = varbridge("batch", str(file), "--json", **there)
    assert (done.returncode, [each["status"] for each in json.loads(done.stdout)]) == (1, [204, 204, 404])


def test_instances_are_started_found_and_shown_from_the_command_line(demo: tuple[Program, str]) -> None:
    at = ("--url", demo[1])
    begun = varbridge("instances", "start", "invoice", "--engine", "hr", "--business-key", "k9", "--set", "a=1", *at)
    instance = json.loads(begun.stdout)["instance"]
    found = varbridge("instances", "find", "--business-key", "k9", "--variables", "--json", *at)
    (item,) = json.loads(found.stdout)
    assert (item["instance"], [(each["name"], each["value"]) for each in item["variables"]]) == (instance, [("a", 1)])
    assert "claims failed: capability-unsupported: This engine cannot find instances by business key." in found.stderr
    assert varbridge("modify", instance, "--cancel", "review", *at).returncode == 0
    assert varbridge("instances", "show", instance, *at).returncode == 1
    shown = varbridge("instances", "show", instance, "--ended", "--json", *at)
    assert json.loads(shown.stdout)["state"] == "terminated"
    assert varbridge("vars", "get", instance, "a", "--ended", *at).returncode == 0
    (more,) = json.loads(varbridge("instances", "find", "--limit", "1", "--json", *at).stdout)
    assert more["engine"] == "claims"


def test_many_instances_are_changed_from_the_command_line_or_only_shown(
    demo: tuple[Program, str], tmp_path: Path
) -> None:
    at = ("--url", demo[1])
    hr, claims = (next(each for each in instances(demo[0]) if each.startswith(name)) for name in ("hr:", "claims:"))
    items = [{"instance": hr, "deletions": ["x"]}, {"instance": "claims:9", "deletions": ["x"]}]
    (tmp_path / "batch.json").write_text(json.dumps({"items": items}))
    shown = varbridge("batch", str(tmp_path / "batch.json"), "--dry-run", *at)
    assert (shown.returncode, shown.stdout.count("(not sent)")) == (0, 1)
    assert "would fail: claims:9: instance-not-found" in shown.stdout
    change = ("operations", "start", "--where", "note neq no", "--set", 'note="by operation"')
    shown = varbridge(*change, "--dry-run", *at)
    assert shown.stdout.endswith("\n2 instances would be changed\n")
    begun = varbridge(*change, "--wait", "--json", *at)
    operation = json.loads(begun.stdout)
    assert (begun.returncode, operation["state"], operation["done"]) == (0, "completed", 2)
    results = json.loads(varbridge("operations", "results", operation["id"], "--json", *at).stdout)
    assert {(each["instance"], each["status"]) for each in results} == {(hr, "done"), (claims, "done")}
    assert varbridge("operations", "cancel", operation["id"], *at).returncode == 1
    assert "by operation" in varbridge("vars", "get", claims, "note", *at).stdout


def test_exit_codes_tell_who_said_no(demo: tuple[Program, str]) -> None:
    program, url = demo
    there = {"VARBRIDGE_URL": url}
    instance = instances(program)[1]
    missing = varbridge("vars", "get", instance, "never-there", **there)
    assert (missing.returncode, "variable-not-found" in missing.stderr) == (1, True)
    assert varbridge("vars", "set", instance, "x", "not json", **there).returncode == 2
    assert varbridge("vars", "patch", instance, "--set", "x", **there).returncode == 2
    unreachable = varbridge("vars", "list", instance, VARBRIDGE_URL="http://127.0.0.1:1")
    assert (unreachable.returncode, "Traceback" in unreachable.stderr) == (4, False)


def test_engines_and_openapi_are_listed(demo: tuple[Program, str]) -> None:
    found = json.loads(varbridge("engines", "--json", VARBRIDGE_URL=demo[1]).stdout)
    assert [(each["engine"], each["health"]) for each in found] == [("hr", "up"), ("claims", "up")]
    (one,) = json.loads(varbridge("engines", "--engine", "claims", "--json", VARBRIDGE_URL=demo[1]).stdout)
    assert one == found[1]
    unknown = varbridge("engines", "--engine", "nope", VARBRIDGE_URL=demo[1])
    assert (unknown.returncode, "engine-not-found" in unknown.stderr) == (1, True)
    assert json.loads(varbridge("openapi").stdout)["openapi"] == "3.1.0"


def test_move_in_one_minute_works_when_pasted() -> None:
    with serving() as (program, _):
        lines = [line for line in program.said if line.startswith(("export VARBRIDGE_URL=", "varbridge "))]
        done = readme.done("".join(lines))
    assert (len(lines), done.returncode) == (11, 0), done.stdout + done.stderr
    told = ("1 ready", "1 copied", "1 equal", " live ", "1 rolled_back")
    assert [word for word in told if word not in done.stdout] == [], done.stdout
    assert re.search(r"│ pages +│ integer │ int32 +│ 13 ", done.stdout) is not None


def test_ctrl_c_ends_the_demo_cleanly(demo: tuple[Program, str]) -> None:
    assert demo[0].end(signal.SIGINT) == 0
    assert "Traceback" not in demo[0].text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_requests_on_the_other_vendors_instance_work_as_they_stand() -> None:
    with serving() as (program, url):
        (hr,) = [each for each in instances(program) if each.startswith("hr:")]
        camunda, ibm = (readme.said(block, url, hr) for block in readme.blocks("<!-- /dialects -->"))
    assert (camunda.count("HTTP/1.1 204"), '"activityType":' in camunda) == (3, True)
    assert (ibm.count("Successfully updated."), ibm.count("STATE_SUSPENDED"), '"tokenId":' in ibm) == (2, 1, True)
