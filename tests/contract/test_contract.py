"""The API against its own OpenAPI document, with data that fits it and data that does not, made by schemathesis.

No 5xx, no status, media type or answer that is not documented, methods as ``Allow`` says. The seed is fixed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.programs import free_port, running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
EXAMPLES = 12
"""Requests of each kind an operation; the seed being fixed, more of them are other ones."""
LONGEST_S = 600


def run(url: str, folder: Path, instance: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Schemathesis on one instance that is there, so that requests get past the look-up."""
    config = folder / f"{instance.partition(':')[0]}.toml"
    config.write_text(f'[parameters]\n"path.instance" = "{instance}"\n')
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"),
        *("--url", url, "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--mode", "all"),
        *("--seed", "20261125", "-n", str(EXAMPLES), "--continue-on-failure", "--no-color", *more),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S)


def test_api_keeps_to_its_document_on_both_vendors(tmp_path: Path) -> None:
    port = free_port()
    with running("demo", "--port", str(port), "--admin-port", str(free_port())) as program:
        program.wait_for("Serving until Ctrl-C.")
        found = sorted(set(re.findall(r"/v1/instances/((?:hr|claims):[\w-]+)/variables", program.text())))
        for instance in found:
            done = run(f"http://127.0.0.1:{port}", tmp_path, instance)
            assert done.returncode == 0, done.stdout + done.stderr
            generated, passed = map(int, re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0])
            assert generated == passed > 1000, done.stdout
        assert len(found) == 2
        assert program.process.poll() is None
        assert "request_failed" not in program.text()
