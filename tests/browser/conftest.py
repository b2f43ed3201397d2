"""The gateway of the web tests, for browsers."""

from tests.web.conftest import started

__all__ = ["started"]
