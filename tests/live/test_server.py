"""The engine's own life: nothing is left behind when it does not start, and reasons are given."""

from __future__ import annotations

import os

import pytest

from tests.live import maven, server
from tests.live.server import CannotRun, LiveEngine


def test_engine_that_is_late_is_ended_and_says_so(live_camunda: str) -> None:
    engine = LiveEngine(start_timeout_s=0.3)
    pids = _noted_pids(engine)
    with pytest.raises(CannotRun, match=r"more than 0\.3 s"), engine:
        pass
    assert engine.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_build_without_java_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotRun, match="java is not on the path"):
        server.build()


def test_build_that_fails_says_what_maven_said(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "pom.xml").touch()
    program = tmp_path / "mvn"
    program.write_text("#!/bin/sh\necho no such artifact\nexit 3\n")
    program.chmod(0o755)
    (tmp_path / "java").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(server, "PROJECT", tmp_path)
    monkeypatch.setattr(server, "JAR", tmp_path / "target" / "live-engine.jar")
    with pytest.raises(CannotRun, match="ended with 3:\nno such artifact"):
        server.build()


def test_jar_newer_than_its_sources_is_not_built_again(monkeypatch: pytest.MonkeyPatch, live_camunda: str) -> None:
    monkeypatch.setattr(maven, "run", lambda *_: pytest.fail("built again"))
    assert server.build() == server.JAR


def _noted_pids(engine: LiveEngine) -> list[int]:
    pids: list[int] = []
    close = engine.close

    def noting() -> None:
        pids.append(engine.pid or 0)
        close()

    engine.close = noting
    return pids
