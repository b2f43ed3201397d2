"""What README.md says about installing is about files and versions that there are."""

from __future__ import annotations

import re

from tests.cli.programs import ROOT
from tests.deploy.dockerfile import VERSION
from tests.readme import README

INSTALLING = README.read_text(encoding="utf-8").partition("### Installing")[2].partition("\n### ")[0]


def test_files_that_are_named_exist() -> None:
    named = set(re.findall(r"\bdeploy/[\w./-]*\w", INSTALLING))
    assert {"deploy/Dockerfile", "deploy/compose/compose.yaml", "deploy/helm/varbridge"} <= named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_version_is_the_current_one() -> None:
    assert set(re.findall(r"varbridge[:-](\d[\d.]*\d)", INSTALLING)) == {VERSION}
