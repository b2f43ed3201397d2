"""What README says about moving: its commands as they stand, on a gateway before an engine of each vendor."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import app
from gateway.cli.served import Served
from gateway.plan import VendorRequest
from tests import readme
from tests.cli.gateways import in_thread
from tests.cli.programs import free_port, ready, running, varbridge, wait_until

TITLE = "## Moving from one vendor to the other"
HELD = {"amount": {"type": "Double", "value": 12.5}, "note": {"type": "String", "value": "checked"}}


class Engines:
    """An engine of each vendor, on sockets."""

    def __init__(self) -> None:
        self.hr, self.claims = (Served(app.VENDORS[each].fake()) for each in ("camunda7", "ibm_bpm"))

    async def __aenter__(self) -> None:
        await self.hr.start()
        await self.claims.start()

    async def __aexit__(self, *_: object) -> None:
        await self.hr.stop()
        await self.claims.stop()

    def pair(self) -> tuple[str, str]:
        """An instance, and its twin, which is parked."""
        source = self.hr.fake.start("invoice", HELD)
        twin = self.claims.fake.start("Claim", {"origin": source, "amount": 0.0, "note": ""})
        parked = VendorRequest(
            method="PUT", path=("process", twin), query=(("action", "suspend"),), writes=True, idempotent=True
        )
        assert self.claims.fake.answer(parked).status == 200
        return f"hr:{source}", f"claims:{twin}"


@pytest.fixture
def engines() -> Iterator[Engines]:
    made = Engines()
    with in_thread(made):
        yield made


def test_move_works_as_it_stands_until_it_is_switched_off(
    engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, admin = free_port(), free_port()
    config = tmp_path / "gateway.toml"
    config.write_text(
        f"[server]\nport = {port}\nadmin_port = {admin}\n[auth]\nopen = true\n"
        f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\n'
        f'[engines.hr]\nvendor = "camunda7"\nurl = "{engines.hr.url}"\n'
        f'[engines.claims]\nvendor = "ibm_bpm"\nurl = "{engines.claims.url}"\n'
    )
    pairs = [engines.pair() for _ in range(3)]
    (tmp_path / "links.csv").write_text("source,target\n" + "".join(f"{source},{twin}\n" for source, twin in pairs))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VARBRIDGE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("PYTHONPATH", str(readme.README.parent))
    monkeypatch.setenv("COLUMNS", "160")
    steps = readme.blocks(TITLE)
    with running("serve", "--config", str(config)):
        wait_until(lambda: ready(admin))
        told = [readme.said(step, "", pairs[0][0]) for step in steps]
        finished = json.loads(varbridge("bridge", "link", "list", "--json").stdout)
        config.write_text(config.read_text() + textwrap.dedent(readme.toml("**Kill switch**")))
        wait_until(lambda: "bridge-transition-refused" in varbridge("bridge", "copy", "to-claims").stderr)
        kept = varbridge("vars", "list", pairs[0][0]).stdout
    assert {each["state"] for each in finished} == {"final"}
    assert "checked" in kept
    assert len(told) == 6
    for step, words in enumerate(
        (
            ("to-claims", "copied"),
            ("3 ready", "lossless"),
            ("3 linked, 0 linked before", "0 linked, 3 linked before, 0 refused"),
            ("3 copied", "3 equal", "written to report.html"),
            ("to do: Place the token", "checked", "rolled_back", "cut-over: 3 done", "3 live"),
            ("finish: 3 done, 0 needed nothing, 0 refused", "whole: "),
        )
    ):
        assert [word for word in words if word not in told[step]] == [], told[step]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
