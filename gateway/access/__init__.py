"""Who calls, and what they may: credentials, scopes, engines, variable names."""

from gateway.access.callers import NOBODY, SCOPES, Access, Caller, CallerEntry
from gateway.access.tokens import ALGORITHMS, TokenEntry, Tokens

__all__ = ["ALGORITHMS", "NOBODY", "SCOPES", "Access", "Caller", "CallerEntry", "TokenEntry", "Tokens"]
