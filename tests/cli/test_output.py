"""What is shown of answers that no gateway gave."""

from __future__ import annotations

import pytest

from gateway.cli import output


def test_problem_without_a_code_is_told_by_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        output.decode_answer(404, b'{"type": "NotFoundException", "code": null, "detail": null}')
    assert (end.value.code, capsys.readouterr().err) == (output.FAILED, "error: 404: no problem document\n")
