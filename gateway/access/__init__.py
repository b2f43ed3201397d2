"""Who calls and what they may do: credentials, scopes, engines, names of variables."""

from gateway.access.callers import ANONYMOUS, NOBODY, SCOPES, Caller, CallerEntry
from gateway.access.certificates import parse_subject
from gateway.access.credentials import Access
from gateway.access.failures import Failures, WrongCredentials
from gateway.access.rates import Bucket, Rate, buckets
from gateway.access.request_tokens import RequestTokens
from gateway.access.tokens import ALGORITHMS, TokenEntry, Tokens

__all__ = [
    "ALGORITHMS",
    "ANONYMOUS",
    "NOBODY",
    "SCOPES",
    "Access",
    "Bucket",
    "Caller",
    "CallerEntry",
    "Failures",
    "Rate",
    "RequestTokens",
    "TokenEntry",
    "Tokens",
    "WrongCredentials",
    "buckets",
    "parse_subject",
]
