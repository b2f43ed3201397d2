"""The command ``varbridge`` (also ``python -m gateway``)."""

from __future__ import annotations

from gateway.cli import main

if __name__ == "__main__":
    main()

__all__ = ["main"]
