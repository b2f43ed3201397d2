"""The bench: what one request costs through the gateway, beside programs that only translate. ``python -m tests.bench``."""
