"""What happens to a test that needs a program this machine does not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def give_up(reason: str) -> NoReturn:
    """Skip the test, or fail it if `VARBRIDGE_LIVE` is `required`."""
    if os.environ.get("VARBRIDGE_LIVE") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
