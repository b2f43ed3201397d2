"""Who calls, and what they may: credentials, scopes, engines, variable names."""

from gateway.access.callers import SCOPES, Access, Caller, CallerEntry

__all__ = ["SCOPES", "Access", "Caller", "CallerEntry"]
