"""How the gateway makes itself known: credentials on each request, a session of a log-in, or a token of Zen."""

from adapters.ibm_bpm.auth import zen
from adapters.ibm_bpm.auth.session import expired, log_in, signature

__all__ = ["expired", "log_in", "signature", "zen"]
