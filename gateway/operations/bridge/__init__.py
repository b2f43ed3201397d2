"""What carries the bridge out: linking, copying, cut-overs. Every write of an instance goes through ``write``.

What must not live here: rules without engines and store (``gateway.bridge``), rows (``gateway.store``).
"""
