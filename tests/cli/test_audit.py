"""``varbridge audit``: what a store's trail says, whether it is whole, and its end for the record; no gateway runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.model.audit import AuditAct
from gateway.store import AuditRecords, Settings, Store
from tests.cli.programs import varbridge
from tests.readme import blocks


class Site:
    """A configuration whose secrets cannot be read, and its store."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.database, self.config = folder / "store.db", folder / "gateway.toml"
        self.url = url or f"sqlite:///{self.database}"
        self.config.write_text(
            f'[store]\nurl = "{self.url}"\n[engines.hr]\nvendor = "camunda7"\nurl = "http://127.0.0.1:1"\n'
            'auth = { kind = "bearer", token = "file:/nowhere" }\n'
        )

    def record(self, *acts: AuditAct) -> None:
        async def work() -> None:
            store = Store(Settings(url=self.url))
            await AuditRecords(store).append(acts)
            await store.close()

        asyncio.run(work())

    def tamper(self, *statements: str) -> None:
        """Do what the owner of the file can do."""
        with sqlite3.connect(self.database) as connection:
            for name in ("audit_entries_unchanged", "audit_entries_unremoved", "audit_head_grows"):
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def run(self, command: str, *options: str) -> Result:
        return CliRunner().invoke(main, ["audit", command, "--config", str(self.config), *options])

    def json(self, command: str, *options: str) -> Any:
        return json.loads(self.run(command, "--json", *options).stdout)


def act(number: int, caller: str = "ada") -> AuditAct:
    return AuditAct(caller=caller, action="link.copy", subject=f"link:{number}", evidence={"n": number})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.record(*(act(number) for number in range(1, 6)))
    return made


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_trail_is_listed_verified_and_its_head_printed_on_each_database(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(request.getfixturevalue("postgres").database("audit")) if database == "postgresql" else ""
    site = Site(tmp_path, url)
    site.record(act(1), act(2, caller="bob"))
    head = site.run("head")
    assert (head.exit_code, head.stderr) == (0, "")
    assert site.run("verify").stdout == f"whole: 2 entries; head {head.stdout}"
    assert [each["subject"] for each in site.json("list")] == ["link:2", "link:1"]


def test_verify_reads_a_trail_of_many_pages(site: Site) -> None:
    site.record(*(act(number) for number in range(6, 2506)))
    assert site.json("verify") == {"whole": True} | site.json("head")
    site.tamper("UPDATE audit_entries SET caller = 'eve' WHERE sequence = 2400")
    done = site.run("verify")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("broken: entry 2400 is changed: what it says is not what it said")


def test_list_is_a_table_and_filters_narrow_it(site: Site) -> None:
    site.record(act(6, caller="bob"))
    table = site.run("list", "--wide")
    assert (table.exit_code, table.stderr) == (0, "")
    assert all(word in table.stdout for word in ("sequence", "link.copy", "link:6", '{"n":6}'))

    def numbers(*options: str) -> list[int]:
        return [each["sequence"] for each in site.json("list", *options)]

    assert numbers("--limit", "2") == [6, 5]
    assert numbers("--caller", "bob") == [6]
    assert numbers("--subject", "link:3") == [3]
    assert numbers("--since", "2000-01-01") == [6, 5, 4, 3, 2, 1]
    assert numbers("--since", "2999-01-01T10:00:00+02:00") == []


def test_entry_that_acts_on_a_terminal_is_shown_with_escapes(site: Site) -> None:
    site.record(act(6, caller="\x1b[31meve"))
    assert "\x1b" not in site.run("list").stdout


def test_end_that_is_cut_off_with_the_head_is_found_by_an_exported_head_alone(site: Site, tmp_path: Path) -> None:
    exported = tmp_path / "varbridge.head"
    exported.write_text(site.run("head").stdout)
    fourth = site.json("list", "--subject", "link:4")[0]["hash"]
    site.tamper(
        "DELETE FROM audit_entries WHERE sequence = 5", f"UPDATE audit_head SET sequence = 4, hash = '{fourth}'"
    )
    assert site.run("verify").exit_code == 0
    for given in (("--head-file", str(exported)), ("--head", exported.read_text().strip())):
        done = site.run("verify", *given)
        assert (done.exit_code, "entry 5 is truncated" in done.stderr) == (1, True)


def test_old_backup_that_was_restored_is_found_also_after_it_was_written_on(site: Site, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    shutil.copy(site.database, backup)
    site.record(act(6), act(7))
    head = site.run("head").stdout.strip()
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    shutil.copy(backup, site.database)
    assert site.json("verify", "--head", head)["fault"] == "truncated"
    site.record(act(8), act(9), act(10))
    assert site.json("verify", "--head", head) == {
        "whole": False,
        "fault": "rewritten",
        "sequence": 7,
        "detail": site.run("verify", "--head", head).stderr.strip().removeprefix("broken: "),
    }
    assert site.run("verify").exit_code == 0


@pytest.mark.parametrize(
    ("statement", "fault", "sequence"),
    [
        ("DELETE FROM audit_entries WHERE sequence = 3", "missing", 3),
        ("DELETE FROM audit_entries WHERE sequence = 5", "truncated", 5),
        ("DELETE FROM audit_entries", "truncated", 5),
        ("UPDATE audit_entries SET evidence = x'00' WHERE sequence = 1", "changed", 1),
        ("UPDATE audit_head SET sequence = 4", "rewritten", 4),
        ("UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_entries WHERE sequence = 4)", "added", 5),
        ("UPDATE audit_entries SET sequence = -1 WHERE sequence = 1", "moved", -1),
    ],
    ids=[
        "one removed",
        "the end removed",
        "all removed",
        "one changed",
        "the head changed",
        "the head put back",
        "one hidden below the first",
    ],
)
def test_tampering_is_named_with_the_first_place_where_it_shows(
    site: Site, statement: str, fault: str, sequence: int
) -> None:
    site.tamper(statement)
    done = site.run("verify", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["whole"], found["fault"], found["sequence"]) == (1, False, fault, sequence)


def test_store_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for command in ("list", "verify", "head"):
        done = site.run(command)
        assert (done.exit_code, done.stdout) == (4, "")
        assert done.stderr == f"error: store-unavailable: There is no file {site.database}.\n"
    assert not site.database.exists()


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "postgresql+psycopg://tests@127.0.0.1:1/store"])
def test_store_that_cannot_be_read_ends_with_4(url: str, tmp_path: Path) -> None:
    done = Site(tmp_path, url).run("verify")
    assert (done.exit_code, done.stderr.startswith("error: store-unavailable: ")) == (4, True)


def test_configuration_that_cannot_be_used_ends_with_3(tmp_path: Path) -> None:
    site = Site(tmp_path, "env:VARBRIDGE_TESTS_NOWHERE")
    done = site.run("head")
    assert (done.exit_code, "store.url: the environment has no VARBRIDGE_TESTS_NOWHERE" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("verify", ("--head", "abc")),
        ("verify", ("--head", "1:" + "0" * 64, "--head-file", "x")),
        ("verify", ("--head-file", "/nowhere/at/all")),
        ("list", ("--since", "yesterday")),
        ("list", ("--limit", "0")),
    ],
    ids=["no head", "two heads", "no file", "no time", "no limit"],
)
def test_wrong_usage_ends_with_2(site: Site, command: str, options: tuple[str, ...]) -> None:
    assert site.run(command, *options).exit_code == 2


def test_program_prints_the_head_and_nothing_else(site: Site) -> None:
    done = varbridge("audit", "head", "--config", str(site.config))
    assert (done.returncode, done.stderr, done.stdout) == (0, "", site.run("head").stdout)


def test_commands_of_readme_do_as_they_stand(site: Site) -> None:
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    said = [
        subprocess.run(
            ["bash", "-ec", block], cwd=site.config.parent, env=environ, capture_output=True, text=True, check=False
        )
        for block in blocks("**Audit trail**")
    ]
    assert [(done.returncode, done.stderr) for done in said] == [(0, "")] * 3
    assert "link:5" in said[0].stdout
    assert said[2].stdout.startswith("whole: 5 entries; head 5:")
