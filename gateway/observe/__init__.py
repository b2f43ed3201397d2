"""Seeing what happens: the canonical log line and the metrics. No value, no secret ever passes here."""
