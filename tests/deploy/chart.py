"""The Helm chart, as it is rendered with values; needs helm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.cli.programs import ROOT
from tests.deploy.tools import run

CHART = ROOT / "deploy" / "helm" / "varbridge"
EXAMPLE = CHART / "ci" / "values.yaml"
ALONE = (
    '[[auth.callers]]\nname = "a"\nkey_sha256 = "{}"\n[engines.hr]\nvendor = "camunda7"\nurl = "http://hr"\n'.format(
        "0" * 64
    )
)
"""A configuration for one replica, on SQLite."""
_KUBERNETES = ("--kube-version", "1.31.0")


class Refused(Exception):
    """Helm does not render the chart with these values."""


def rendered(values: Path | None = EXAMPLE, **changes: Any) -> dict[tuple[str, str], Any]:
    """Every object, by kind and by what its name has after that of the release."""
    given = [f"--values={values}"] if values else []
    given += [f"--set-json={name.replace('__', '.')}={json.dumps(value)}" for name, value in changes.items()]
    done = run("helm", "template", "site-varbridge", CHART, *_KUBERNETES, *given)
    if done.returncode:
        raise Refused(done.stderr)
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    named = {(each["kind"], each["metadata"]["name"].removeprefix("site-varbridge")): each for each in objects}
    assert len(named) == len(objects)
    return named
