"""Who calls and what they may do: credentials, scopes, engines, names of variables."""

from gateway.access.callers import NOBODY, SCOPES, Caller, CallerEntry
from gateway.access.certificates import parse_subject
from gateway.access.credentials import Access
from gateway.access.request_tokens import RequestTokens
from gateway.access.tokens import ALGORITHMS, TokenEntry, Tokens

__all__ = [
    "ALGORITHMS",
    "NOBODY",
    "SCOPES",
    "Access",
    "Caller",
    "CallerEntry",
    "RequestTokens",
    "TokenEntry",
    "Tokens",
    "parse_subject",
]
