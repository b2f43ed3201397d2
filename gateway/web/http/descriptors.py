"""File descriptors: every connection takes one, and a process may have so many."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource

_SHARE = 3 / 4
"""What callers may take; the rest is for connections to engines, the store, files and the admin port."""


def within_descriptors(connections: int) -> int:
    """Return so many connections of callers, or fewer where the process may not open that many files."""
    if sys.platform == "win32":
        return connections
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections if most == resource.RLIM_INFINITY else max(1, min(connections, int(most * _SHARE)))
