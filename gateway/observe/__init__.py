"""Observability: the canonical log line and the metrics. No value of a variable and no secret ever passes here."""
