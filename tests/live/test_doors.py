"""The list of calls is that of the vendor's own OpenAPI document: a call that it lacks is seen."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests import doors
from tests.doors.openapi import lines

LIST = Path(doors.__file__).with_name("camunda7-7.24.txt")
ARTIFACT = "org.camunda.bpm:camunda-engine-rest-openapi:7.24.0:jar"


@pytest.mark.usefixtures("live_camunda")  # where the engine can be built, Maven and its repository are there
def test_list_of_calls_is_the_vendors(tmp_path: Path) -> None:
    command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={tmp_path}"]
    subprocess.run(command, check=True, timeout=300, cwd=tmp_path)
    (jar,) = tmp_path.glob("*.jar")
    with zipfile.ZipFile(io.BytesIO(jar.read_bytes())) as archive:
        document = json.loads(archive.read("openapi.json"))
    assert LIST.read_text(encoding="utf-8").splitlines() == lines(document)
